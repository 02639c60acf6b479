"""Who is let into a queue, at which place, and with which wishes."""

from functools import lru_cache
from typing import TypeAlias

from acd.caller import Caller, Wish
from acd.events import AgentState, OverflowCause
from acd.ground import Ground
from acd.inputs import Enqueue
from acd.options import QueueOptions, Relaxation
from acd.requirement import Requirement, both, only
from foundation.ids import QueueId

MAX_KEPT = 2_000
BEHIND = 1 << 40
"Added to a callback's number: of two who are equally old, who waits on the telephone goes first."
_Kind: TypeAlias = tuple[QueueId, Requirement]


class Entrance:
    """Of all queues of one floor."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._count = 0
        self._kept: dict[_Kind, tuple[QueueOptions, tuple[Wish, ...]]] = {}
        order = ground.options.order
        self._head_start_s = lru_cache(MAX_KEPT)(order.head_start_s)

    def why_not_in(self, queue: QueueId) -> OverflowCause | None:
        """None: the caller may wait here. Raises `NotFound` for a queue that there is not."""
        options = self._ground.options_of(queue)
        if options.is_closed:
            return OverflowCause.CLOSED
        if options.needs_agents and not self._ground.matching.staffing(queue)[0]:
            return OverflowCause.NOBODY
        if options.max_waiting is not None and self._is_full(queue, options.max_waiting):
            return OverflowCause.FULL
        most_s = options.max_expected_wait_s
        if most_s is not None and self._expected_s(queue) > most_s:
            return OverflowCause.EXPECTED
        return None

    def _is_full(self, queue: QueueId, most: int) -> bool:
        matching = self._ground.matching
        on_the_phone = matching.waiting(queue) - self._ground.callbacks_waiting[queue]
        return on_the_phone >= most and not matching.staffing(queue)[1]

    def _expected_s(self, queue: QueueId) -> float:
        """Of who comes now; 0 while nothing can be expected."""
        position = self._ground.matching.waiting(queue) + 1
        return self._ground.expected_s(queue, position) or 0.0

    def make_caller(
        self, given: Enqueue, entered_at: float, *, is_callback: bool = False
    ) -> Caller:
        self._count += 1
        options = self._ground.options_of(given.queue)
        return Caller(
            given,
            self._count + (BEHIND if is_callback else 0),
            entered_at,
            entered_at + options.max_wait_s,
            self._head_start_s(given.priority, given.tier, front=given.front),
            self.wishes(given, options),
        )

    def head_start_s(self, given: Enqueue) -> float:
        return self._head_start_s(given.priority, given.tier, front=given.front)

    def wishes(self, given: Enqueue, options: QueueOptions) -> tuple[Wish, ...]:
        """What the caller needs now and what will do later; first the agent who is preferred."""
        wishes = self._common_wishes(given, options)
        agent = self._ground.agents.get(given.prefer) if given.prefer else None
        if agent is None or options.sticky_s <= 0 or agent.state is AgentState.OFF:
            return wishes
        due = [wish for wish in wishes if wish.after_s <= options.sticky_s][-1]
        later = [wish for wish in wishes if wish.after_s > options.sticky_s]
        first = Wish(only(agent.agent_id), 0.0)
        return (first, Wish(due.requirement, options.sticky_s), *later)

    def _common_wishes(self, given: Enqueue, options: QueueOptions) -> tuple[Wish, ...]:
        """Kept for each kind of caller: there are few kinds and many callers."""
        kept_for, wishes = self._kept.get((given.queue, given.requires), (None, ()))
        if kept_for is not options:
            steps = (Relaxation(0.0, options.requirement), *options.relax)
            wishes = tuple(Wish(both(need, given.requires), after_s) for after_s, need in steps)
            if len(self._kept) >= MAX_KEPT:
                self._kept.clear()
            self._kept[given.queue, given.requires] = options, wishes
        return wishes
