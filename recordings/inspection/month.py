"""An agent's month: what inspectors and rules made of the talks."""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean

from foundation.ids import AgentId
from recordings.inspection.inspection import Inspection, State


@dataclass(frozen=True, slots=True)
class Month:
    agent_id: AgentId
    inspected: int
    mean_score: float | None
    worst_score: float | None
    fatal: int
    "Talks with a fault that makes all points nothing."
    appeals: int
    upheld: int
    open_appeals: int
    judged: int
    "Talks that rules have judged."
    rules_mean: float | None


def months(
    inspections: Iterable[Inspection], rule_scores: Iterable[tuple[AgentId, float]]
) -> list[Month]:
    """By agent. Calibrations measure inspectors and are not in here."""
    scored: dict[AgentId, list[Inspection]] = {}
    for each in inspections:
        if each.score is not None and not each.calibration:
            scored.setdefault(each.agent_id, []).append(each)
    judged: dict[AgentId, list[float]] = {}
    for agent_id, score in rule_scores:
        judged.setdefault(agent_id, []).append(score)
    agents = sorted(scored.keys() | judged.keys())
    return [_month(agent, scored.get(agent, []), judged.get(agent, [])) for agent in agents]


def _month(agent_id: AgentId, done: list[Inspection], judged: list[float]) -> Month:
    scores = [each.score for each in done if each.score is not None]
    appeals = [each.appeal for each in done if each.appeal is not None]
    return Month(
        agent_id,
        len(scores),
        round(fmean(scores), 1) if scores else None,
        min(scores) if scores else None,
        sum(bool(each.fatal) for each in done),
        len(appeals),
        sum(each.upheld is True for each in appeals),
        sum(each.state is State.APPEALED for each in done),
        len(judged),
        round(fmean(judged), 1) if judged else None,
    )
