"""What queues say of each other and of agents: `configuration.cross_checks` asks here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeAlias

from acd.options import Strategy
from acd.requirement import both, least_levels, parse_requirement
from callcenter.sections.people import Agent
from callcenter.sections.queues import Queue
from foundation.yaml_lines import Path, nearest

if TYPE_CHECKING:
    from callcenter.configuration.settings import Settings

Finding: TypeAlias = tuple[Path, str]


def queue_problems(settings: Settings) -> Iterable[Finding]:
    for name, queue in settings.queues.items():
        yield from _overflow(name, queue, settings)
        if queue.needs_wrap_up_code and not queue.wrap_up_codes:
            yield (
                ("queues", name, "needs_wrap_up_code"),
                "there are no wrap_up_codes to choose from",
            )
        times = [step.after_s for step in queue.relax]
        if times != sorted(set(times)):
            yield ("queues", name, "relax"), "each step must come later than the one before"
    known = {*settings.pause_reasons, "rona", "unreachable", "signed_in"}
    for reason in settings.pause_limits.keys() - known:
        yield ("pause_limits", reason), f"no pause has this reason; {nearest(reason, known)}"
    for number, agent in enumerate(settings.agents):
        for name in agent.allocation:
            if name not in settings.queues:
                hint = nearest(name, settings.queues)
                yield ("agents", number, "allocation", name), f"no queue is called {name!r}; {hint}"


def queue_doubts(settings: Settings) -> Iterable[Finding]:
    for name, queue in settings.queues.items():
        if not any(fits(agent, queue) for agent in settings.agents):
            yield ("queues", name), "no agent has the skills that this queue asks for"
        elif queue.surge is None and not any(
            fits(agent, queue) for agent in settings.agents if not agent.backup
        ):
            yield ("queues", name), "only backup agents suit, and no surge ever calls them in"
        if queue.strategy is Strategy.PERCENT_ALLOCATION and not any(
            name in agent.allocation for agent in settings.agents
        ):
            yield ("queues", name, "strategy"), "no agent has an allocation for this queue"


def fits(agent: Agent, queue: Queue) -> bool:
    needed = both(least_levels(queue.skills), parse_requirement(queue.requires))
    return needed.suits(agent.skills)


def _overflow(name: str, queue: Queue, settings: Settings) -> Iterable[Finding]:
    target = queue.overflow_to
    if target is None:
        return
    here = ("queues", name, "overflow_to")
    if target not in settings.queues:
        yield here, f"no queue is called {target!r}; {nearest(target, settings.queues)}"
        return
    seen = {name}
    while target is not None and target in settings.queues:
        if target in seen:
            yield here, f"callers would go round in a circle by way of {target!r}"
            return
        seen.add(target)
        target = settings.queues[target].overflow_to
