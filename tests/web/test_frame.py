"""The frame of all pages: which pages who is told of, and which open for whom."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from foundation.web.app import create_app
from foundation.web.frame import FrameOptions, Page, page_routes
from foundation.web.users import Role
from tests.support.web_house import CHEAP, client_of, sign_in, user_store, web_options

FOR_ALL = Page("all", "/all", "All", "全部")
FOR_LEADS = Page("leads", "/leads", "Leads", "班长", (Role.TEAM_LEAD,))


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    folder = tmp_path / "leads"
    folder.mkdir()
    for name in ("index.html", "leads.js", "secret.txt"):
        (folder / name).write_text(f"this is {name}")
    frame = FrameOptions(pages=(FOR_ALL, FOR_LEADS), timezone="Asia/Shanghai")
    async with user_store(tmp_path) as users:
        routers = [page_routes(FOR_LEADS, folder)]
        app = create_app(replace(web_options(), frame=frame), users, routers, passwords=CHEAP)
        async with client_of(app) as client:
            yield client


@pytest.mark.parametrize(
    ("who", "pages"),
    [("ann", ["all"]), ("sue", ["all"]), ("lea", ["all", "leads"]), ("root", ["all", "leads"])],
)
async def test_navigation_has_the_pages_of_the_role(
    client: httpx.AsyncClient, who: str, pages: list[str]
) -> None:
    await sign_in(client, who)
    me = (await client.get("/frame/me")).json()

    assert [page["id"] for page in me["pages"]] == pages
    assert (me["user_id"], me["timezone"]) == (who, "Asia/Shanghai")


async def test_page_and_its_scripts_are_served_and_nothing_else_of_the_folder(
    client: httpx.AsyncClient,
) -> None:
    await sign_in(client, "lea")

    page = await client.get("/leads")
    script = await client.get("/leads/leads.js")
    assert (page.text, page.headers["content-type"]) == (
        "this is index.html",
        "text/html; charset=utf-8",
    )
    assert script.headers["content-type"].startswith("text/javascript")
    for path in ("/leads/secret.txt", "/leads/../leads/secret.txt", "/frame/..%2fplain.css"):
        assert (await client.get(path)).status_code == 404


async def test_browser_at_a_page_of_another_role_gets_a_page_and_a_program_gets_json(
    client: httpx.AsyncClient,
) -> None:
    await sign_in(client, "ann")
    shown = await client.get("/leads", headers={"Accept": "text/html"})
    told = await client.get("/leads", headers={"Accept": "application/json"})

    assert (shown.status_code, told.status_code) == (403, 403)
    assert "This needs the role team_lead" in shown.text
    assert shown.headers["content-type"].startswith("text/html")
    assert told.json() == {"error": "This needs the role team_lead; you are signed in as agent."}
