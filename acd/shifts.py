"""Agents' time beside their calls: pauses that last too long, notes that take longer, their codes.

PAUSED ── the reason's limit ──▶ AgentAway ── away_grace_s ──▶ OFF ('away')
WRAP_UP ── its time, no code though one is needed ──▶ WrapUpOverdue ── code ──▶ as chosen
"""

from acd.agent import AWAY, Agent, Assignment, Step
from acd.events import AgentAway, AgentState, WrapUpCoded, WrapUpExtended, WrapUpOverdue
from acd.ground import Ground
from acd.inputs import CodeWrapUp, ExtendWrapUp
from acd.timers import AwayDue
from foundation.errors import Conflict
from foundation.ids import AgentId


class Shifts:
    """Of all agents of one floor."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        if ground.options.has_pause_limits:
            ground.on_followed = self._watch_pause
        self._told: dict[AgentId, float] = {}
        "Who was told away, and the beginning of the pause."

    # -- pauses ----------------------------------------------------------------------------------

    def _watch_pause(self, agent: Agent) -> None:
        """The limit counts from the pause's beginning, also when an earlier process saw it."""
        timer = AwayDue(agent.agent_id)
        limit_s = self._limit_of(agent)
        if limit_s is None:
            self._ground.timers.cancel(timer)
            self._told.pop(agent.agent_id, None)
        elif self._told.get(agent.agent_id) == agent.since:
            self._ground.timers.set(timer, agent.since + limit_s + self._grace_s)
        else:
            self._ground.timers.set(timer, agent.since + limit_s)

    def end_pause(self, agent: Agent, now: float) -> None:
        limit_s = self._limit_of(agent)
        if limit_s is None:
            return
        if now < agent.since + limit_s + self._grace_s:
            self._told[agent.agent_id] = agent.since
            self._ground.events.append(AgentAway(agent.agent_id, agent.reason, now - agent.since))
        else:
            self._ground.events += agent.choose(Step.SIGN_OUT, now, AWAY)
        self._ground.follow(agent, now)

    def _limit_of(self, agent: Agent) -> float | None:
        is_paused = agent.state is AgentState.PAUSED
        return self._ground.options.pause_limit_of(agent.reason) if is_paused else None

    def restore_overdue(self, agent: Agent) -> None:
        """An earlier process has told it; a code that is demanded still is waited for."""
        if agent.state is AgentState.PAUSED:
            self._told[agent.agent_id] = agent.since
        elif self.lacks_code(agent):
            agent.deadline = None

    @property
    def _grace_s(self) -> float:
        return self._ground.options.away_grace_s

    # -- wrap-up ---------------------------------------------------------------------------------

    def end_wrap_up(self, agent: Agent, now: float) -> None:
        """Its time is over."""
        had = agent.get_assignment()
        if self.lacks_code(agent):
            agent.deadline = None
            self._ground.events.append(WrapUpOverdue(had.call_id, had.queue, agent.agent_id))
        else:
            self._ground.events += agent.finish_wrap_up(now)
        self._ground.follow(agent, now)

    def finish_wrap_up(self, agent: Agent, now: float) -> None:
        """The agent says so. Raises `Conflict` while the code is missing."""
        self.check_code(agent)
        self._ground.events += agent.finish_wrap_up(now)

    def check_code(self, agent: Agent) -> None:
        if self.lacks_code(agent):
            raise Conflict(f"{agent.agent_id} has yet to say what the last call was about")

    def lacks_code(self, agent: Agent) -> bool:
        if agent.state is not AgentState.WRAP_UP or agent.wrap_up_code:
            return False
        return self._ground.options_of(agent.get_assignment().queue).needs_wrap_up_code

    def extend(self, agent: Agent, given: ExtendWrapUp) -> None:
        agent.deadline = deadline = self.extended_to(agent, given)
        self._ground.events.append(WrapUpExtended(agent.agent_id, deadline - agent.since))

    def extended_to(self, agent: Agent, given: ExtendWrapUp) -> float:
        """The wrap-up's new end; raises `Conflict`."""
        most_s = self._ground.options.max_wrap_up_s
        if agent.state is not AgentState.WRAP_UP or agent.deadline is None:
            raise Conflict(f"{agent.agent_id} has no wrap-up to extend")
        deadline = min(agent.deadline + given.by_s, agent.since + most_s)
        if deadline <= agent.deadline:
            raise Conflict(f"the wrap-up of {agent.agent_id} cannot be longer than {most_s:g} s")
        return deadline

    def code(self, agent: Agent, given: CodeWrapUp, now: float) -> None:
        had = self.coded_call(agent, given)
        agent.wrap_up_code = given.code
        self._ground.events.append(WrapUpCoded(had.call_id, had.queue, agent.agent_id, given.code))
        if agent.state is AgentState.WRAP_UP and agent.deadline is None:
            self._ground.events += agent.finish_wrap_up(now)

    def coded_call(self, agent: Agent, given: CodeWrapUp) -> Assignment:
        """What the code is for; raises `Conflict`."""
        had = agent.assignment
        if had is None or agent.state not in (AgentState.TALKING, AgentState.WRAP_UP):
            raise Conflict(f"{agent.agent_id} has no call to give a code to")
        known = self._ground.options_of(had.queue).wrap_up_codes
        if given.code not in known:
            words = ", ".join(known) or "none"
            raise Conflict(f"{given.code!r} is no code of the queue {had.queue}; known: {words}")
        return had
