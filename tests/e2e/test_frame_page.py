"""The pages' frame in Chromium: navigation by role, language, light, dialogs, tables, toasts."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

from playwright.async_api import Browser, Route, expect

from tests.support.page_check import COMPLETE, PAGE_MARKS, PageView, page_fixture, page_view
from tests.support.whole_web import whole_web

pytestmark = PAGE_MARKS
ASKED = """
async () => {
  const frame = await import("/frame/frame.js");
  window.frame = frame;
  const { dataset } = document.body;
  delete dataset.answer;
  const fields = [{ name: "queue", label: "Queue", options: [["a", "A"], ["b", "B"]] }];
  frame.asked({ title: "Move?", act: "Move", fields })
    .then((said) => { dataset.answer = said ? said.queue : "none"; });
}
"""
TABLE = """
async () => {
  const { makeTable } = await import("/frame/frame.js");
  const columns = [
    { id: "name", title: () => "Name", value: (row) => row.name },
    { id: "count", title: () => "Count", kind: "number", value: (row) => row.count },
  ];
  const table = makeTable({
    columns, key: (row) => row.name, caption: () => "People", empty: () => "Nobody is here.",
  });
  document.querySelector("main").append(table.element);
  table.show([]);
  window.table = table;
}
"""
ROWS = "() => window.table.show([{name: 'b', count: 9}, {name: 'a', count: 10}, {name: 'c'}])"
FIRST_CELLS = """
() => [...document.querySelectorAll("main > .table tbody td:first-child")].map((e) => e.innerText)
"""


TOLD = """
async () => {
  const { toast } = await import("/frame/frame.js");
  for (const sentence of ["a", "b", "a"]) toast(sentence);
}
"""
OVERTAKEN = """
async () => {
  const { newest } = await import("/frame/frame.js");
  const ask = newest();
  let answerOld = null;
  const old = ask(() => new Promise((_, refuse) => { answerOld = refuse; }));
  const latest = ask(async () => "new");
  answerOld(new Error("too late"));
  return Promise.all([old, latest]);
}
"""


@page_fixture
async def view(tmp_path: Path, chromium: Browser) -> AsyncIterator[PageView]:
    async with whole_web(tmp_path) as house, page_view(chromium, house.app) as view:
        await view.sign_in("ann")
        yield view


async def test_page_is_sound_in_both_languages_lights_and_sizes(view: PageView) -> None:
    assert await view.problems("/account", ready="#sessions td") == []
    told = view.page.locator("#sessions tbody tr").first
    await expect(told).to_have_text(re.compile(r"Chrome \d+, Linux"))


BROWSERS = """
async () => {
  const { browserName } = await import("/account/browsers.js");
  const [kit, gecko] = ["Mozilla/5.0 (%) AppleWebKit/537.36 (KHTML, like Gecko)", "Gecko/20100101"];
  return [
    `${kit.replace("%", "Windows NT 10.0; Win64; x64")} Chrome/140.0.0.0 Safari/537.36 Edg/140.0.1`,
    `${kit.replace("%", "Linux; Android 15; Pixel 9")} Chrome/139.0.0.0 Mobile Safari/537.36`,
    `${kit.replace("%", "iPhone; CPU iPhone OS 19_0 like Mac OS X")} Version/19.0 Safari/604.1`,
    `Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:142.0) ${gecko} Firefox/142.0`,
    "Python/3.11 websockets/17.4",
    "",
  ].map(browserName);
}
"""


async def test_browsers_are_named_as_people_know_them(view: PageView) -> None:
    page = await view.open("/account")
    assert await page.evaluate(BROWSERS) == [
        "Edge 140, Windows", "Chrome 139, Android", "Safari 19, iOS", "Firefox 142, macOS",
        "Python/3.11 websockets/17.4", "",
    ]  # fmt: skip


async def test_language_and_light_are_remembered_and_the_keyboard_reaches_all(
    view: PageView,
) -> None:
    page = await view.open("/account")
    await expect(page.locator("h1")).to_have_text("My account")
    await page.keyboard.press("Tab")
    await expect(page.locator(":focus")).to_have_text("To the content")
    await page.keyboard.press("Tab")
    await expect(page.locator(":focus")).to_have_text("Wallboard")
    await page.click("#language")
    await page.click("#light")
    await page.reload()

    await expect(page.locator("h1")).to_have_text("我的账户")
    await expect(page.locator("html")).to_have_attribute("data-light", "light")
    await expect(page.locator("html")).to_have_attribute("lang", "zh-CN")


async def test_page_is_complete_once_its_first_data_are_shown_and_not_before(
    view: PageView,
) -> None:
    """It was looked at with buttons that had no words yet."""
    is_let_go = asyncio.Event()

    async def held_back(route: Route) -> None:
        await is_let_go.wait()
        await route.continue_()

    page = view.page
    await page.route("**/api/v1/account/totp", held_back)
    await page.goto(f"{view.url}/account?lang=en")
    await expect(page.locator("h1")).to_have_text("My account")
    await expect(page.locator("button:visible:text-is('')")).to_have_count(0)
    await expect(page.locator(COMPLETE)).to_have_count(0)
    is_let_go.set()
    await expect(page.locator(COMPLETE)).to_have_count(1)
    assert await page.inner_text("#second") == "Set up"


async def test_page_that_found_no_server_says_so_and_asks_again_until_it_is_there(
    view: PageView,
) -> None:
    for path in ("**/frame/me", "**/api/v1/account/sessions"):
        await view.page.route(path, lambda route: route.abort(), times=1)
    await view.page.goto(f"{view.url}/account?lang=en")

    await expect(view.page.locator(".toast.alarm")).to_contain_text("cannot be reached")
    await expect(view.page.locator("#sessions tbody tr")).to_have_count(1)
    assert [each for each in view.complaints if "ERR_FAILED" not in each] == []


async def test_same_sentence_is_not_shown_twice_beside_itself(view: PageView) -> None:
    page = await view.open("/account")
    await page.evaluate(TOLD)
    await expect(page.locator(".toast > span")).to_have_text(["b", "a"])


async def test_answer_that_a_newer_question_overtook_does_not_count(view: PageView) -> None:
    page = await view.open("/account")
    assert await page.evaluate(OVERTAKEN) == [None, "new"]


async def test_question_is_answered_or_given_up_and_what_is_refused_is_told(
    view: PageView,
) -> None:
    page = await view.open("/account")
    await page.evaluate(ASKED)
    await page.keyboard.press("Escape")
    await expect(page.locator("body")).to_have_attribute("data-answer", "none")

    await page.evaluate(ASKED)
    await page.select_option("dialog select", "b")
    await page.click("dialog .act")
    await expect(page.locator("body")).to_have_attribute("data-answer", "b")

    await page.evaluate("frame.attempt(() => frame.api('DELETE', '/api/v1/live'))")
    await expect(page.locator(".toast.alarm")).to_contain_text("This needs the role supervisor")
    assert await page.evaluate("document.querySelector('.toasts').matches(':popover-open')")
    view.complaints.clear()  # the browser writes every refusal to its console


async def test_table_is_sorted_by_its_headings_and_says_when_it_is_empty(view: PageView) -> None:
    page = await view.open("/account")
    await page.evaluate(TABLE)
    await expect(page.locator("main > .table .none")).to_have_text("Nobody is here.")

    await page.evaluate(ROWS)
    assert await page.evaluate(FIRST_CELLS) == ["b", "a", "c"]
    await page.click("main > .table th >> text=Count")
    assert await page.evaluate(FIRST_CELLS) == ["b", "a", "c"]
    await page.click("main > .table th >> text=Count")
    assert await page.evaluate(FIRST_CELLS) == ["a", "b", "c"]
    await page.click("main > .table th >> text=Name")
    assert await page.evaluate(FIRST_CELLS) == ["a", "b", "c"]
    await page.click("main > .table th >> text=Name")
    assert await page.evaluate(FIRST_CELLS) == ["c", "b", "a"]
    assert await page.get_attribute("main > .table th:first-child", "aria-sort") == "descending"


async def test_session_that_ended_leads_to_the_sign_in_page_and_back(view: PageView) -> None:
    page = await view.open("/account")
    await view.context.clear_cookies()
    await page.evaluate("import('/frame/frame.js').then(({ api }) => { api('GET', '/frame/me'); })")
    await page.wait_for_url("**/sign-in?next=%2Faccount")
    view.complaints.clear()
