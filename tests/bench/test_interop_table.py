"""docs/interop.md: rows that ran are replaced, the others stay, the grid is a fold of them."""

from tests.support.interop_table import ABILITIES, Row, grid, merge, row_of

OLD = Row("SIPp", "3.6", "calls the line", ("calls in", "INFO"), "passed", "2026-01-01")
OTHER = Row("baresip", "1.0.0", "its hold gives music (pcmu)", (), "passed", "2026-01-01")


def rows(page: str) -> list[str]:
    return page.rpartition("|---|\n")[2].splitlines()


def test_rows_that_ran_replace_their_old_ones_and_the_others_stay() -> None:
    page = merge("", [OLD, OTHER])
    newer = Row("SIPp", "3.7", "calls the line", ("calls in",), "FAILED", "2026-02-02")

    assert rows(page) == [str(OTHER), str(OLD)]
    assert rows(merge(page, [newer])) == [str(OTHER), str(newer)]
    assert merge(page, []) == page


def test_rows_of_tests_that_are_no_more_go_when_all_tests_were_seen() -> None:
    page = merge("", [OLD, OTHER])

    assert rows(merge(page, [], ["test_calls_the_line", "test_its_hold[pcmu]"])) == [str(OLD)]
    assert rows(merge(page, [], None)) == [str(OTHER), str(OLD)]


def test_the_grid_says_what_was_shown_what_failed_and_what_a_program_lacks() -> None:
    failed = Row("SIPp", "3.6", "its hold", ("holds",), "FAILED", "2026-01-01")
    head, _, sipp, *_ = grid([OLD, failed, OTHER]).splitlines()
    cells = dict(zip(("program", *ABILITIES), sipp.strip("| ").split(" | "), strict=True))

    assert head.strip("| ").split(" | ") == list(ABILITIES)
    assert cells["program"] == "SIPp"
    assert (cells["calls in"], cells["holds"]) == ("yes", "FAILED")
    assert (cells["SRTP"], cells["registers"]) == ("no", "not tried")
    assert "baresip" not in grid([OLD, OTHER]), "no row of it shows anything"


def test_a_test_s_name_is_its_scenario() -> None:
    row = row_of("pyVoIP", "test_the_agent_s_hold_gives_music[pcmu-pcma]", ("holds",), passed=True)

    assert (row.scenario, row.result) == ("the agent's hold gives music (pcmu pcma)", "passed")
    assert Row.parse(str(row)) == row
