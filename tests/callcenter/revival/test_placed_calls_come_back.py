"""A core dies while somebody is called back: who has picked up goes on, who rings is left alone."""

from datetime import timedelta

import pytest

from acd.events import (
    AgentAnswered,
    AgentChanged,
    AgentOffered,
    AgentState,
    CallbackDue,
    CallbackQueued,
    CallbackReached,
    CallQueued,
)
from callcenter.conduct.contact import Stage
from callcenter.revival.history import History
from callcenter.revival.revive import Plan, make_plan
from foundation.ids import AgentId, CallbackId, CallId, OfferId, PartyId
from foundation.journal.rows import EPOCH
from foundation.record import Record
from telephony.calls.events import CallAnswered, CallPlaced, Side
from telephony.calls.kept import KeptSide, Note
from tests.support.fake_house import EVA, ORDERS
from tests.support.kept_house import CONFIGURED, Leg

B1, CALL, PARTY, OFFER = CallbackId("b-1"), CallId("c-back"), PartyId("p-9"), OfferId("o-1")
RESERVED = AgentChanged(EVA, AgentState.RINGING, call_id=CallId(B1))
NOTE = Note(call=CALL, side=Side.CALLER, party=PARTY, trunk="carrier", offer=OFFER, is_placed=True)
DIALLED = (
    AgentChanged(EVA, AgentState.READY),
    CallbackQueued(B1, PARTY, ORDERS),
    CallbackDue(B1, PARTY, ORDERS, EVA, OFFER),
    RESERVED,
    CallPlaced(CALL, PARTY, "", "carrier"),
)


def plan_of(events: tuple[object, ...], *sides: KeptSide) -> tuple[Plan, History]:
    history = History()
    for seq, event in enumerate(events, 1):
        history.take(Record(seq, float(seq), EPOCH + timedelta(seconds=seq), event))
    return make_plan(history, sides, CONFIGURED), history


@pytest.mark.parametrize("told", [DIALLED, DIALLED[:-1], (*DIALLED, CallAnswered(CALL))])
def test_who_has_picked_up_is_served(told: tuple[object, ...]) -> None:
    """Also when the last facts were not written any more."""
    plan, history = plan_of(told, Leg(CALL, NOTE, is_early=False).side())
    [revived] = plan.calls
    contact = revived.contact
    assert contact.stage is Stage.DIALLED
    assert contact.called_for is not None
    assert (contact.called_for.callback_id, contact.called_for.queue) == (B1, ORDERS)
    assert revived.missed == (CallAnswered(CALL),)
    assert plan.strays == []
    assert (CallAnswered(CALL) in plan.facts) is not (told[-1] == CallAnswered(CALL))
    [again] = history.callbacks.again(EPOCH + timedelta(seconds=9), lambda queue: 300.0)
    assert again.rest_s == 300.0, "is not dialled beside the call that goes on"


def test_a_phone_that_rings_is_hung_up_on_and_its_agent_is_free() -> None:
    plan, history = plan_of(DIALLED, Leg(CALL, NOTE).side())
    assert plan.calls == []
    assert plan.lost == [CALL]
    assert [side.leg_id for side in plan.strays] == [Leg(CALL, NOTE).leg_id]
    assert AgentChanged(EVA, AgentState.READY) in plan.facts
    [agent] = plan.agents
    assert (agent.agent_id, agent.state) == (AgentId(EVA), AgentState.READY)
    [again] = history.callbacks.again(EPOCH + timedelta(seconds=9), lambda queue: 300.0)
    assert (again.tries, again.rest_s) == (0, 300.0)


def test_who_was_called_back_may_still_decline_to_be_recorded() -> None:
    """Core died while he heard that he may; or before his agent had picked up."""
    reached = (
        *DIALLED,
        CallAnswered(CALL),
        CallbackReached(B1, ORDERS, CALL),
        CallQueued(CALL, ORDERS),
        AgentOffered(CALL, ORDERS, EVA, OfferId("o-2")),
        AgentChanged(EVA, AgentState.RINGING, call_id=CALL),
    )
    caller = Leg(CALL, NOTE, is_early=False, playing="consent").side()
    [waits] = plan_of(reached, caller)[0].calls
    assert (waits.contact.stage, waits.contact.is_placed) == (Stage.WAITING, True)

    answered = (AgentAnswered(CALL, ORDERS, EVA), AgentChanged(EVA, AgentState.TALKING, "", CALL))
    picked_up = Note(call=CALL, side=Side.AGENT, agent=EVA, offer=OfferId("o-2"))
    sides = [caller, Leg(CALL, picked_up, is_early=False).side()]
    [hears] = plan_of((*reached, *answered), *sides)[0].calls
    assert (hears.contact.stage, hears.contact.hears_consent) == (Stage.ANNOUNCING, True)
