"""A small floor for tests: agents by letter, offers numbered o-1, o-2, ..."""

from collections.abc import Callable, Mapping
from itertools import count

from acd.events import AcdEvent, AgentChanged, AgentOffered, AgentState
from acd.floor import Floor
from acd.inputs import Enqueue, PhoneChanged, Ready, SignIn
from acd.options import AgentCard, AgentOptions, QueueOptions
from foundation.ids import AgentId, CallId, OfferId, QueueId

EVA, BEN, ZOE = AgentId("eva"), AgentId("ben"), AgentId("zoe")
ORDERS, REPAIRS = QueueId("orders"), QueueId("repairs")


def numbered_offers() -> Callable[[], OfferId]:
    numbers = count(1)
    return lambda: OfferId(f"o-{next(numbers)}")


def card(agent_id: AgentId, **skills: int) -> AgentCard:
    return AgentCard(agent_id=agent_id, name=str(agent_id).title(), skills=skills)


def build_floor(
    *cards: AgentCard,
    auto_ready: bool = False,
    queues: Mapping[QueueId, QueueOptions] | None = None,
) -> Floor:
    return Floor(
        queues or {ORDERS: QueueOptions(skills={"orders": 1})},
        cards or [card(EVA, orders=3), card(BEN, orders=3)],
        AgentOptions(auto_ready=auto_ready),
        numbered_offers(),
    )


def seat(floor: Floor, agent_id: AgentId, now: float) -> list[AcdEvent]:
    """Sign in, register the phone, be ready."""
    floor.feed(SignIn(agent_id), now)
    floor.feed(PhoneChanged(agent_id, registered=True, busy=False), now)
    return floor.feed(Ready(agent_id), now)


def queue_up(
    floor: Floor, call: str, now: float, queue: QueueId = ORDERS, priority: int = 0
) -> list[AcdEvent]:
    return floor.feed(Enqueue(CallId(call), queue, priority), now)


def offers(events: list[AcdEvent]) -> list[tuple[str, str]]:
    """(call, agent) of each offer."""
    return [(e.call_id, e.agent_id) for e in events if isinstance(e, AgentOffered)]


def last_offer(events: list[AcdEvent]) -> AgentOffered:
    return [e for e in events if isinstance(e, AgentOffered)][-1]


def states(events: list[AcdEvent]) -> list[tuple[str, AgentState, str]]:
    """(agent, state, reason) of each change."""
    return [(e.agent_id, e.state, e.reason) for e in events if isinstance(e, AgentChanged)]
