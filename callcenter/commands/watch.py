"""`callcenter watch [DIR]`: the wallboard in the terminal.

It reads core's Unix socket, which only the owner of the centre's folder may open, so no password is
asked for. Without a terminal it writes one line whenever a figure has changed.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from callcenter.core_line import CoreLine
from callcenter.places import Places
from callcenter.rules import directory
from callcenter.settings import Settings, load
from foundation.clock import utc_now
from foundation.errors import ConfigurationError
from wallboard.board import Board
from wallboard.document import Document, render
from wallboard.service import BoardService

EVERY_S = 1.0
CORE_WITHIN_S = 5.0
"How long one snapshot waits for the day's history."
FILE_WIDTH = 110
"Columns where no terminal says how many it has: room for all tables."
NOTHING = "–"
STATE_COLOURS = {
    "ready": "green",
    "ringing": "yellow",
    "talking": "cyan",
    "wrap_up": "blue",
    "paused": "magenta",
    "off": "dim",
}


def watch(
    folder: Annotated[Path, typer.Argument(help="The centre's folder.", metavar="[DIR]")] = Path(),
    once: Annotated[bool, typer.Option("--once", help="Show it once and end.")] = False,
) -> None:
    """Show the running centre's queues and agents as they change; Ctrl-C ends it."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, FILE_WIDTH)
    try:
        settings = load(folder)
    except ConfigurationError as error:
        for problem in error.problems:
            typer.echo(problem, err=True)
        raise typer.Exit(1) from None
    show = _show_once if once else _show_live if console.is_terminal else _show_lines
    with suppress(KeyboardInterrupt):
        if not asyncio.run(_watch(settings, console, show)):
            typer.echo(f"Core is away. Is the centre running? callcenter serve {folder}", err=True)
            raise typer.Exit(1)


async def _watch(
    settings: Settings,
    console: Console,
    show: Callable[["Watcher", Console], Coroutine[None, None, bool]],
) -> bool:
    """False when there was no core to watch."""
    async with following(settings) as watcher:
        return await show(watcher, console)


class Watcher:
    """The board of this moment, as screens get it."""

    def __init__(self, service: BoardService, zone: ZoneInfo) -> None:
        self._service = service
        self._zone = zone

    @property
    def core_up(self) -> bool:
        return self._service.core_up

    def document(self) -> Document:
        self._service.turn_day()
        now_s = self._service.now_s()
        return render(self._service.board, now_s, core_up=self.core_up)

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
async def following(settings: Settings) -> AsyncIterator[Watcher]:
    zone = ZoneInfo(settings.timezone)
    line = CoreLine(Places(settings.data_path).core_socket)
    service = BoardService(Board(zone, directory(settings)), line)
    task = asyncio.create_task(service.follow(), name="follow-core")
    try:
        yield Watcher(service, zone)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await line.close()


# -- three ways to show it -------------------------------------------------------------------------


async def _show_once(watcher: Watcher, console: Console) -> bool:
    if not await watcher.wait_for_core():
        return False
    console.print(screen(watcher.document(), watcher.now()))
    return True


async def _show_live(watcher: Watcher, console: Console) -> bool:
    with Live(console=console, screen=True, auto_refresh=False) as live:
        while True:
            live.update(screen(watcher.document(), watcher.now()), refresh=True)
            await asyncio.sleep(EVERY_S)


async def _show_lines(watcher: Watcher, console: Console) -> bool:
    if not await watcher.wait_for_core():
        return False
    told = ""
    while True:
        line = summary(watcher.document())
        if line != told:
            console.print(f"{watcher.now():%H:%M:%S}  {line}", markup=False, soft_wrap=True)
            told = line
        await asyncio.sleep(EVERY_S)


# -- what is shown ---------------------------------------------------------------------------------


def screen(document: Document, now: datetime) -> RenderableType:
    """Everything, as tables."""
    parts: list[RenderableType] = [Text(f"{now:%Y-%m-%d %H:%M:%S}  {summary(document)}")]
    parts += [_queues(document), _agents(document)]
    parts += [Text(f"{notice['kind']}  {notice['text']}") for notice in document["notices"][:5]]
    return Group(*parts)


def summary(document: Document) -> str:
    """The house in one line, without what changes by itself every second."""
    totals = document["totals"]
    words = [f"{name} {totals[name]}" for name in ("offered", "answered", "abandoned", "lost")]
    words += [f"waiting {totals['waiting']}", f"talking {totals['talking']}"]
    words.append(f"service level {_share(totals['service_level'])}")
    return ", ".join(words if document["core_up"] else ["core is away", *words])


def _queues(document: Document) -> Table:
    table = Table("queue", "waiting", "longest", "talking", "offered", "answered", "abandoned")
    table.add_column("service level")
    for queue in document["queues"].values():
        table.add_row(
            queue["name"],
            str(queue["waiting"]),
            _seconds(queue["longest_wait_s"]),
            str(queue["talking"]),
            str(queue["offered"]),
            str(queue["answered"]),
            str(queue["abandoned"]),
            f"{_share(queue['service_level'])} in {queue['within_s']:g} s",
        )
    return table


def _agents(document: Document) -> Table:
    table = Table("agent", "name", "team", "state", "reason", "answered", "handling")
    for agent_id, agent in document["agents"].items():
        state = Text(agent["state"], STATE_COLOURS.get(agent["state"], ""))
        table.add_row(
            Text(agent_id),
            Text(agent["name"]),
            Text(agent["team"]),
            state,
            Text(agent["reason"]),
            str(agent["answered"]),
            _seconds(agent["aht_s"]),
        )
    return table


def _share(share: float | None) -> str:
    return NOTHING if share is None else f"{100 * share:.0f} %"


def _seconds(seconds: float | None) -> str:
    return NOTHING if seconds is None else f"{seconds:.0f} s"
