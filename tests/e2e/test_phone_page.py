"""The softphone's page in Chromium, without a call: what it says, and when it is ready."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, Route, expect

from tests.support.fake_core import FakeCore
from tests.support.page_check import PAGE_MARKS, new_page, own_context, page_fixture
from tests.support.web_house import PASSWORD, board_app, served, user_store, web_options
from wallboard.pages import phone_pages
from wallboard.phone_options import PhoneOptions, SipSocket
from wallboard.web_role import BoardOptions

pytestmark = PAGE_MARKS
WITH_A_LISTENER = PhoneOptions(sockets=(SipSocket("ws", "", 5066),))


@dataclass
class Desk:
    """A browser that is not signed in yet, and where the phone's page is."""

    page: Page
    url: str

    async def sign_in(self) -> None:
        await self.page.goto(self.url)
        await self.page.fill("[name=name]", "sue")
        await self.page.fill("[name=password]", PASSWORD)
        await self.page.click("button")
        await self.page.wait_for_url("**/phone")


@page_fixture
async def desk(
    request: pytest.FixtureRequest, tmp_path: Path, chromium: Browser
) -> AsyncIterator[Desk]:
    options = BoardOptions(web=web_options())
    phone = getattr(request, "param", WITH_A_LISTENER)
    async with user_store(tmp_path) as users, own_context(chromium) as context:
        page = await new_page(context)
        app = board_app(FakeCore(), users, options, [phone_pages(phone)])
        async with served(app) as port:
            yield Desk(page, f"http://127.0.0.1:{port}/phone")


@pytest.mark.parametrize("desk", [PhoneOptions()], indirect=True)
async def test_it_says_which_listener_is_missing(desk: Desk) -> None:
    await desk.sign_in()

    await expect(desk.page.locator("#trouble")).to_contain_text("sip.listen")


async def test_what_is_typed_before_the_settings_come_stays_and_the_key_waits_for_them(
    desk: Desk,
) -> None:
    """It was wiped, and the key did nothing: on a busy machine the phone stayed off."""
    is_let_go = asyncio.Event()

    async def held_back(route: Route) -> None:
        await is_let_go.wait()
        await route.continue_()

    await desk.page.route("**/phone/settings", held_back)
    await desk.sign_in()
    await desk.page.fill("[name=user]", "agent0001")
    await expect(desk.page.locator("#sign_on")).to_be_disabled()
    is_let_go.set()
    await expect(desk.page.locator("#sign_on")).to_be_enabled()

    assert await desk.page.input_value("[name=user]") == "agent0001"
    assert await desk.page.input_value("[name=url]") == "ws://127.0.0.1:5066/"


async def test_md5_of_the_page_is_md5(desk: Desk) -> None:
    script = """async () => {
      const { md5 } = await import("/phone/md5.js");
      return Array.from({ length: 200 }, (_, n) => md5("x".repeat(n) + "é"));
    }"""
    await desk.sign_in()
    found = await desk.page.evaluate(script)

    texts = ("x" * n + "é" for n in range(200))
    assert found == [
        hashlib.md5(text.encode(), usedforsecurity=False).hexdigest() for text in texts
    ]
