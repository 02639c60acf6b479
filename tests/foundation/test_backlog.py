"""Bounded, in order, and honest about what was lost."""

from hypothesis import given
from hypothesis import strategies as st

from foundation.journal import JournalGap
from foundation.journal.backlog import Backlog
from foundation.journal.rows import Row, to_record
from tests.support.events import CODEC


def row(seq: int) -> Row:
    return Row(seq, 1, seq * 1000, seq, "boot", float(seq), "DoorOpened", b'{"by":"x"}')


def seqs(rows: list[Row]) -> list[int]:
    return [r.seq for r in rows]


def test_rows_are_taken_in_batches_and_taken_again_until_written() -> None:
    backlog = Backlog(keep=10, batch=2)
    for seq in (1, 2, 3):
        backlog.append(row(seq))

    assert seqs(backlog.take()) == [1, 2]
    assert seqs(backlog.take()) == [1, 2]
    assert seqs(backlog.rows()) == [1, 2, 3]
    backlog.written()
    assert seqs(backlog.take()) == [3]


def test_over_the_limit_the_oldest_are_lost_and_a_gap_stands_in_their_place() -> None:
    backlog = Backlog(keep=3, batch=10)
    for seq in range(1, 6):
        backlog.append(row(seq))

    taken = backlog.take()

    assert seqs(taken) == [1, 3, 4, 5]
    assert to_record(taken[0], CODEC).event == JournalGap(until_seq=2, lost=2)
    assert backlog.lost == 2


@given(st.lists(st.sampled_from(["append", "take", "written"]), max_size=60))
def test_written_rows_and_gaps_together_cover_every_number_once(steps: list[str]) -> None:
    backlog = Backlog(keep=4, batch=3)
    disk: list[Row] = []
    last = 0
    for step in [*steps, *["take", "written"] * 40]:
        match step:
            case "append":
                last += 1
                backlog.append(row(last))
                assert len(backlog) <= 4 + 3 + 1
            case "take":
                backlog.take()
            case _:
                disk += backlog.rows()[: len(backlog._in_flight)]
                backlog.written()

    covered: list[int] = []
    for written in disk:
        event = to_record(written, CODEC).event
        until = event.until_seq if isinstance(event, JournalGap) else written.seq
        covered += range(written.seq, until + 1)
    assert covered == list(range(1, last + 1))
