"""What the API of a served centre refuses, how it says so, and what it promises."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from acd.events import AgentChanged, AgentState
from callcenter.commands.asking import terminal
from callcenter.events import ActionTaken
from recordings.events import RecordingEnded, RecordingStarted
from telephony.calls.events import CallArrived, CallBridged, CallEnded, EndedBy
from tests.support.centre import Centre, served
from tests.support.centres import run_command

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Iterator[Centre]:
    with served(tmp_path_factory.mktemp("centre"), shared) as centre:
        yield centre


def sentence(answer: httpx.Response) -> str:
    """Every error has one, and nothing else."""
    document = answer.json()
    assert set(document) == {"error"}
    text = str(document["error"])
    assert text[0].isupper() or text[0] in "'\"" or " " in text
    return text


STATE = "/api/v1/agents/agent0002/state"
REFUSED = [
    (None, "GET", "/api/v1/agents", None, 401, "Sign in"),
    (None, "POST", STATE, {"state": "ready"}, 401, "Sign in"),
    ("ann", "POST", STATE, {"state": "ready"}, 403, "own state"),
    ("ann", "GET", "/api/v1/recordings", None, 403, "agents_hear_own"),
    ("ann", "POST", "/api/v1/calls/c-none/hangup", None, 403, "supervisor"),
    ("sue", "POST", "/api/v1/agents/agent9999/state", {"state": "ready"}, 404, "agent9999"),
    ("sue", "POST", "/api/v1/calls/c-none/hangup", None, 404, "c-none"),
    ("sue", "GET", "/api/v1/recordings/r-none", None, 404, "r-none"),
    ("sue", "GET", "/api/v1/recordings/r-none/audio", None, 404, "r-none"),
    ("sue", "GET", "/api/v1/nothing", None, 404, "/api/v1/nothing"),
    ("sue", "POST", STATE, {"state": "dancing"}, 422, "state"),
    ("sue", "POST", STATE, {"state": "ready", "mood": "good"}, 422, "mood"),
    ("sue", "POST", STATE, {"state": "paused", "reason": "golf"}, 422, "golf"),
    ("sue", "GET", "/api/v1/recordings?limit=0", None, 422, "limit"),
    ("sue", "GET", "/api/v1/recordings?date=someday", None, 422, "date"),
]


@pytest.mark.parametrize(("who", "method", "path", "body", "status", "says"), REFUSED)
async def test_api_refuses_with_a_sentence(
    centre: Centre,
    who: str | None,
    method: str,
    path: str,
    body: dict[str, str] | None,
    status: int,
    says: str,
) -> None:
    async with centre.web(who) as web:
        answer = await web.request(method, path, json=body)

    assert answer.status_code == status, answer.text
    assert says in sentence(answer)


async def test_wrong_password_does_not_sign_in(centre: Centre) -> None:
    async with centre.web(None) as web:
        answer = await web.post("/sign-in", data={"name": "sue", "password": "a guess"})

        assert answer.status_code == 401
        assert (await web.get("/api/v1/me")).status_code == 401


async def test_what_is_not_ready_yet_is_a_conflict(centre: Centre) -> None:
    before = centre.mark()
    async with (
        centre.phone() as caller,
        centre.agent(1) as agent,
        centre.web() as web,
    ):
        call = caller.dial("8000")
        await call.answered()
        call.press("1")
        (await agent.rings()).accept()
        await centre.told(CallBridged, before)
        recording = centre.facts(RecordingStarted, before)[0].recording_id
        path = f"/api/v1/recordings/{recording}"
        await centre.until_ok(lambda: web.get(path))
        audio = await web.get(f"{path}/audio")
        transcript = await web.get(f"{path}/transcript")
        call.hang_up()
        await centre.told(RecordingEnded, before)

    assert (audio.status_code, transcript.status_code) == (409, 409)
    assert "still being made" in sentence(audio)
    assert "still being made" in sentence(transcript)


async def test_supervisor_ends_a_call_and_the_journal_says_who(centre: Centre) -> None:
    before = centre.mark()
    async with centre.phone() as caller, centre.web() as web:
        call = caller.dial("8000")
        await call.answered()
        arrived = await centre.told(CallArrived, before)
        await centre.until_ok(lambda: web.post(f"/api/v1/calls/{arrived.call_id}/hangup"))
        end = await asyncio.wait_for(call.over(), 20)

    assert not end.by_us
    assert (await centre.told(CallEnded, before)).by is EndedBy.CENTRE
    assert [(a.by, a.target) for a in centre.facts(ActionTaken, before)] == [
        ("sue", arrived.call_id)
    ]


async def test_acknowledged_action_survives_the_death_of_core_at_once(centre: Centre) -> None:
    before = centre.mark()
    async with centre.agent(2), centre.web() as web:
        answer = await web.post(STATE, json={"state": "paused", "reason": "meal"})
        pid = centre.kill("core")

        assert answer.status_code == 200
        assert (answer.json()["state"], answer.json()["reason"]) == ("paused", "meal")
        paused = centre.facts(
            AgentChanged, before, agent_id="agent0002", state=AgentState.PAUSED, reason="meal"
        )
        assert len(paused) == 1
        assert [a.detail for a in centre.facts(ActionTaken, before)] == ["meal"]
        while_away = await web.post(STATE, json={"state": "ready"})
        await centre.replaced("core", pid)
        await centre.ready()

    assert while_away.status_code in (200, 503)  # core may be back already
    assert while_away.status_code == 200 or sentence(while_away)


async def test_key_of_recordings_that_a_command_adds_is_in_the_audit_of_the_centre(
    centre: Centre,
) -> None:
    before = centre.mark()
    result = await asyncio.to_thread(run_command, "recordings", "rotate-key", centre.folder)

    assert (result.exit_code, "no line" in result.stderr) == (0, False)
    told = [(each.by, each.action) for each in centre.facts(ActionTaken, before)]
    assert told == [(terminal(), "recording key added"), (terminal(), "recordings rewrapped")]
