"""Who may order waiting callers and wrap-ups, against a core that is played."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from acd.events import (
    AgentAnswered,
    AgentChanged,
    AgentState,
    CallPromoted,
    CallQueued,
    SurgeChanged,
    TalkEnded,
    WrapUpCoded,
    WrapUpOverdue,
)
from foundation.errors import Conflict
from foundation.ids import AgentId, CallId, PartyId, QueueId
from telephony.calls.events import CallArrived
from tests.support.fake_core import FakeCore
from tests.support.web_house import (
    QUICK_FOLLOW,
    board_app,
    caught_up,
    client_of,
    running,
    shown,
    sign_in,
    user_store,
    web_options,
)
from wallboard.commands import MoveCall, PromoteCall, Urgency, WrapUpVerb, WrapUpWish
from wallboard.directory import AgentCard, Directory, QueueCard
from wallboard.fold.board import rebuild
from wallboard.web_role import BoardOptions

ORDERS, LATE = QueueId("orders"), QueueId("late")
ANN, BOB, EVE = AgentId("ann"), AgentId("bob"), AgentId("eve")
DIRECTORY = Directory(
    {ANN: AgentCard("Ann", "day"), BOB: AgentCard("Bob", "day"), EVE: AgentCard("Eve", "night")},
    {
        ORDERS: QueueCard("Orders", teams=frozenset({"day", "night"})),
        LATE: QueueCard("Late", teams=frozenset({"night"})),
    },
)
C1, C2, TALK = CallId("c-1"), CallId("c-2"), CallId("c-talk")


class Desk:
    def __init__(self, core: FakeCore, client: httpx.AsyncClient) -> None:
        self.core = core
        self.client = client

    async def post(self, who: str, path: str, body: object) -> tuple[int, dict[str, object]]:
        await sign_in(self.client, who)
        answer = await self.client.post(f"/api/v1/{path}", json=body)
        return answer.status_code, answer.json()


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    core = FakeCore()
    for call_id, queue in ((C1, ORDERS), (C2, LATE), (TALK, ORDERS)):
        await core.tell(CallArrived(call_id, PartyId("p-1"), "8000"), CallQueued(call_id, queue))
    await core.tell(
        AgentAnswered(TALK, ORDERS, ANN),
        AgentChanged(ANN, AgentState.TALKING, call_id=TALK),
        TalkEnded(TALK, ORDERS, ANN),
        AgentChanged(ANN, AgentState.WRAP_UP, call_id=TALK),
    )
    async with user_store(tmp_path) as users:
        options = BoardOptions(web=web_options(), directory=DIRECTORY, follow=QUICK_FOLLOW)
        app = board_app(core, users, options)
        async with running(app), client_of(app) as client:
            await caught_up(client)
            yield Desk(core, client)


@pytest.mark.parametrize("who", ["sue", "lea"])
async def test_supervisor_and_lead_of_a_team_of_the_queue_put_a_caller_forward(
    desk: Desk, who: str
) -> None:
    desk.core.on_command = [CallPromoted(C1, ORDERS, 3, "gold")]
    answer = await desk.post(who, "calls/c-1/priority", {"priority": "P0", "tier": "gold"})

    assert answer == (200, {"call_id": "c-1", "priority": "P0", "tier": "gold"})
    assert desk.core.asked == [PromoteCall(call_id="c-1", priority=Urgency.P0, tier="gold", by=who)]


async def test_priority_is_on_the_list_of_calls(desk: Desk) -> None:
    await desk.core.tell(CallPromoted(C1, ORDERS, 2, ""))
    await sign_in(desk.client, "ann")

    def first(calls: list[dict[str, str]]) -> dict[str, str]:
        return next(call for call in calls if call["id"] == "c-1")

    path = "/api/v1/calls"
    call = first(await shown(desk.client, path, lambda calls: first(calls)["priority"] != "P3"))
    assert (call["priority"], call["tier"]) == ("P1", "")


@pytest.mark.parametrize(
    ("who", "call"), [("ann", "c-1"), ("tom", "c-1"), ("lea", "c-2")], ids=lambda each: str(each)
)
async def test_agent_and_lead_of_another_team_may_not_order_callers(
    desk: Desk, who: str, call: str
) -> None:
    for path, body in (("priority", {"priority": "P0"}), ("move", {"queue": "late"})):
        status, answer = await desk.post(who, f"calls/{call}/{path}", body)
        assert (status, str(answer["error"])[:25]) == (403, "This is for supervisors, ")
    assert desk.core.asked == []


async def test_caller_is_moved(desk: Desk) -> None:
    answer = await desk.post("lea", "calls/c-1/move", {"queue": "late"})

    assert answer == (200, {"call_id": "c-1", "queue": "late"})
    assert desk.core.asked == [MoveCall(call_id="c-1", queue="late", by="lea")]


async def test_call_that_is_not_there_is_404_and_cores_refusal_409(desk: Desk) -> None:
    assert (await desk.post("sue", "calls/c-9/move", {"queue": "late"}))[0] == 404
    desk.core.refuse_with = Conflict("the caller of c-1 does not wait in a queue")
    refused = await desk.post("sue", "calls/c-1/priority", {"priority": "P0"})
    assert refused == (409, {"error": "the caller of c-1 does not wait in a queue"})


@pytest.mark.parametrize("who", ["sue", "lea", "ann"])
@pytest.mark.parametrize(
    ("body", "wish"),
    [
        ({"extend_s": 60}, (WrapUpVerb.EXTEND, 60.0, "")),
        ({"code": "refund"}, (WrapUpVerb.CODE, 0.0, "refund")),
        ({"finish": True}, (WrapUpVerb.FINISH, 0.0, "")),
    ],
)
async def test_supervisor_lead_and_the_agent_settle_a_wrap_up(
    desk: Desk, who: str, body: object, wish: tuple[WrapUpVerb, float, str]
) -> None:
    status, _ = await desk.post(who, "agents/ann/wrap-up", body)
    verb, extend_s, code = wish

    assert status == 200
    assert desk.core.asked == [
        WrapUpWish(agent_id="ann", verb=verb, extend_s=extend_s, code=code, by=who)
    ]


@pytest.mark.parametrize(
    ("who", "agent", "status"),
    [("ann", "bob", 403), ("lea", "eve", 403), ("tom", "ann", 403), ("sue", "nobody", 404)],
)
async def test_others_wrap_ups_are_not_for_everybody(
    desk: Desk, who: str, agent: str, status: int
) -> None:
    assert (await desk.post(who, f"agents/{agent}/wrap-up", {"finish": True}))[0] == status
    assert desk.core.asked == []


@pytest.mark.parametrize(
    "body",
    [{}, {"finish": False}, {"extend_s": 0}, {"extend_s": 60, "code": "refund"}, {"code": "a b"}],
)
async def test_body_with_none_or_several_wishes_is_422(desk: Desk, body: object) -> None:
    assert (await desk.post("sue", "agents/ann/wrap-up", body))[0] == 422


async def test_board_shows_whose_code_is_missing_and_which_was_given(desk: Desk) -> None:
    await desk.core.tell(WrapUpOverdue(TALK, ORDERS, ANN))
    desk.core.on_command = [WrapUpCoded(TALK, ORDERS, ANN, "refund")]
    _, entry = await desk.post("ann", "agents/ann/wrap-up", {"code": "refund"})
    assert (entry["wrap_up_code"], entry["lacks_code"]) == ("refund", False)

    desk.core.on_command = [AgentChanged(ANN, AgentState.READY)]
    _, entry = await desk.post("ann", "agents/ann/wrap-up", {"finish": True})
    assert (entry["state"], entry["wrap_up_code"]) == ("ready", "")


async def test_overdue_code_and_surges_are_notices(desk: Desk) -> None:
    await desk.core.tell(
        WrapUpOverdue(TALK, ORDERS, ANN),
        SurgeChanged(ORDERS, is_on=True),
        SurgeChanged(ORDERS, is_on=False),
    )
    board = rebuild(desk.core.journal, directory=DIRECTORY)

    assert [(notice.kind.value, notice.text) for notice in board.notices] == [
        ("surge_over", "Orders"),
        ("surge_began", "Orders"),
        ("wrap_up_overdue", "ann"),
    ]
    assert board.agents[ANN].lacks_code
