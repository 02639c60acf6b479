"""The demo from its first to its last moment; `callcenter.commands.demo` is its command line."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from callcenter.demo.centre import HOST, Centre, served, write_centre
from callcenter.demo.report import Result
from callcenter.demo.screen import Screen
from callcenter.demo.script import Play, entries, read_play
from callcenter.demo.speech import Clips, speak, talk_lengths
from callcenter.demo.stage import LINE, Attempt, Stage
from callcenter.demo.watch import Watch
from callcenter.demo.web_client import WebClient

GRACE_S = 15.0
"After the time that was asked for: calls that are still under way are cut off then."
PATIENCE_S, HURRY_S = 40.0, 5.0
"For the last transcripts; the second when somebody wants to stop."
SHORTEST_S = 30.0
"A few calls with speech take so long."
SPARE_AGENT = "agent0005"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be shown."""

    folder: Path
    seconds: float | None
    "None: until somebody stops it. Less than `SHORTEST_S` is taken for that."


async def show(wish: Wish, console: Console, stop: asyncio.Event) -> list[Result]:
    """Until the play is over, or `stop` is set: what became of every call."""
    play = read_play()
    centre = await write_centre(wish.folder, blocked_number(play))
    _introduce(centre, console)
    async with AsyncExitStack() as house:
        clips = await _speak(play, wish.folder / "speech", console)
        await house.enter_async_context(served(centre))
        web = await house.enter_async_context(WebClient.signed_in(centre))
        watch = Watch(centre.places.core_socket)
        await house.enter_async_context(_beside(watch.run()))
        stage = Stage(centre, play, clips, watch)
        screen = house.enter_context(Screen(console, centre.names, web.board))
        watch.on_fact = lambda: screen.paint(stage.attempts)
        await house.enter_async_context(_beside(web.follow_board()))
        seconds = None if wish.seconds is None else max(wish.seconds, SHORTEST_S)
        coming = entries(play, talk_lengths(play, clips), seconds)
        await _until(stop, stage.perform(coming), None if seconds is None else seconds + GRACE_S)
        through = [one for one in stage.attempts if one.is_through or not stop.is_set()]
        await _wait_for_transcripts(through, watch, HURRY_S if stop.is_set() else PATIENCE_S)
        return [await _result(attempt, play, web) for attempt in through]


def blocked_number(play: Play) -> str:
    return next(caller.number for caller in play.callers if caller.blocked)


def _introduce(centre: Centre, console: Console) -> None:
    console.print(f"Wallboard  [bold]{centre.url}/wallboard[/bold]")
    console.print(
        f"sign in as [bold]{centre.supervisor}[/bold], password "
        f"[bold]{centre.password}[/bold] (made for this run)\n"
    )
    console.print(
        f"A softphone of yours may join: register sip:{SPARE_AGENT}@{HOST}:{centre.sip_port} "
        f"(UDP), password {centre.sip_passwords[SPARE_AGENT]}, as an agent; "
        f"or call sip:{LINE}@{HOST}:{centre.sip_port}\n"
    )


async def _speak(play: Play, folder: Path, console: Console) -> Clips:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        bar = progress.add_task("What will be said is synthesised", total=len(play.turns))
        return await speak(play.turns, folder, lambda: progress.advance(bar))


@asynccontextmanager
async def _beside(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """`work` goes on meanwhile; when it fails, whoever is inside is told at the end."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _until(
    stop: asyncio.Event, work: Coroutine[None, None, None], seconds: float | None
) -> None:
    """Until the work is done, somebody stops it, or `seconds` are over."""
    working = asyncio.create_task(work)
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait(
            {working, stopping}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED
        )
    finally:
        for task in (working, stopping):
            task.cancel()
        await asyncio.wait({working, stopping})
    if not working.cancelled():
        working.result()


async def _wait_for_transcripts(attempts: list[Attempt], watch: Watch, within_s: float) -> None:
    stories = [attempt.story for attempt in attempts if attempt.story is not None]
    with suppress(TimeoutError):  # the report says which call has none
        async with asyncio.timeout(within_s):
            await watch.until(lambda: all(story.is_settled for story in stories))


async def _result(attempt: Attempt, play: Play, web: WebClient) -> Result:
    story = attempt.story
    transcript = None
    if story is not None and story.recording_id is not None and story.is_transcribed:
        transcript = await web.transcript(story.recording_id)
    return Result(
        caller=attempt.caller,
        story=story,
        heard_s=attempt.heard_s,
        problem=attempt.problem,
        transcript=transcript,
        by_script=story is None or story.agent_id in {None, *(agent.id for agent in play.agents)},
    )
