"""Live figures are those of history: each is worked out once more from all records."""

import copy
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foundation.ids import QueueId
from tests.support.effort import tries
from tests.support.legal_days import AGENTS, QUEUES, legal_days
from tests.support.slow_figures import SlowFigures
from wallboard.directory import Directory, QueueCard, ServiceTarget
from wallboard.figures.figures import agent_figures, queue_figures
from wallboard.fold.board import Board, BoardRecord
from wallboard.fold.tally import Counts, Tally

SHANGHAI = ZoneInfo("Asia/Shanghai")
EVENING_S = datetime(2026, 6, 22, 21, tzinfo=SHANGHAI).timestamp()
DIRECTORY = Directory(
    queues={
        QUEUES[0]: QueueCard("Orders", ServiceTarget(within_s=120.0, short_abandon_s=60.0)),
        QUEUES[1]: QueueCard("Repairs", ServiceTarget(within_s=600.0, short_abandon_s=20.0)),
    }
)

WHOLE_AND_QUEUES = (None, *QUEUES)


def about(figures: Mapping[str, float | None]) -> dict[str, object]:
    """Sums of seconds differ in the last digits by the order in which they are added."""
    return {
        name: value if value is None else pytest.approx(value, abs=1e-5, rel=1e-9)
        for name, value in figures.items()
    }


@settings(max_examples=tries(120), deadline=None)
@given(legal_days(EVENING_S), st.data())
def test_each_figure_is_the_one_that_its_definition_gives_from_the_records(
    records: list[BoardRecord], data: st.DataObject
) -> None:
    length = data.draw(st.integers(1, len(records)))
    now_s = records[length - 1].at_s + data.draw(st.floats(0, 300))
    board = Board(SHANGHAI, DIRECTORY)
    for record in records[:length]:
        board.fold(record)

    slow = SlowFigures(records[:length], SHANGHAI, now_s, DIRECTORY)

    assert asdict(queue_figures(board.house, now_s)) == about(slow.house())
    for queue in QUEUES:
        live = asdict(queue_figures(board.queues.get(queue, Tally(board.day.date)), now_s))
        assert live == about(slow.queue(queue))
    for agent in board.agents:
        live = asdict(agent_figures([board.agents[agent]], now_s, board.day.start_s))
        assert live == about(slow.agent(agent))
    assert set(board.agents) <= set(AGENTS)


@settings(max_examples=tries(60), deadline=None)
@given(legal_days(EVENING_S))
def test_each_half_hour_is_the_one_that_the_records_give(records: list[BoardRecord]) -> None:
    board = Board(SHANGHAI, DIRECTORY)
    for record in records:
        board.fold(record)

    slow = SlowFigures(records, SHANGHAI, records[-1].at_s, DIRECTORY)

    for queue in WHOLE_AND_QUEUES:
        live = half_hours(board, queue)
        expected = slow.half_hours(queue)
        assert live.keys() == expected.keys()
        for number, counts in live.items():
            assert asdict(counts) == about(expected[number])


def half_hours(board: Board, queue: QueueId | None) -> dict[int, Counts]:
    """Of a queue or of the house."""
    tally = board.house if queue is None else board.queues.get(queue, Tally())
    return {number: counts for number, counts in tally.intervals.items() if counts.offered}


@settings(max_examples=tries(80), deadline=None)
@given(legal_days(EVENING_S))
def test_a_past_half_hour_changes_by_its_own_contacts_alone(
    records: list[BoardRecord],
) -> None:
    board = Board(SHANGHAI, DIRECTORY)
    for number, record in enumerate(records):
        board.turn_to(record.utc)  # a new day begins with no half hours
        before = copy.deepcopy({queue: half_hours(board, queue) for queue in WHOLE_AND_QUEUES})
        board.fold(record)
        slow = SlowFigures(records[: number + 1], SHANGHAI, record.at_s, DIRECTORY)
        present = board.day.interval_of(record.at_s)
        for queue, halves in before.items():
            for past, counts in halves.items():
                after = half_hours(board, queue)[past]
                if after != counts:
                    assert past == present or is_open(slow, queue, past, record)
                assert past == present or after.offered == counts.offered


def is_open(slow: SlowFigures, queue: QueueId | None, half_hour: int, record: BoardRecord) -> bool:
    """Somebody who entered in that half hour had not come to the end before this record.

    Of a visit to a queue that is the outcome, and the end of each agent's wrap-up; a contact may
    come to another queue for as long as its call lives.
    """
    stays = slow.contacts if queue is None else slow.visits
    mine = [s for s in stays if queue in (None, s.queue) and slow.half_hour(s) == half_hour]
    call_id = getattr(record.event, "call_id", None)
    return any(
        stay.outcome_s == record.at_s
        or call_id == stay.call_id
        or any(part.over_s == record.at_s for part in stay.parts)
        for stay in mine
    )
