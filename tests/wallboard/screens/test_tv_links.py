"""TV links: what they open, what they do not, and that revoking one ends its screens."""

from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from sqlalchemy import insert

from foundation.db import make_engine, make_sessions
from foundation.errors import Conflict, NotFound
from foundation.ids import TvLinkId
from tests.support.database import put_schema
from tests.support.fake_core import FakeCore
from tests.support.web_house import (
    QUICK_FOLLOW,
    board_app,
    client_of,
    running,
    sign_in,
    user_store,
    web_options,
)
from wallboard.events import TvLinkMade, TvLinkRevoked
from wallboard.fold.board import Board
from wallboard.screens.screens import REVOKED, Dropped, Screens, View
from wallboard.screens.store import TvLinkRow, TvLinkStore
from wallboard.screens.tv_desk import TvDesk
from wallboard.screens.tv_links import MOST_LINKS, TvLink, TvLinks, hash_of, new_token
from wallboard.service import BoardService
from wallboard.web_role import BoardOptions

T1, T2 = TvLinkId("tv-1"), TvLinkId("tv-2")


def link(link_id: TvLinkId, token: str, *, board: str = "default") -> TvLink:
    return TvLink(
        link_id=link_id,
        name="Hall",
        board=board,
        hides_names=True,
        made_by="sue",
        made_at=datetime(2026, 6, 22, tzinfo=UTC),
        token_hash=hash_of(token),
    )


@dataclass
class Books:
    """What the database would say."""

    links: list[TvLink] = field(default_factory=list)

    async def read(self) -> list[TvLink]:
        return list(self.links)


@pytest.fixture
def books() -> Books:
    return Books([link(T1, "one-token"), link(T2, "other-token")])


@pytest.fixture
async def client(books: Books, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with user_store(tmp_path) as users:
        options = BoardOptions(web=web_options(), follow=QUICK_FOLLOW, read_tv_links=books.read)
        app = board_app(FakeCore(), users, options)
        async with running(app), client_of(app) as client:
            yield client


def test_token_is_long_random_and_known_by_its_hash_alone() -> None:
    tokens = {new_token() for _ in range(100)}
    links = TvLinks([link(T1, "one-token")])

    assert len(tokens) == 100
    assert min(map(len, tokens)) >= 43
    assert links.find("one-token") is not None
    assert links.find("another") is None
    assert links.find(hash_of("one-token")) is None
    assert "one-token" not in repr(links.find("one-token"))


async def test_link_opens_the_board_and_what_its_page_stands_on(client: httpx.AsyncClient) -> None:
    page = await client.get("/wallboard?tv=one-token", headers={"Accept": "text/html"})

    assert page.status_code == 200
    assert page.headers["referrer-policy"] == "no-referrer"
    assert (await client.get("/wallboard/board.js")).status_code == 200
    assert (await client.get("/wallboard/board.css")).status_code == 200


@pytest.mark.parametrize(
    "path",
    ["/api/v1/me", "/api/v1/calls", "/api/v1/agents", "/docs", "/phone", "/", "/metrics"],
)
async def test_link_opens_nothing_else(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(
        f"{path}?tv=one-token", headers={"X-Forwarded-For": "192.0.2.7", "Accept": "*/*"}
    )

    assert answer.status_code == 401


async def test_wrong_link_is_refused_and_leads_nowhere(client: httpx.AsyncClient) -> None:
    for token in ("", "guessed", "one-token%00"):
        answer = await client.get(f"/wallboard?tv={token}", headers={"Accept": "text/html"})
        assert answer.status_code == 401
        assert "revoked" in answer.text


async def test_who_is_signed_in_and_comes_by_a_link_is_a_screen_all_the_same(
    client: httpx.AsyncClient,
) -> None:
    await sign_in(client, "sue")

    assert (await client.get("/wallboard?tv=guessed")).status_code == 401
    assert (await client.get("/wallboard?tv=one-token")).status_code == 200
    assert (await client.get("/wallboard")).status_code == 200


async def test_revoked_link_ends_its_screens_at_once_and_no_others(books: Books) -> None:
    screens = Screens(BoardService(Board(), FakeCore()))
    desk = TvDesk(screens, books.read)
    await desk.refresh()
    ours, theirs, nobodys = (screens.join(View(), link_id) for link_id in (T1, T2, None))

    desk.on_event(TvLinkRevoked(T1))

    with pytest.raises(Dropped, match="revoked") as dropped:
        await ours.take()
    assert dropped.value.why.code == REVOKED
    assert desk.find("one-token") is None
    assert desk.find("other-token") is not None
    screens.publish()
    assert theirs.dropped_because is None
    assert nobodys.dropped_because is None


async def test_link_that_was_revoked_while_nobody_told_us_ends_too(books: Books) -> None:
    screens = Screens(BoardService(Board(), FakeCore()))
    desk = TvDesk(screens, books.read)
    await desk.refresh()
    ours = screens.join(View(), T1)
    del books.links[0]
    desk.on_event(TvLinkMade(TvLinkId("tv-3"), "default"))

    await desk.refresh()

    assert ours.dropped_because is not None


async def test_store_keeps_links_and_gives_no_more_than_there_is_room_for(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path / 'links.db'}")
    put_schema(f"sqlite:///{tmp_path / 'links.db'}")
    sessions = make_sessions(engine)
    store = TvLinkStore(sessions)
    first = link(T1, "one-token", board="orders")
    await store.add(first)
    assert await store.all() == [first]

    await store.remove(T1)
    assert await store.all() == []
    with pytest.raises(NotFound, match="There is no TV link 'tv-1'"):
        await store.remove(T1)

    many = [asdict(link(TvLinkId(f"tv-{n}"), f"token {n}")) for n in range(1, MOST_LINKS)]
    async with sessions.begin() as session:
        await session.execute(insert(TvLinkRow), many)
    await store.add(link(TvLinkId("tv-0"), "token 0"))
    with pytest.raises(Conflict, match="500 TV links already"):
        await store.add(link(TvLinkId("tv-x"), "token x"))
    await engine.dispose()
