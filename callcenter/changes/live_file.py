"""`data/live.yaml`: what of agents and queues was changed while the centre ran.

    callcenter.yaml ─▶ Settings ─┐
                                 ├─ overlaid ─▶ Settings as they are served
    data/live.yaml ─▶ LiveFile ──┘

Core writes it and reads it after the settings at each start. It holds the differences alone: what
is not named in it is as `callcenter.yaml` has it, also after that was changed. An id that was
removed stays in `removed` for ever, so that nobody else gets it: history speaks of ids.
"""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, ValidationError

from callcenter.changes.queue_uses import missing_in
from callcenter.configuration import live_names
from callcenter.configuration.cross_checks import problems_across
from callcenter.configuration.settings import Settings
from callcenter.sections.people import Agent
from callcenter.sections.queues import Queue
from callcenter.sections.values import Name, Part, Skills
from foundation import yaml_lines
from foundation.errors import ConfigurationError, RemoteError
from foundation.files import OF_US_ALONE, write_whole

HEAD = """\
# Written by the centre: what was changed while it ran; callcenter.yaml is read first.
# `callcenter live reset` undoes all of it.
"""


class LiveAgent(Part):
    """What differs of an agent; None: as configured."""

    skills: Skills | None = None
    backup: bool | None = None


class LiveFile(Part):
    version: Literal[1] = 1
    agents: dict[Name, LiveAgent] = Field(default_factory=dict)
    queues: dict[Name, dict[str, Any]] = Field(default_factory=dict)
    "Fields of a queue's section; also of queues that were added, and removed."
    added_queues: tuple[Name, ...] = ()
    "That `callcenter.yaml` does not have."
    leaving: dict[Name, str] = Field(default_factory=dict)
    "Queues that are closed and go when nobody is in them, with where who waits is moved; '': on."
    removed_queues: tuple[Name, ...] = ()
    added: tuple[Agent, ...] = ()
    "Agents whom `callcenter.yaml` does not have."
    removed: tuple[Name, ...] = ()
    "Ids of agents who are no more, whoever had them."

    @property
    def is_empty(self) -> bool:
        return self == LiveFile()

    def undone(self, configured: Collection[str]) -> "LiveFile":
        """Nothing is changed, but ids that were used once and are not configured stay used."""
        used = dict.fromkeys((*self.removed, *(agent.id for agent in self.added)))
        return LiveFile(removed=tuple(name for name in used if name not in configured))

    def with_new(self, agent: Agent) -> "LiveFile":
        return self.model_copy(update={"added": (*self.added, agent)})

    def without(self, agent_id: str) -> "LiveFile":
        changes = {
            "agents": {name: it for name, it in self.agents.items() if name != agent_id},
            "added": tuple(agent for agent in self.added if agent.id != agent_id),
            "removed": (*self.removed, agent_id),
        }
        return self.model_copy(update=changes)

    def with_agent(self, agent_id: str, change: LiveAgent) -> "LiveFile":
        had = self.agents.get(agent_id, LiveAgent())
        changed = had.model_copy(update=change.model_dump(exclude_none=True))
        return self.model_copy(update={"agents": {**self.agents, agent_id: changed}})

    def with_queue(self, queue: str, fields: dict[str, Any]) -> "LiveFile":
        """Opened by hand it stays."""
        changed = {**self.queues.get(queue, {}), **fields}
        leaving = self.leaving if fields.get("closed") is not False else self._leaving_but(queue)
        return self.model_copy(
            update={"queues": {**self.queues, queue: changed}, "leaving": leaving}
        )

    def with_new_queue(self, queue: str, fields: dict[str, Any]) -> "LiveFile":
        """One that was removed comes back as it was, but for `fields`."""
        added = dict.fromkeys((*self.added_queues, queue))
        removed = tuple(name for name in self.removed_queues if name != queue)
        back = self.model_copy(update={"added_queues": tuple(added), "removed_queues": removed})
        return back.with_queue(queue, fields)

    def with_leaving(self, queue: str, move_to: str) -> "LiveFile":
        return self.model_copy(update={"leaving": {**self.leaving, queue: move_to}})

    def staying(self, queue: str) -> "LiveFile":
        """Open again, if it was about to go."""
        return self.model_copy(update={"leaving": self._leaving_but(queue)})

    def without_queue(self, queue: str) -> "LiveFile":
        removed = dict.fromkeys((*self.removed_queues, queue))
        leaving = self._leaving_but(queue)
        return self.model_copy(update={"leaving": leaving, "removed_queues": tuple(removed)})

    def _leaving_but(self, queue: str) -> dict[str, str]:
        return {name: move_to for name, move_to in self.leaving.items() if name != queue}


def path_of(settings: Settings) -> Path:
    return settings.data_path / live_names.FILE


def read(path: Path) -> LiveFile:
    """Empty when there is no file; a ConfigurationError holds all problems of one."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return LiveFile()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError([f"{path}: cannot be read: {error}"]) from None
    document = yaml_lines.read(text, path.name)
    try:
        return LiveFile.model_validate(document.value or {})
    except ValidationError as error:
        raise ConfigurationError(yaml_lines.complaints(document, error, LiveFile)) from None


def write(path: Path, live: LiveFile) -> None:
    """Whole or not at all, also when the machine fails; an empty one is no file. May wait."""
    if live.is_empty:
        path.unlink(missing_ok=True)
        return
    # There are passwords of phones in it.
    write_whole(path, text_of(live, with_secrets=True).encode(), OF_US_ALONE)


def text_of(live: LiveFile, *, with_secrets: bool = False) -> str:
    """For people passwords are stars."""
    changed = live.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    written = {"version": live.version, **changed}
    for agent, entry in zip(live.added, written.get("added", ()), strict=False):
        if with_secrets:
            entry["sip_password"] = agent.sip_password.get_secret_value()
    return HEAD + yaml.safe_dump(written, sort_keys=False, allow_unicode=True)


def overlaid(settings: Settings, live: LiveFile) -> Settings:
    """The settings with `live` on top; what it says of who is not configured is passed over.

    ConfigurationError: all problems that the two have together.
    """
    problems: list[str] = []
    queues = {
        name: _queue_with(name, queue, live, problems)
        for name, queue in _queues(settings, live)
        if name not in live.removed_queues
    }
    agents = tuple(
        _agent_with(agent, live.agents.get(agent.id)) for agent in _agents(settings, live)
    )
    merged = settings.model_copy(update={"agents": agents, "queues": queues})
    problems += [f"{yaml_lines.dotted(path)}: {text}" for path, text in problems_across(merged)]
    problems += [f"{place}: there is no queue {name!r}" for place, name in missing_in(merged)]
    if problems:
        raise ConfigurationError(problems)
    return merged


def with_gone_queues(served: Settings, configured: Settings, live: LiveFile) -> Settings:
    had = dict(_queues(configured, live))
    gone = {
        name: _queue_with(name, had[name], live, []) for name in live.removed_queues if name in had
    }
    return served.model_copy(update={"queues": {**gone, **served.queues}})


def _queues(settings: Settings, live: LiveFile) -> Iterator[tuple[str, Queue]]:
    """Those that were added come last."""
    yield from settings.queues.items()
    yield from ((name, Queue()) for name in live.added_queues if name not in settings.queues)


def _agents(settings: Settings, live: LiveFile) -> Iterator[Agent]:
    """Who is configured by now is as configured, though he was added before."""
    configured = {agent.id for agent in settings.agents}
    for agent in (*settings.agents, *(one for one in live.added if one.id not in configured)):
        if agent.id not in live.removed:
            yield agent


def _agent_with(agent: Agent, change: LiveAgent | None) -> Agent:
    if change is None:
        return agent
    given = {"skills": change.skills, "backup": change.backup}
    return agent.model_copy(update={name: it for name, it in given.items() if it is not None})


def _queue_with(name: str, queue: Queue, live: LiveFile, problems: list[str]) -> Queue:
    is_leaving = {"closed": True} if name in live.leaving else {}
    fields = {**live.queues.get(name, {}), **is_leaving}
    if not fields:
        return queue
    try:
        return Queue.model_validate({**queue.model_dump(), **fields})
    except ValidationError as error:
        for path, sentence in yaml_lines.located(error, Queue):
            problems.append(f"{yaml_lines.dotted(('queues', name, *path))}: {sentence}")
        return queue


def refusal(error: ConfigurationError) -> RemoteError:
    """Of one who asked by the API: 422 with all problems."""
    return RemoteError("; ".join(error.problems))
