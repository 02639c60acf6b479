"""Claims: a caller who waits is to go to one agent whom somebody has chosen, before all others.

                TakeCaller              the agent is free             Accept
    WAITING ───────────────▶ CLAIMED ───────────────────▶ RINGING ────────────▶ TALKING
       ▲                        │                            │
       │  GiveBack, time is up, │                            │ Decline, ring_s is over,
       │  agent gone or paused  │                            │ phone gone, withdrawn
       └────────────────────────┴────────────────────────────┘

Rule 1: a claim never moves the caller: place and age are those of the queue, so that whoever comes
        back is where he would have been. Only who may have him is decided: nobody else.
Rule 2: an agent has one claim at most, and a caller one. Claims are served before all matches.
Rule 3: who is chosen need not suit: the choice is a person's.
Rule 4: a claim is over with the first offer that fails; the caller is anybody's again.
"""

from collections.abc import Callable

from acd.agent import Agent
from acd.caller import Caller
from acd.events import AgentState, CallReleased, CallReserved, ReleaseCause
from acd.ground import Ground
from acd.inputs import GiveBack, TakeCaller
from acd.visits import Visits
from foundation.errors import Conflict
from foundation.ids import CallId, OfferId

AT_ONCE_S = 60.0
"Of a claim on an agent who is free: its offer follows within the same step."


class Claims:
    """All claims of one floor; which agent is claimed for whom is in `Ground.claims`."""

    def __init__(self, ground: Ground, visits: Visits) -> None:
        self._ground = ground
        self._visits = visits

    def take(self, given: TakeCaller, now: float) -> None:
        """Raises as `TakeCaller` says; `serve` makes the offer."""
        caller = self.check_take(given)
        self._release(caller, ReleaseCause.GIVEN_BACK, now)
        for_s = AT_ONCE_S if given.reserve_s is None else given.reserve_s
        self._ground.events.append(
            CallReserved(caller.call_id, caller.queue, given.agent_id, for_s)
        )
        self._visits.waits.claim(caller, given.agent_id, now + for_s, now)

    def check_take(self, given: TakeCaller) -> Caller:
        caller = self._visits.waiting_one(given.call_id)
        agent = self._ground.get_agent(given.agent_id)
        if other := self._ground.claims.get(given.agent_id):
            raise Conflict(
                f"{given.agent_id} is to have the caller of {other.call_id} next already"
            )
        why_not = agent.why_unavailable
        if why_not and (given.reserve_s is None or not _will_be_free(agent)):
            raise Conflict(why_not)
        return caller

    def give_back(self, given: GiveBack, now: float) -> None:
        self._release(self.check_give_back(given), ReleaseCause.GIVEN_BACK, now)

    def check_give_back(self, given: GiveBack) -> Caller:
        caller = self._visits.waiting_one(given.call_id)
        if caller.claimed_by is None:
            raise Conflict(f"the caller of {given.call_id} does not wait for a certain agent")
        return caller

    def end(self, call_id: CallId, now: float) -> None:
        """The time is over; a phone that rings is not stopped."""
        caller = self._visits.get(call_id)
        if caller.is_waiting:
            self._release(caller, ReleaseCause.TIME_UP, now)

    def serve(self, new_offer_id: Callable[[], OfferId], now: float) -> None:
        """Offer to who has become free; let go who waits for somebody that has gone."""
        for agent_id, caller in list(self._ground.claims.items()):
            agent = self._ground.agents[agent_id]
            if not caller.is_waiting:
                continue
            if agent.is_available:
                options = self._ground.options_of(caller.queue)
                self._visits.offer(caller, agent, new_offer_id(), options, now)
            elif not _will_be_free(agent):
                self._release(caller, ReleaseCause.AGENT_LEFT, now)

    def _release(self, caller: Caller, why: ReleaseCause, now: float) -> None:
        """Of one who waits; nothing without a claim."""
        if caller.claimed_by is not None:
            self._ground.events.append(
                CallReleased(caller.call_id, caller.queue, caller.claimed_by, why)
            )
            self._visits.waits.unclaim(caller, now)


def _will_be_free(agent: Agent) -> bool:
    """By himself, after what he does now; also who is free."""
    if agent.state in (AgentState.OFF, AgentState.PAUSED):
        return False
    return agent.registered or agent.state is not AgentState.READY
