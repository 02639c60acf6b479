"""A board that runs for days keeps what is there now, and nothing of what was."""

import random
import sys
from collections.abc import Iterator

from acd.events import AgentAnswered, AgentChanged, AgentState, CallQueued, TalkEnded
from foundation.ids import AgentId, CallId, LegId, PartyId, QueueId, RecordingId
from ivr.events import MenuChosen
from recordings.events import RecordingEnded, RecordingStarted, TranscriptReady
from telephony.calls.events import CallArrived, CallEnded, EndedBy, LegEnded, Side
from tests.support.fake_core import MONDAY_NOON_S, FakeCore, record
from wallboard.fold.board import Board, BoardEvent
from wallboard.screens.screens import RING_BYTES, RING_DELTAS, Screens
from wallboard.service import BoardService

CALLS_A_DAY = 2_000
DAY_S = 86_400.0


def one_call(number: int, chance: random.Random) -> Iterator[BoardEvent]:
    call, agent = CallId(f"c-{number:08}"), AgentId(f"agent{chance.randrange(20):04}")
    queue, recording = QueueId(f"queue{chance.randrange(4)}"), RecordingId(f"r-{number:08}")
    yield CallArrived(call, PartyId(f"p-{number}"), "8000")
    yield MenuChosen(call, "main", "menu", str(chance.randrange(9)))
    yield CallQueued(call, queue)
    yield AgentAnswered(call, queue, agent)
    yield AgentChanged(agent, AgentState.TALKING, "", call)
    yield RecordingStarted(recording, call, agent, queue, f"{recording}.wav", ("en", "en"))
    yield TalkEnded(call, queue, agent)
    yield RecordingEnded(recording, 60.0, complete=True)
    yield LegEnded(call, LegId("l-1"), Side.CALLER, 1000, 1000, 0, 0.1, None, None)
    yield CallEnded(call, EndedBy.CALLER, "BYE")
    yield AgentChanged(agent, AgentState.READY)
    yield TranscriptReady(recording, 7)


def live(board: Board, day: int) -> None:
    chance = random.Random(day)
    for number in range(CALLS_A_DAY):
        at_s = MONDAY_NOON_S + DAY_S * (day + number / CALLS_A_DAY)
        for event in one_call(day * CALLS_A_DAY + number, chance):
            board.fold(record(board.seq + 1, at_s, event))


def size_of(value: object, seen: set[int] | None = None) -> int:
    """Of everything that hangs on it."""
    seen = set() if seen is None else seen
    if id(value) in seen or isinstance(value, type) or callable(value):
        return 0
    seen.add(id(value))
    size = sys.getsizeof(value)
    inner: list[object] = []
    if isinstance(value, dict):
        inner += [*value, *value.values()]
    elif isinstance(value, list | tuple | set | frozenset) or hasattr(value, "popleft"):
        inner += list(value)  # type: ignore[call-overload]  # a deque is one, too
    inner += [getattr(value, name, None) for name in getattr(value, "__slots__", ())]
    inner += list(getattr(value, "__dict__", {}).values())
    return size + sum(size_of(each, seen) for each in inner)


def test_third_day_takes_no_more_room_than_the_second() -> None:
    board = Board()
    sizes = []
    for day in range(4):
        live(board, day)
        sizes.append(size_of(board))

    assert sizes[0] > 50_000, "the measure sees the board"
    assert sizes[3] < sizes[1] * 1.05, sizes
    assert board.calls == {}
    assert board.troubles.transcript_lag_s(board.at_s) == 0


async def test_what_is_kept_for_screens_that_come_back_is_bounded() -> None:
    core = FakeCore()
    board = Board()
    screens = Screens(BoardService(board, core))
    mailbox = screens.join()
    chance = random.Random(1)
    for number in range(3 * RING_DELTAS):
        for event in one_call(number, chance):
            board.fold(record(board.seq + 1, MONDAY_NOON_S + number, event))
        screens.publish()

    assert size_of(screens) < RING_BYTES + 1_000_000
    assert await mailbox.take() is None, "one mark, and no backlog"
