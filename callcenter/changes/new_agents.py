"""Agents who are added while calls go on: read, given a password, and checked against the house."""

import secrets
from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError

from acd.requirement import parse_requirement, skills_in
from callcenter.changes.live_file import LiveFile
from callcenter.configuration.settings import Settings
from callcenter.sections.people import Agent
from callcenter.sections.queues import Queue
from foundation import yaml_lines
from foundation.errors import Conflict, RemoteError

PASSWORD_BYTES = 15
"20 characters, none of which a phone's keypad lacks."


def new_agent(served: Settings, fields: dict[str, Any]) -> Agent:
    """RemoteError: all that is wrong with the fields, skills that mean nothing here among it."""
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    try:
        agent = Agent.model_validate({**fields, "sip_password": password})
    except ValidationError as error:
        found = yaml_lines.located(error, Agent)
        sentences = [f"{yaml_lines.dotted(path)}: {sentence}" for path, sentence in found]
        raise RemoteError("; ".join(sentences)) from None
    known = set(_skills_of(served))
    unknown = [skill for skill in agent.skills if skill not in known]
    if unknown:
        hints = (f"{skill!r}; {yaml_lines.nearest(skill, sorted(known))}" for skill in unknown)
        raise RemoteError(f"No queue asks for the skill {', nor for '.join(hints)}.")
    return agent


def _skills_of(served: Settings) -> Iterable[str]:
    """That a queue asks for or somebody has: a typing error would give an agent no calls."""
    for agent in served.agents:
        yield from agent.skills
    for queue in served.queues.values():
        yield from _asked_by(queue)


def _asked_by(queue: Queue) -> Iterable[str]:
    yield from queue.skills
    for text in (queue.requires, *(step.requires for step in queue.relax)):
        yield from skills_in(parse_requirement(text))


def check_new(configured: Settings, served: Settings, live: LiveFile, agent: Agent) -> None:
    """Conflict for an id or a number that is somebody's, or an id that was."""
    accounts = {account.id for account in (*configured.agents, *served.agents, *served.phones)}
    if agent.id in accounts:
        raise Conflict(f"{agent.id!r} is somebody's id already.")
    if agent.id in live.removed:
        raise Conflict(f"{agent.id!r} was another agent's id, whom history speaks of.")
    numbers = {line.number: f"the line {line.number}" for line in served.lines}
    numbers |= {other.number: f"the agent {other.id}" for other in served.agents}
    numbers |= {q.number: f"the queue {name}" for name, q in served.queues.items() if q.number}
    if agent.number in numbers:
        raise Conflict(f"{agent.number!r} is the number of {numbers[agent.number]} already.")
