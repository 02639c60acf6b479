"""What the ACD goes by: queues and agents."""

from acd.events import Priority
from acd.options import (
    AgentCard,
    AgentOptions,
    CallbackOptions,
    QueueOptions,
    Relaxation,
    ServiceLevel,
    ServiceOrder,
    Surge,
)
from acd.requirement import parse_requirement
from callcenter.configuration.settings import Settings
from callcenter.rules.house import DAY_S
from callcenter.sections.queues import Queue
from foundation.ids import AgentId, QueueId

PAUSE_LIMITS_S = {"meal": 3_600.0, "training": 7_200.0, "meeting": 7_200.0}
"Of reasons that most centres have, which take longer than the 15 minutes of all others."


def queue_options(settings: Settings) -> dict[QueueId, QueueOptions]:
    return {
        QueueId(name): queue_option(queue, settings.short_abandon_s)
        for name, queue in settings.queues.items()
    }


def queue_option(queue: Queue, short_abandon_s: float = 5.0) -> QueueOptions:
    return QueueOptions(
        skills=queue.skills,
        requires=parse_requirement(queue.requires),
        relax=tuple(
            Relaxation(step.after_s, parse_requirement(step.requires)) for step in queue.relax
        ),
        strategy=queue.strategy,
        ring_all_most=queue.ring_all_most,
        sticky_s=queue.sticky_s,
        max_waiting=queue.max_waiting,
        max_expected_wait_s=queue.max_expected_wait_s,
        is_closed=queue.closed,
        needs_agents=queue.needs_agents,
        wrap_up_codes=queue.wrap_up_codes,
        needs_wrap_up_code=queue.needs_wrap_up_code,
        surge=_surge(queue),
        ring_s=queue.ring_s,
        wrap_up_s=queue.wrap_up_s,
        max_wait_s=queue.max_wait_s,
        short_abandon_s=short_abandon_s,
        service_level=ServiceLevel(
            percent=queue.service_level.percent, within_s=queue.service_level.within_s
        ),
        callbacks=_callbacks(queue),
        announce_agent=queue.announce_agent,
        announce_position_every_s=queue.announce_position_every_s or None,
        music=queue.music,
    )


def _callbacks(queue: Queue) -> CallbackOptions | None:
    wanted = queue.callbacks
    if wanted is None:
        return None
    return CallbackOptions(
        tries=wanted.tries,
        retry_after_s=wanted.retry_after_s,
        ring_s=wanted.ring_s,
        give_up_after_s=wanted.give_up_after_s,
        max_pending=wanted.max_pending,
        furthest_s=wanted.furthest_days * DAY_S,
    )


def _surge(queue: Queue) -> Surge | None:
    surge = queue.surge
    if surge is None:
        return None
    return Surge(join_waiting=surge.join_waiting, leave_waiting=surge.leave_waiting)


def agent_cards(settings: Settings) -> list[AgentCard]:
    return [
        AgentCard(
            agent_id=AgentId(agent.id),
            name=agent.name,
            number=agent.number,
            skills=agent.skills,
            team=agent.team,
            languages=agent.languages,
            auto_answer=agent.auto_answer,
            backup=agent.backup,
            allocation={QueueId(name): share for name, share in agent.allocation.items()},
        )
        for agent in settings.agents
    ]


def agent_options(settings: Settings) -> AgentOptions:
    order = settings.order
    return AgentOptions(
        auto_ready=settings.auto_ready,
        selection=settings.selection,
        pause_limit_s={**PAUSE_LIMITS_S, **settings.pause_limits},
        other_pauses_s=settings.pause_limit_s,
        away_grace_s=settings.away_grace_s,
        max_wrap_up_s=settings.max_wrap_up_s,
        order=ServiceOrder(
            priority_s={Priority.P0: order.p0_s, Priority.P1: order.p1_s, Priority.P2: order.p2_s},
            tier_s=order.tiers,
            front_s=order.front_s,
            longest_s=order.longest_s,
        ),
    )
