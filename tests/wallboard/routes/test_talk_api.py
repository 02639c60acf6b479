"""Who may hold, send on and conference which talk, against a core that is played."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from acd.events import AgentAnswered, AgentChanged, AgentState, CallQueued, TalkEnded, TalkTaken
from foundation.errors import Conflict, NotAllowed
from foundation.ids import AgentId, CallId, PartyId, QueueId
from telephony.calls.events import CallArrived
from tests.support.fake_core import FakeCore
from tests.support.web_house import (
    QUICK_FOLLOW,
    board_app,
    caught_up,
    client_of,
    running,
    sign_in,
    user_store,
    web_options,
)
from wallboard.commands import HandleTalk, TalkVerb
from wallboard.directory import AgentCard, Directory
from wallboard.web_role import BoardOptions

ORDERS, ANN, BOB, EVE = QueueId("orders"), AgentId("ann"), AgentId("bob"), AgentId("eve")
DAY, NIGHT, WAITS = CallId("c-day"), CallId("c-night"), CallId("c-waits")
"Ann of the day team talks in the first, Eve of the night team in the second, nobody in the third."
DIRECTORY = Directory(
    {ANN: AgentCard("Ann", "day"), BOB: AgentCard("Bob", "day"), EVE: AgentCard("Eve", "night")}
)
PLAIN = [verb for verb in TalkVerb if verb not in (TalkVerb.TRANSFER, TalkVerb.CONSULT)]


class Desk:
    def __init__(self, core: FakeCore, client: httpx.AsyncClient) -> None:
        self.core = core
        self.client = client

    async def post(
        self, who: str, verb: TalkVerb, to: str | None = None, call_id: CallId = DAY
    ) -> tuple[int, object]:
        await sign_in(self.client, who)
        body = None if to is None else {"to": to}
        answer = await self.client.post(f"/api/v1/calls/{call_id}/{verb.value}", json=body)
        return answer.status_code, answer.json()


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    core = FakeCore()
    for call_id, agent in ((DAY, ANN), (NIGHT, EVE), (WAITS, None)):
        await core.tell(CallArrived(call_id, PartyId("p-1"), "8000"), CallQueued(call_id, ORDERS))
        if agent is not None:
            talks = AgentChanged(agent, AgentState.TALKING, call_id=call_id)
            await core.tell(AgentAnswered(call_id, ORDERS, agent), talks)
    async with user_store(tmp_path) as users:
        options = BoardOptions(web=web_options(), directory=DIRECTORY, follow=QUICK_FOLLOW)
        app = board_app(core, users, options)
        async with running(app), client_of(app) as client:
            await caught_up(client)
            yield Desk(core, client)


@pytest.mark.parametrize("who", ["sue", "lea", "ann"])
@pytest.mark.parametrize("verb", PLAIN)
async def test_supervisor_lead_of_the_team_and_the_agent_may_handle_the_talk(
    desk: Desk, who: str, verb: TalkVerb
) -> None:
    assert await desk.post(who, verb) == (200, {"call_id": "c-day", "done": verb.value})
    assert desk.core.asked == [HandleTalk(by=who, call_id="c-day", verb=verb, agent_id="ann")]


@pytest.mark.parametrize("verb", [TalkVerb.TRANSFER, TalkVerb.CONSULT])
@pytest.mark.parametrize("to", ["agent0002", "queue:orders", "8000", "+8613900000000"])
async def test_destination_goes_to_core_as_it_was_written(
    desk: Desk, verb: TalkVerb, to: str
) -> None:
    status, _ = await desk.post("ann", verb, to)
    assert status == 200
    assert desk.core.asked == [
        HandleTalk(by="ann", call_id="c-day", verb=verb, agent_id="ann", to=to)
    ]


@pytest.mark.parametrize(
    ("who", "call_id"),
    [("lea", NIGHT), ("ann", NIGHT), ("tom", DAY), ("lea", WAITS)],
)
async def test_nobody_else_may(desk: Desk, who: str, call_id: CallId) -> None:
    for verb in PLAIN:
        status, said = await desk.post(who, verb, call_id=call_id)
        assert status == 403
        assert "the agent who talks in the call" in str(said)
    assert (await desk.post(who, TalkVerb.TRANSFER, "bob", call_id))[0] == 403
    assert desk.core.asked == []


async def test_who_is_not_signed_in_may_not(desk: Desk) -> None:
    answer = await desk.client.post(f"/api/v1/calls/{DAY}/hold")
    assert answer.status_code == 401


async def test_agent_who_handed_over_may_no_more_and_the_new_one_may(desk: Desk) -> None:
    await desk.core.tell(TalkEnded(DAY, ORDERS, ANN), TalkTaken(DAY, ORDERS, EVE))
    assert (await desk.post("ann", TalkVerb.HOLD))[0] == 403
    assert (await desk.post("sue", TalkVerb.HOLD))[0] == 200
    assert desk.core.asked == [
        HandleTalk(by="sue", call_id="c-day", verb=TalkVerb.HOLD, agent_id="eve")
    ]


async def test_call_that_is_not_or_has_no_agent_is_told_so(desk: Desk) -> None:
    assert await desk.post("sue", TalkVerb.HOLD, call_id=CallId("c-9")) == (
        404,
        {"error": "There is no call 'c-9' now."},
    )
    assert await desk.post("sue", TalkVerb.HOLD, call_id=WAITS) == (
        409,
        {"error": "No agent talks in the call 'c-waits' now."},
    )


@pytest.mark.parametrize("to", [None, "", "sip:eve@evil.example", "a" * 65, "two words", "x\n"])
async def test_unusable_destination_is_422(desk: Desk, to: str | None) -> None:
    assert (await desk.post("sue", TalkVerb.TRANSFER, to))[0] == 422
    assert desk.core.asked == []


@pytest.mark.parametrize(
    ("error", "status"),
    [(Conflict("The caller is on hold already."), 409), (NotAllowed("outbound: no rule"), 403)],
)
async def test_what_core_refuses_is_told_in_its_words(
    desk: Desk, error: Conflict | NotAllowed, status: int
) -> None:
    desk.core.refuse_with = error
    assert await desk.post("sue", TalkVerb.HOLD) == (status, {"error": str(error)})
