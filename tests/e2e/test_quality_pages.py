"""A talk's page and the inspectors' page in Chromium: heard, read, scored, appealed, by keys."""

from collections.abc import AsyncIterator
from pathlib import Path

from playwright.async_api import Browser, Page, expect

from foundation.db import make_engine, make_sessions
from foundation.ids import RecordingId
from recordings.quality.pack import Kind
from recordings.quality.store import QualityStore
from recordings.quality.talk import Hit, Measures, Verdict
from telephony.calls.events import Side
from tests.support.page_check import PAGE_MARKS, PageView, page_fixture, page_view
from tests.support.recording_fakes import STARTED
from tests.support.whole_web import WholeWeb, whole_web

pytestmark = PAGE_MARKS
TALK = "/recordings/r-1"
NOTED = """
() => {
  const key = document.querySelector("#play");
  const noted = [];
  new MutationObserver(() => {
    noted.push(key.textContent);
    document.body.dataset.noted = noted.join(" ");
  }).observe(key, { childList: true });
}
"""
"What the key says, one after the other: a talk of a second is over before a busy machine looks."
PLAYED_S = "() => document.querySelector('#audio').currentTime"


@page_fixture
async def view(tmp_path: Path, chromium: Browser) -> AsyncIterator[PageView]:
    async with whole_web(tmp_path) as house:
        await _judge(house)
        async with page_view(chromium, house.app) as view:
            yield view


async def _judge(house: WholeWeb) -> None:
    """Of ann's talk: one forbidden phrase, and no farewell beside the one word of the caller's."""
    engine = make_engine(house.settings.database_url)
    hit = Hit(
        rule="i_do_not_know", kind=Kind.FORBIDDEN, severity=2, penalty=5.0, side=Side.AGENT,
        start_s=0.3, end_s=0.7, phrase="I do not know", confidence=0.9,
    )  # fmt: skip
    miss = Hit(
        rule="farewell", kind=Kind.REQUIRED, severity=1, penalty=3.0, side=Side.CALLER,
        start_s=0.0, end_s=1.0, phrase="goodbye",
    )  # fmt: skip
    verdict = Verdict(
        pack="en", version="1", language="en", score=92.0, hits=(hit, miss), marks=(),
        measures=Measures(),
    )  # fmt: skip
    await QualityStore(make_sessions(engine)).add(RecordingId("r-1"), STARTED, verdict)
    await engine.dispose()


async def test_both_pages_are_sound_in_all_looks(view: PageView) -> None:
    await view.sign_in("ina")
    assert await view.problems(TALK, ready="#hits button") == []
    assert await view.problems("/quality", ready="#work tbody tr") == []


async def test_a_talk_is_played_by_keys_and_from_its_words_and_findings(view: PageView) -> None:
    await view.sign_in("ina")
    page = await view.open(TALK, ready=".said .word")
    await page.evaluate(NOTED)
    await page.keyboard.press("n")
    await expect(page.locator("body")).to_have_attribute("data-noted", "Pause Play")
    assert 0.9 <= await page.evaluate(PLAYED_S) <= 1.0, "to the clip's end, the talk's own end here"
    await page.keyboard.press("Home")
    assert await page.evaluate(PLAYED_S) == 0
    await page.keyboard.press("+")
    assert await page.evaluate("() => document.querySelector('#audio').playbackRate") == 1.25
    await page.locator(".said .word").last.click()
    assert await page.evaluate(PLAYED_S) > 0


async def test_what_was_not_said_is_listed_and_hides_nothing_that_was(view: PageView) -> None:
    await view.sign_in("ina")
    page = await view.open(TALK, ready=".said .word")
    await expect(page.locator("#hits button")).to_have_count(2)
    await expect(page.locator("#lanes button")).to_have_count(1)
    await expect(page.locator(".said .word")).to_have_count(1)
    await expect(page.locator(".said .word.hit")).to_have_count(0)


async def test_a_talk_is_scored_and_the_agent_appeals(view: PageView) -> None:
    await view.sign_in("ina")
    page = await view.open("/recordings/r-2", ready=".sheet")
    for field in await page.locator("[name^=points_]").all():
        await field.fill(await field.get_attribute("max") or "")
    comment = page.locator(".sheet input[type=text]")
    await comment.fill("A good beginning")
    await comment.press("Enter")
    await page.get_by_label("Reason and measure").fill("Well done")
    await page.get_by_role("button", name="Submit").click()
    await page.locator("dialog").get_by_role("button", name="Submit").click()
    await expect(page.locator(".sheet .total")).to_have_text("100")
    await expect(page.locator(".comments")).to_contain_text("A good beginning")

    await view.sign_in("ann")
    page = await view.open("/quality", ready="#work tbody tr")
    await _appeal(page)
    assert view.complaints == []


async def _appeal(page: Page) -> None:
    """Ann's own talk, from her list to the appeal."""
    await page.locator("#work tbody a").first.click()
    await page.wait_for_selector(".sheet")
    await page.get_by_role("button", name="Appeal").first.click()
    await page.get_by_label("What is wrong").fill("I did greet")
    await page.locator("dialog").get_by_role("button", name="Appeal").click()
    await expect(page.locator("#sheet")).to_contain_text("I did greet")
