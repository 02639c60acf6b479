"""Callers put forward and moved, wrap-ups extended, coded and ended by command, on a real floor."""

from collections.abc import AsyncIterator

import pytest

from acd.events import (
    AcdEvent,
    AgentOffered,
    AgentState,
    CallOverflowed,
    CallPromoted,
    OverflowCause,
    Priority,
    WrapUpCoded,
    WrapUpExtended,
)
from acd.floor import Floor
from acd.inputs import Accept, AgentLeft, Enqueue, Pause, PhoneChanged, Ready, SignIn
from acd.options import AgentCard, QueueOptions
from callcenter.actions.waits import WaitActions
from callcenter.conduct.contact import Contact
from callcenter.conduct.drivers import FloorDriver
from callcenter.events import ActionTaken
from foundation.errors import Conflict, NotFound, RemoteError
from foundation.ids import AgentId, CallId, QueueId
from wallboard.commands import (
    GiveBackCall,
    MoveCall,
    PromoteCall,
    TakeCall,
    Urgency,
    WrapUpVerb,
    WrapUpWish,
)

EVA, ORDERS, HELP = AgentId("eva"), QueueId("orders"), QueueId("help")
C1, C2 = CallId("c-1"), CallId("c-2")
CODED = QueueOptions(
    wrap_up_s=20, wrap_up_codes=("refund", "other"), needs_wrap_up_code=True, ring_s=60
)


class Desk:
    def __init__(self) -> None:
        self.told: list[AcdEvent | ActionTaken] = []
        cards = [AgentCard(agent_id=EVA, name="Eva")]
        self.floor = FloorDriver(Floor({ORDERS: CODED, HELP: CODED}, cards), self.told.append)
        self.floor.feed(PhoneChanged(EVA, registered=True, busy=False))
        self.contacts: dict[CallId, Contact] = {}
        self.actions = WaitActions(self.floor, self.contacts.get, self.told.append, ("gold",))

    def queue(self, *call_ids: CallId) -> None:
        for call_id in call_ids:
            self.contacts[call_id] = Contact(call_id, "8000", queue=ORDERS)
            self.floor.feed(Enqueue(call_id, ORDERS))

    def sign_in(self) -> None:
        self.floor.feed(SignIn(EVA))
        self.floor.feed(Ready(EVA))

    def to_wrap_up(self) -> None:
        self.queue(C1)
        self.to_wrap_up_of(C1)

    def to_wrap_up_of(self, call_id: CallId) -> None:
        self.sign_in()
        [offer] = [event for event in self.told if isinstance(event, AgentOffered)]
        self.floor.feed(Accept(call_id, EVA, offer.offer_id))
        self.floor.feed(AgentLeft(call_id, EVA))
        self.told.clear()

    def promote(self, priority: Urgency, tier: str | None = None, call_id: str = C2) -> None:
        self.actions.perform(PromoteCall(call_id=call_id, priority=priority, tier=tier, by="sue"))

    def wrap_up(self, verb: WrapUpVerb, extend_s: float = 0.0, code: str = "") -> None:
        self.actions.perform(
            WrapUpWish(agent_id="eva", verb=verb, extend_s=extend_s, code=code, by="ann")
        )

    @property
    def audit(self) -> list[ActionTaken]:
        return [event for event in self.told if isinstance(event, ActionTaken)]

    @property
    def state(self) -> AgentState:
        return self.floor.floor.state_of(EVA)


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    desk = Desk()
    yield desk
    desk.floor.close()


async def test_promoted_caller_is_offered_before_who_came_earlier(desk: Desk) -> None:
    desk.queue(C1, C2)
    desk.promote(Urgency.P0)
    desk.sign_in()

    offered = [event.call_id for event in desk.told if isinstance(event, AgentOffered)]
    assert offered == [C2]


async def test_promotion_is_in_the_audit_before_it_is_told(desk: Desk) -> None:
    desk.queue(C1, C2)
    desk.told.clear()
    desk.promote(Urgency.P1, "gold")

    audit = ActionTaken("sue", "priority", C2, "P1 gold")
    assert desk.told[:2] == [audit, CallPromoted(C2, ORDERS, Priority.P1, "gold")]


async def test_tier_that_is_not_given_stays(desk: Desk) -> None:
    desk.queue(C2)
    desk.contacts[C2].tier = "gold"
    desk.promote(Urgency.P2)
    assert desk.audit == [ActionTaken("sue", "priority", C2, "P2 gold")]

    desk.promote(Urgency.P2, "")
    assert desk.told[-1] == CallPromoted(C2, ORDERS, Priority.P2, "")


@pytest.mark.parametrize(
    ("call_id", "tier", "error", "sentence"),
    [
        ("c-9", None, NotFound, "There is no call 'c-9' now."),
        (C2, "silver", RemoteError, "'silver' is no VIP tier; known: gold."),
        ("c-menu", None, Conflict, "does not wait"),
    ],
)
async def test_what_cannot_be_promoted_is_refused_and_not_in_the_audit(
    desk: Desk, call_id: str, tier: str | None, error: type[Exception], sentence: str
) -> None:
    desk.queue(C2)
    desk.contacts[CallId("c-menu")] = Contact(CallId("c-menu"), "8000")
    with pytest.raises(error, match=sentence):
        desk.promote(Urgency.P0, tier, call_id)
    assert desk.audit == []


async def test_moved_caller_leaves_the_queue_for_the_other(desk: Desk) -> None:
    desk.queue(C1)
    desk.actions.perform(MoveCall(call_id=C1, queue="help", by="sue"))

    assert desk.audit == [ActionTaken("sue", "move", C1, "queue:help")]
    [left] = [event for event in desk.told if isinstance(event, CallOverflowed)]
    assert (left.cause, left.to) == (OverflowCause.MOVED, HELP)


async def test_nobody_is_moved_to_a_queue_that_there_is_not(desk: Desk) -> None:
    desk.queue(C1)
    with pytest.raises(NotFound, match="nowhere"):
        desk.actions.perform(MoveCall(call_id=C1, queue="nowhere", by="sue"))
    assert desk.audit == []
    assert desk.floor.floor.position(C1) == 1


async def test_caller_who_is_taken_rings_at_the_agents_with_a_line_in_the_audit(
    desk: Desk,
) -> None:
    desk.queue(C1, C2)
    with pytest.raises(Conflict, match="eva is off"):
        desk.actions.perform(TakeCall(call_id=C2, agent_id="eva", by="sue"))
    assert desk.audit == []
    desk.to_wrap_up_of(C1)
    desk.actions.perform(TakeCall(call_id=C2, agent_id="eva", reserve_s=90.0, by="sue"))
    desk.actions.perform(GiveBackCall(call_id=C2, by="sue"))
    desk.actions.perform(TakeCall(call_id=C2, agent_id="eva", reserve_s=90.0, by="sue"))
    desk.wrap_up(WrapUpVerb.CODE, code="refund")
    desk.wrap_up(WrapUpVerb.FINISH)

    assert desk.audit[:3] == [
        ActionTaken("sue", "taken", C2, "eva, reserved for 90 s"),
        ActionTaken("sue", "given back", C2),
        ActionTaken("sue", "taken", C2, "eva, reserved for 90 s"),
    ]
    assert [event.call_id for event in desk.told if isinstance(event, AgentOffered)] == [C2]


async def test_wrap_up_is_extended_coded_and_finished(desk: Desk) -> None:
    desk.to_wrap_up()
    desk.wrap_up(WrapUpVerb.EXTEND, 60.0)
    desk.wrap_up(WrapUpVerb.CODE, code="refund")
    desk.wrap_up(WrapUpVerb.FINISH)

    [extended] = [event for event in desk.told if isinstance(event, WrapUpExtended)]
    assert extended.wrap_up_s == pytest.approx(80)
    assert WrapUpCoded(C1, ORDERS, EVA, "refund") in desk.told
    assert desk.audit == [
        ActionTaken("ann", "wrap-up extended", "eva", "60 s"),
        ActionTaken("ann", "wrap-up coded", "eva", "refund"),
        ActionTaken("ann", "wrap-up finished", "eva"),
    ]
    assert desk.state is AgentState.READY


@pytest.mark.parametrize(
    ("verb", "extend_s", "code", "sentence"),
    [
        (WrapUpVerb.CODE, 0.0, "weather", "'weather' is no code of the queue orders"),
        (WrapUpVerb.FINISH, 0.0, "", "has yet to say"),
    ],
)
async def test_refused_wish_for_a_wrap_up_changes_nothing(
    desk: Desk, verb: WrapUpVerb, extend_s: float, code: str, sentence: str
) -> None:
    desk.to_wrap_up()
    with pytest.raises(Conflict, match=sentence):
        desk.wrap_up(verb, extend_s, code)
    assert desk.told == []
    assert desk.state is AgentState.WRAP_UP


@pytest.mark.parametrize("verb", list(WrapUpVerb))
async def test_who_has_no_wrap_up_is_told_so(desk: Desk, verb: WrapUpVerb) -> None:
    desk.sign_in()
    with pytest.raises(Conflict, match="eva has no"):
        desk.wrap_up(verb, 60.0, "refund")
    assert desk.audit == []


async def test_who_owes_a_code_cannot_be_made_ready_and_asking_changes_nothing(desk: Desk) -> None:
    desk.to_wrap_up()
    for given in (Ready(EVA), Pause(EVA, "meal")):
        with pytest.raises(Conflict, match="has yet to say"):
            desk.floor.floor.check(given)
    assert desk.state is AgentState.WRAP_UP
    desk.wrap_up(WrapUpVerb.CODE, code="other")
    desk.floor.floor.check(Ready(EVA))
