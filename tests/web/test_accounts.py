"""Passwords, second factors, sessions, users and tokens, through the application."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from foundation.web import totp
from foundation.web.app import create_app
from foundation.web.store import UserStore
from tests.support.web_house import (
    CHEAP,
    PASSWORD,
    client_of,
    running,
    sign_in,
    user_store,
    web_options,
)

NEW = "a very new password"


@dataclass
class Site:
    client: httpx.AsyncClient
    other: httpx.AsyncClient
    "Another browser."
    users: UserStore
    now_s: float = 1_800_000_015.0

    async def json(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401  # JSON
        answer = await self.client.request(method, f"/api/v1/{path}", json=body)
        assert answer.status_code < 300, answer.text
        return answer.json()

    async def refusal(self, method: str, path: str, body: object = None) -> tuple[int, str]:
        answer = await self.client.request(method, f"/api/v1/{path}", json=body)
        return answer.status_code, answer.json()["error"]

    async def set_up_second_factor(self) -> tuple[str, list[str]]:
        secret = (await self.json("POST", "account/totp/new"))["secret"]
        code = totp.code_at(secret, int(self.now_s) // 30)
        made = await self.json("PUT", "account/totp", {"secret": secret, "code": code})
        self.now_s += 30
        return secret, made["recovery_codes"]

    async def second_step(self, code: str) -> httpx.Response:
        page = await sign_in(self.other, "sue")
        ticket = page.text.partition('name="ticket" type="hidden" value="')[2].partition('"')[0]
        form = {"ticket": ticket, "code": code, "next": "/users"}
        return await self.other.post("/sign-in/code", data=form)

    async def is_in(self, client: httpx.AsyncClient) -> bool:
        return (await client.get("/frame/me")).status_code == 200


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with user_store(tmp_path) as users:
        app = create_app(web_options(), users, [], passwords=CHEAP, now_s=lambda: here.now_s)
        async with running(app), client_of(app) as client, client_of(app) as other:
            here = Site(client, other, users)
            here.now_s += 60
            yield here


# -- one's own ---------------------------------------------------------------------------------


async def test_own_password_is_changed_and_other_sessions_end(site: Site) -> None:
    await sign_in(site.client, "ann")
    await sign_in(site.other, "ann")

    await site.json("POST", "account/password", {"old": PASSWORD, "new": NEW})

    assert await site.is_in(site.client)
    assert not await site.is_in(site.other)
    assert (await sign_in(site.other, "ann")).status_code == 401


@pytest.mark.parametrize(
    ("old", "new", "status", "why"),
    [
        ("wrong", NEW, 403, "another one"),
        (PASSWORD, "short", 422, "at least 10"),
        (PASSWORD, "aaaaaaaaaaaa", 422, "different"),
    ],
)
async def test_new_password_needs_the_old_one_and_keeps_the_rules(
    site: Site, old: str, new: str, status: int, why: str
) -> None:
    await sign_in(site.client, "ann")
    got, sentence = await site.refusal("POST", "account/password", {"old": old, "new": new})
    assert (got, why in sentence) == (status, True)


async def test_guessing_the_old_password_locks_out(site: Site) -> None:
    await sign_in(site.client, "ann")
    for _ in range(5):
        await site.refusal("POST", "account/password", {"old": "x", "new": NEW})
    assert (
        "Too many attempts"
        in (await site.refusal("POST", "account/password", {"old": PASSWORD, "new": NEW}))[1]
    )


async def test_sessions_are_listed_and_ended_one_by_one_or_all(site: Site) -> None:
    await sign_in(site.client, "ann")
    await sign_in(site.other, "ann")
    await site.is_in(site.other)
    listed = await site.json("GET", "account/sessions")
    assert [each["is_here"] for each in listed].count(True) == 1
    there = next(each["id"] for each in listed if not each["is_here"])

    await site.json("DELETE", f"account/sessions/{there}")
    assert (await site.is_in(site.client), await site.is_in(site.other)) == (True, False)
    assert (await site.refusal("DELETE", f"account/sessions/{there}"))[0] == 404

    await sign_in(site.other, "ann")
    site.now_s += 1
    await site.json("DELETE", "account/sessions")
    assert (await site.is_in(site.client), await site.is_in(site.other)) == (False, False)


async def test_ended_session_stays_ended_though_it_was_renewed(site: Site) -> None:
    await sign_in(site.client, "ann")
    await sign_in(site.other, "ann")
    old = dict(site.other.cookies)
    site.now_s += 7 * 3600
    assert await site.is_in(site.other), "renewed by this"
    there = next(e["id"] for e in await site.json("GET", "account/sessions") if not e["is_here"])
    await site.json("DELETE", f"account/sessions/{there}")

    assert not await site.is_in(site.other)
    site.other.cookies.update(old)
    assert not await site.is_in(site.other)


# -- the second factor -------------------------------------------------------------------------


async def test_second_factor_is_asked_for_and_a_code_opens_once(site: Site) -> None:
    await sign_in(site.client, "sue")
    secret, _ = await site.set_up_second_factor()
    assert not await site.is_in(site.other)
    code = totp.code_at(secret, int(site.now_s) // 30)

    entered = await site.second_step(code)
    assert (entered.status_code, entered.headers["location"]) == (303, "/users")
    assert await site.is_in(site.other)

    again = await site.second_step(code)
    assert again.status_code == 401
    assert "was used before" in again.text


async def test_password_alone_opens_nothing_when_a_code_is_wanted(site: Site) -> None:
    await sign_in(site.client, "sue")
    await site.set_up_second_factor()

    asked = await sign_in(site.other, "sue")
    assert (asked.status_code, "set-cookie" in asked.headers) == (200, False)
    assert not await site.is_in(site.other)
    assert (await site.other.post("/sign-in/code", data={"code": "1"})).headers[
        "location"
    ] == "/sign-in"


async def test_guessing_codes_locks_out(site: Site) -> None:
    await sign_in(site.client, "sue")
    await site.set_up_second_factor()
    for _ in range(5):
        await site.second_step("000000")
    assert (await sign_in(site.other, "sue")).status_code == 429


async def test_recovery_code_stands_for_the_app_once(site: Site) -> None:
    await sign_in(site.client, "sue")
    _, codes = await site.set_up_second_factor()

    assert (await site.second_step(codes[3])).status_code == 303
    assert (await site.second_step(codes[3])).status_code == 401
    assert (await site.json("GET", "account/totp")) == {"is_on": True, "recovery_codes": 9}
    stored = await site.users.find("sue")
    assert stored is not None
    assert codes[0] not in str(stored.recovery_hashes)


async def test_second_factor_needs_a_proof_to_begin_and_the_password_to_end(site: Site) -> None:
    await sign_in(site.client, "sue")
    wrong = {"secret": totp.new_secret(), "code": "000000"}
    assert "does not fit" in (await site.refusal("PUT", "account/totp", wrong))[1]
    assert (
        "none of our secrets"
        in (await site.refusal("PUT", "account/totp", {"secret": "AAAA", "code": "000000"}))[1]
    )
    await site.set_up_second_factor()
    assert (await site.refusal("POST", "account/totp/new"))[0] == 409

    assert (await site.refusal("POST", "account/totp/off", {"password": "x"}))[0] == 403
    await site.json("POST", "account/totp/off", {"password": PASSWORD})
    assert (await sign_in(site.other, "sue")).status_code == 303


# -- users -------------------------------------------------------------------------------------


async def test_administrator_adds_a_user_who_can_sign_in(site: Site) -> None:
    await sign_in(site.client, "root")
    made = await site.json("POST", "users", {"user_id": "new.one", "role": "inspector"})

    form = {"name": "new.one", "password": made["password"]}
    assert (await site.other.post("/sign-in", data=form)).status_code == 303
    assert (await site.other.get("/frame/me")).json()["role"] == "inspector"
    assert (await site.refusal("POST", "users", {"user_id": "sue", "role": "agent"}))[0] == 409
    assert (await site.refusal("POST", "users", {"user_id": "a:b", "role": "agent"}))[0] == 422


async def test_locked_user_is_out_at_once_and_cannot_come_back_until_unlocked(site: Site) -> None:
    await sign_in(site.client, "root")
    await sign_in(site.other, "ann")
    await site.json("POST", "users/ann/lock", {"is_locked": True})
    assert not await site.is_in(site.other)

    locked = await sign_in(site.other, "ann")
    assert (locked.status_code, "ask an administrator" in locked.text) == (403, True)
    wrong = await site.other.post("/sign-in", data={"name": "ann", "password": "x"})
    assert "administrator" not in wrong.text, "only who knows the password is told"

    await site.json("POST", "users/ann/lock", {"is_locked": False})
    assert (await sign_in(site.other, "ann")).status_code == 303


async def test_new_role_counts_at_once_and_new_password_signs_out(site: Site) -> None:
    await sign_in(site.client, "root")
    await sign_in(site.other, "ann")
    await site.json("PUT", "users/ann", {"role": "team_lead", "agent_id": "ann"})
    assert (await site.other.get("/frame/me")).json()["role"] == "team_lead"

    await site.json("POST", "users/ann/password")
    assert not await site.is_in(site.other)


async def test_administrator_resets_a_second_factor_and_ends_sessions(site: Site) -> None:
    await sign_in(site.client, "sue")
    await site.set_up_second_factor()
    await sign_in(site.client, "root")
    await site.json("DELETE", "users/sue/totp")
    assert (await sign_in(site.other, "sue")).status_code == 303

    site.now_s += 1
    await site.json("DELETE", "users/sue/sessions")
    assert not await site.is_in(site.other)


async def test_nobody_locks_demotes_or_removes_himself(site: Site) -> None:
    await sign_in(site.client, "root")
    for method, path, body in (
        ("POST", "users/root/lock", {"is_locked": True}),
        ("PUT", "users/root", {"role": "agent"}),
        ("DELETE", "users/root", None),
    ):
        status, sentence = await site.refusal(method, path, body)
        assert (status, "ask another administrator" in sentence) == (409, True)
    assert (await site.refusal("DELETE", "users/nobody"))[0] == 404


# -- tokens ------------------------------------------------------------------------------------


async def made_token(site: Site, **wanted: object) -> dict[str, str]:
    await sign_in(site.client, "root")
    made = await site.json("POST", "tokens", {"name": "cron", "role": "administrator", **wanted})
    return {"Authorization": f"Bearer {made['token']}"}


async def test_token_signs_a_program_in_until_its_day_is_over(site: Site) -> None:
    bearer = await made_token(site, days=2)
    me = await site.other.get("/frame/me", headers=bearer)
    assert me.json()["user_id"] == "token:cron"
    assert (await site.json("GET", "tokens"))[0]["used_s"] is not None

    site.now_s += 2 * 86_400
    assert (await site.other.get("/frame/me", headers=bearer)).status_code == 401


async def test_token_that_reads_only_does_nothing_and_no_token_changes_accounts(
    site: Site,
) -> None:
    reads = await made_token(site)
    refused = await site.other.post("/sign-out", headers=reads)
    assert refused.json() == {"error": "The token 'cron' may only read."}
    assert (await site.other.get("/api/v1/users", headers=reads)).status_code == 403

    acts = await made_token(site, name="robot", reads_only=False)
    wanted = {"user_id": "evil", "role": "administrator"}
    refused = await site.other.post("/api/v1/users", headers=acts, json=wanted)
    assert (refused.status_code, "not a token" in refused.json()["error"]) == (403, True)


async def test_revoked_token_is_out_at_once(site: Site) -> None:
    bearer = await made_token(site)
    (token,) = await site.json("GET", "tokens")
    assert "token" not in token
    await site.json("DELETE", f"tokens/{token['id']}")

    assert (await site.other.get("/frame/me", headers=bearer)).status_code == 401
    assert (await site.refusal("DELETE", f"tokens/{token['id']}"))[0] == 404


async def test_token_is_kept_as_a_hash_only(site: Site) -> None:
    bearer = await made_token(site)
    (stored,) = await site.users.tokens()
    assert bearer["Authorization"].removeprefix("Bearer ") not in repr(stored)
