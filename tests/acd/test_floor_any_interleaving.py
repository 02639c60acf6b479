"""Any input in any state at any time: what must hold on the floor whatever happens.

The model knows the floor only by the events it tells, as the journal does.
"""

from collections import Counter

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from acd.events import (
    AcdEvent,
    AgentAnswered,
    AgentChanged,
    AgentOffered,
    AgentReserved,
    AgentState,
    CallAbandoned,
    CallLost,
    CallOverflowed,
    CallQueued,
    CallReleased,
    CallReserved,
    OfferFailed,
    OfferFailure,
    PositionTold,
    ReservationFailed,
    TalkEnded,
    TalkTaken,
)
from acd.floor import Floor
from acd.inputs import (
    Accept,
    AcdInput,
    AgentLeft,
    CallerLeft,
    Decline,
    Dismiss,
    Enqueue,
    FinishWrapUp,
    GiveBack,
    Lose,
    Pause,
    PhoneChanged,
    Ready,
    Reserve,
    SignIn,
    SignOut,
    TakeCaller,
    TakeTalk,
)
from acd.options import AgentOptions, QueueOptions, Strategy
from foundation.errors import Conflict, IllegalTransition
from foundation.ids import AgentId, CallId, OfferId, QueueId
from tests.support.floors import BEN, EVA, ORDERS, REPAIRS, ZOE, card, numbered_offers

ANYTHING = QueueId("anything")
ALL, TWO = QueueId("all"), QueueId("two")
# Times that divide each other, so that several deadlines fall on the same instant.
QUEUES = {
    ORDERS: QueueOptions(skills={"orders": 2}, announce_position_every_s=5.0, max_wait_s=20.0),
    REPAIRS: QueueOptions(
        skills={"repairs": 1}, wrap_up_s=0.0, max_wait_s=15.0, announce_position_every_s=15.0
    ),
    ANYTHING: QueueOptions(ring_s=5.0, wrap_up_s=5.0),
    ALL: QueueOptions(skills={"orders": 1}, strategy=Strategy.RING_ALL, max_wait_s=20.0),
    TWO: QueueOptions(ring_s=5.0, strategy=Strategy.RING_ALL, ring_all_most=2, max_wait_s=15.0),
}
CARDS = [card(EVA, orders=3, repairs=1), card(BEN, orders=2), card(ZOE, repairs=2, orders=1)]
OFFLINE = AgentState.OFF

agents = st.sampled_from([EVA, BEN, ZOE])
calls = st.sampled_from([CallId(f"c-{n}") for n in range(6)])
offers = st.integers(1, 12).map(lambda n: OfferId(f"o-{n}"))
invitations = st.integers(1, 4).map(lambda n: OfferId(f"g-{n}"))
queues = st.sampled_from(sorted(QUEUES))
moments = st.one_of(st.integers(0, 6).map(lambda n: n * 5.0), st.floats(0.0, 60.0))
failures = st.sampled_from([OfferFailure.DECLINED, OfferFailure.UNREACHABLE])
anything: st.SearchStrategy[AcdInput] = st.one_of(
    st.builds(SignIn, agents),
    st.builds(SignOut, agents),
    st.builds(Ready, agents),
    st.builds(Pause, agents, st.sampled_from(["meal", "training"])),
    st.builds(FinishWrapUp, agents),
    st.builds(PhoneChanged, agents, st.booleans(), st.booleans()),
    st.builds(Enqueue, calls, queues, st.integers(0, 2), st.booleans()),
    st.builds(CallerLeft, calls),
    st.builds(Accept, calls, agents, offers | invitations),
    st.builds(Decline, calls, agents, offers | invitations, failures),
    st.builds(AgentLeft, calls, agents),
    st.builds(Lose, calls),
    st.builds(Dismiss, agents, offers | invitations),
    st.builds(TakeTalk, calls, offers | invitations),
)


class Journal:
    """What one can know from the events; each event is checked against what came before."""

    def __init__(self) -> None:
        self.waiting: dict[CallId, QueueId] = {}
        self.ringing: dict[OfferId, AgentOffered] = {}
        self.talking: dict[CallId, AgentAnswered | TalkTaken] = {}
        self.guests: dict[CallId, AgentReserved] = {}
        "Of calls whose talk, when it has an agent, is somebody else's."
        self.joined: set[OfferId] = set()
        self.owed_wrap_up: AgentId | None = None
        self.states: dict[AgentId, AgentState] = {}
        self.offered: Counter[QueueId] = Counter()
        self.outcomes: Counter[QueueId] = Counter()
        self.offer_ids: set[OfferId] = set()
        self.tried: set[tuple[CallId, AgentId]] = set()
        self.claims: dict[CallId, AgentId] = {}
        "Who is for one agent alone; also while his phone rings."

    def take(self, event: AcdEvent) -> None:
        match event:
            case CallQueued(call_id, queue):
                assert not self.is_on_floor(call_id)
                self.waiting[call_id] = queue
                self.tried = {pair for pair in self.tried if pair[0] != call_id}
                self.offered[queue] += 1
            case PositionTold(call_id, queue, position):
                assert self.waiting[call_id] == queue
                assert 1 <= position <= list(self.waiting.values()).count(queue)
            case AgentChanged():
                self._take_change(event)
            case AgentReserved() | ReservationFailed() | TalkTaken():
                self._take_guests_part(event)
            case AgentOffered() | OfferFailed() | AgentAnswered() | TalkEnded():
                self._take_agents_part(event)
            case CallReserved(call_id, queue, agent_id):
                assert self.waiting[call_id] == queue
                assert agent_id not in self.claims.values()
                assert call_id not in self.claims
                self.claims[call_id] = agent_id
            case CallReleased(call_id, queue, agent_id):
                assert self.waiting[call_id] == queue
                assert self.claims.pop(call_id) == agent_id
            case CallAbandoned() | CallOverflowed() | CallLost():
                self.claims.pop(event.call_id, None)
                assert self.waiting.pop(event.call_id) == event.queue
                self.outcomes[event.queue] += 1

    def is_on_floor(self, call_id: CallId) -> bool:
        return call_id in {**self.waiting, **self.rung, **self.talking}

    @property
    def rung(self) -> dict[CallId, list[AgentOffered]]:
        """Whom phones ring for, several of them in queues that ring all."""
        found: dict[CallId, list[AgentOffered]] = {}
        for offer in self.ringing.values():
            found.setdefault(offer.call_id, []).append(offer)
        return found

    def _take_agents_part(
        self, event: AgentOffered | OfferFailed | AgentAnswered | TalkEnded
    ) -> None:
        call_id, agent_id = event.call_id, event.agent_id
        match event:
            case AgentOffered():
                assert agent_id not in self.calls_of_agents(), "never two calls for one agent"
                assert self.states[agent_id] is AgentState.READY
                assert event.offer_id not in self.offer_ids
                assert self.claims.get(call_id, agent_id) == agent_id, "he is another's"
                assert agent_id not in self.claims.values() or call_id in self.claims, "not first"
                rung = self.rung.get(call_id, [])
                assert len(rung) < QUEUES[event.queue].most_offers
                assert rung or self.waiting.pop(call_id) == event.queue
                self.offer_ids.add(event.offer_id)
                self.ringing[event.offer_id] = event
            case OfferFailed():
                offer = self.ringing.pop(event.offer_id)
                assert (offer.agent_id, offer.call_id) == (agent_id, call_id)
                self.tried.add((call_id, agent_id))
                self.claims.pop(call_id, None)
                if call_id not in self.rung:
                    self.waiting[call_id] = event.queue
            case AgentAnswered():
                self.claims.pop(call_id, None)
                (offer,) = self.rung[call_id]
                assert offer.agent_id == agent_id, "the others have failed before"
                del self.ringing[offer.offer_id]
                self.talking[call_id] = event
                self.outcomes[event.queue] += 1
            case TalkEnded():
                assert self.talking.pop(call_id).agent_id == agent_id
                self.owed_wrap_up = agent_id

    def _take_change(self, event: AgentChanged) -> None:
        agent_id, state = event.agent_id, event.state
        self.states[agent_id] = state
        if state is AgentState.WRAP_UP:
            assert self.owed_wrap_up == agent_id, "wrap-up is for who had the caller"
        self.owed_wrap_up = None
        reserved = next((g for g in self.guests.values() if g.agent_id == agent_id), None)
        if reserved is None:
            return
        if state is AgentState.TALKING:
            self.joined.add(reserved.offer_id)
        elif state is not AgentState.RINGING:
            assert reserved.offer_id in self.joined, "else the failure is told first"
            del self.guests[reserved.call_id]

    def _take_guests_part(self, event: AgentReserved | ReservationFailed | TalkTaken) -> None:
        call_id, agent_id = event.call_id, event.agent_id
        match event:
            case AgentReserved():
                assert agent_id not in self.calls_of_agents(), "never two calls for one agent"
                assert self.states[agent_id] is AgentState.READY
                assert call_id in self.talking
                assert call_id not in self.guests
                self.guests[call_id] = event
            case ReservationFailed():
                reserved = self.guests.pop(call_id)
                assert (reserved.agent_id, reserved.offer_id) == (agent_id, event.offer_id)
                assert event.offer_id not in self.joined
            case TalkTaken():
                assert not self.is_on_floor(call_id)
                assert self.guests[call_id].agent_id == agent_id
                assert self.guests.pop(call_id).offer_id in self.joined
                self.talking[call_id] = event

    def calls_of_agents(self) -> dict[AgentId, CallId]:
        ringing = {offer.agent_id: offer.call_id for offer in self.ringing.values()}
        talking = {talk.agent_id: call_id for call_id, talk in self.talking.items()}
        guests = {guest.agent_id: call_id for call_id, guest in self.guests.items()}
        bound = ringing | talking | guests
        assert len(bound) == len(self.ringing) + len(self.talking) + len(self.guests)
        return bound


class AnyInterleaving(RuleBasedStateMachine):
    now = 0.0

    @initialize(auto_ready=st.booleans())
    def open_the_floor(self, auto_ready: bool) -> None:
        self.floor = Floor(QUEUES, CARDS, AgentOptions(auto_ready=auto_ready), numbered_offers())
        self.auto_ready = auto_ready
        self.journal = Journal()
        self.invited = 0

    @rule(given=anything)
    def anything_happens(self, given: AcdInput) -> None:
        if self._is_refused(given):
            before = self.floor.agents()
            with pytest.raises((Conflict, IllegalTransition)):
                self.floor.feed(given, self.now)
            assert self.floor.agents() == before
        else:
            self._take(self.floor.feed(given, self.now))

    @rule(agent_id=agents)
    def an_agent_comes(self, agent_id: AgentId) -> None:
        self._take(self.floor.feed(PhoneChanged(agent_id, True, False), self.now))
        self._take(self.floor.feed(SignIn(agent_id), self.now))
        self._take(self.floor.feed(Ready(agent_id), self.now))

    @precondition(lambda self: self.journal.ringing)
    @rule(data=st.data(), picks_up=st.booleans())
    def a_ringing_phone_answers(self, data: st.DataObject, picks_up: bool) -> None:
        offer = self.journal.ringing[data.draw(st.sampled_from(sorted(self.journal.ringing)))]
        call_id = offer.call_id
        outcome: AcdInput = Decline(call_id, offer.agent_id, offer.offer_id, OfferFailure.DECLINED)
        if picks_up:
            outcome = Accept(call_id, offer.agent_id, offer.offer_id)
        assert self.floor.is_current(offer.offer_id)
        self._take(self.floor.feed(outcome, self.now))
        assert not self.floor.is_current(offer.offer_id)
        assert (call_id in self.journal.talking) is picks_up
        if picks_up:
            assert call_id not in self.journal.rung, "all other phones are told to stop"

    @precondition(lambda self: self.journal.talking)
    @rule(data=st.data())
    def an_agent_hangs_up(self, data: st.DataObject) -> None:
        call_id = data.draw(st.sampled_from(sorted(self.journal.talking)))
        agent_id = self.journal.talking[call_id].agent_id
        self._take(self.floor.feed(AgentLeft(call_id, agent_id), self.now))
        assert call_id not in self.journal.talking

    @rule(call_id=calls, picks_up=st.booleans())
    def a_talk_has_a_guest(self, call_id: CallId, picks_up: bool) -> None:
        """What else would seldom come about."""
        for agent_id in (EVA, BEN, ZOE):
            self.an_agent_comes(agent_id)
        if not self.journal.is_on_floor(call_id):
            self._take(self.floor.feed(Enqueue(call_id, ANYTHING), self.now))
        for offer in [*self.journal.ringing.values()]:
            accepted = Accept(offer.call_id, offer.agent_id, offer.offer_id)
            self._take(self.floor.feed(accepted, self.now))
        free = [a for a in (EVA, BEN, ZOE) if not self.floor.why_unavailable(a)]
        alone = sorted(self.journal.talking.keys() - self.journal.guests.keys())
        if free and alone:
            self.invited += 1
            talk, offer_id = alone[0], OfferId(f"g-{self.invited}")
            self._take(self.floor.feed(Reserve(talk, ANYTHING, free[0], offer_id), self.now))
            if picks_up:
                self._take(self.floor.feed(Accept(talk, free[0], offer_id), self.now))

    @precondition(lambda self: self.journal.waiting)
    @rule(data=st.data(), agent_id=agents, reserve_s=st.sampled_from([None, 5.0, 30.0]))
    def a_caller_is_taken(
        self, data: st.DataObject, agent_id: AgentId, reserve_s: float | None
    ) -> None:
        call_id = data.draw(st.sampled_from(sorted(self.journal.waiting)))
        given = TakeCaller(call_id, agent_id, reserve_s)
        state, why_not = self.floor.state_of(agent_id), self.floor.why_unavailable(agent_id)
        has_one = agent_id in self.journal.claims.values()
        is_on_leave = state in (AgentState.OFF, AgentState.PAUSED)
        has_no_phone = state is AgentState.READY and why_not.endswith("no registered phone")
        is_never_free = reserve_s is None or is_on_leave or has_no_phone
        if has_one or (why_not and is_never_free):
            before = self.floor.agents()
            with pytest.raises(Conflict):
                self.floor.feed(given, self.now)
            assert self.floor.agents() == before
            return
        self._take(self.floor.feed(given, self.now))
        assert self.journal.claims[call_id] == agent_id
        assert (call_id in self.journal.rung) is not bool(why_not), "who is free rings at once"

    @precondition(lambda self: self.journal.claims)
    @rule(data=st.data())
    def a_caller_is_given_back(self, data: st.DataObject) -> None:
        call_id = data.draw(st.sampled_from(sorted(self.journal.claims)))
        if call_id in self.journal.waiting:
            self._take(self.floor.feed(GiveBack(call_id), self.now))
        assert call_id in self.journal.rung or call_id not in self.journal.claims

    @rule(data=st.data(), call_id=calls, queue=queues, agent_id=agents)
    def an_agent_asks_another(
        self, data: st.DataObject, call_id: CallId, queue: QueueId, agent_id: AgentId
    ) -> None:
        if self.journal.talking:
            call_id = data.draw(st.sampled_from(sorted(self.journal.talking)))
        self.invited += 1
        given = Reserve(call_id, queue, agent_id, OfferId(f"g-{self.invited}"))
        if call_id not in self.journal.talking and not self.journal.is_on_floor(call_id):
            assert self.floor.feed(given, self.now) == [], "the talk is over"
            return
        is_free = not self.floor.why_unavailable(agent_id)
        if is_free and call_id in self.journal.talking and call_id not in self.journal.guests:
            self._take(self.floor.feed(given, self.now))
            assert self.floor.state_of(agent_id) is AgentState.RINGING
        else:
            before = self.floor.agents()
            with pytest.raises(Conflict):
                self.floor.feed(given, self.now)
            assert self.floor.agents() == before

    @precondition(lambda self: self.journal.guests)
    @rule(data=st.data(), what=st.sampled_from([Accept, Decline, Dismiss, TakeTalk]))
    def a_guest_goes_on(self, data: st.DataObject, what: type) -> None:
        call_id = data.draw(st.sampled_from(sorted(self.journal.guests)))
        guest = self.journal.guests[call_id]
        had_joined = guest.offer_id in self.journal.joined
        agent_id, offer_id = guest.agent_id, guest.offer_id
        given: dict[type, AcdInput] = {
            Accept: Accept(call_id, agent_id, offer_id),
            Decline: Decline(call_id, agent_id, offer_id, OfferFailure.DECLINED),
            Dismiss: Dismiss(agent_id, offer_id),
            TakeTalk: TakeTalk(call_id, offer_id),
        }
        self._take(self.floor.feed(given[what], self.now))
        has_gone = call_id not in self.journal.guests
        match what:
            case t if t is Accept:
                assert offer_id in self.journal.joined
            case t if t is Decline:
                assert has_gone is not had_joined
            case t if t is Dismiss:
                assert has_gone
            case _:
                assert has_gone is had_joined
                if had_joined:
                    assert self.journal.talking[call_id].agent_id == agent_id

    @rule(seconds=moments)
    def time_passes_and_the_timer_is_late(self, seconds: float) -> None:
        self.now += seconds
        self._tick()

    @rule()
    def time_passes_to_the_deadline(self) -> None:
        self.now = max(self.now, self.floor.deadline or self.now)
        self._tick()

    @rule(seconds=moments)
    def time_passes_and_the_timer_has_not_fired_yet(self, seconds: float) -> None:
        self.now += seconds

    @invariant()
    def a_caller_is_in_exactly_one_place(self) -> None:
        shown = {c.call_id: c for queue in QUEUES for c in self.floor.waiting(queue)}
        in_line = {call_id for call_id, caller in shown.items() if not caller.agents}
        assert in_line == set(self.journal.waiting)
        rung = {call_id: caller.agents for call_id, caller in shown.items() if caller.agents}
        assert rung == {
            call_id: tuple(offer.agent_id for offer in offers)
            for call_id, offers in self.journal.rung.items()
        }
        for call_id in self.journal.talking:
            assert self.floor.position(call_id) is None

    @invariant()
    def an_agent_has_one_call_at_most_and_it_is_the_one_told(self) -> None:
        bound = self.journal.calls_of_agents()
        for view in self.floor.agents():
            assert view.state is self.journal.states.get(view.agent_id, OFFLINE)
            has_call = view.state in (AgentState.RINGING, AgentState.TALKING)
            assert bound.get(view.agent_id) == (view.call_id if has_call else None)

    @invariant()
    def nobody_waits_while_a_suitable_agent_is_free(self) -> None:
        for view in self.floor.agents():
            if view.state is AgentState.READY and view.registered and not view.busy:
                skilled = self.floor.card_of(view.agent_id)
                free = [c for c in self.journal.waiting if c not in self.journal.claims]
                for queue in [self.journal.waiting[call_id] for call_id in free]:
                    assert not QUEUES[queue].requirement.suits(skilled.skills)

    @invariant()
    def nobody_is_idle_beside_a_caller_whose_queue_rings_all(self) -> None:
        for caller in [each for queue in QUEUES for each in self.floor.waiting(queue)]:
            options, rung = QUEUES[caller.queue], len(caller.agents)
            has_time = self.now < caller.entered_at + options.max_wait_s
            is_free = caller.call_id not in self.journal.claims
            if 0 < rung < options.most_offers and has_time and is_free:
                for view in self.floor.agents():
                    skills = self.floor.card_of(view.agent_id).skills
                    is_new = (caller.call_id, view.agent_id) not in self.journal.tried
                    suits = options.requirement.suits(skills) and is_new
                    assert not (suits and not self.floor.why_unavailable(view.agent_id))

    @invariant()
    def the_counters_add_up(self) -> None:
        offer_queues = [offers[0].queue for offers in self.journal.rung.values()]
        open_visits = Counter([*self.journal.waiting.values(), *offer_queues])
        for queue in QUEUES:
            visits = self.journal.outcomes[queue] + open_visits[queue]
            assert self.journal.offered[queue] == visits

    @invariant()
    def positions_are_the_order_of_service(self) -> None:
        for queue in QUEUES:
            line = [c for c in self.floor.waiting(queue) if not c.agents]
            numbers = [self.floor.position(c.call_id) for c in line]
            assert numbers == list(range(1, len(line) + 1))
            assert line == sorted(line, key=lambda caller: caller.served_from)

    @invariant()
    def claims_are_those_that_were_told(self) -> None:
        shown = {
            caller.call_id: caller.claimed_by
            for queue in QUEUES
            for caller in self.floor.waiting(queue)
            if caller.claimed_by is not None
        }
        assert shown == self.journal.claims
        assert not any(
            self.floor.state_of(agent) in (AgentState.OFF, AgentState.PAUSED)
            for agent in self.journal.claims.values()
        ), "nobody waits for who has gone"

    def _is_refused(self, given: AcdInput) -> bool:
        match given:
            case Ready(agent_id) | Pause(agent_id):
                return self.floor.state_of(agent_id) is OFFLINE
            case Enqueue(call_id):
                return self.journal.is_on_floor(call_id)
            case _:
                return False

    def _tick(self) -> None:
        self._take(self.floor.tick(self.now))
        assert self.floor.deadline is None or self.floor.deadline > self.now

    def _take(self, events: list[AcdEvent]) -> None:
        for event in events:
            self.journal.take(event)


TestAnyInterleaving = AnyInterleaving.TestCase
TestAnyInterleaving.settings = settings(
    max_examples=60,
    stateful_step_count=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
