"""What holds for every legal journal: the identity, and that live equals rebuilt."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.effort import tries
from tests.support.legal_days import legal_days
from wallboard.figures.figures import QueueFigures, queue_figures
from wallboard.fold.board import Board, BoardRecord, rebuild
from wallboard.screens.document import TABLES, Document, changes, render

SHANGHAI = ZoneInfo("Asia/Shanghai")
EVENING_S = datetime(2026, 6, 22, 21, tzinfo=SHANGHAI).timestamp()
days = legal_days(EVENING_S)


def _all_figures(board: Board) -> list[QueueFigures]:
    return [queue_figures(tally, board.at_s) for tally in (board.house, *board.queues.values())]


@settings(max_examples=tries(75), deadline=None)
@given(days)
def test_offered_is_the_sum_of_all_outcomes_and_the_waiting_at_any_moment(
    records: list[BoardRecord],
) -> None:
    board = Board(SHANGHAI)
    for record in records:
        board.fold(record)
        for figures in _all_figures(board):
            outcomes = figures.answered + figures.abandoned + figures.overflowed
            outcomes += figures.callback + figures.lost
            assert figures.offered == outcomes + figures.waiting - figures.carried_over


@settings(max_examples=tries(75), deadline=None)
@given(days)
def test_rates_are_shares_and_times_are_not_negative(records: list[BoardRecord]) -> None:
    board = rebuild(records, SHANGHAI)
    for figures in _all_figures(board):
        for share in (
            figures.answer_rate,
            figures.raw_answer_rate,
            figures.abandon_rate,
            figures.service_level,
        ):
            assert share is None or 0 <= share <= 1
        for time_s in (figures.asa_s, figures.aht_s, figures.longest_wait_s):
            assert time_s is None or time_s >= -1e-6
        assert 0 <= figures.carried_over <= figures.waiting


@settings(max_examples=tries(50), deadline=None)
@given(days)
def test_half_hours_add_up_to_the_day(records: list[BoardRecord]) -> None:
    house = rebuild(records, SHANGHAI).house

    for name in ("offered", "answered", "abandoned", "overflowed", "callback", "lost", "handled"):
        parts = sum(getattr(counts, name) for counts in house.intervals.values())
        assert parts == getattr(house.counts, name)


@settings(max_examples=tries(50), deadline=None)
@given(days, st.data())
def test_live_board_equals_the_one_rebuilt_from_the_journal(
    records: list[BoardRecord], data: st.DataObject
) -> None:
    live = Board(SHANGHAI)
    for number, record in enumerate(records):
        live.turn_to(record.utc)  # the clock may turn the day before the record comes
        live.fold(record)
        if data.draw(st.booleans()):
            render(live, live.at_s + 1.0, core_up=True)
            for repeated in records[max(0, number - 3) : number + 1]:
                live.fold(repeated)  # a link that begins again may repeat itself

    rebuilt = rebuild(records, SHANGHAI)

    now_s = live.at_s + 7.0
    assert render(live, now_s, core_up=True) == render(rebuilt, now_s, core_up=True)
    assert live.calls.keys() == rebuilt.calls.keys()


@settings(max_examples=tries(30), deadline=None)
@given(days)
def test_nothing_is_left_when_everything_is_settled(records: list[BoardRecord]) -> None:
    """No call stays on the list that has ended and whose visit has its outcome."""
    board = rebuild(records, SHANGHAI)

    assert board.house.waiting.keys() == {
        call_id
        for call_id, call in board.calls.items()
        if call.visit is not None and call.visit.outcome is None
    }
    assert all(not call.is_over for call in board.calls.values())


def _applied(whole: Document, delta: Document) -> Document:
    """What the page does with a delta."""
    merged = {**whole}
    for key, value in delta.items():
        if key == "totals":
            merged[key] = {**whole[key], **value}
        elif key in TABLES:
            entries = {**whole[key]}
            for name, entry in value.items():
                if entry is None:
                    del entries[name]
                else:
                    entries[name] = {**entries.get(name, {}), **entry}
            merged[key] = entries
        else:
            merged[key] = value
    return merged


@settings(max_examples=tries(50), deadline=None)
@given(days, st.integers(1, 10))
def test_snapshot_and_deltas_give_the_board(records: list[BoardRecord], stride: int) -> None:
    board = Board(SHANGHAI)
    told = screen = render(board, EVENING_S, core_up=False)
    for number, record in enumerate(records):
        board.fold(record)
        if number % stride == 0:
            document = render(board, board.at_s, core_up=True)
            screen = _applied(screen, changes(told, document))
            told = document
            assert screen == document


def test_no_change_is_no_delta() -> None:
    board = Board(UTC)
    assert changes(render(board, 1.0, core_up=True), render(board, 2.0, core_up=True)) == {}
