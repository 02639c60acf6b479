"""The pages of tasks and flows in Chromium."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.support.page_check import CHROMIUM, PageView, page_view
from tests.support.whole_web import WholeWeb, whole_web
from wallboard.commands import FinishTask, TakeTask

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed"),
]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[WholeWeb]:
    async with whole_web(tmp_path) as house:
        yield house


@pytest.fixture
async def view(house: WholeWeb) -> AsyncIterator[PageView]:
    async with page_view(house.app) as view:
        await view.sign_in("ann")
        yield view


async def test_tasks_are_sound_to_look_at_and_are_taken_and_done(
    house: WholeWeb, view: PageView
) -> None:
    assert await view.problems("/tasks", ready="body[data-loaded] tbody tr") == []
    page = await view.open("/tasks?lang=en", ready="body[data-loaded] tbody tr")
    await expect(page.locator("tbody tr").first).to_contain_text("hello")
    await page.get_by_role("button", name="Take").first.click()
    await page.get_by_role("button", name="Done").first.click()
    await page.get_by_label("What came of it").fill("rang him")
    await page.get_by_role("dialog").get_by_role("button", name="Done").click()
    await expect(page.locator(".toast")).to_contain_text("Done.")
    assert house.core.asked == [
        TakeTask(task_id="t-1", by="ann"),
        FinishTask(task_id="t-1", note="rang him", by="ann"),
    ]
