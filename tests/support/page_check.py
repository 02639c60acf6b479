"""Looks at a page in Chromium as people will: both languages, light and dark, wall and phone.

    async with page_view(house.app) as view:
        await view.sign_in("sue")
        assert await view.problems("/console", ready="main h1") == []

Problems are sentences: a console error, text that runs out of its box, what axe-core finds. With
PAGE_PICTURES=folder in the environment every look is kept there as a PNG.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import axe_playwright_python
from fastapi import FastAPI
from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    TimeoutError,
    async_playwright,
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
LANGUAGES = ("en", "zh")
LIGHTS = ("light", "dark")
SIZES = ((1920, 1080), (390, 844))
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
    browser: Browser
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
        for language, light, size in product(LANGUAGES, LIGHTS, SIZES):
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
async def page_view(app: FastAPI) -> AsyncIterator[PageView]:
    async with served(app) as port, page_view_of(f"http://127.0.0.1:{port}") as view:
        yield view


@asynccontextmanager
async def page_view_of(url: str) -> AsyncIterator[PageView]:
    """Of a server that runs elsewhere."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        options: dict[str, Any] = {"locale": "en-GB", "timezone_id": "Asia/Shanghai"}
        context = await browser.new_context(**options)
        page = await context.new_page()
        view = PageView(url, browser, context, page)
        page.on("pageerror", lambda error: view.complaints.append(f"error: {error}"))
        page.on("console", lambda said: _note(view, said))
        try:
            yield view
        finally:
            await browser.close()


def _note(view: PageView, said: ConsoleMessage) -> None:
    if said.type in ("error", "warning"):
        view.complaints.append(f"console: {said.text}")
