"""Looks at a page in Chromium as people will: both languages, light and dark, wall and phone.

    pytestmark = PAGE_MARKS
    async with page_view(chromium, house.app) as view:
        await view.sign_in("sue")
        assert await view.problems("/console") == []

A page is looked at once it says that it is complete (`foundation/web/static/frame/frame.js`), and
`ready` is there: what it must show, and what comes by itself afterwards. Problems are sentences: a
console error, text that runs out of its box, what axe-core finds.

With PAGE_PICTURES=folder in the environment every look is kept there as a PNG; with PAGE_LOOKS=all
(`make matrix`) all eight looks are tried, else four, among which any two of language, light and
size meet; with PAGE_SLOWDOWN=6 the browser computes six times as slowly.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import product
from pathlib import Path
from typing import Any, Literal

import axe_playwright_python
import pytest
import pytest_asyncio
from fastapi import FastAPI
from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    TimeoutError,
    expect,
)

from tests.support.web_house import PASSWORD, served

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE_MS = 15_000
SLOWDOWN = float(os.environ.get("PAGE_SLOWDOWN", "1"))
COMPLETE = "html[data-complete]"
expect.set_options(timeout=PATIENCE_MS)
PAGE_MARKS = [
    pytest.mark.e2e,
    pytest.mark.browser,
    pytest.mark.page,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed"),
    pytest.mark.asyncio(loop_scope="session"),
]
"Of a module of such tests: all run on the loop on which the one Chromium was started."
page_fixture = pytest_asyncio.fixture(loop_scope="session")
"For what such tests share and await."
LANGUAGES = ("en", "zh")
LIGHTS = ("light", "dark")
WALL, PHONE = (1920, 1080), (390, 844)
IS_THOROUGH = os.environ.get("PAGE_LOOKS") == "all"
LOOKS = (
    tuple(product(LANGUAGES, LIGHTS, (WALL, PHONE)))
    if IS_THOROUGH
    else (
        ("en", "light", WALL),
        ("en", "dark", PHONE),
        ("zh", "light", PHONE),
        ("zh", "dark", WALL),
    )
)
AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text(encoding="utf-8")
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice")
RUN_AXE = """
(tags) => axe.run(document, { runOnly: { type: "tag", values: tags } }).then(({ violations }) =>
  violations.map(({ id, help, nodes }) =>
    `${id}: ${help}: ${nodes.map((node) => node.html).join(" | ")}`))
"""
OVERFLOWING = """
() => {
  const found = [];
  for (const element of document.body.querySelectorAll("*")) {
    const style = getComputedStyle(element);
    if (["inline", "contents"].includes(style.display) || !element.clientWidth) continue;
    if (element.closest(".unseen, thead, svg, option") || element.matches("select")) continue;
    if (!element.textContent.trim()) continue;
    // What scrolls on purpose can be scrolled by keys.
    if (["auto", "scroll"].includes(style.overflowX) && element.tabIndex >= 0) continue;
    const most = element.clientWidth + 1;
    if (element.scrollWidth > most) found.push(
      `${element.tagName}.${element.className} is ${element.clientWidth} px wide, `
      + `its content ${element.scrollWidth}: ${element.textContent.trim().slice(0, 60)}`);
  }
  return found;
}
"""


@dataclass
class PageView:
    """A browser of one user's."""

    url: str
    context: BrowserContext
    page: Page
    complaints: list[str] = field(default_factory=list)

    async def sign_in(self, name: str) -> None:
        """A browser without anybody's session, then `name`'s."""
        # Not while a page polls with the session that ends.
        await self.page.goto("about:blank")
        await self.context.clear_cookies()
        form: dict[str, str | float | bool] = {"name": name, "password": PASSWORD}
        answer = await self.context.request.post(f"{self.url}/sign-in", form=form, max_redirects=0)
        assert answer.status == HTTPStatus.SEE_OTHER, await answer.text()

    async def open(self, path: str, ready: str = "") -> Page:
        await self.page.goto(self.url + path)
        await self.is_there(f"{COMPLETE} {ready}")
        return self.page

    async def is_there(self, selector: str) -> None:
        try:
            await self.page.wait_for_selector(selector, timeout=PATIENCE_MS)
        except TimeoutError:
            words = await self.page.inner_text("body")
            raise AssertionError(
                f"{self.page.url} has no {selector}: {self.complaints} {words}"
            ) from None

    async def problems(self, path: str, ready: str = "") -> list[str]:
        """Of all looks at the page."""
        found = []
        for language, light, size in LOOKS:
            await self.page.set_viewport_size({"width": size[0], "height": size[1]})
            mark = "&" if "?" in path else "?"
            await self.open(f"{path}{mark}lang={language}&theme={light}", ready)
            look = f"{path} {language} {light} {size[0]}x{size[1]}"
            found += [f"{look}: {each}" for each in await self.problems_here()]
            await self._keep(look)
        return found

    async def problems_here(self) -> list[str]:
        """Of the page as it stands."""
        complaints, self.complaints[:] = list(self.complaints), []
        # Evaluated, not added as a script: the page's policy forbids other people's scripts.
        await self.page.evaluate(AXE)
        violations: list[str] = await self.page.evaluate(RUN_AXE, list(RULES))
        overflowing: list[str] = await self.page.evaluate(OVERFLOWING)
        return [*complaints, *overflowing, *violations]

    async def _keep(self, look: str) -> None:
        folder = os.environ.get("PAGE_PICTURES")
        if folder:
            name = look.strip("/").replace("/", "_").replace(" ", "-").replace("?", "_")
            await self.page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


@asynccontextmanager
async def page_view(
    chromium: Browser, app: FastAPI, lifespan: Literal["on", "off"] = "off"
) -> AsyncIterator[PageView]:
    """`lifespan`: off for an application that runs already, as `whole_web`'s does. Run twice it
    follows everything twice, and tells each word of a talk twice."""
    async with served(app, lifespan=lifespan) as port:
        url = f"http://127.0.0.1:{port}"
        async with own_context(chromium, timezone_id="Asia/Shanghai") as context:
            page = await new_page(context)
            view = PageView(url, context, page)
            page.on("pageerror", lambda error: view.complaints.append(f"error: {error}"))
            page.on("console", lambda said: _note(view, said))
            yield view


@asynccontextmanager
async def own_context(chromium: Browser, **options: Any) -> AsyncIterator[BrowserContext]:  # noqa: ANN401  Playwright's
    """Cookies and storage that no other test has."""
    context = await chromium.new_context(locale="en-GB", **options)
    try:
        yield context
    finally:
        await context.close()


async def new_page(context: BrowserContext) -> Page:
    page = await context.new_page()
    if SLOWDOWN > 1:
        session = await context.new_cdp_session(page)
        await session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWDOWN})
    return page


def _note(view: PageView, said: ConsoleMessage) -> None:
    if said.type in ("error", "warning"):
        view.complaints.append(f"console: {said.text}")
