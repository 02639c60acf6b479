"""The web role's application: the board, its socket, its API and page on the guarded web base.

uvicorn ─▶ foundation.web (sign-in, roles, health) ─▶ wallboard routes ─▶ BoardService ─▶ core
"""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, timedelta, tzinfo
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from fastapi import APIRouter, FastAPI
from prometheus_client import CollectorRegistry, Gauge

from acd.views import FloorNow
from foundation.clock import utc_now
from foundation.db import TROUBLES
from foundation.errors import Unavailable
from foundation.web.api import MetricsSource
from foundation.web.app import OnRefused, WebOptions, create_app
from foundation.web.door import Change
from foundation.web.store import UserStore
from foundation.web.tokens import ApiToken
from foundation.web.users import Passwords, User
from wallboard.alarms.alarm_desk import AlarmDesk
from wallboard.alarms.alarm_plan import WAYS, AlarmPlan, AlarmsOfCore
from wallboard.alarms.alarm_post import AlarmPost, Way
from wallboard.alarms.alarm_rules import Rules
from wallboard.alarms.outbox import Outbox
from wallboard.core_link import CoreLink
from wallboard.directory import Directory
from wallboard.figures.boards import DEFAULT, DEFAULT_PLAN, Plans
from wallboard.figures.curve import Past
from wallboard.fold.board import Board
from wallboard.fold.board_clock import BoardClock
from wallboard.fold.tally import Tally
from wallboard.host import Host
from wallboard.pages import wallboard_pages
from wallboard.routes.api import wallboard_api
from wallboard.routes.transcript_socket import transcript_socket
from wallboard.screens.live_words import LiveWords
from wallboard.screens.screens import Screens
from wallboard.screens.socket import SocketOptions, wallboard_socket
from wallboard.screens.tv_desk import TvDesk
from wallboard.screens.tv_links import TvLink
from wallboard.service import BoardService, FollowOptions
from wallboard.snapshot import BoardKeeper, Keeping

log = logging.getLogger(__name__)

Work: TypeAlias = Callable[[], Coroutine[object, object, None]]


FORGET_WORDS_S = 10.0


def end_process() -> None:
    """Let uvicorn shut down; the parent starts the role again."""
    signal.raise_signal(signal.SIGTERM)


ReadPast: TypeAlias = Callable[[date], Awaitable[Past]]
WEEK = timedelta(days=7)
LOOK_AT_DAY_S = 10.0
LOOK_AT_FLOOR_S = 2.0


async def no_tv_links() -> list[TvLink]:
    return []


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardOptions:
    web: WebOptions
    directory: Directory = field(default_factory=Directory)
    zone: tzinfo = UTC
    follow: FollowOptions = field(default_factory=FollowOptions)
    read_directory: Callable[[], Awaitable[Directory]] | None = None
    "The directory as core serves it; None: it never changes."
    read_floor: Callable[[], Awaitable[FloorNow]] | None = None
    "What of the floor no event tells; None: not told."
    plans: Plans = field(default_factory=lambda: {DEFAULT: DEFAULT_PLAN})
    "The boards, until core is asked for them."
    read_plans: Callable[[], Awaitable[Plans]] | None = None
    "The boards as core serves them; None: they never change."
    socket: SocketOptions = field(default_factory=SocketOptions)
    rules: Rules = field(default_factory=dict)
    "What is an alarm, until core is asked for it."
    ways: Mapping[str, Way] = field(default_factory=dict)
    "Who outside is told of alarms, by a name of `WAYS`, until core is asked for it."
    read_alarms: Callable[[], Awaitable[AlarmPlan]] | None = None
    "Both as core serves them; None: they never change."
    look_at_host: Callable[[], Host] | None = None
    "May wait for a disk; None: nothing is known of the machine."
    read_tv_links: Callable[[], Awaitable[list[TvLink]]] = no_tv_links
    read_past: ReadPast | None = None
    "The half hours of an earlier day; None: only yesterday's are known."
    keeping: Keeping | None = None
    "Where the board outlives this process; None: nowhere."
    words_socket: Path | None = None
    "Where the listener tells what is said in talks; None: none is followed."


def build(
    link: CoreLink,
    users: UserStore,
    options: BoardOptions,
    *,
    extra_routers: Sequence[APIRouter] = (),
    board_routers: Callable[[BoardService], Sequence[APIRouter]] = lambda service: (),
    registry: CollectorRegistry | None = None,
    metrics_sources: Sequence[MetricsSource] = (),
    clock: BoardClock | None = None,
    on_failure: Callable[[], None] = end_process,
    passwords: Passwords | None = None,
    change: Change | None = None,
    on_end: Callable[[], Awaitable[None]] | None = None,
    on_refused: OnRefused | None = None,
) -> FastAPI:
    """An application for uvicorn; while it runs it follows core through `link`.

    `on_end`: called when the application ends.
    `extra_routers` are guarded like all others, and so are `board_routers`, which need the board.
    `on_failure` is called when a task of ours dies: a board that stands still must not look alive.
    """
    registry = registry or CollectorRegistry()
    rules, ways = dict(options.rules), dict(options.ways)
    alarms = AlarmsOfCore(options.read_alarms, rules, ways)

    async def read_directory() -> Directory:
        """With the boards, which speak of what is in it, and with the alarms' rules."""
        if options.read_plans is not None:
            screens.change_plans(await options.read_plans())
        await alarms.take()
        assert options.read_directory is not None
        return await options.read_directory()

    service = BoardService(
        Board(options.zone, options.directory),
        link,
        options.follow,
        clock,
        None if options.read_directory is None else read_directory,
        options.read_floor,
    )
    screens = Screens(service, options.plans)
    desk = AlarmDesk(service, rules, options.look_at_host)
    tv = TvDesk(screens, options.read_tv_links)
    service.listeners.append(tv.on_event)
    words = None if options.words_socket is None else LiveWords(options.words_socket)
    _measure(registry, service, screens)

    @asynccontextmanager
    async def running(app: FastAPI) -> AsyncIterator[None]:
        if options.keeping is not None:
            service.board = await options.keeping.board(options.zone, options.directory)
        works = _works(service, screens, desk, tv, options, rules, ways)
        works |= {} if words is None else _works_of_words(words, service)
        tasks = [asyncio.create_task(work(), name=name) for name, work in works.items()]
        for task in tasks:
            task.add_done_callback(lambda done: _end_when_failed(done, on_failure))
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if on_end is not None:
                await on_end()

    is_still_in = partial(_is_still_in, users)
    screens.read_host = lambda: desk.host
    routers = [
        wallboard_api(service, screens),
        wallboard_socket(screens, options.socket, is_still_in),
        wallboard_pages(),
        *extra_routers,
    ]
    routers += board_routers(service)
    if words is not None:
        routers.append(transcript_socket(service, words, is_still_in))
    return create_app(
        replace(options.web, gate=replace(options.web.gate, find_link=tv.find)),
        users,
        routers,
        ready=[partial(_check_core, service)],
        registry=registry,
        metrics_sources=metrics_sources,
        lifespan=running,
        passwords=passwords,
        change=change,
        on_refused=on_refused,
    )


async def _is_still_in(users: UserStore, state: Mapping[str, Any]) -> bool:
    """Watch tokens and TV links have no account; the latter are dropped by `TvDesk`."""
    user: User | None = state["user"]
    token: ApiToken | None = state["token"]
    try:
        if token is not None:
            found = await users.find_token(token.token_hash)
            return found is not None and found.is_valid(utc_now().timestamp())
        return user is None or await users.find(user.user_id) == user
    except TROUBLES:
        return True  # nobody comes in meanwhile, and nobody goes


def _works_of_words(words: LiveWords, service: BoardService) -> dict[str, Work]:
    return {"live-words": words.run, "forget-words": partial(_forget_words, words, service)}


def _works(
    service: BoardService,
    screens: Screens,
    desk: AlarmDesk,
    tv: TvDesk,
    options: BoardOptions,
    rules: Rules,
    ways: Mapping[str, Way],
) -> dict[str, Work]:
    """What runs as long as the application does, by name. `rules` and `ways` may change
    meanwhile."""
    works: dict[str, Work] = {
        "follow-core": service.follow,
        "publish-board": screens.run,
        "look-for-alarms": desk.run,
        "watch-host": desk.watch_host,
        "tv-links": tv.run,
        "floor-now": partial(_watch_floor, service, screens),
        "past-day": partial(_read_past, service, screens, options.read_past),
    }
    for name in WAYS:
        works[f"post-{name}"] = AlarmPost(service, Outbox(name, rules), ways).run
    if options.keeping is not None:
        works["keep-board"] = BoardKeeper(service, options.keeping.file).run
    return works


async def _read_past(service: BoardService, screens: Screens, read: ReadPast | None) -> None:
    """The day of a week ago, anew after each midnight; until cancelled."""
    known: date | None = None
    while read is not None:
        wanted = service.board.day.date - WEEK
        if service.core_up and wanted != known:
            with suppress(Unavailable):  # asked again at the next look
                screens.past, known = await read(wanted), wanted
        await asyncio.sleep(LOOK_AT_DAY_S)


async def _watch_floor(service: BoardService, screens: Screens) -> None:
    """As long as somebody looks; until cancelled."""
    while True:
        if len(screens):
            await service.look_at_floor()
        await asyncio.sleep(LOOK_AT_FLOOR_S)


async def _forget_words(words: LiveWords, service: BoardService) -> None:
    """Those of talks that are over."""
    while True:
        await asyncio.sleep(FORGET_WORDS_S)
        words.keep_only(service.is_living)


async def _check_core(service: BoardService) -> None:
    if not service.core_up:
        raise Unavailable("Core is away.")


def _end_when_failed(task: "asyncio.Task[None]", on_failure: Callable[[], None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.critical("the task %s died", task.get_name(), exc_info=error)
        on_failure()


def _measure(registry: CollectorRegistry, service: BoardService, screens: Screens) -> None:
    def gauge(name: str, text: str, value: Callable[[], float]) -> None:
        Gauge(name, text, registry=registry).set_function(value)

    def house() -> Tally:
        return service.board.house

    gauge("callcenter_web_core_up", "1 when core's journal is followed", lambda: service.core_up)
    gauge("callcenter_web_screens", "Connected wallboard screens", lambda: len(screens))
    gauge("callcenter_journal_seq", "Latest record on the board", lambda: service.board.seq)
    gauge("callcenter_calls_waiting", "Callers waiting now", lambda: len(house().waiting))
    gauge("callcenter_calls_talking", "Callers talking now", lambda: house().talking)
    gauge("callcenter_calls_offered_today", "Contacts queued today", lambda: house().counts.offered)
    gauge("callcenter_calls_answered_today", "Of these answered", lambda: house().counts.answered)
    gauge(
        "callcenter_calls_abandoned_today", "Of these abandoned", lambda: house().counts.abandoned
    )
