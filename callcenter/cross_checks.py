"""What no section can know by itself: names that must exist elsewhere, and be given once.

`problems_across` must be empty before a centre is served; `doubts` works, but is probably not
meant. Both give the path in `callcenter.yaml` and a sentence.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from callcenter.sections import Agent, Queue
from foundation.yaml_lines import Path, nearest

if TYPE_CHECKING:  # settings.py calls this file while it loads
    from callcenter.settings import Settings

Finding: TypeAlias = tuple[Path, str]


def problems_across(settings: Settings) -> Iterable[Finding]:
    yield from _doubles("lines", "number", [line.number for line in settings.lines])
    yield from _doubles("agents", "id", [agent.id for agent in settings.agents])
    yield from _doubles("agents", "number", [agent.number for agent in settings.agents])
    yield from _clashes(settings)
    yield from _passwords(settings.agents)
    yield from _missing_models(settings)


def doubts(settings: Settings) -> Iterable[Finding]:
    for name, queue in settings.queues.items():
        if not any(fits(agent, queue) for agent in settings.agents):
            yield ("queues", name), "no agent has the skills that this queue asks for"
    if not settings.lines:
        yield ("lines",), "no number leads in; callers will get 404"


def fits(agent: Agent, queue: Queue) -> bool:
    return all(agent.skills.get(skill, 0) >= level for skill, level in queue.skills.items())


def _doubles(section: str, key: str, values: Sequence[str]) -> Iterable[Finding]:
    first: dict[str, int] = {}
    for index, value in enumerate(values):
        if value in first:
            yield (section, index, key), f"{value!r} is taken by {section}[{first[value]}]"
        first.setdefault(value, index)


def _clashes(settings: Settings) -> Iterable[Finding]:
    lines = {line.number for line in settings.lines}
    for index, agent in enumerate(settings.agents):
        if agent.number in lines:
            yield ("agents", index, "number"), f"{agent.number!r} is a line's number"


def _passwords(agents: Sequence[Agent]) -> Iterable[Finding]:
    for index, agent in enumerate(agents):
        if agent.sip_password.get_secret_value() in (agent.id, agent.number):
            yield ("agents", index, "sip_password"), "is the agent's id or number; choose another"


def _missing_models(settings: Settings) -> Iterable[Finding]:
    for language, name in settings.recordings.models.items():
        folder = settings.model_path(language)
        if settings.recordings.transcribe and (folder is None or not folder.is_dir()):
            hint = nearest(name, settings.built_in_models())
            yield (
                ("recordings", "models", language),
                f"{name!r} is neither a folder nor a built-in model; {hint}",
            )
