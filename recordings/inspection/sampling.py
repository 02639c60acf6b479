"""Which talks are listened to: at random, so many of each agent, or those with the worst scores.

Pure: the same talks and the same chance give the same draw. A talk that was drawn before is not in
the candidates any more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeVar

from foundation.errors import RemoteError
from foundation.ids import AgentId, RecordingId

T = TypeVar("T")


class Chance(Protocol):
    """As `random.Random`."""

    def sample(self, population: Sequence[T], k: int) -> list[T]: ...


class How(StrEnum):
    RANDOM = "random"
    "Every talk has the same chance."
    BY_AGENT = "by_agent"
    "`count` of each agent, at random among the agent's."
    WORST_FIRST = "worst_first"
    "Lowest scores of the rules first; talks without a score come last."


@dataclass(frozen=True, slots=True)
class Candidate:
    recording_id: RecordingId
    agent_id: AgentId
    score: float | None
    "By the rules of `recordings.quality`; None: not judged."


@dataclass(frozen=True, slots=True)
class Assignment:
    candidate: Candidate
    inspector: str
    calibration: str
    "Names the comparison that this is part of; '' none."


def draw(how: How, count: int, candidates: Sequence[Candidate], chance: Chance) -> list[Candidate]:
    """At most `count`; of each agent, with BY_AGENT. In the order in which to listen."""
    shuffled = chance.sample(candidates, len(candidates))
    match how:
        case How.RANDOM:
            return shuffled[:count]
        case How.BY_AGENT:
            agents = sorted({each.agent_id for each in candidates})
            return [
                each
                for agent in agents
                for each in [one for one in shuffled if one.agent_id == agent][:count]
            ]
        case How.WORST_FIRST:
            return sorted(shuffled, key=_badness)[:count]


def assign(
    drawn: Sequence[Candidate], inspectors: Sequence[str], calibration: str
) -> list[Assignment]:
    """In turn to one inspector each; in a calibration, each talk to all of them.

    Raises RemoteError without inspectors, or for a calibration of one.
    """
    if not inspectors:
        raise RemoteError("Name at least one inspector.")
    if len(set(inspectors)) != len(inspectors):
        raise RemoteError("An inspector is named twice.")
    if not calibration:
        return [
            Assignment(each, inspectors[index % len(inspectors)], "")
            for index, each in enumerate(drawn)
        ]
    if len(inspectors) < 2:
        raise RemoteError("A calibration compares two inspectors or more.")
    return [Assignment(each, one, calibration) for each in drawn for one in inspectors]


def _badness(candidate: Candidate) -> float:
    return float("inf") if candidate.score is None else candidate.score
