"""The board on a wall, in Chromium: read from six metres, by a link, for a day on end."""

import json as plain_json
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec import json
from playwright.async_api import Browser, WebSocketRoute, expect

from callcenter.web.pages import PAGES
from foundation.ids import TvLinkId
from foundation.web.frame import FrameOptions
from tests.support.busy_floor import DIRECTORY, tell
from tests.support.fake_core import CoreClock, FakeCore
from tests.support.page_check import IS_THOROUGH, PAGE_MARKS, PageView, page_fixture, page_view
from tests.support.web_house import QUICK_FOLLOW, board_app, user_store, web_options
from wallboard.events import TvLinkRevoked
from wallboard.figures.boards import DEFAULT_PLAN, NORMS
from wallboard.fold.board import Board
from wallboard.screens.document import changes, render
from wallboard.screens.tv_links import TvLink, hash_of
from wallboard.web_role import BoardOptions

pytestmark = PAGE_MARKS

PIXEL_MM = 1217.6 / 1920
"Of a 55-inch screen, 16:9."
CAPITAL = 0.72
"Height of digits by the font's size, of the sans-serif fonts that are about."
LEAST_MM = 25.0
"A letter that is read from six metres: 1/240 of the distance."
LIVE = "body:not(.stale)"
LINK = TvLink(
    link_id=TvLinkId("tv-1"),
    name="Hall",
    board="default",
    hides_names=True,
    made_by="sue",
    made_at=datetime(2026, 6, 22, tzinfo=UTC),
    token_hash=hash_of("hall-token"),
)


@dataclass
class Wall:
    core: FakeCore
    view: PageView
    links: list[TvLink] = field(default_factory=lambda: [LINK])

    async def open(self, query: str) -> None:
        await self.view.open(f"/wallboard?{query}", LIVE)


@page_fixture
async def wall(tmp_path: Path, chromium: Browser) -> AsyncIterator[Wall]:
    core = FakeCore()
    await tell(core)
    plan = replace(DEFAULT_PLAN, norms=(NORMS["nena15"], NORMS["gbt33358"]))
    links = [LINK]

    async def read_links() -> list[TvLink]:
        return list(links)

    async with user_store(tmp_path) as users:
        options = BoardOptions(
            web=web_options(frame=FrameOptions(pages=PAGES, timezone="UTC")),
            directory=DIRECTORY,
            follow=QUICK_FOLLOW,
            plans={"default": plan},
            read_tv_links=read_links,
        )
        async with page_view(chromium, board_app(core, users, options), "on") as view:
            yield Wall(core, view, links)


async def test_board_is_in_order_in_every_language_light_and_size(wall: Wall) -> None:
    assert await wall.view.problems("/wallboard?tv=hall-token", LIVE) == []
    await wall.view.sign_in("sue")
    assert await wall.view.problems("/wallboard", LIVE) == []


FIGURES = ".big, #queues td span, #teams td span, .group h3 b"
MEASURED = """
(elements) => elements.filter((each) => each.offsetParent).map((each) => {
  const { left, right, top, bottom } = each.getBoundingClientRect();
  return { words: each.textContent, px: parseFloat(getComputedStyle(each).fontSize),
    isInside: left >= 0 && top >= 0 && right <= innerWidth && bottom <= innerHeight };
})
"""


async def test_figures_are_read_from_six_metres_and_all_are_on_the_screen(wall: Wall) -> None:
    await wall.view.page.set_viewport_size({"width": 1920, "height": 1080})
    await wall.open("tv=hall-token&lang=en")
    figures = await wall.view.page.eval_on_selector_all(FIGURES, MEASURED)

    assert len(figures) > 30
    small = [each for each in figures if each["px"] * CAPITAL * PIXEL_MM < LEAST_MM]
    assert small == []
    assert [each["words"] for each in figures if not each["isInside"]] == []
    height = await wall.view.page.evaluate("document.documentElement.scrollHeight")
    assert height <= 1080, "nobody scrolls a wall"
    agents = await wall.view.page.eval_on_selector_all("li.agent", MEASURED)
    assert [each["words"] for each in agents if not each["isInside"]] == []


async def test_link_has_no_navigation_no_names_and_ends_when_it_is_revoked(wall: Wall) -> None:
    await wall.open("tv=hall-token&lang=en")
    page = wall.view.page

    assert await page.locator("header.frame, nav, form, select:visible").count() == 0
    text = await page.inner_text("main")
    assert "Agent 1" in text
    assert "Li Na" not in text
    wall.links.clear()
    await wall.core.tell(TvLinkRevoked(LINK.link_id))
    await expect(page.locator("body.stale #banner")).to_contain_text("This link is no longer valid")
    wall.view.complaints.clear()


async def test_memory_is_flat_over_hours_of_deltas(wall: Wall) -> None:
    """A socket of ours feeds the page: three hours of a floor that changes four times a second, in
    `make matrix`; one hour else."""
    deltas = 12_000 if IS_THOROUGH else 4_000
    page, feed = wall.view.page, Feed()
    await page.route_web_socket("**/ws/wallboard*", feed.open)
    await page.goto(f"{wall.view.url}/wallboard?tv=hall-token")
    await page.wait_for_selector("#tiles .big")
    session = await wall.view.context.new_cdp_session(page)

    async def measured() -> dict[str, float]:
        await session.send("HeapProfiler.collectGarbage")
        found = await session.send("Performance.getMetrics")
        return {each["name"]: each["value"] for each in found["metrics"]}

    await session.send("Performance.enable")
    await feed.tell(page, 2_000)
    before = await measured()
    await feed.tell(page, deltas)
    after = await measured()

    assert after["Nodes"] <= before["Nodes"] * 1.1 + 50, (before["Nodes"], after["Nodes"])
    assert after["JSEventListeners"] <= before["JSEventListeners"] + 5
    grown = after["JSHeapUsedSize"] - before["JSHeapUsedSize"]
    assert grown < 1_500_000, f"{grown:.0f} bytes in {deltas} deltas"


class Feed:
    """Plays the server with the documents of a real board."""

    def __init__(self) -> None:
        self._socket: WebSocketRoute | None = None
        self._seq = 1
        self._chance = random.Random(3)
        self._board = Board(directory=DIRECTORY)
        self._documents: list[dict[str, Any]] = []

    async def open(self, socket: WebSocketRoute) -> None:
        core = FakeCore()
        await tell(core)
        for each in core.journal:
            self._board.fold(each)
            if len(self._documents) < 400 and each.seq > len(core.journal) - 400:
                self._documents.append(render(self._board, each.at_s, core_up=True))
        self._at_s = CoreClock(core).now_s()
        self._told = self._documents[-1]
        self._socket = socket
        head = {"type": "snapshot", "seq": self._seq, "at_s": self._at_s}
        socket.send(plain_json.dumps({**head, **self._told}))

    async def tell(self, page: Any, count: int) -> None:  # noqa: ANN401  Playwright's page
        """So many deltas; now and then the page is let paint."""
        assert self._socket is not None
        for number in range(count):
            document = self._chance.choice(self._documents)
            self._seq += 1
            self._at_s += 0.25
            delta = changes(self._told, document)
            self._told = document
            head = {"type": "delta", "seq": self._seq, "at_s": self._at_s}
            self._socket.send(json.encode({**head, **delta}).decode())
            if number % 100 == 0:
                await page.evaluate("() => new Promise((done) => setTimeout(done, 0))")
        await page.evaluate("() => new Promise((done) => setTimeout(done, 300))")
