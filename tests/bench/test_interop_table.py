"""The table of docs/interop.md: rows that ran are replaced, the others stay."""

from tests.support.interop_table import HEAD, Row, merge, row_of

OLD = Row("SIPp", "3.6", "calls the line", "passed", "2026-01-01")
OTHER = Row("baresip", "1.0.0", "its hold gives music (pcmu)", "passed", "2026-01-01")


def test_rows_that_ran_replace_their_old_ones_and_the_others_stay() -> None:
    table = merge("", [OLD, OTHER])
    newer = Row("SIPp", "3.7", "calls the line", "FAILED", "2026-02-02")

    assert table == f"{HEAD}{OTHER}\n{OLD}\n"
    assert merge(table, [newer]) == f"{HEAD}{OTHER}\n{newer}\n"
    assert merge(table, []) == table


def test_a_test_s_name_is_its_scenario() -> None:
    row = row_of("pyVoIP", "test_the_agent_s_hold_gives_music[pcmu-pcma]", passed=True)

    assert (row.scenario, row.result) == ("the agent's hold gives music (pcmu pcma)", "passed")
    assert Row.parse(str(row)) == row
