"""Looks at a page in Chromium as people will: both languages, light and dark, wall and phone.

    pytestmark = PAGE_MARKS
    async with page_view(chromium, house.app) as view:
        await view.sign_in("sue")
        assert await view.problems("/console", ready="main h1") == []

Problems are sentences: a console error, text that runs out of its box, what axe-core finds. With
PAGE_PICTURES=folder in the environment every look is kept there as a PNG; with PAGE_LOOKS=all
(`make matrix`) all eight looks are tried, else four, among which any two of language, light and
size meet.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

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
        await self.context.clear_cookies()
        await self.page.goto(f"{self.url}/sign-in")
        await self.page.fill("[name=name]", name)
        await self.page.fill("[name=password]", PASSWORD)
        await self.page.click("button")
        await self.page.wait_for_url("**/wallboard")

    async def open(self, path: str, ready: str = "body.painted") -> Page:
        await self.page.goto(self.url + path)
        try:
            await self.page.wait_for_selector(ready, timeout=PATIENCE_MS)
        except TimeoutError:
            words = await self.page.inner_text("body")
            raise AssertionError(f"{path} has no {ready}: {self.complaints} {words}") from None
        return self.page

    async def problems(self, path: str, ready: str = "body.painted") -> list[str]:
        """Of all looks at the page; `ready` is there once it has been painted."""
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
async def page_view(chromium: Browser, app: FastAPI) -> AsyncIterator[PageView]:
    async with served(app) as port:
        url = f"http://127.0.0.1:{port}"
        async with own_context(chromium, timezone_id="Asia/Shanghai") as context:
            page = await context.new_page()
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


def _note(view: PageView, said: ConsoleMessage) -> None:
    if said.type in ("error", "warning"):
        view.complaints.append(f"console: {said.text}")
