"""Snapshots and deltas as a screen gets them; a slow screen gets no backlog."""

import pytest
from msgspec import json

from acd.events import AgentAnswered, AgentChanged, AgentState, CallQueued
from foundation.ids import AgentId, CallId, QueueId
from tests.support.fake_core import CoreClock, FakeCore, record
from wallboard.directory import AgentCard, Directory, QueueCard
from wallboard.fold.board import Board
from wallboard.screens.document import Document
from wallboard.screens.screens import HEARTBEAT_PERIODS, Mailbox, Screens, View
from wallboard.service import BoardService

ORDERS, ANN = QueueId("orders"), AgentId("ann")
DIRECTORY = Directory({ANN: AgentCard("Ann <b>", "day")}, {ORDERS: QueueCard("Orders")})


class Hall:
    """Screens on a board that is fed by hand."""

    def __init__(self) -> None:
        self.core = FakeCore()
        self.board = Board(directory=DIRECTORY)
        service = BoardService(self.board, self.core, clock=CoreClock(self.core))
        self.screens = Screens(service)

    def happen(self, *events: CallQueued | AgentAnswered | AgentChanged) -> None:
        for event in events:
            self.board.fold(record(self.board.seq + 1, self.core.at_s, event))

    def snapshot(self) -> Document:
        message: Document = json.decode(self.screens.snapshot())
        return message


async def _taken(mailbox: Mailbox) -> Document:
    text = await mailbox.take()
    assert text is not None
    message: Document = json.decode(text)
    return message


async def test_first_snapshot_shows_configured_queues_and_agents_before_any_call() -> None:
    hall = Hall()
    hall.screens.join()

    snapshot = hall.snapshot()

    assert snapshot["type"] == "snapshot"
    assert snapshot["queues"]["orders"]["name"] == "Orders"
    assert snapshot["queues"]["orders"]["service_level"] is None
    assert snapshot["agents"]["ann"]["state"] == "off"
    assert snapshot["agents"]["ann"]["since"] is None
    assert snapshot["teams"]["day"]["states"]["off"] == 1


async def test_delta_continues_the_snapshot_and_carries_only_changes() -> None:
    hall = Hall()
    mailbox = hall.screens.join()
    seq = hall.snapshot()["seq"]

    hall.happen(CallQueued(CallId("c-1"), ORDERS))
    hall.screens.publish()
    delta = await _taken(mailbox)

    assert (delta["type"], delta["seq"]) == ("delta", seq + 1)
    assert delta["totals"] == {
        "offered": 1,
        "waiting": 1,
        "longest_wait_s": 0,
        "raw_answer_rate": 0,
    }
    assert delta["queues"]["orders"]["waiting"] == 1
    assert "agents" not in delta
    assert "notices" not in delta


async def test_agents_entry_in_a_delta_has_only_what_changed() -> None:
    hall = Hall()
    mailbox = hall.screens.join()

    hall.happen(AgentChanged(ANN, AgentState.PAUSED, "meal"))
    hall.screens.publish()
    delta = await _taken(mailbox)

    assert delta["agents"] == {
        "ann": {"state": "paused", "reason": "meal", "since": hall.core.at_s}
    }


async def test_slow_screen_gets_a_snapshot_and_then_goes_on_without_a_gap() -> None:
    hall = Hall()
    mailbox = hall.screens.join()
    for number in range(3):
        hall.happen(CallQueued(CallId(f"c-{number}"), ORDERS))
        hall.screens.publish()

    assert await mailbox.take() is None
    snapshot = hall.snapshot()
    hall.happen(CallQueued(CallId("c-9"), ORDERS))
    hall.screens.publish()
    delta = await _taken(mailbox)

    assert snapshot["totals"]["offered"] == 3
    assert delta["seq"] == snapshot["seq"] + 1
    assert delta["totals"]["offered"] == 4


async def test_silence_is_broken_by_a_heartbeat_with_the_time() -> None:
    hall = Hall()
    mailbox = hall.screens.join()
    for _ in range(HEARTBEAT_PERIODS):
        hall.screens.publish()

    delta = await _taken(mailbox)

    assert set(delta) == {"type", "seq", "at_s"}


async def test_first_screen_after_a_lonely_time_sees_the_present() -> None:
    hall = Hall()
    hall.happen(CallQueued(CallId("c-1"), ORDERS))
    hall.screens.publish()

    hall.screens.join()

    assert hall.snapshot()["totals"]["waiting"] == 1


async def test_caller_who_has_waited_longer_than_t_changes_the_board_without_an_event() -> None:
    hall = Hall()
    hall.happen(CallQueued(CallId("c-1"), ORDERS))
    mailbox = hall.screens.join()

    hall.core.at_s += 16
    hall.screens.publish()
    delta = await _taken(mailbox)

    assert delta["totals"] == {"longest_wait_s": 16, "service_level": 0.0}


async def test_midnight_turns_the_day_though_nothing_happens_and_nobody_looks() -> None:
    hall = Hall()
    hall.happen(CallQueued(CallId("c-1"), ORDERS))
    hall.core.at_s += 12 * 3600
    hall.screens.publish()
    hall.screens.join()

    snapshot = hall.snapshot()

    assert snapshot["day"] == "2026-06-23"
    assert (snapshot["totals"]["offered"], snapshot["totals"]["carried_over"]) == (0, 1)


async def test_screen_that_left_is_told_nothing() -> None:
    hall = Hall()
    mailbox = hall.screens.join()
    hall.screens.leave(mailbox)

    assert len(hall.screens) == 0


def _seqs(messages: list[str]) -> list[tuple[str, int]]:
    decoded = [json.decode(message) for message in messages]
    return [(message["type"], message["seq"]) for message in decoded]


async def test_screen_that_comes_back_gets_the_deltas_that_it_missed() -> None:
    hall = Hall()
    hall.screens.join()
    seq = hall.snapshot()["seq"]
    for number in range(3):
        hall.happen(CallQueued(CallId(f"c-{number}"), ORDERS))
        hall.screens.publish()

    assert _seqs(hall.screens.first(View(), seq + 1)) == [("delta", seq + 2), ("delta", seq + 3)]
    assert hall.screens.first(View(), seq + 3) == [], "it has missed nothing"


@pytest.mark.parametrize("apart", [-1, 4, 2**40])
async def test_number_that_is_not_kept_gets_a_snapshot(apart: int) -> None:
    hall = Hall()
    hall.screens.join()
    seq = hall.snapshot()["seq"]
    for number in range(3):
        hall.happen(CallQueued(CallId(f"c-{number}"), ORDERS))
        hall.screens.publish()

    assert _seqs(hall.screens.first(View(), seq + apart)) == [("snapshot", seq + 3)]


async def test_missed_deltas_that_are_longer_than_a_snapshot_are_a_snapshot() -> None:
    hall = Hall()
    hall.screens.join()
    seq = hall.snapshot()["seq"]
    for number in range(150):
        hall.happen(CallQueued(CallId(f"c-{number}"), ORDERS))
        hall.screens.publish()

    assert _seqs(hall.screens.first(View(), seq)) == [("snapshot", seq + 150)]


async def test_screen_that_comes_back_when_nobody_looked_gets_one_delta() -> None:
    hall = Hall()
    mailbox = hall.screens.join()
    seq = hall.snapshot()["seq"]
    hall.screens.leave(mailbox)
    hall.happen(CallQueued(CallId("c-1"), ORDERS))
    hall.screens.publish()

    hall.screens.join()

    assert _seqs(hall.screens.first(View(), seq)) == [("delta", seq + 1)]


async def test_two_halls_never_count_from_the_same_number() -> None:
    firsts = []
    for _ in range(3):
        hall = Hall()
        hall.screens.join()
        firsts.append(hall.snapshot()["seq"])

    assert len(set(firsts)) == 3
