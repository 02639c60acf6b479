"""Whom the queues match, after any sequence of changes, against the definition that searches.

`acd.matching` keeps what it found: who suits whom, whose caller is first, who is free, how many
work. The definition here keeps nothing but the callers, the agents and their cards.
"""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from acd.agent import Agent, Assignment, Step
from acd.caller import Caller, Wish
from acd.events import AgentState
from acd.inputs import Enqueue
from acd.matching import Matching, works
from acd.options import AgentCard, QueueOptions, Selection, ServiceLevel, Strategy
from acd.requirement import EVERYBODY, Requirement, both, only, own_skill, parse_requirement
from acd.routing import level_of
from foundation.ids import AgentId, CallId, OfferId, QueueId

QUEUES = [QueueId(f"q{n}") for n in range(3)]
AGENTS = [AgentId(f"a{n}") for n in range(5)]
NEEDS = [
    EVERYBODY,
    *map(parse_requirement, ("a", "a>=5", "a or b>=3", "not b", "b and not a>=8")),
    only(AGENTS[0]),
]
levels = st.dictionaries(st.sampled_from("ab"), st.integers(1, 10))
cards = st.builds(
    lambda agent_id, skills, backup: AgentCard(
        agent_id=agent_id, name="", skills=skills, backup=backup
    ),
    st.sampled_from(AGENTS),
    levels,
    st.booleans(),
)
options = st.builds(
    lambda requires, strategy, within_s: QueueOptions(
        requires=requires, strategy=strategy, service_level=ServiceLevel(within_s=within_s)
    ),
    st.sampled_from(NEEDS),
    st.sampled_from([Strategy.LONGEST_IDLE, Strategy.MOST_IDLE]),
    st.sampled_from([5.0, 20.0]),
)
Pair = tuple[Caller, Agent]


class AnyChange(RuleBasedStateMachine):
    """`news`: the agents who became free by the present change."""

    @initialize(
        first=st.lists(options, min_size=len(QUEUES), max_size=len(QUEUES)),
        selection=st.sampled_from(list(Selection)),
    )
    def open_the_queues(self, first: list[QueueOptions], selection: Selection) -> None:
        self.options = dict(zip(QUEUES, first, strict=True))
        self.agents = {
            each: Agent(AgentCard(agent_id=each, name="", skills={"a": 4})) for each in AGENTS
        }
        self.surging: set[QueueId] = set()
        self.callers: list[Caller] = []
        self.selection = selection
        self.matching = Matching(self.options, self.agents.values(), selection, lambda: 0.5)
        self.now, self.number = 0.0, 0

    @rule(seconds=st.sampled_from([1.0, 4.0, 9.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(
        queue=st.sampled_from(QUEUES),
        need=st.sampled_from(NEEDS),
        head_starts_s=st.lists(st.sampled_from([0.0, 10.0]), min_size=1, max_size=4),
    )
    def callers_come(self, queue: QueueId, need: Requirement, head_starts_s: list[float]) -> None:
        wishes = (Wish(both(self.options[queue].requirement, need), 0.0),)
        for head_start_s in head_starts_s:
            self.number += 1
            given = Enqueue(CallId(f"c-{self.number}"), queue, requires=need)
            caller = Caller(given, self.number, self.now, self.now + 600, head_start_s, wishes)
            self.callers.append(caller)
            self.matching.join(caller, self.now)
            self._serve([])

    @rule(data=st.data())
    def a_caller_goes(self, data: st.DataObject) -> None:
        if self.callers:
            caller = data.draw(st.sampled_from(self.callers))
            self.callers.remove(caller)
            self.matching.leave(caller)
            self._serve([])

    @rule(agent_id=st.sampled_from(AGENTS))
    def an_agent_is_free(self, agent_id: AgentId) -> None:
        agent = self.agents[agent_id]
        agent.registered = True
        match agent.state:
            case AgentState.RINGING:
                agent.pick_up(self.now)
                self.matching.follow(agent, self.now)
                agent.end_talk(self.now, 0.0)
            case AgentState.OFF:
                agent.choose(Step.SIGN_IN, self.now)
                agent.choose(Step.MAKE_READY, self.now)
            case _:
                agent.choose(Step.MAKE_READY, self.now)
        self._follow(agent)

    @rule(agent_id=st.sampled_from(AGENTS), step=st.sampled_from([Step.PAUSE, Step.SIGN_OUT]))
    def an_agent_goes(self, agent_id: AgentId, step: Step) -> None:
        agent = self.agents[agent_id]
        if agent.state is not AgentState.OFF:
            agent.choose(step, self.now)
            self._follow(agent)

    @rule(agent_id=st.sampled_from(AGENTS), busy=st.booleans(), registered=st.booleans())
    def a_phone_changes(self, agent_id: AgentId, busy: bool, registered: bool) -> None:
        agent = self.agents[agent_id]
        agent.busy, agent.registered = busy, registered
        self._follow(agent)

    @rule(card=cards)
    def an_agent_has_other_skills(self, card: AgentCard) -> None:
        agent = self.agents[card.agent_id]
        self.matching.change_card(agent, card)
        self._serve([agent] if agent.is_available else [])

    @rule(agent_id=st.sampled_from(AGENTS))
    def an_agent_is_removed_and_comes_again(self, agent_id: AgentId) -> None:
        if self.agents[agent_id].state is AgentState.OFF:
            self.matching.remove_agent(self.agents[agent_id])
            self.agents[agent_id] = Agent(self.agents[agent_id].card)
            self.matching.add_agent(self.agents[agent_id])

    @rule(queue=st.sampled_from(QUEUES), changed=options)
    def a_queue_is_served_otherwise(self, queue: QueueId, changed: QueueOptions) -> None:
        waiting = [caller for caller in self.callers if caller.queue == queue]
        for caller in waiting:
            self.matching.leave(caller)
        self.options[queue] = changed
        self.matching.set_queue(queue, changed, self.now)
        for caller in waiting:
            wishes = (Wish(both(changed.requirement, caller.given.requires), 0.0),)
            caller.change_wishes(wishes, self.now)
            self.matching.join(caller, self.now)
        self._serve([])

    @rule(queue=st.sampled_from(QUEUES))
    def backup_agents_come_or_go(self, queue: QueueId) -> None:
        self.surging ^= {queue}
        self.matching.set_surge(queue, is_on=queue in self.surging)
        asked = [agent for agent in self.agents.values() if agent.card.backup]
        self._serve([agent for agent in asked if agent.is_available])

    # -- the definition --------------------------------------------------------------------------

    def _suits(self, caller: Caller, card: AgentCard) -> bool:
        skills = {**card.skills, own_skill(card.agent_id): 1}
        is_asked = not card.backup or caller.queue in self.surging
        return is_asked and caller.requirement.suits(skills)

    def _pairs(self) -> list[Pair]:
        free = [agent for agent in self.agents.values() if agent.is_available]
        return [(c, a) for c in self.callers for a in free if self._suits(c, a.card)]

    def _expected(self, news: list[Agent]) -> Pair | None:
        """The pair that comes first of all, by the selection and then by the strategy."""
        pairs = self._pairs()
        if not pairs:
            return None
        served = min((caller for caller, _ in pairs), key=lambda each: self._urgency(each, news))
        asked = [agent for caller, agent in pairs if caller is served]
        return served, min(asked, key=lambda each: self._rank(served, each))

    def _urgency(self, caller: Caller, news: list[Agent]) -> tuple[object, ...]:
        """Those who need the same in a queue are served in their order, so it is their first one
        whom the selection compares."""
        alike = [
            each
            for each in self.callers
            if each.queue == caller.queue and each.requirement == caller.requirement
        ]
        first = min(each.place for each in alike)
        is_first = caller.place == first
        match self.selection:
            case Selection.SKILL_LEVEL if len(news) == 1:
                level = level_of(news[0].card, caller.requirement)
                return (not is_first, -level, caller.place)
            case Selection.SERVICE_OBJECTIVE:
                due_at = caller.entered_at + self.options[caller.queue].service_level.within_s
                return (not is_first, due_at, caller.place)
            case _:
                return (not is_first, caller.place)

    def _rank(self, caller: Caller, agent: Agent) -> tuple[float, float, str]:
        is_by_level = self.options[caller.queue].strategy is Strategy.LONGEST_IDLE
        level = level_of(agent.card, caller.requirement) if is_by_level else 0
        return (-level, agent.idle_since, agent.agent_id)

    # -- what the matching does ------------------------------------------------------------------

    def _follow(self, agent: Agent) -> None:
        """As after each input; a free agent is news only when he was not free before."""
        before = self._free_before
        self.matching.follow(agent, self.now)
        self._serve([agent] if agent.is_available and agent.agent_id not in before else [])

    _free_before: frozenset[AgentId] = frozenset()

    def _serve(self, news: list[Agent]) -> None:
        while True:
            expected = self._expected(news)
            lineup = self.matching.next_served(self.now)
            if lineup is None:
                assert expected is None
                break
            served = lineup.head, self.matching.choose_agent(lineup, self.now)
            assert served == expected
            self._bind(*served)
            news = []
        free = (each.agent_id for each in self.agents.values() if each.is_available)
        self._free_before = frozenset(free)

    def _bind(self, caller: Caller, agent: Agent) -> None:
        self.callers.remove(caller)
        self.matching.leave(caller)
        assignment = Assignment(caller.call_id, caller.queue, OfferId("o"))
        agent.offer(assignment, self.now, 15.0)
        self.matching.follow(agent, self.now)

    # -- what it keeps ---------------------------------------------------------------------------

    @invariant()
    def nobody_waits_whom_somebody_suits(self) -> None:
        assert self._pairs() == []

    @invariant()
    def the_places_and_counts_are_those_of_who_waits(self) -> None:
        for queue in QUEUES:
            line = sorted((c for c in self.callers if c.queue == queue), key=lambda c: c.place)
            assert self.matching.waiting(queue) == len(line)
            assert [self.matching.position(c) for c in line] == list(range(1, len(line) + 1))

    @invariant()
    def the_staffing_is_that_of_who_suits(self) -> None:
        for queue in QUEUES:
            need = self.options[queue].requirement
            caller = Caller(Enqueue(CallId("c"), queue), 0, 0.0, 0.0, 0.0, (Wish(need, 0.0),))
            staff = [each for each in self.agents.values() if self._suits(caller, each.card)]
            working = sum(works(each) for each in staff)
            free = sum(each.is_available for each in staff)
            assert self.matching.staffing(queue) == (working, free)


TestAnyChange = AnyChange.TestCase
TestAnyChange.settings = settings(max_examples=100, stateful_step_count=50, deadline=None)
