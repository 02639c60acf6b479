"""The pages of supervisors and administrators in Chromium, over the real application."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from foundation.web.changes import LockUser
from tests.support.page_check import CHROMIUM, PageView, page_view
from tests.support.whole_web import PAST, WholeWeb, whole_web

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
        await view.sign_in("root")
        yield view


async def test_pages_are_sound_in_both_languages_lights_and_sizes(
    view: PageView, house: WholeWeb
) -> None:
    await house.users.apply(LockUser(by="root", user_id="zoe", is_locked=True))
    found = []
    for path, ready in (
        ("/users", "#users td"),
        ("/account", "#sessions td"),
        ("/console", "body.live #calls td"),
        ("/calls", "#found td"),
        (f"/calls/{PAST}", ".ladder li"),
        ("/audit", "#found td"),
    ):
        found += await view.problems(path, ready)
    assert found == []
