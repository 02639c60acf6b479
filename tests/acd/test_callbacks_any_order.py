"""Whatever happens in whatever order: what must hold of callbacks among callers."""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from acd.events import (
    AcdEvent,
    AgentAnswered,
    AgentOffered,
    AgentState,
    CallAbandoned,
    CallbackDue,
    CallbackFailure,
    CallbackGivenUp,
    CallbackQueued,
    CallbackReached,
    CallbackUnreached,
    CallLeftForCallback,
    CallOverflowed,
    CallQueued,
    OfferFailed,
    OfferFailure,
    TalkEnded,
)
from acd.floor import Floor
from acd.inputs import (
    Accept,
    AcdInput,
    AgentLeft,
    CallerLeft,
    CancelCallback,
    Decline,
    Enqueue,
    LeaveForCallback,
    MoveCallback,
    PartyReached,
    PartyUnreached,
    Pause,
    PhoneChanged,
    QueueCallback,
    Ready,
    SignIn,
    SignOut,
)
from acd.options import CallbackOptions, QueueOptions, Strategy
from foundation.errors import Conflict, IllegalTransition, NotFound
from foundation.ids import AgentId, CallbackId, CallId, OfferId, PartyId, QueueId
from tests.support.floors import BEN, EVA, ORDERS, card, numbered_offers

OPTIONS = CallbackOptions(
    tries=2, retry_after_s=10.0, ring_s=5.0, give_up_after_s=60.0, max_pending=4
)
QUEUES = {
    ORDERS: QueueOptions(ring_s=5.0, wrap_up_s=0.0, max_wait_s=30.0, callbacks=OPTIONS),
    QueueId("all"): QueueOptions(strategy=Strategy.RING_ALL, ring_s=5.0, callbacks=OPTIONS),
    QueueId("rare"): QueueOptions(skills={"rare": 1}, wrap_up_s=5.0, callbacks=OPTIONS),
}
agents = st.sampled_from([EVA, BEN])
calls = st.integers(0, 5).map(lambda n: CallId(f"c-{n}"))
promises = st.integers(0, 7).map(lambda n: CallbackId(f"b-{n}"))
parties = st.integers(0, 3).map(lambda n: PartyId(f"p-{n}"))
queues = st.sampled_from(sorted(QUEUES))
offers = st.integers(1, 20).map(lambda n: OfferId(f"o-{n}"))
whys = st.sampled_from([CallbackFailure.BUSY, CallbackFailure.NOT_ALLOWED, CallbackFailure.FAULT])
anything: st.SearchStrategy[AcdInput] = st.one_of(
    st.builds(SignIn, agents),
    st.builds(SignOut, agents),
    st.builds(Ready, agents),
    st.builds(Pause, agents, st.just("meal")),
    st.builds(PhoneChanged, agents, st.booleans(), st.booleans()),
    st.builds(Enqueue, calls, queues),
    st.builds(CallerLeft, calls),
    st.builds(Accept, calls, agents, offers),
    st.builds(Decline, calls, agents, offers, st.just(OfferFailure.DECLINED)),
    st.builds(AgentLeft, calls, agents),
    st.builds(LeaveForCallback, calls, promises, parties),
    st.builds(
        QueueCallback,
        promises,
        parties,
        queues,
        waited_s=st.sampled_from([0.0, 5.0, -5.0]),
        rest_s=st.sampled_from([0.0, 5.0]),
    ),
    st.builds(PartyUnreached, promises, offers, whys),
    st.builds(CancelCallback, promises),
    st.builds(MoveCallback, promises, queues),
    st.builds(PartyReached, promises, calls),
)


class Told:
    """What the events say, each checked against those before it."""

    def __init__(self) -> None:
        self.open: dict[CallbackId, CallbackQueued] = {}
        self.due: dict[CallbackId, CallbackDue] = {}
        self.tries: dict[CallbackId, int] = {}
        self.ringing: set[tuple[CallId, AgentId]] = set()
        self.talking: dict[CallId, AgentId] = {}
        self.visits = 0
        self.outcomes = 0

    def take(self, event: AcdEvent) -> None:
        match event:
            case CallbackQueued(callback_id, party_id, queue):
                moved = self.open.pop(callback_id, None)
                assert moved is None or (moved.party_id, callback_id in self.due) == (
                    party_id,
                    False,
                )
                assert moved is None or moved.queue != queue
                pairs = {(each.party_id, each.queue) for each in self.open.values()}
                assert (party_id, queue) not in pairs, "one promise to a party in a queue"
                self.open[callback_id] = event
                self.tries[callback_id] = event.tries if moved else 0
            case CallbackDue(callback_id, agent_id=agent_id):
                assert callback_id in self.open
                assert callback_id not in self.due, "never two calls to one party"
                assert agent_id not in self.bound(), "never two calls for one agent"
                assert self.tries[callback_id] < OPTIONS.tries
                self.due[callback_id] = event
            case CallbackUnreached(callback_id, offer_id=offer_id, tries=tries):
                assert self.due.pop(callback_id).offer_id == offer_id
                assert tries in (self.tries[callback_id], self.tries[callback_id] + 1)
                self.tries[callback_id] = tries
            case CallbackReached(callback_id) | CallbackGivenUp(callback_id):
                del self.open[callback_id]
                self.due.pop(callback_id, None)
            case _:
                self._take_of_call(event)

    def _take_of_call(self, event: AcdEvent) -> None:
        match event:
            case CallQueued():
                self.visits += 1
            case AgentOffered(call_id, agent_id=agent_id):
                assert agent_id not in self.bound(), "never two calls for one agent"
                self.ringing.add((call_id, agent_id))
            case OfferFailed(call_id, agent_id=agent_id):
                self.ringing.remove((call_id, agent_id))
            case AgentAnswered(call_id, agent_id=agent_id):
                self.ringing.remove((call_id, agent_id))
                self.talking[call_id] = agent_id
                self.outcomes += 1
            case TalkEnded(call_id):
                del self.talking[call_id]
            case CallAbandoned() | CallOverflowed() | CallLeftForCallback():
                self.outcomes += 1
            case _:
                pass

    def bound(self) -> list[AgentId]:
        due = [each.agent_id for each in self.due.values()]
        return [*due, *(agent_id for _, agent_id in self.ringing), *self.talking.values()]


class AnyOrder(RuleBasedStateMachine):
    now = 0.0

    @initialize()
    def open_the_floor(self) -> None:
        self.floor = Floor(QUEUES, [card(EVA, rare=1), card(BEN)], None, numbered_offers())
        self.told = Told()
        self.calls = 0

    @rule(given=anything)
    def anything_happens(self, given: AcdInput) -> None:
        before = self.floor.agents()
        try:
            events = self.floor.feed(given, self.now)
        except (Conflict, NotFound, IllegalTransition):
            assert self.floor.agents() == before, "what is refused changes nothing"
            return
        self._take(events)

    @rule(agent_id=agents)
    def an_agent_comes(self, agent_id: AgentId) -> None:
        self._take(self.floor.feed(PhoneChanged(agent_id, True, False), self.now))
        self._take(self.floor.feed(SignIn(agent_id), self.now))
        self._take(self.floor.feed(Ready(agent_id), self.now))

    @rule(data=st.data(), picks_up=st.booleans())
    def who_is_dialled_answers(self, data: st.DataObject, picks_up: bool) -> None:
        if not self.told.due:
            return
        callback_id = data.draw(st.sampled_from(sorted(self.told.due)))
        due = self.told.due[callback_id]
        if not picks_up:
            given = PartyUnreached(callback_id, due.offer_id, CallbackFailure.NO_ANSWER)
            self._take(self.floor.feed(given, self.now))
            assert self.floor.state_of(due.agent_id) is not AgentState.PAUSED
            assert callback_id not in self.told.due or self.told.due[callback_id] != due
            return
        reserved = self.floor.agent(due.agent_id)
        self.calls += 1
        call_id = CallId(f"c-back-{self.calls}")
        self._take(self.floor.feed(PartyReached(callback_id, call_id), self.now))
        assert callback_id not in self.told.open, "never dialled again"
        if not reserved.busy:
            assert (call_id, due.agent_id) in self.told.ringing

    @rule(callback_id=promises)
    def who_is_not_dialled_any_more_answers(self, callback_id: CallbackId) -> None:
        if callback_id in self.told.due:
            return
        self.calls += 1
        was_open = callback_id in self.told.open
        events = self.floor.feed(
            PartyReached(callback_id, CallId(f"c-{self.calls}-late")), self.now
        )
        assert bool(events) is was_open
        self._take(events)

    @rule(seconds=st.sampled_from([0.0, 1.0, 5.0, 10.0, 30.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self._take(self.floor.tick(self.now))
        assert self.floor.deadline is None or self.floor.deadline > self.now

    @invariant()
    def agents_are_bound_to_what_was_told(self) -> None:
        bound = self.told.bound()
        assert len(bound) == len(set(bound))
        for view in self.floor.agents():
            has_call = view.state in (AgentState.RINGING, AgentState.TALKING)
            assert has_call is (view.agent_id in bound)

    @invariant()
    def not_more_are_dialled_than_agents_are_there(self) -> None:
        ringing = [a for a in self.floor.agents() if a.state is AgentState.RINGING]
        assert len(self.told.due) <= len(ringing)

    @invariant()
    def promises_are_few_and_have_an_end(self) -> None:
        for queue in QUEUES:
            assert sum(each.queue == queue for each in self.told.open.values()) <= 4
        if self.told.open:
            assert self.floor.deadline is not None

    @invariant()
    def the_counters_add_up(self) -> None:
        shown = sum(len(self.floor.waiting(queue)) for queue in QUEUES)
        assert self.told.visits == self.told.outcomes + shown

    def _take(self, events: list[AcdEvent]) -> None:
        for event in events:
            self.told.take(event)


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(
    max_examples=60,
    stateful_step_count=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
