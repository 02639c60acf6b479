"""The web process's application, put together from a centre's settings; core is away."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from callcenter.configuration.settings import load
from callcenter.roles.web import application
from foundation.db import make_engine
from foundation.web.store import UserStore
from foundation.web.users import Role, User
from tests.support.database import connections_ended, put_schema
from tests.support.web_house import CHEAP, client_of, running, sign_in

TOKEN = "0123456789abcdef0123456789abcdef"
CENTRE = f"""
sip: {{domain: hotline.example, listen: ["ws:127.0.0.1:5066"]}}
recordings: {{transcribe: false}}
http: {{watch_tokens: ["{TOKEN}"]}}
"""


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    (tmp_path / "callcenter.yaml").write_text(CENTRE, encoding="utf-8")
    settings = load(tmp_path)
    engine = make_engine(settings.database_url)
    put_schema(settings.database_url)
    await UserStore(engine).add(User("ann", Role.AGENT, CHEAP.hash("correct horse battery")))
    await engine.dispose()
    app = application(settings)
    with connections_ended():
        async with running(app), client_of(app) as client:
            yield client


async def test_watch_token_of_the_configuration_opens_metrics_and_nothing_else(
    client: httpx.AsyncClient,
) -> None:
    from_afar = {"X-Forwarded-For": "192.0.2.7"}
    watching = {"Authorization": f"Bearer {TOKEN}", **from_afar}
    guessing = {"Authorization": "Bearer x", **from_afar}

    assert (await client.get("/metrics", headers=watching)).status_code == 200
    assert (await client.get("/api/v1/calls", headers=watching)).status_code == 401
    assert (await client.get("/metrics", headers=guessing)).status_code == 401


async def test_metrics_say_that_core_is_away(client: httpx.AsyncClient) -> None:
    answer = await client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})

    assert "callcenter_web_core_up 0.0" in answer.text
    assert "callcenter_core_calls" not in answer.text


async def test_call_record_is_served_and_says_that_core_is_away(client: httpx.AsyncClient) -> None:
    await sign_in(client, "ann")

    assert (await client.get("/api/v1/calls/c-1")).status_code == 503


async def test_the_phones_page_is_for_those_who_signed_in_and_may_reach_sip(
    client: httpx.AsyncClient,
) -> None:
    assert (await client.get("/phone")).status_code in (303, 307, 401)
    await sign_in(client, "ann")

    page = await client.get("/phone")
    settings = await client.get("/phone/settings")
    script = await client.get("/phone/sip.js")

    assert "connect-src 'self' ws://*:5066;" in page.headers["content-security-policy"]
    assert settings.json() == {
        "domain": "hotline.example",
        "sockets": [{"scheme": "ws", "host": "", "port": 5066}],
    }
    assert script.headers["content-type"].startswith("text/javascript")
    for name in ("page.js", "call.js", "message.js", "md5.js", "ring.js", "phone.css"):
        assert (await client.get(f"/phone/{name}")).status_code == 200, name
