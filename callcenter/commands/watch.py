"""`callcenter watch [DIR]`: the wallboard in the terminal.

It reads core's Unix socket, which only the owner of the centre's folder may open, so no password is
asked for. Without a terminal it writes one line whenever a figure has changed.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.live import Live

from callcenter.commands.watch_view import screen, summary
from callcenter.configuration.settings import Settings, load
from callcenter.core_line import CoreLine
from callcenter.places import Places
from callcenter.rules.screens import directory
from foundation.clock import utc_now
from foundation.errors import ConfigurationError
from foundation.yaml_lines import nearest
from wallboard.figures.boards import DEFAULT, DEFAULT_PLAN, Plan
from wallboard.fold.board import Board
from wallboard.host import Host, look_at_disk
from wallboard.screens.document import Document, render
from wallboard.service import BoardService

EVERY_S = 1.0
CORE_WITHIN_S = 5.0
"How long one snapshot waits for the day's history."
FILE_WIDTH = 110
"Columns where no terminal says how many it has: room for all tables."


class Language(StrEnum):
    EN = "en"
    ZH = "zh"


def watch(
    folder: Annotated[Path, typer.Argument(help="The centre's folder.", metavar="[DIR]")] = Path(),
    once: Annotated[bool, typer.Option("--once", help="Show it once and end.")] = False,
    board: Annotated[str, typer.Option(help="Which board; boards/NAME.yaml.")] = DEFAULT,
    language: Annotated[Language, typer.Option(help="Of the words.")] = Language.EN,
) -> None:
    """Show a board of the running centre as it changes; Ctrl-C ends it."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, FILE_WIDTH)
    try:
        settings = load(folder)
    except ConfigurationError as error:
        for problem in error.problems:
            typer.echo(problem, err=True)
        raise typer.Exit(1) from None
    if board not in settings.boards:
        hint = nearest(board, settings.boards)
        typer.echo(f"There is no board {board!r}; {hint}", err=True)
        raise typer.Exit(1)
    show = _show_once if once else _show_live if console.is_terminal else _show_lines
    with suppress(KeyboardInterrupt):
        if not asyncio.run(_watch(settings, settings.boards[board], console, show, language)):
            typer.echo(f"Core is away. Is the centre running? callcenter serve {folder}", err=True)
            raise typer.Exit(1)


async def _watch(
    settings: Settings,
    plan: Plan,
    console: Console,
    show: Callable[["Watcher", Console, str], Coroutine[None, None, bool]],
    language: str,
) -> bool:
    """False when there was no core to watch."""
    async with following(settings, plan) as watcher:
        return await show(watcher, console, language)


class Watcher:
    """The board of this moment, as screens get it."""

    def __init__(
        self, service: BoardService, zone: ZoneInfo, plan: Plan, look_at_host: Callable[[], Host]
    ) -> None:
        self._service = service
        self._zone = zone
        self._plan = plan
        self._look_at_host = look_at_host

    @property
    def core_up(self) -> bool:
        return self._service.core_up

    def document(self) -> Document:
        self._service.turn_day()
        now_s = self._service.now_s()
        document = render(
            self._service.board,
            now_s,
            core_up=self.core_up,
            plan=self._plan,
            host=self._look_at_host(),
        )
        return {"at_s": now_s, **document}

    def now(self) -> datetime:
        return utc_now().astimezone(self._zone)

    async def wait_for_core(self) -> bool:
        """False when there is no core for so long."""
        try:
            async with asyncio.timeout(CORE_WITHIN_S):
                while not self.core_up:  # noqa: ASYNC110  # the service has a flag and no event
                    await asyncio.sleep(0.02)
        except TimeoutError:
            return False
        return True


@asynccontextmanager
async def following(settings: Settings, plan: Plan = DEFAULT_PLAN) -> AsyncIterator[Watcher]:
    zone = ZoneInfo(settings.timezone)
    line = CoreLine(Places(settings.data_path).core_socket)
    service = BoardService(Board(zone, directory(settings)), line, read_directory=line.directory)
    task = asyncio.create_task(service.follow(), name="follow-core")
    try:
        yield Watcher(service, zone, plan, partial(look_at_disk, settings.recordings_path))
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await line.close()


# -- three ways to show it -------------------------------------------------------------------------


async def _show_once(watcher: Watcher, console: Console, language: str) -> bool:
    if not await watcher.wait_for_core():
        return False
    console.print(screen(watcher.document(), watcher.now(), language, lines=100))
    return True


async def _show_live(watcher: Watcher, console: Console, language: str) -> bool:
    with Live(console=console, screen=True, auto_refresh=False) as live:
        while True:
            lines = console.size.height
            live.update(screen(watcher.document(), watcher.now(), language, lines), refresh=True)
            await asyncio.sleep(EVERY_S)


async def _show_lines(watcher: Watcher, console: Console, language: str) -> bool:
    if not await watcher.wait_for_core():
        return False
    told = ""
    while True:
        line = summary(watcher.document())
        if line != told:
            console.print(f"{watcher.now():%H:%M:%S}  {line}", markup=False, soft_wrap=True)
            told = line
        await asyncio.sleep(EVERY_S)
