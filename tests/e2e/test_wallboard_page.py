"""The wallboard's page in Chromium: figures move, languages change, lost connections come back."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from fastapi import FastAPI
from playwright.async_api import Browser, Page, expect

from acd.events import AgentAnswered, AgentChanged, AgentState, CallQueued
from foundation.ids import AgentId, CallId, QueueId
from tests.support.fake_core import FakeCore
from tests.support.page_check import COMPLETE, PAGE_MARKS, new_page, own_context, page_fixture
from tests.support.web_house import (
    PASSWORD,
    QUICK_FOLLOW,
    board_app,
    served,
    user_store,
    web_options,
)
from wallboard.directory import AgentCard, Directory, QueueCard
from wallboard.web_role import BoardOptions

pytestmark = PAGE_MARKS

ORDERS, ANN, EVE = QueueId("orders"), AgentId("ann"), AgentId("eve")
MARKUP = "<img src=x onerror=alert(1)>"
DIRECTORY = Directory(
    {ANN: AgentCard("Li Na", "day"), EVE: AgentCard(MARKUP, "day")}, {ORDERS: QueueCard("Orders")}
)
PATIENCE_MS = 20_000


def big(figure: str) -> str:
    return f".tile[data-figure={figure}] .big"


WAITING = big("waiting")


@dataclass
class Hall:
    """A wallboard on a server that can be stopped and started again on its port."""

    core: FakeCore
    app: FastAPI
    page: Page
    complaints: list[str] = field(default_factory=list)
    port: int = 0
    _server: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def start(self) -> None:
        self.port = await self._server.enter_async_context(served(self.app, self.port))

    async def stop(self) -> None:
        await self._server.aclose()

    async def shows(self, selector: str, words: str) -> None:
        await expect(self.page.locator(selector)).to_have_text(words, timeout=PATIENCE_MS)

    async def tells(self, words: str) -> None:
        """In the banner."""
        await expect(self.page.locator("#banner")).to_contain_text(words, timeout=PATIENCE_MS)


@page_fixture
async def hall(tmp_path: Path, chromium: Browser) -> AsyncIterator[Hall]:
    core = FakeCore()
    async with (
        user_store(tmp_path) as users,
        own_context(chromium, color_scheme="light") as context,
    ):
        options = BoardOptions(web=web_options(), directory=DIRECTORY, follow=QUICK_FOLLOW)
        page = await new_page(context)
        hall = Hall(core, board_app(core, users, options), page)
        page.on("pageerror", lambda error: hall.complaints.append(str(error)))
        await hall.start()
        await page.goto(f"http://127.0.0.1:{hall.port}/wallboard")
        await page.fill("[name=name]", "sue")
        await page.fill("[name=password]", PASSWORD)
        await page.click("button")
        await page.wait_for_selector(f"{COMPLETE} body:not(.stale)", timeout=PATIENCE_MS)
        yield hall
        assert hall.complaints == []
        await page.close()
        await hall.stop()


async def test_figures_queues_and_agents_move_with_the_calls(hall: Hall) -> None:
    await hall.shows(WAITING, "0")
    await hall.shows(big("service_level"), "–")

    await hall.core.tell(CallQueued(CallId("c-1"), ORDERS), AgentChanged(ANN, AgentState.READY))
    await hall.shows(WAITING, "1")
    await hall.shows(big("agents_ready"), "1")

    hall.core.at_s += 5
    await hall.core.tell(
        AgentAnswered(CallId("c-1"), ORDERS, ANN),
        AgentChanged(ANN, AgentState.TALKING, "", CallId("c-1")),
    )
    await hall.shows(WAITING, "0")
    await hall.shows(big("talking"), "1")
    await hall.shows(big("service_level"), "100%")
    await hall.shows("#queues tr:first-child th", "Orders")
    await hall.shows(".state-talking .name", "Li Na")


async def test_each_hour_of_the_day_is_named_below_it(hall: Hall) -> None:
    """It is noon in the hall; the day's curve shows the last eight hours."""
    await hall.page.set_viewport_size({"width": 1920, "height": 1080})
    hours = "#curve text:not(.level-axis):not(.norm-words):not([text-anchor])"
    await expect(hall.page.locator(hours).last).to_have_text("12:00", timeout=PATIENCE_MS)

    named = await hall.page.locator(hours).all_text_contents()
    assert named == [f"{hour:02}:00" for hour in range(5, 13)]
    bounds = await hall.page.locator("#curve").bounding_box()
    last = await hall.page.locator(hours).last.bounding_box()
    assert bounds is not None
    assert last is not None
    assert last["x"] + last["width"] <= bounds["x"] + bounds["width"]


async def test_names_are_never_markup(hall: Hall) -> None:
    await hall.shows("li.agent[data-key=eve] .name", MARKUP)

    assert await hall.page.locator("main img").count() == 0


async def test_late_caller_raises_an_alarm(hall: Hall) -> None:
    await hall.core.tell(CallQueued(CallId("c-1"), ORDERS))
    await hall.shows(WAITING, "1")
    hall.core.at_s += 50

    await hall.page.wait_for_selector(".tile.alarm[data-figure=waiting]", timeout=PATIENCE_MS)
    await hall.shows("[data-figure=longest_wait_s] b", "0:50")


async def test_language_and_light_switch_and_are_remembered(hall: Hall) -> None:
    await hall.shows(".tile[data-figure=waiting] h2", "Waiting")
    await hall.page.click("#language")
    await hall.shows(".tile[data-figure=waiting] h2", "排队")
    await hall.page.click("#light")
    await hall.page.click("#light")

    await hall.page.reload()

    await hall.shows(".tile[data-figure=waiting] h2", "排队")
    await expect(hall.page.locator("html")).to_have_attribute("data-light", "dark")
    await expect(hall.page.locator("html")).to_have_attribute("lang", "zh-CN")


async def test_lost_server_is_said_clearly_and_the_page_comes_back_by_itself(hall: Hall) -> None:
    await hall.core.tell(CallQueued(CallId("c-1"), ORDERS))
    await hall.shows(WAITING, "1")

    await hall.stop()
    await hall.tells("Connection lost")
    await hall.page.wait_for_selector("body.stale")

    await hall.core.tell(CallQueued(CallId("c-2"), ORDERS))
    await hall.start()
    await hall.page.wait_for_selector("body:not(.stale)", timeout=PATIENCE_MS)
    await hall.shows(WAITING, "2")
    await expect(hall.page.locator("#banner")).to_be_hidden()


async def test_server_lost_while_the_page_is_opened_is_asked_again_for_what_is_missing(
    hall: Hall,
) -> None:
    """The page stayed without its navigation, and told of an error nobody had caught."""
    for path in ("**/frame/me", "**/api/v1/boards"):
        await hall.page.route(path, lambda route: route.abort(), times=1)
    await hall.page.reload()
    await hall.shows(WAITING, "0")

    await expect(hall.page.locator("header.frame .who")).to_contain_text("sue")
    await hall.page.wait_for_selector(COMPLETE)


async def test_core_that_is_away_is_said_clearly(hall: Hall) -> None:
    await hall.core.go_away()
    await hall.tells("core does not answer")

    await hall.core.come_back()
    await hall.page.wait_for_selector("body:not(.stale)", timeout=PATIENCE_MS)


async def test_session_that_ends_leads_to_the_sign_in_page(hall: Hall) -> None:
    await hall.page.context.clear_cookies()
    await hall.stop()
    await hall.start()

    await hall.page.wait_for_url("**/sign-in?next=%2Fwallboard", timeout=PATIENCE_MS)


async def test_phone_width_needs_no_sideways_scrolling(hall: Hall) -> None:
    await hall.page.set_viewport_size({"width": 360, "height": 740})
    await hall.shows(".tile[data-figure=waiting] h2", "Waiting")

    assert await hall.page.evaluate("document.documentElement.scrollWidth") <= 360
