"""The pages of tasks and flows in Chromium."""

from collections.abc import AsyncIterator
from pathlib import Path

from playwright.async_api import Browser, expect

from callcenter.asks import CorrectHeard
from foundation.clock import utc_now
from foundation.ids import CallId
from ivr.events import FlowEnded, SpeechSettled
from tests.support.page_check import PAGE_MARKS, PageView, page_fixture, page_view
from tests.support.whole_web import WholeWeb, whole_web
from wallboard.commands import FinishTask, TakeTask

pytestmark = PAGE_MARKS


@page_fixture
async def house(tmp_path: Path) -> AsyncIterator[WholeWeb]:
    async with whole_web(tmp_path) as house:
        yield house


@page_fixture
async def view(house: WholeWeb, chromium: Browser) -> AsyncIterator[PageView]:
    async with page_view(chromium, house.app) as view:
        await view.sign_in("ann")
        yield view


async def test_tasks_are_sound_to_look_at_and_are_taken_and_done(
    house: WholeWeb, view: PageView
) -> None:
    assert await view.problems("/tasks", ready="tbody tr") == []
    page = await view.open("/tasks?lang=en", ready="tbody tr")
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


async def test_flow_shows_who_took_which_way_and_who_is_where(
    house: WholeWeb, view: PageView
) -> None:
    house.core.at_s = utc_now().timestamp()
    for name, end in (("c-1", "orders"), ("c-2", "choices")):
        await house.core.tell(
            SpeechSettled(CallId(name), "main", "what", "understood", "orders", 0.9, 1),
            FlowEnded(CallId(name), "main", end, ("hello", "what", end)),
        )
    await view.sign_in("sue")
    assert await view.problems("/flows", ready="tbody tr") == []
    assert await view.problems("/flows/main", ready="svg") == []
    page = await view.open("/flows/main?lang=en", ready="svg")
    await expect(page.locator("#sums")).to_have_text(
        "3 callers today · 1 there now · 1 dropped out"
    )
    await expect(page.locator('[data-node="what"] .here')).to_have_text("● 1")
    await expect(page.locator('[data-node="choices"] .left')).to_have_text("✕ 1")
    await expect(page.locator("svg .label", has_text="· 3")).to_have_count(0)
    await expect(page.locator("svg .label", has_text="3")).to_have_count(1)
    await expect(page.locator("#speech tbody")).to_contain_text("100 %")
    await expect(page.locator("#heard tbody")).to_contain_text("where has it got to")
    await page.locator("#heard select").select_option("orders")
    await expect(page.locator(".toast")).to_contain_text("Learnt.")
    assert CorrectHeard("h-1", "orders", "sue") in house.core.requests
