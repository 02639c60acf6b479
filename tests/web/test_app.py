"""The guarded application: signing in and out, origins, limits, headers, errors."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
from fastapi import APIRouter, Request
from prometheus_client import CollectorRegistry, Gauge

from foundation.errors import Conflict, IllegalTransition, Unavailable
from foundation.web.api import MetricsSource, SignedIn
from foundation.web.app import create_app
from foundation.web.store import UserStore
from foundation.web.users import Role, User
from tests.support.web_house import (
    CHEAP,
    PASSWORD,
    WATCH_TOKEN,
    client_of,
    sign_in,
    user_store,
    web_options,
)


@dataclass
class Site:
    client: httpx.AsyncClient
    users: UserStore
    now_s: float = 1_000_000.0


def _routes() -> APIRouter:
    router = APIRouter()

    @router.get("/who")
    async def who(user: SignedIn) -> str:
        return user.user_id

    @router.post("/length")
    async def length(request: Request) -> int:
        return len(await request.body())

    @router.get("/conflict")
    async def conflict() -> None:
        raise Conflict("It is taken.")

    @router.get("/bug")
    async def bug() -> None:
        raise IllegalTransition("agent ann", "off", "secret detail")

    @router.get("/crash")
    async def crash() -> None:
        raise ZeroDivisionError("secret detail")

    return router


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with user_store(tmp_path) as users:
        options = replace(web_options(), body_limit_bytes=1000)
        app = create_app(
            options,
            users,
            [_routes()],
            registry=CollectorRegistry(),
            passwords=CHEAP,
            now_s=lambda: here.now_s,
        )
        async with client_of(app) as client:
            here = Site(client, users)
            yield here


async def test_browser_is_led_to_the_sign_in_page_and_back(site: Site) -> None:
    refused = await site.client.get("/who", headers={"Accept": "text/html"})
    assert (refused.status_code, refused.headers["location"]) == (303, "/sign-in?next=/who")

    page = await site.client.get(refused.headers["location"])
    assert 'value="/who"' in page.text

    entered = await site.client.post(
        "/sign-in", data={"name": "sue", "password": PASSWORD, "next": "/who"}
    )
    assert (entered.status_code, entered.headers["location"]) == (303, "/who")
    assert (await site.client.get("/who")).json() == "sue"


async def test_cookie_is_out_of_reach_of_scripts_and_other_sites(site: Site) -> None:
    cookie = (await sign_in(site.client, "sue")).headers["set-cookie"]

    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie


@pytest.mark.parametrize(("name", "password"), [("sue", "wrong"), ("nobody", PASSWORD), ("", "")])
async def test_wrong_name_or_password_gets_the_same_refusal(
    site: Site, name: str, password: str
) -> None:
    answer = await site.client.post("/sign-in", data={"name": name, "password": password})

    assert answer.status_code == 401
    assert "The name or the password is wrong." in answer.text
    assert "set-cookie" not in answer.headers


async def test_repeated_failures_are_locked_out_even_with_the_right_password(site: Site) -> None:
    for _ in range(5):
        await site.client.post("/sign-in", data={"name": "sue", "password": "wrong"})

    locked = await sign_in(site.client, "sue")
    assert locked.status_code == 429
    assert int(locked.headers["retry-after"]) > 0

    site.now_s += 31
    assert (await sign_in(site.client, "sue")).status_code == 303


@pytest.mark.parametrize(
    "target", ["//evil.example", "/\\evil.example", "https://evil.example", "/a\r\nX: y"]
)
async def test_sign_in_leads_nowhere_else(site: Site, target: str) -> None:
    entered = await site.client.post(
        "/sign-in", data={"name": "sue", "password": PASSWORD, "next": target}
    )

    assert entered.headers["location"] == "/wallboard"


async def test_what_was_typed_cannot_become_markup(site: Site) -> None:
    answer = await site.client.post("/sign-in", data={"name": '"><script>', "password": "x"})

    assert "<script>" not in answer.text


async def test_signing_out_ends_the_session_even_for_a_copied_cookie(site: Site) -> None:
    await sign_in(site.client, "sue")
    copied = dict(site.client.cookies)
    await site.client.post("/sign-out")

    assert (await site.client.get("/who")).status_code == 401
    site.client.cookies.update(copied)
    assert (await site.client.get("/who")).status_code == 401


async def test_removed_user_is_out_at_once(site: Site) -> None:
    await sign_in(site.client, "sue")
    await site.users.remove("sue")

    assert (await site.client.get("/who")).status_code == 401


async def test_changed_password_signs_out(site: Site) -> None:
    await sign_in(site.client, "sue")
    await site.users.change(User("sue", Role.SUPERVISOR, CHEAP.hash("another long password")))

    assert (await site.client.get("/who")).status_code == 401


async def test_session_in_use_is_renewed_and_an_idle_one_ends(site: Site) -> None:
    await sign_in(site.client, "sue")
    site.now_s += 7 * 3600
    assert "set-cookie" in (await site.client.get("/who")).headers
    site.now_s += 7 * 3600
    assert (await site.client.get("/who")).status_code == 200
    site.now_s += 13 * 3600
    assert (await site.client.get("/who")).status_code == 401


async def test_request_sent_by_another_site_is_refused(site: Site) -> None:
    await sign_in(site.client, "sue")
    from_elsewhere = await site.client.post(
        "/length", content=b"x", headers={"Origin": "http://evil.example"}
    )
    from_here = await site.client.post("/length", content=b"x", headers={"Origin": "http://house"})

    assert from_elsewhere.status_code == 403
    assert from_elsewhere.json() == {"error": "This request comes from another site."}
    assert from_here.json() == 1


async def test_body_is_limited_announced_or_not(site: Site) -> None:
    await sign_in(site.client, "sue")

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"x" * 400

    announced = await site.client.post("/length", content=b"x" * 1001)
    unannounced = await site.client.post("/length", content=pieces())

    assert announced.status_code == unannounced.status_code == 413
    assert announced.json() == unannounced.json() == {"error": "A request has at most 1000 bytes."}
    assert (await site.client.post("/length", content=b"x" * 1000)).json() == 1000


async def test_every_answer_carries_the_security_headers(site: Site) -> None:
    for path in ("/healthz", "/sign-in", "/who", "/nowhere"):
        headers = (await site.client.get(path)).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"


async def test_errors_of_ours_are_answered_with_their_status_and_sentence(site: Site) -> None:
    await sign_in(site.client, "sue")
    answer = await site.client.get("/conflict")

    assert (answer.status_code, answer.json()) == (409, {"error": "It is taken."})


@pytest.mark.parametrize("path", ["/bug", "/crash"])
async def test_faults_of_ours_tell_no_details(site: Site, path: str) -> None:
    await sign_in(site.client, "sue")
    answer = await site.client.get(path)

    assert answer.status_code == 500
    assert answer.json() == {"error": "Something went wrong here; it was logged."}


async def test_unknown_path_and_wrong_method_answer_in_the_same_shape(site: Site) -> None:
    await sign_in(site.client, "sue")
    unknown, wrong = await site.client.get("/nowhere"), await site.client.delete("/who")

    assert (unknown.status_code, unknown.json()) == (404, {"error": "Not Found: /nowhere"})
    assert (wrong.status_code, wrong.json()) == (405, {"error": "Method Not Allowed: /who"})


async def test_ready_asks_every_part(tmp_path: Path) -> None:
    async def away() -> None:
        raise Unavailable("Core is away.")

    async with user_store(tmp_path) as users:
        app = create_app(web_options(), users, [], ready=[away], passwords=CHEAP)
        async with client_of(app) as client:
            assert (await client.get("/readyz")).json() == {"error": "Core is away."}
            assert (await client.get("/healthz")).json() == {"status": "ok"}


async def _scrape(users: UserStore, *sources: MetricsSource) -> httpx.Response:
    registry = CollectorRegistry()
    Gauge("web_screens", "Screens", registry=registry).set(3)
    app = create_app(
        web_options(), users, [], registry=registry, metrics_sources=sources, passwords=CHEAP
    )
    async with client_of(app) as client:
        return await client.get("/metrics", headers={"Authorization": f"Bearer {WATCH_TOKEN}"})


async def test_metrics_of_other_processes_follow_our_own(tmp_path: Path) -> None:
    async def core() -> bytes:
        return b"core_calls 7.0\n"

    async with user_store(tmp_path) as users:
        answer = await _scrape(users, core)

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    assert "web_screens 3.0\ncore_calls 7.0\n" in answer.text


async def test_metrics_come_without_the_processes_that_are_away_or_stuck(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away() -> bytes:
        raise Unavailable("Core is away.")

    async def stuck() -> bytes:
        await asyncio.Event().wait()
        raise AssertionError("never comes")

    monkeypatch.setattr("foundation.web.api.METRICS_WITHIN_S", 0.01)
    async with user_store(tmp_path) as users:
        answer = await _scrape(users, away, stuck)

    assert answer.status_code == 200
    assert answer.text.endswith("web_screens 3.0\n")
