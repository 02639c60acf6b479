"""The phone and the agent's state: nobody is offered what cannot ring, and states come back."""

import pytest

from acd.events import AgentState, CallOverflowed, OfferFailed, OfferFailure, OverflowCause
from acd.floor import Floor
from acd.inputs import (
    Accept,
    AgentLeft,
    Decline,
    Enqueue,
    FinishWrapUp,
    Pause,
    PhoneChanged,
    Ready,
    SignIn,
    SignOut,
)
from acd.options import QueueOptions
from acd.views import PhoneTrouble
from callcenter.revival.history import History
from foundation.ids import CallId, PartyId
from foundation.journal.rows import EPOCH
from foundation.record import Record
from telephony.calls.events import CallArrived
from tests.support.floors import (
    EVA,
    ORDERS,
    build_floor,
    card,
    last_offer,
    offers,
    queue_up,
    seat,
    states,
)

S = AgentState
C1 = CallId("c-1")
GONE = PhoneChanged(EVA, registered=False, busy=False)
BACK = PhoneChanged(EVA, registered=True, busy=False)
BUSY = PhoneChanged(EVA, registered=True, busy=True)


@pytest.fixture
def floor() -> Floor:
    """Eva alone, ready with a phone."""
    floor = build_floor(card(EVA, orders=3))
    seat(floor, EVA, now=0.0)
    return floor


@pytest.fixture
def auto() -> Floor:
    """The same, where the phone is the sign-in."""
    floor = build_floor(card(EVA, orders=3), auto_ready=True)
    floor.feed(BACK, now=0.0)
    return floor


def state(floor: Floor) -> tuple[AgentState, str]:
    view = floor.agent(EVA)
    return view.state, view.reason


def trouble(floor: Floor) -> PhoneTrouble | None:
    return floor.now().phones.get(EVA)


@pytest.mark.parametrize(
    ("phone", "shown"), [(GONE, PhoneTrouble.AWAY), (BUSY, PhoneTrouble.BUSY)], ids=["gone", "busy"]
)
def test_ready_agent_whose_phone_cannot_ring_stays_ready_is_offered_nothing_and_shown_why(
    floor: Floor, phone: PhoneChanged, shown: PhoneTrouble
) -> None:
    floor.feed(phone, now=1.0)
    assert offers(queue_up(floor, "c-1", now=2.0)) == []
    assert (state(floor), trouble(floor)) == ((S.READY, ""), shown)

    assert offers(floor.feed(BACK, now=3.0)) == [("c-1", "eva")]
    assert trouble(floor) is None


def test_agent_who_is_ready_without_ever_having_had_a_phone_is_shown_so() -> None:
    floor = build_floor(card(EVA, orders=3))
    floor.feed(SignIn(EVA), now=0.0)
    floor.feed(Ready(EVA), now=0.0)
    assert offers(queue_up(floor, "c-1", now=1.0)) == []
    assert trouble(floor) is PhoneTrouble.AWAY
    floor.feed(SignOut(EVA), now=2.0)
    assert trouble(floor) is None, "who is off needs no phone"


def test_nobody_is_let_in_to_wait_for_agents_without_phones() -> None:
    floor = build_floor(card(EVA), queues={ORDERS: QueueOptions(needs_agents=True)})
    seat(floor, EVA, now=0.0)
    floor.feed(GONE, now=1.0)
    overflowed = [e for e in queue_up(floor, "c-1", now=2.0) if isinstance(e, CallOverflowed)]
    assert [event.cause for event in overflowed] == [OverflowCause.NOBODY]
    assert floor.now().expected[ORDERS].wait_s is None

    floor.feed(BACK, now=3.0)
    assert floor.now().expected[ORDERS].wait_s == 0.0
    offer = last_offer(queue_up(floor, "c-2", now=4.0))
    floor.feed(Accept(offer.call_id, EVA, offer.offer_id), now=5.0)
    floor.feed(GONE, now=6.0)
    assert floor.now().expected[ORDERS].wait_s is not None, "he has a call, phone or not"


def test_phone_that_goes_while_it_rings_pauses_until_it_is_back(floor: Floor) -> None:
    offer = last_offer(queue_up(floor, "c-1", now=1.0))
    gone = floor.feed(GONE, now=2.0)
    assert OfferFailed(C1, ORDERS, EVA, offer.offer_id, OfferFailure.UNREACHABLE) in gone
    assert state(floor) == (S.PAUSED, "unreachable")
    assert floor.position(C1) == 1

    assert offers(floor.feed(BACK, now=30.0)) == [("c-1", "eva")]


def test_phone_that_could_not_be_found_is_rung_again_after_a_new_registration_only(
    floor: Floor,
) -> None:
    offer = last_offer(queue_up(floor, "c-1", now=1.0))
    floor.feed(Decline(C1, EVA, offer.offer_id, OfferFailure.UNREACHABLE), now=2.0)
    assert floor.feed(BACK, now=3.0) == [], "a refreshed registration says nothing new"
    assert state(floor) == (S.PAUSED, "unreachable")
    assert offers(floor.feed(Ready(EVA), now=4.0)) == [("c-1", "eva")]


def test_who_chooses_something_else_meanwhile_is_not_made_ready_by_the_phone(floor: Floor) -> None:
    queue_up(floor, "c-1", now=1.0)
    floor.feed(GONE, now=2.0)
    floor.feed(Pause(EVA, "meal"), now=3.0)
    assert floor.feed(BACK, now=4.0) == []
    assert state(floor) == (S.PAUSED, "meal")


def test_phone_that_says_busy_pauses_until_the_agent_says_that_he_is_ready(floor: Floor) -> None:
    """486: a private call that we do not see, or the key that declines; nobody tells its end."""
    offer = last_offer(queue_up(floor, "c-1", now=1.0))
    floor.feed(Decline(C1, EVA, offer.offer_id, OfferFailure.DECLINED), now=2.0)
    assert state(floor) == (S.PAUSED, "rona")
    for given in (GONE, BACK, BUSY, BACK):
        assert floor.feed(given, now=3.0) == []
    assert offers(floor.feed(Ready(EVA), now=4.0)) == [("c-1", "eva")]


def test_call_that_the_agent_dials_while_an_offer_rings_does_not_end_the_offer(
    floor: Floor,
) -> None:
    offer = last_offer(queue_up(floor, "c-1", now=1.0))
    assert floor.feed(BUSY, now=2.0) == []
    assert floor.is_current(offer.offer_id)


def test_talk_outlives_the_registration_and_then_nothing_is_offered(floor: Floor) -> None:
    offer = last_offer(queue_up(floor, "c-1", now=1.0))
    floor.feed(Accept(C1, EVA, offer.offer_id), now=2.0)
    queue_up(floor, "c-2", now=3.0)
    assert floor.feed(GONE, now=4.0) == []
    assert trouble(floor) is PhoneTrouble.AWAY
    floor.feed(AgentLeft(C1, EVA), now=9.0)
    assert offers(floor.feed(FinishWrapUp(EVA), now=10.0)) == []
    assert state(floor) == (S.READY, "")
    assert offers(floor.feed(BACK, now=11.0)) == [("c-2", "eva")]


# -- the phone is the sign-in ----------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["meal", "training"])
def test_phone_that_drops_out_in_a_pause_brings_its_agent_back_to_the_pause(
    auto: Floor, reason: str
) -> None:
    auto.feed(Pause(EVA, reason), now=1.0)
    assert states(auto.feed(GONE, now=2.0)) == [("eva", S.OFF, reason)]
    auto.feed(Enqueue(C1, ORDERS), now=3.0)
    assert states(auto.feed(BACK, now=4.0))[-1] == ("eva", S.PAUSED, reason)
    assert offers(auto.feed(Ready(EVA), now=5.0)) == [("c-1", "eva")]


def test_who_signs_in_by_hand_after_that_is_ready(auto: Floor) -> None:
    auto.feed(Pause(EVA, "meal"), now=1.0)
    auto.feed(GONE, now=2.0)
    auto.feed(BACK, now=3.0)
    auto.feed(SignOut(EVA), now=4.0)
    auto.feed(GONE, now=5.0)
    assert states(auto.feed(BACK, now=6.0))[-1] == ("eva", S.READY, "")


def test_pause_chosen_in_a_talk_is_kept_when_the_phone_goes_before_its_end(auto: Floor) -> None:
    offer = last_offer(queue_up(auto, "c-1", now=1.0))
    auto.feed(Accept(C1, EVA, offer.offer_id), now=2.0)
    auto.feed(Pause(EVA, "meal"), now=3.0)
    auto.feed(GONE, now=4.0)
    auto.feed(AgentLeft(C1, EVA), now=5.0)
    assert states(auto.feed(FinishWrapUp(EVA), now=6.0))[-1] == ("eva", S.OFF, "meal")
    assert states(auto.feed(BACK, now=7.0))[-1] == ("eva", S.PAUSED, "meal")


def test_core_that_comes_back_between_knows_the_pause(auto: Floor) -> None:
    history = History()
    history.take(Record(1, 0.0, EPOCH, CallArrived(C1, PartyId("p-1"), "8000")))
    told = [*auto.feed(Pause(EVA, "meal"), now=1.0), *auto.feed(GONE, now=2.0)]
    for number, event in enumerate(told, 2):
        history.take(Record(number, 1.0, EPOCH, event))
    agent = history.agents[EVA]
    assert (agent.state, agent.reason) == (S.OFF, "meal")
