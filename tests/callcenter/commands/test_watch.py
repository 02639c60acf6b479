"""`callcenter watch`: what it shows of a board; with a core: tests/e2e/test_core_line.py."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

from acd.events import AgentAnswered, AgentChanged, AgentState, CallQueued
from callcenter.commands import watch
from foundation.ids import AgentId, CallId, PartyId, QueueId
from telephony.calls.events import CallArrived, MediaTroubled
from tests.support.centres import run_command, write_centre
from tests.support.fake_core import MONDAY_NOON_S, record
from wallboard.board import Board, BoardEvent
from wallboard.directory import AgentCard, Directory, QueueCard
from wallboard.document import Document, render

ORDERS, EVA, C1, C2 = QueueId("orders"), AgentId("eva"), CallId("c-1"), CallId("c-2")
NOON = datetime(2026, 6, 22, 12, tzinfo=UTC)


def document(*events: BoardEvent, core_up: bool = True) -> Document:
    directory = Directory({EVA: AgentCard("Eva [x] Berg", "day")}, {ORDERS: QueueCard("Orders")})
    board = Board(UTC, directory)
    for seq, event in enumerate(events, 1):
        board.fold(record(seq, MONDAY_NOON_S + seq, event))
    return render(board, MONDAY_NOON_S + 30, core_up=core_up)


def drawn(shown: Document) -> str:
    console = Console(width=120, record=True, file=None, quiet=True)
    with console.capture() as captured:
        console.quiet = False
        console.print(watch.screen(shown, NOON))
    return captured.get()


DAY: list[BoardEvent] = [
    CallArrived(C1, PartyId("p-1"), "8000"),
    CallQueued(C1, ORDERS),
    AgentAnswered(C1, ORDERS, EVA),
    AgentChanged(EVA, AgentState.TALKING, call_id=C1),
    CallArrived(C2, PartyId("p-2"), "8000"),
    CallQueued(C2, ORDERS),
    MediaTroubled("The disk is full."),
]


def test_screen_shows_queues_agents_and_notices() -> None:
    screen = drawn(document(*DAY))

    assert "2026-06-22 12:00:00" in screen
    [orders] = [line for line in screen.splitlines() if "Orders" in line]
    assert [cell.strip() for cell in orders.split("│")[2:7]] == ["1", "24 s", "1", "2", "1"]
    [eva] = [line for line in screen.splitlines() if "eva" in line]
    assert "talking" in eva
    assert "Eva [x] Berg" in eva, "what looks like markup is a name"
    assert "The disk is full." in screen


def test_one_line_tells_the_house() -> None:
    line = watch.summary(document(*DAY))

    assert line.startswith("offered 2, answered 1, abandoned 0, lost 0, waiting 1, talking 1")


def test_queue_that_nobody_called_shows_a_dash_and_no_hundred_per_cent() -> None:
    assert watch.summary(document()).endswith(f"service level {watch.NOTHING}")
    assert "100 %" not in drawn(document())


def test_core_that_is_away_is_said_first() -> None:
    assert watch.summary(document(core_up=False)).startswith("core is away, ")


def test_without_a_core_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "CORE_WITHIN_S", 0.05)
    result = run_command("watch", write_centre(tmp_path), "--once")

    assert result.exit_code == 1
    assert f"Is the centre running? callcenter serve {tmp_path}" in result.stderr


def test_problems_of_the_configuration_are_told_as_sentences(tmp_path: Path) -> None:
    result = run_command("watch", write_centre(tmp_path, "timezone: Mars\n"))

    assert result.exit_code == 1
    assert "callcenter.yaml:1: timezone" in result.stderr
