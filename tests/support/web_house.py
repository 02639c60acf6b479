"""The web role for tests: users in a file database, cheap password hashes, an own server."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from socket import SO_REUSEADDR, SO_SNDBUF, SOL_SOCKET
from socket import socket as Socket
from typing import Any

import httpx
import uvicorn
from argon2 import PasswordHasher
from fastapi import APIRouter, FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from foundation.db import make_engine
from foundation.web.app import WebOptions
from foundation.web.gate import GateOptions
from foundation.web.server import server_config
from foundation.web.sessions import SessionOptions
from foundation.web.store import UserStore
from foundation.web.users import Passwords, Role, User
from tests.support.database import connections_ended, put_tables
from tests.support.fake_core import CoreClock, FakeCore
from wallboard.service import BoardService, FollowOptions
from wallboard.web_role import BoardOptions, build

PASSWORD = "correct horse battery"
PATIENCE_S = 20.0
WATCH_TOKEN = "a token for screens"
CHEAP = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
USERS = [
    User("sue", Role.SUPERVISOR, CHEAP.hash(PASSWORD)),
    User("tom", Role.TEAM_LEAD, CHEAP.hash(PASSWORD)),
    User("lea", Role.TEAM_LEAD, CHEAP.hash(PASSWORD), agent_id="bob"),
    User("ann", Role.AGENT, CHEAP.hash(PASSWORD), agent_id="ann"),
    User("root", Role.ADMINISTRATOR, CHEAP.hash(PASSWORD)),
]


def web_options(**changes: object) -> WebOptions:
    options: dict[str, object] = {
        "session": SessionOptions(key=b"k" * 32),
        "gate": GateOptions(watch_tokens=frozenset({WATCH_TOKEN})),
    }
    return WebOptions(**{**options, **changes})  # type: ignore[arg-type]  # tests name the fields


@asynccontextmanager
async def user_store(folder: Path) -> AsyncIterator[UserStore]:
    file = folder / "users.db"
    if not file.exists():
        put_tables(file)
    with connections_ended():
        engine: AsyncEngine = make_engine(f"sqlite:///{file}")
        users = UserStore(engine)
        for user in USERS:
            if await users.find(user.user_id) is None:
                await users.add(user)
        try:
            yield users
        finally:
            await engine.dispose()


def board_app(
    core: FakeCore,
    users: UserStore,
    options: BoardOptions,
    extra_routers: Sequence[APIRouter] = (),
    board_routers: Callable[[BoardService], Sequence[APIRouter]] = lambda service: (),
) -> FastAPI:
    return build(
        core,
        users,
        options,
        extra_routers=extra_routers,
        board_routers=board_routers,
        clock=CoreClock(core),
        passwords=CHEAP,
        on_failure=lambda: None,
    )


QUICK_FOLLOW = FollowOptions(retry_first_s=0.01, retry_most_s=0.05, caught_up_within_s=0.2)


@asynccontextmanager
async def running(app: FastAPI) -> AsyncIterator[None]:
    """The application's lifespan, as a server would run it."""
    async with app.router.lifespan_context(app):
        yield


def client_of(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url="http://house"
    )


async def caught_up(client: httpx.AsyncClient) -> None:
    """Until the board has read what core told before."""
    async with asyncio.timeout(PATIENCE_S):
        while (await client.get("/readyz")).status_code != 200:  # noqa: ASYNC110  # no event tells
            await asyncio.sleep(0)


async def shown(client: httpx.AsyncClient, path: str, is_there: Callable[[Any], bool]) -> Any:  # noqa: ANN401  # JSON
    """What stands there when the board has caught up with what core told."""
    async with asyncio.timeout(PATIENCE_S):
        while not is_there(found := (await client.get(path)).json()):  # noqa: ASYNC110  # no event tells
            await asyncio.sleep(0)
    return found


async def sign_in(client: httpx.AsyncClient, name: str) -> httpx.Response:
    return await client.post("/sign-in", data={"name": name, "password": PASSWORD})


@asynccontextmanager
async def served(app: FastAPI, port: int = 0, **more: object) -> AsyncIterator[int]:
    """A real server on loopback; gives its port."""
    listener = Socket()
    listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
    # A small send buffer, which connections inherit: a client that does not read is felt early.
    listener.setsockopt(SOL_SOCKET, SO_SNDBUF, 16 * 1024)
    listener.bind(("127.0.0.1", port))
    server = uvicorn.Server(
        server_config(app, log_level="warning", timeout_graceful_shutdown=1, **more)
    )
    task = asyncio.create_task(server._serve([listener]), name="uvicorn")
    while not server.started and not task.done():  # noqa: ASYNC110  # uvicorn only has a flag
        await asyncio.sleep(0.01)
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        await task
        listener.close()
