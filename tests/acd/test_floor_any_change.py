"""The floor under any interleaving of callers with wishes, moves, and changes of the house itself.

The machine of `test_floor_any_interleaving` holds what happens to calls; this one what may be
changed while they are there.
"""

from contextlib import suppress

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from acd.events import (
    AcdEvent,
    AgentAnswered,
    AgentOffered,
    AgentState,
    CallAbandoned,
    CallOverflowed,
    CallQueued,
    OfferFailed,
    Priority,
)
from acd.floor import Floor
from acd.inputs import (
    Accept,
    AcdInput,
    AgentLeft,
    CallerLeft,
    ChangeAgent,
    ChangeQueue,
    Enqueue,
    FinishWrapUp,
    Move,
    Pause,
    PhoneChanged,
    Promote,
    Ready,
    RemoveAgent,
    SignIn,
    SignOut,
)
from acd.options import (
    AgentCard,
    AgentOptions,
    QueueOptions,
    Relaxation,
    Selection,
    Strategy,
    Surge,
)
from acd.requirement import EVERYBODY, own_skill, parse_requirement
from foundation.errors import Conflict, IllegalTransition, NotFound
from foundation.ids import AgentId, CallId, OfferId, QueueId
from tests.support.floors import BEN, EVA, ORDERS, REPAIRS, ZOE, numbered_offers

agents = st.sampled_from([EVA, BEN, ZOE])
calls = st.sampled_from([CallId(f"c-{n}") for n in range(7)])
queues = st.sampled_from([ORDERS, REPAIRS])
needs = st.sampled_from(
    [EVERYBODY, *map(parse_requirement, ("a>=5", "a or b>=3", "not b", "b and not a>=8"))]
)
skills = st.dictionaries(st.sampled_from(["a", "b"]), st.integers(1, 10))
cards = st.builds(
    lambda agent_id, levels, backup: AgentCard(
        agent_id=agent_id, name=str(agent_id), skills=levels, backup=backup
    ),
    agents,
    skills,
    st.booleans(),
)
options = st.builds(
    lambda requires, later, strategy, surge, most, sticky_s: QueueOptions(
        requires=requires,
        relax=(Relaxation(10.0, later),),
        strategy=strategy,
        surge=Surge(join_waiting=3, leave_waiting=1) if surge else None,
        max_waiting=most,
        sticky_s=sticky_s,
        wrap_up_s=5.0,
        ring_s=10.0,
        max_wait_s=60.0,
        announce_position_every_s=15.0,
    ),
    needs,
    needs,
    st.sampled_from(list(Strategy)),
    st.booleans(),
    st.sampled_from([None, 2]),
    st.sampled_from([0.0, 15.0]),
)
anything: st.SearchStrategy[AcdInput] = st.one_of(
    st.builds(
        lambda call_id, queue, priority, requires, prefer, tier: Enqueue(
            call_id, queue, priority, requires=requires, prefer=prefer, tier=tier
        ),
        calls,
        queues,
        st.sampled_from(list(Priority)),
        needs,
        st.none() | agents,
        st.sampled_from(["", "gold"]),
    ),
    st.builds(Promote, calls, st.sampled_from(list(Priority))),
    st.builds(Move, calls, queues),
    st.builds(CallerLeft, calls),
    st.builds(AgentLeft, calls, agents),
    st.builds(SignIn, agents),
    st.builds(SignOut, agents),
    st.builds(Ready, agents),
    st.builds(FinishWrapUp, agents),
    st.builds(Pause, agents, st.just("meal")),
    st.builds(PhoneChanged, agents, st.booleans(), st.booleans()),
    st.builds(ChangeAgent, cards),
    st.builds(RemoveAgent, agents),
    st.builds(ChangeQueue, queues, options),
)


class AnyChange(RuleBasedStateMachine):
    now = 0.0

    @initialize(
        first=options,
        second=options,
        selection=st.sampled_from(list(Selection)),
        seed=st.floats(0, 0.99),
    )
    def open_the_floor(
        self, first: QueueOptions, second: QueueOptions, selection: Selection, seed: float
    ) -> None:
        self.floor = Floor(
            {ORDERS: first, REPAIRS: second},
            [AgentCard(agent_id=each, name="", skills={"a": 4}) for each in (EVA, BEN, ZOE)],
            AgentOptions(selection=selection),
            numbered_offers(),
            lambda: seed,
        )
        self.ringing: dict[OfferId, AgentOffered] = {}
        self.open_visits: dict[CallId, QueueId] = {}

    @rule(given=anything)
    def anything_happens(self, given: AcdInput) -> None:
        # Of what is refused the invariants say that nothing has changed for the worse.
        with suppress(Conflict, IllegalTransition, NotFound):
            self._take(self.floor.feed(given, self.now))

    @rule(data=st.data(), agent_id=agents)
    def an_agent_comes(self, data: st.DataObject, agent_id: AgentId) -> None:
        try:
            self.floor.state_of(agent_id)
        except NotFound:
            self._take(self.floor.feed(ChangeAgent(data.draw(cards)), self.now))
            return
        for given in (PhoneChanged(agent_id, True, False), SignIn(agent_id), Ready(agent_id)):
            self._take(self.floor.feed(given, self.now))

    @rule(data=st.data())
    def a_phone_is_picked_up(self, data: st.DataObject) -> None:
        if self.ringing:
            offer = self.ringing[data.draw(st.sampled_from(sorted(self.ringing)))]
            given = Accept(offer.call_id, offer.agent_id, offer.offer_id)
            self._take(self.floor.feed(given, self.now))

    @rule(seconds=st.sampled_from([1.0, 5.0, 10.0, 61.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self._take(self.floor.tick(self.now))

    def _take(self, events: list[AcdEvent]) -> None:
        for event in events:
            match event:
                case CallQueued(call_id, queue):
                    assert call_id not in self.open_visits
                    self.open_visits[call_id] = queue
                case AgentOffered():
                    self.ringing[event.offer_id] = event
                case OfferFailed(offer_id=offer_id):
                    del self.ringing[offer_id]
                case AgentAnswered(call_id, queue, agent_id):
                    assert self.open_visits.pop(call_id) == queue
                    (offer,) = [r for r in self.ringing.values() if r.call_id == call_id]
                    assert offer.agent_id == agent_id
                    del self.ringing[offer.offer_id]
                case CallAbandoned(call_id, queue) | CallOverflowed(call_id, queue):
                    assert self.open_visits.pop(call_id) == queue
                case _:
                    pass

    @invariant()
    def everybody_who_is_on_the_floor_is_in_exactly_one_place(self) -> None:
        seen = [c.call_id for queue in (ORDERS, REPAIRS) for c in self.floor.waiting(queue)]
        assert sorted(seen) == sorted(self.open_visits)

    @invariant()
    def nobody_waits_while_a_suitable_agent_is_free(self) -> None:
        free = [
            self.floor.card_of(view.agent_id)
            for view in self.floor.agents()
            if not self.floor.why_unavailable(view.agent_id)
        ]
        for queue in (ORDERS, REPAIRS):
            for caller in self.floor.waiting(queue):
                if caller.agents:
                    continue
                for card in free:
                    skills = {**card.skills, own_skill(card.agent_id): 1}
                    is_called_in = not card.backup or self.floor.is_surging(queue)
                    assert not (is_called_in and caller.needs.suits(skills))

    @invariant()
    def who_waits_is_told_a_place_and_the_places_are_in_order(self) -> None:
        for queue in (ORDERS, REPAIRS):
            waiting = [c for c in self.floor.waiting(queue) if not c.agents]
            places = [self.floor.position(c.call_id) for c in waiting]
            assert places == list(range(1, len(waiting) + 1))

    @invariant()
    def nothing_is_overdue(self) -> None:
        assert self.floor.deadline is None or self.floor.deadline > self.now

    @invariant()
    def an_agent_has_one_call_at_most(self) -> None:
        rung = [offer.agent_id for offer in self.ringing.values()]
        assert len(set(rung)) == len(rung)
        for view in self.floor.agents():
            assert (view.state is AgentState.RINGING) == (view.agent_id in rung)


TestAnyChange = AnyChange.TestCase
TestAnyChange.settings = settings(
    max_examples=120,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
