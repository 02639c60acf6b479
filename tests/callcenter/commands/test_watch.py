"""`callcenter watch`: what it shows of a board; with a core: tests/e2e/test_core_line.py."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

from acd.events import AgentAnswered, AgentChanged, AgentState, CallQueued
from callcenter.commands import watch, watch_view
from foundation.ids import AgentId, CallId, PartyId, QueueId
from telephony.calls.events import CallArrived, MediaTroubled
from tests.support.busy_floor import DIRECTORY as BUSY
from tests.support.busy_floor import tell
from tests.support.centres import run_command, write_centre
from tests.support.fake_core import MONDAY_NOON_S, FakeCore, record
from wallboard.directory import AgentCard, Directory, QueueCard
from wallboard.fold.board import Board, BoardEvent
from wallboard.screens.document import Document, render

ORDERS, EVA, C1, C2 = QueueId("orders"), AgentId("eva"), CallId("c-1"), CallId("c-2")
NOON = datetime(2026, 6, 22, 12, tzinfo=UTC)


def document(*events: BoardEvent, core_up: bool = True) -> Document:
    directory = Directory({EVA: AgentCard("Eva [x] Berg", "day")}, {ORDERS: QueueCard("Orders")})
    board = Board(UTC, directory)
    for seq, event in enumerate(events, 1):
        board.fold(record(seq, MONDAY_NOON_S + seq, event))
    now_s = MONDAY_NOON_S + 30
    return {"at_s": now_s, **render(board, now_s, core_up=core_up)}


def drawn(shown: Document, language: str = "en", width: int = 120) -> str:
    console = Console(width=width, record=True, file=None, quiet=True)
    with console.capture() as captured:
        console.quiet = False
        console.print(watch_view.screen(shown, NOON, language))
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
    assert orders.split()[1:] == ["50", "%", "1", "0:24", "1", "1/2", "0"]
    [eva] = [line for line in screen.splitlines() if "Eva" in line]
    assert eva.startswith("Talking 1  Eva [x] Berg 0:26"), "what looks like markup is a name"
    assert "Service level 50 %" in screen
    assert "Service level = answered ≤ T / (offered" in screen
    assert "The disk is full." in screen


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_busy_floor_has_room_in_eighty_columns_and_twenty_four_lines(language: str) -> None:
    core = FakeCore()
    await tell(core)
    board = Board(UTC, BUSY)
    for each in core.journal:
        board.fold(each)
    shown = {"at_s": core.at_s, **render(board, core.at_s, core_up=True)}
    lines = drawn(shown, language, width=80).splitlines()

    assert len(lines) <= 24 + len(shown["notices"]), "notices are what is left out"
    assert max(cell_len(line.rstrip()) for line in lines) <= 80
    assert any(line.startswith("▲ Orders 订单") for line in lines[:3])
    for words in ("Orders 订单", "day", "evening", "72 %"):
        assert any(words in line for line in lines[:24]), words
    assert any(("Paused 3" if language == "en" else "示忙 3") in line for line in lines[:24])


def test_board_that_is_not_there_is_told_with_the_nearest(tmp_path: Path) -> None:
    result = run_command("watch", write_centre(tmp_path), "--board", "defalt")

    assert result.exit_code == 1
    assert "There is no board 'defalt'; did you mean 'default'?" in result.stderr


def test_one_line_tells_the_house() -> None:
    line = watch_view.summary(document(*DAY))

    assert line.startswith("offered 2, answered 1, abandoned 0, lost 0, waiting 1, talking 1")


def test_queue_that_nobody_called_shows_a_dash_and_no_hundred_per_cent() -> None:
    assert watch_view.summary(document()).endswith(f"service level {watch_view.NOTHING}")
    assert "100 %" not in drawn(document())


def test_core_that_is_away_is_said_first() -> None:
    assert watch_view.summary(document(core_up=False)).startswith("core is away, ")


def test_without_a_core_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "CORE_WITHIN_S", 0.05)
    result = run_command("watch", write_centre(tmp_path), "--once")

    assert result.exit_code == 1
    assert f"Is the centre running? callcenter serve {tmp_path}" in result.stderr


def test_problems_of_the_configuration_are_told_as_sentences(tmp_path: Path) -> None:
    result = run_command("watch", write_centre(tmp_path, "timezone: Mars\n"))

    assert result.exit_code == 1
    assert "callcenter.yaml:1: timezone" in result.stderr
