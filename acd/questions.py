"""What a floor answers to whoever asks: views, numbers, and whether an input would be refused.

Nothing in here changes anything. `acd.floor` is one of these, so that who holds a floor asks it.
"""

from typing import TypeAlias, assert_never

from acd.callbacks import Callbacks
from acd.claims import Claims
from acd.events import AgentState
from acd.expected_wait import Accuracy
from acd.ground import Ground
from acd.inputs import (
    CodeWrapUp,
    ExtendWrapUp,
    FinishWrapUp,
    GiveBack,
    Move,
    Pause,
    Promote,
    Ready,
    TakeCaller,
)
from acd.options import AgentCard, QueueOptions
from acd.shifts import Shifts
from acd.views import (
    AgentView,
    CallerView,
    Expectation,
    FloorNow,
    Presence,
    agent_view,
    caller_view,
    phone_trouble,
    presence,
)
from acd.visits import Visits
from foundation.ids import AgentId, CallbackId, CallId, OfferId, PartyId, QueueId

Checked: TypeAlias = (
    Promote
    | Move
    | TakeCaller
    | GiveBack
    | ExtendWrapUp
    | CodeWrapUp
    | FinishWrapUp
    | Ready
    | Pause
)


class Questions:
    """About all queues and agents of one floor."""

    def __init__(
        self, ground: Ground, visits: Visits, callbacks: Callbacks, shifts: Shifts, claims: Claims
    ) -> None:
        self._ground = ground
        self._visits = visits
        self._callbacks = callbacks
        self._shifts = shifts
        self._claims = claims

    def now(self) -> FloorNow:
        """What screens show and no event tells."""
        troubles = ((each.agent_id, phone_trouble(each)) for each in self._ground.agents.values())
        return FloorNow(
            {queue: self._expectation(queue) for queue in self.queues()},
            {agent_id: trouble for agent_id, trouble in troubles if trouble is not None},
        )

    def _expectation(self, queue: QueueId) -> Expectation:
        """Of one who came now: behind all who wait."""
        position = self._ground.matching.waiting(queue) + 1
        return Expectation(self._ground.expected_s(queue, position), self.expectation_error(queue))

    # ---- agents

    def agents(self) -> list[AgentView]:
        return [agent_view(agent) for agent in self._ground.agents.values()]

    def agent(self, agent_id: AgentId) -> AgentView:
        return agent_view(self._ground.get_agent(agent_id))

    def state_of(self, agent_id: AgentId) -> AgentState:
        return self._ground.get_agent(agent_id).state

    def why_unavailable(self, agent_id: AgentId) -> str:
        """'' for who may be offered a call or reserved now; else why not."""
        return self._ground.get_agent(agent_id).why_unavailable

    def card_of(self, agent_id: AgentId) -> AgentCard:
        return self._ground.get_agent(agent_id).card

    # ---- queues

    def queues(self) -> list[QueueId]:
        return self._ground.matching.queues()

    def options_of(self, queue: QueueId) -> QueueOptions:
        return self._ground.options_of(queue)

    def waiting(self, queue: QueueId) -> list[CallerView]:
        """Who waits, in order of service; callers whose agent's phone rings are among them."""
        self._ground.options_of(queue)
        return [caller_view(caller) for caller in self._visits.unanswered(queue)]

    def presence(self, queue: QueueId) -> Presence:
        """All that there is of the queue; raises `NotFound`."""
        self._ground.options_of(queue)
        promised = self._callbacks.pending(queue)
        return presence(self._visits.of(queue), self._ground.agents.values(), queue, promised)

    def at_work(self, queue: QueueId) -> int:
        """Agents who suit it and take calls, or have one."""
        return self._ground.matching.staffing(queue)[0]

    def is_surging(self, queue: QueueId) -> bool:
        """Whether the queue has called in its backup agents."""
        return self._visits.waits.is_surging(queue)

    def expectation_error(self, queue: QueueId) -> Accuracy | None:
        """How far the expected waits were off; None before anybody was answered."""
        self._ground.options_of(queue)
        return self._ground.expected_wait(queue).accuracy()

    # ---- callers

    def position(self, call_id: CallId) -> int | None:
        """1 is next; None for who does not wait (rings, talks, or is not on the floor).

        Callers of the same queue count, without those at whose agent it rings already.
        """
        caller = self._visits.find(call_id)
        if caller is None or not caller.is_waiting:
            return None
        return self._ground.matching.position(caller)

    def is_current(self, offer_id: OfferId) -> bool:
        """Whether the offer is still open: its agent's phone rings and may pick up."""
        return offer_id in self._ground.open_offers

    def check_callback(self, party_id: PartyId, queue: QueueId, in_s: float = 0.0) -> None:
        """Raises `Conflict` or `NotFound` where `QueueCallback` would, `RemoteError` for a wish
        that is further ahead than the queue allows."""
        self._callbacks.check(party_id, queue, in_s)

    def has_callback(self, callback_id: CallbackId) -> bool:
        return self._callbacks.find(CallId(callback_id)) is not None

    def movable_callbacks(self, queue: QueueId, target: QueueId) -> list[CallbackId]:
        """Of `queue`, in the order of the promises; who is dialled now or is promised one from
        `target` too is not."""
        return self._callbacks.movable(queue, target)

    # ---- inputs

    def check(self, given: Checked) -> None:
        """Raises what `feed` would refuse this with, and changes nothing."""
        match given:
            case Promote():
                self._visits.waiting_one(given.call_id)
            case Move():
                self._visits.waiting_one(given.call_id)
                self._visits.check_open(given.queue)
            case TakeCaller():
                self._claims.check_take(given)
            case GiveBack():
                self._claims.check_give_back(given)
            case _:
                self._check_agent(given)

    def _check_agent(self, given: ExtendWrapUp | CodeWrapUp | FinishWrapUp | Ready | Pause) -> None:
        agent = self._ground.get_agent(given.agent_id)
        match given:
            case ExtendWrapUp():
                self._shifts.extended_to(agent, given)
            case CodeWrapUp():
                self._shifts.coded_call(agent, given)
            case FinishWrapUp() | Ready() | Pause():
                self._shifts.check_code(agent)
            case _:
                assert_never(given)
