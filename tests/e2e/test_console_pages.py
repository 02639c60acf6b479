"""The pages of supervisors and administrators in Chromium, over the real application."""

from collections.abc import AsyncIterator
from pathlib import Path

from playwright.async_api import Browser, expect

from callcenter.asks import (
    AddQueueLive,
    ChangeQueueLive,
    ReadAlarmRules,
    ReadEmergency,
    RemoveQueueLive,
)
from foundation import clock
from foundation.web import totp
from foundation.web.changes import LockUser
from foundation.web.users import Role
from tests.support.eventually import eventually
from tests.support.page_check import PAGE_MARKS, PageView, page_fixture, page_view
from tests.support.web_house import PASSWORD
from tests.support.whole_web import PAST, WAITS, WholeWeb, whole_web
from wallboard.commands import MoveCall, SetAgentState, TakeCall, WantedState

pytestmark = PAGE_MARKS


@page_fixture
async def house(tmp_path: Path) -> AsyncIterator[WholeWeb]:
    async with whole_web(tmp_path) as house:
        yield house


@page_fixture
async def view(house: WholeWeb, chromium: Browser) -> AsyncIterator[PageView]:
    async with page_view(chromium, house.app) as view:
        await view.sign_in("root")
        yield view


async def test_pages_are_sound_in_both_languages_lights_and_sizes(
    view: PageView, house: WholeWeb
) -> None:
    await house.users.apply(LockUser(by="root", user_id="zoe", is_locked=True))
    found = []
    for path, ready in (
        ("/users", "#users td"),
        ("/console", "#calls td"),
        ("/calls", "#found td"),
        (f"/calls/{PAST}", ".ladder li"),
        ("/audit", "#found td"),
    ):
        found += await view.problems(path, ready)
    assert found == []


def changes(house: WholeWeb) -> list[object]:
    """What core was asked to do, and not only to tell."""
    only_told = ReadEmergency, ReadAlarmRules
    return [each for each in house.core.requests if not isinstance(each, only_told)]


async def test_console_acts_after_it_has_asked(view: PageView, house: WholeWeb) -> None:
    page = await view.open("/console?lang=en", "#calls td")

    await page.click("#queues tr:has-text('orders') >> text=Close")
    await page.click("dialog >> text=Cancel")
    assert changes(house) == []
    await page.click("#queues tr:has-text('orders') >> text=Close")
    await page.click("dialog .grave")
    await expect(page.locator(".toast.good")).to_have_text("Done×")
    closed = ChangeQueueLive(queue="orders", fields={"closed": True}, by="root")
    assert changes(house) == [closed]

    await page.click("#calls tr:has-text('waiting') >> text=Move")
    await page.select_option("dialog select", "night")
    await page.click("dialog .act")
    await page.click("#agents tr:has-text('Li Na') >> text=Pause")
    await page.select_option("dialog select", "training")
    await page.click("dialog .act")
    await expect(page.locator("dialog")).to_have_count(0)
    await eventually(lambda: len(house.core.asked) == 2)
    assert house.core.asked == [
        MoveCall(by="root", call_id=WAITS, queue="night"),
        SetAgentState(by="root", agent_id="ann", state=WantedState.PAUSED, reason="training"),
    ]


async def test_console_gives_a_caller_to_an_agent_and_adds_changes_and_removes_queues(
    view: PageView, house: WholeWeb
) -> None:
    page = await view.open("/console?lang=en", "#calls td")
    await expect(page.locator("#queues tr:has-text('orders')")).to_contain_text("2:30 ± 0:20")
    await expect(page.locator("#agents tr:has-text('Zhao Lei')")).to_contain_text("not reachable")

    await page.click("#calls tr:has-text('waiting') >> text=Give to")
    await page.select_option("dialog [name=agent]", "ann")
    await page.select_option("dialog [name=wait]", "180")
    view.complaints += await view.problems_here()
    await page.click("dialog .act")
    await expect(page.locator("dialog")).to_have_count(0)
    await eventually(lambda: len(house.core.asked) == 1)
    assert house.core.asked == [TakeCall(by="root", call_id=WAITS, agent_id="ann", reserve_s=180.0)]

    await page.click("text=Add a queue")
    await page.fill("dialog [name=id]", "late")
    await page.fill("dialog [name=name]", "Late shift")
    await page.fill("dialog [name=skills]", "orders 2")
    await page.fill("dialog [name=ring_s]", "9")
    view.complaints += await view.problems_here()
    await page.click("dialog .act")
    await page.click("#queues tr:has-text('night') >> text=Change")
    await page.fill("dialog [name=name]", "Nights")
    await page.click("dialog .act")
    await page.click("#queues tr:has-text('night') >> text=Remove")
    await page.select_option("dialog select", "orders")
    view.complaints += await view.problems_here()
    await page.click("dialog .grave")
    await eventually(lambda: len(changes(house)) == 3)
    assert changes(house) == [
        AddQueueLive("late", {"name": "Late shift", "skills": {"orders": 2}, "ring_s": 9}, "root"),
        ChangeQueueLive("night", {"name": "Nights"}, "root"),
        RemoveQueueLive("night", "root", move_to="orders"),
    ]
    assert view.complaints == []


async def test_console_of_a_team_lead_acts_for_the_own_team_only(view: PageView) -> None:
    await view.sign_in("leo")
    page = await view.open("/console?lang=en", "#calls td")

    await expect(page.locator("#agents tr:has-text('Li Na') button")).to_have_count(0)
    await expect(page.locator("#agents tr:has-text('Zhao Lei') button").first).to_be_visible()
    await expect(page.locator("#calls tr:has-text('waiting') button")).to_have_count(0)
    await expect(page.locator("#queues button.small")).to_have_count(0)


async def test_second_factor_is_set_up_on_the_page_and_asked_for_at_the_door(
    view: PageView,
) -> None:
    page = await view.open("/account?lang=en")
    await page.click("#second")
    secret = await page.inner_text("dialog code >> nth=0")
    assert await page.locator("dialog svg.qr path").count() == 1
    view.complaints += await view.problems_here()
    # The next step's: of the step in which the process began, every code counts as used.
    step = int(clock.utc_now().timestamp()) // totp.STEP_S + 1
    await page.fill("dialog [name=code]", totp.code_at(secret, step))
    await page.click("dialog .act")
    codes = (await page.inner_text("dialog .secret")).split()
    assert len(codes) == totp.RECOVERY_CODES
    await page.click("dialog .act")
    await expect(page.locator("#second-state")).to_contain_text("10 recovery codes")

    await view.context.clear_cookies()
    await page.goto(f"{view.url}/sign-in")
    await page.fill("[name=name]", "root")
    await page.fill("[name=password]", PASSWORD)
    await page.click("button")
    await page.fill("[name=code]", codes[0])
    await page.click("button")
    await page.wait_for_url("**/wallboard")
    assert view.complaints == []


async def test_administrator_adds_a_user_whose_password_is_shown_once(
    view: PageView, house: WholeWeb
) -> None:
    page = await view.open("/users?lang=en", "#users td")
    await page.click("#add-user")
    await page.fill("dialog [name=name]", "new.one")
    await page.select_option("dialog [name=role]", "inspector")
    await page.click("dialog .act")
    assert len(await page.inner_text("dialog .secret")) == 16
    await page.click("dialog .act")

    await expect(page.locator("#users tr:has-text('new.one')")).to_contain_text("Inspector")
    made = await house.users.find("new.one")
    assert made is not None
    assert made.role is Role.INSPECTOR


async def test_browser_at_a_page_of_another_role_is_told_so(view: PageView) -> None:
    await view.sign_in("ann")
    await view.page.goto(f"{view.url}/console")

    await expect(view.page.locator("[role=alert]")).to_contain_text("This needs the role")
