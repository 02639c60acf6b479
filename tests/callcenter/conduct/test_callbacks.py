"""Callbacks from the wish to the talk, with a real floor and journey and calls that are played."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from acd.events import (
    AgentState,
    CallbackDue,
    CallbackFailure,
    CallbackGivenUp,
    CallbackQueued,
    CallbackReached,
    CallbackUnreached,
    CallQueued,
)
from acd.floor import Floor
from acd.inputs import QueueCallback
from acd.options import CallbackOptions, QueueOptions
from callcenter.conduct.callbacks import failure_of
from callcenter.conduct.contact import Stage
from callcenter.conduct.house import Consent, LineRule
from callcenter.conduct.outbound import Outbound
from callcenter.revival.callbacks_past import RESTARTED_S, CallbacksPast
from foundation.errors import Conflict, NotAllowed, NotFound
from foundation.ids import CallbackId, CallId, OfferId, PartyId, QueueId
from recordings.events import RecordingDeclined
from telephony.calls import events as calls
from telephony.calls.number_rules import NumberRule, NumberRules, Purpose
from telephony.calls.numbers import ANONYMOUS
from tests.support.fake_house import EVA, ORDERS, TOM, House

B1, B2 = CallbackId("b-1"), CallbackId("b-2")
DAY_S = 86_400.0
NUMBER, PARTY = "+8613900000001", PartyId("p-+8613900000001")
RULES = NumberRules(
    rules=(
        NumberRule(name="premium", match="+8690*", is_denied=True),
        NumberRule(
            name="china",
            match="+86*",
            trunk="carrier",
            rewrite="0*",
            show="8000",
            allow=frozenset({Purpose.CALLBACK}),
        ),
    )
)


class Office(House):
    def __init__(self, *, blocked: Sequence[str] = (), line: LineRule | None = None) -> None:
        numbers = Outbound(RULES, self._refused)
        super().__init__(announce_agent=False, numbers=numbers, blocked=blocked, line=line)
        self.callbacks = self.journey.callbacks

    def _refused(self, event: object) -> None:
        self.events.append(event)  # type: ignore[arg-type]  # a fact of the house

    def placed(self) -> list[CallId]:
        return [CallId(call_id) for verb, call_id, _ in self.control.done if verb == "place_call"]

    def place(self) -> CallId:
        """The call that was placed last comes about."""
        call_id = self.placed()[-1]
        self.numbers[call_id] = NUMBER
        self.tell(calls.CallPlaced(call_id, PARTY, "", "carrier"))
        return call_id

    def ends(self, call_id: CallId, status: int, by: calls.EndedBy = calls.EndedBy.CALLER) -> None:
        self.tell(calls.CallNotReached(call_id, status))
        self.tell(calls.CallEnded(call_id, by, "not reached"))

    def of(self, kind: type) -> list[object]:
        return [event for event in self.events if isinstance(event, kind)]


def test_from_the_wish_to_the_talk() -> None:
    house = Office()
    house.callbacks.ask(B1, NUMBER, ORDERS)
    assert house.placed() == []
    house.phone(EVA)
    call_id = house.place()
    assert ("place_call", call_id, ("013900000001", NUMBER)) in house.control.done
    house.wait(10)
    house.tell(calls.CallAnswered(call_id))
    assert house.of(CallbackReached) == [CallbackReached(B1, ORDERS, call_id)]
    assert house.control.done[-2:] == [
        ("play", call_id, ["one_moment.wav"]),
        ("ring", "o-2", EVA),
    ]
    house.tell(calls.AgentPickedUp(call_id, EVA, OfferId("o-2")))
    assert house.control.verbs()[-2:] == ["record", "bridge"]
    house.tell(calls.CallEnded(call_id, calls.EndedBy.CALLER, "bye"))
    assert "TalkEnded" in house.kinds()
    house.wait(10_000)
    assert len(house.placed()) == 1, "never twice"


@pytest.mark.parametrize(
    ("status", "by", "why", "tries"),
    [
        (486, calls.EndedBy.CALLER, CallbackFailure.BUSY, 1),
        (480, calls.EndedBy.CALLER, CallbackFailure.NO_ANSWER, 1),
        (404, calls.EndedBy.CALLER, CallbackFailure.UNREACHABLE, 1),
        (503, calls.EndedBy.CALLER, CallbackFailure.FAULT, 0),
        (0, calls.EndedBy.FAULT, CallbackFailure.FAULT, 0),
    ],
)
def test_what_the_network_says_decides_whether_it_was_a_try(
    status: int, by: calls.EndedBy, why: CallbackFailure, tries: int
) -> None:
    house = Office()
    house.phone(EVA)
    house.callbacks.ask(B1, NUMBER, ORDERS)
    call_id = house.place()
    house.ends(call_id, status, by)
    assert house.of(CallbackUnreached) == [
        CallbackUnreached(B1, ORDERS, EVA, OfferId("o-1"), why, tries)
    ]
    assert house.floor.state_of(EVA) is AgentState.READY
    assert house.journey.find(call_id) is None
    house.wait(299)
    assert len(house.placed()) == 1
    house.wait(1)
    assert len(house.placed()) == 2


def test_given_up_by_us_is_no_answer() -> None:
    assert failure_of(0, calls.EndedBy.CENTRE) is CallbackFailure.NO_ANSWER


def test_who_rings_too_long_is_hung_up_on_before_the_next_try() -> None:
    house = Office()
    house.phone(EVA)
    house.callbacks.ask(B1, NUMBER, ORDERS)
    first = house.place()
    house.wait(40)
    assert house.control.done[-1] == ("hang_up", first, calls.EndedBy.CENTRE)
    house.ends(first, 0, calls.EndedBy.CENTRE)
    assert len(house.of(CallbackUnreached)) == 1, "its end is no second failure"
    house.wait(300)
    second = house.place()
    assert second != first
    house.wait(40)
    assert house.of(CallbackGivenUp) == [CallbackGivenUp(B1, ORDERS, CallbackFailure.NO_ANSWER)]
    assert house.control.done[-1] == ("hang_up", second, calls.EndedBy.CENTRE)


def test_cancelled_while_it_rings() -> None:
    house = Office()
    house.phone(EVA)
    house.callbacks.ask(B1, NUMBER, ORDERS)
    call_id = house.place()
    house.callbacks.cancel(B1)
    assert house.control.done[-1] == ("hang_up", call_id, calls.EndedBy.CENTRE)
    with pytest.raises(NotFound):
        house.callbacks.check_pending(B1)
    # The 200 crossed it: told before the hang-up took effect, it wakes nobody.
    house.tell(calls.CallAnswered(call_id))
    assert house.of(CallQueued) == []


@pytest.mark.parametrize(
    ("number", "rule"),
    [
        ("+869001234", "outbound: premium"),
        ("+4930123456", "outbound: no rule"),
        ("anonymous", "outbound: no number"),
    ],
)
def test_number_rules_are_asked_when_it_is_promised(number: str, rule: str) -> None:
    house = Office()
    with pytest.raises(NotAllowed, match=rule):
        house.callbacks.check(number, ORDERS)
    with pytest.raises(NotAllowed, match=rule):
        house.callbacks.ask(B1, number, ORDERS)
    assert house.of(CallbackQueued) == []
    with pytest.raises(NotFound, match="no queue"):
        house.callbacks.check(NUMBER, QueueId("none"))


def test_blocked_numbers_are_not_called_back() -> None:
    house = Office(blocked=[NUMBER])
    with pytest.raises(NotAllowed, match="blocked"):
        house.callbacks.ask(B1, NUMBER, ORDERS)


def test_who_was_erased_is_given_up() -> None:
    house = Office()
    house.callbacks.ask(B1, NUMBER, ORDERS)
    house.erased.add(PARTY)
    house.phone(EVA)
    assert house.of(CallbackGivenUp) == [
        CallbackGivenUp(B1, ORDERS, CallbackFailure.NOT_ALLOWED, "number erased")
    ]
    assert house.placed() == []
    assert house.floor.state_of(EVA) is AgentState.READY


def test_a_waiting_caller_hangs_up_and_keeps_the_place() -> None:
    house = Office()
    waiting = house.queue()
    contact = house.journey.find(waiting)
    assert contact is not None
    house.wait(50)
    house.callbacks.ask_by_caller(B1, contact, ORDERS)
    assert contact.stage is Stage.IVR
    house.tell(calls.CallEnded(waiting, calls.EndedBy.CALLER, "bye"))
    assert "CallAbandoned" not in house.kinds()
    [queued] = house.of(CallbackQueued)
    assert queued == CallbackQueued(B1, PARTY, ORDERS, waited_s=50.0, give_up_in_s=28_750.0)
    house.phone(EVA)
    assert len(house.placed()) == 1


def test_a_caller_in_a_menu_asks_with_his_urgency_and_another_number() -> None:
    house = Office()
    call_id = house.arrive()
    house.tell(calls.CallAnswered(call_id))
    contact = house.journey.find(call_id)
    assert contact is not None
    contact.priority, contact.tier = 2, "gold"
    house.callbacks.ask_by_caller(B1, contact, ORDERS, "+8613900000002")
    assert house.of(CallbackQueued) == [
        CallbackQueued(
            B1,
            PartyId("p-+8613900000002"),
            ORDERS,
            priority=2,
            tier="gold",
            give_up_in_s=28_800.0,
        )
    ]


def test_who_withholds_his_number_cannot_ask() -> None:
    house = Office()
    call_id = house.queue()
    house.numbers[call_id] = ANONYMOUS
    contact = house.journey.find(call_id)
    assert contact is not None
    with pytest.raises(NotAllowed, match="withholds"):
        house.callbacks.ask_by_caller(B1, contact, ORDERS)
    assert contact.stage is Stage.WAITING


def test_given_an_agent_rings_already_the_caller_stays() -> None:
    house = Office()
    house.phone(EVA)
    contact = house.journey.find(house.queue())
    assert contact is not None
    with pytest.raises(Conflict, match="does not wait"):
        house.callbacks.ask_by_caller(B1, contact, ORDERS)
    assert contact.queue == ORDERS


def test_not_more_calls_than_agents_and_each_has_his_own() -> None:
    house = Office()
    for number in range(5):
        house.callbacks.ask(CallbackId(f"b-{number}"), f"+861390000000{number}", ORDERS)
    house.phone(EVA)
    house.phone(TOM)
    assert len(house.placed()) == 2
    first, second = house.placed()
    house.tell(calls.CallPlaced(second, PARTY, "", "carrier"))
    house.tell(calls.CallAnswered(second))
    rings = [who for verb, _, who in house.control.done if verb == "ring"]
    assert rings == [TOM]
    assert first != second


# -- consent --------------------------------------------------------------------------------------


def reached(*, line: LineRule) -> tuple[Office, CallId]:
    """Who is called back has picked up, and so has the agent."""
    house = Office(line=line)
    house.callbacks.ask(B1, NUMBER, ORDERS)
    house.phone(EVA)
    call_id = house.place()
    house.tell(calls.CallAnswered(call_id))
    _, offer_id, _ = next(each for each in house.control.done if each[0] == "ring")
    house.tell(calls.AgentPickedUp(call_id, EVA, OfferId(offer_id)))
    return house, call_id


def asking(consent: Consent) -> LineRule:
    return LineRule(
        flow="main", languages=("en",), consent=consent, consent_prompt="hear", decline_key="9"
    )


def test_who_is_called_back_hears_that_he_may_be_recorded_and_may_decline() -> None:
    """He has dialled no line of ours: he is asked as on the one that asks most."""
    house, call_id = reached(line=asking(Consent.ASK))
    assert house.control.done[-1] == ("play", call_id, ["hear.wav", "silence:3000"])

    house.tell(calls.DigitPressed(call_id, calls.Side.CALLER, "9"))
    house.tell(calls.PromptEnded(call_id))

    assert house.of(RecordingDeclined) == [RecordingDeclined(call_id, "")]
    assert house.recorder.started == []
    assert house.control.verbs()[-1] == "bridge"


def test_who_is_called_back_and_says_nothing_is_recorded() -> None:
    house, call_id = reached(line=asking(Consent.ANNOUNCE))
    assert house.control.done[-1] == ("play", call_id, ["hear.wav"])
    house.tell(calls.DigitPressed(call_id, calls.Side.CALLER, "9"))
    house.tell(calls.PromptEnded(call_id))
    assert house.recorder.started == [(call_id, EVA, ORDERS)]


# -- a core that starts again ---------------------------------------------------------------------

AT = datetime(2026, 11, 28, 10, tzinfo=UTC)


def past(*told: tuple[float, object]) -> CallbacksPast:
    kept = CallbacksPast()
    for at_s, event in told:
        kept.take(event, AT + timedelta(seconds=at_s))
    return kept


QUEUED = CallbackQueued(B1, PARTY, ORDERS, 1, "gold", "english", waited_s=50.0)
DUE = CallbackDue(B1, PARTY, ORDERS, EVA, OfferId("o-1"))
UNREACHED = CallbackUnreached(B1, ORDERS, EVA, OfferId("o-1"), CallbackFailure.BUSY, 1)


def test_a_promise_is_kept_with_its_age() -> None:
    [again] = past((0, QUEUED)).again(AT + timedelta(seconds=100), lambda queue: 300.0)
    assert (again.callback_id, again.party_id, again.priority) == (B1, PARTY, 1)
    assert (again.waited_s, again.rest_s, again.tries) == (150.0, RESTARTED_S, 0)
    assert str(again.requires) == "english"
    assert again.is_promised


def test_a_promise_is_kept_for_as_long_as_it_was_made() -> None:
    queued = replace(QUEUED, give_up_in_s=500.0)
    [again] = past((0, queued)).again(AT + timedelta(seconds=100), lambda queue: 300.0)
    assert again.give_up_in_s == 400.0


def test_a_wished_time_stays() -> None:
    wished = CallbackQueued(B1, PARTY, ORDERS, waited_s=-3600.0, rest_s=3600.0)
    [again] = past((0, wished)).again(AT + timedelta(seconds=600), lambda queue: 300.0)
    assert (again.waited_s, again.rest_s) == (-3000.0, 3000.0)


def test_tries_and_rest_are_known_after_the_start() -> None:
    kept = past((0, QUEUED), (10, DUE), (50, UNREACHED))
    [again] = kept.again(AT + timedelta(seconds=150), lambda queue: 300.0)
    assert (again.tries, again.rest_s) == (1, 200.0)
    assert kept.find_try(OfferId("o-1")) is None


def test_who_may_have_been_rung_is_left_in_peace_and_the_try_is_known() -> None:
    kept = past((0, QUEUED), (10, DUE))
    [again] = kept.again(AT + timedelta(seconds=11), lambda queue: 300.0)
    assert (again.tries, again.rest_s) == (0, 300.0)
    tried = kept.find_try(OfferId("o-1"))
    assert tried is not None
    assert (tried.callback_id, tried.queue) == (B1, ORDERS)


@pytest.mark.parametrize(
    "end",
    [
        CallbackReached(B1, ORDERS, CallId("c-1")),
        CallbackGivenUp(B1, ORDERS, CallbackFailure.CANCELLED),
    ],
)
def test_what_is_over_is_not_promised_again(end: object) -> None:
    kept = past((0, QUEUED), (10, DUE), (20, end), (21, DUE), (22, UNREACHED))
    assert kept.again(AT, lambda queue: 300.0) == []


def test_the_journals_last_two_days_tell_of_a_promise_that_is_weeks_old() -> None:
    options = QueueOptions(callbacks=CallbackOptions())
    floor = Floor({ORDERS: options}, [], None, lambda: OfferId("o-1"))
    wish = QueueCallback(B1, PARTY, ORDERS, waited_s=-50 * DAY_S)
    records: list[tuple[float, object]] = [(0.0, event) for event in floor.feed(wish, 0.0)]
    while floor.deadline is not None and floor.deadline < 45 * DAY_S:
        now = floor.deadline
        records += [(now, event) for event in floor.tick(now)]

    late = [(at, event) for at, event in records if at >= 43 * DAY_S]
    [again] = past(*late).again(AT + timedelta(days=45), lambda queue: 300.0)

    assert (again.callback_id, again.waited_s, again.rest_s) == (B1, -5 * DAY_S, 5 * DAY_S)
