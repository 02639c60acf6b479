"""The softphone's page in Chromium, in a centre that browsers cannot reach by SIP."""

from pathlib import Path

import pytest
from playwright.async_api import async_playwright, expect

from tests.e2e.test_wallboard_page import CHROMIUM, FLAGS
from tests.support.fake_core import FakeCore
from tests.support.web_house import PASSWORD, board_app, served, user_store, web_options
from wallboard.pages import PhoneOptions, phone_pages
from wallboard.web_role import BoardOptions

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.browser,
    pytest.mark.page,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed"),
]


async def test_it_says_which_listener_is_missing(tmp_path: Path) -> None:
    async with user_store(tmp_path) as users, async_playwright() as playwright:
        options = BoardOptions(web=web_options())
        app = board_app(FakeCore(), users, options, [phone_pages(PhoneOptions())])
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = await browser.new_page(locale="en-GB")
        async with served(app, 0) as port:
            await page.goto(f"http://127.0.0.1:{port}/phone")
            await page.fill("[name=name]", "sue")
            await page.fill("[name=password]", PASSWORD)
            await page.click("button")
            await page.wait_for_url("**/phone")
            await expect(page.locator("#trouble")).to_contain_text("sip.listen")
        await browser.close()
