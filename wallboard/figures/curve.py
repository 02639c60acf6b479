"""The day by half hours, and the earlier day that stands behind it as a faint line."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

from wallboard.figures.boards import Compare, Plan
from wallboard.figures.formulas import basis, formula_of
from wallboard.fold.day import Day
from wallboard.fold.tally import Counts, Tally, merged_intervals

SERVICE_LEVEL = "service_level"
NOON = time(12)


@dataclass(frozen=True, slots=True)
class Past:
    """The half hours of an earlier day, read from the journal."""

    day: date
    house: Mapping[int, Counts] = field(default_factory=dict)
    queues: Mapping[str, Mapping[int, Counts]] = field(default_factory=dict)

    def intervals(self, queues: tuple[str, ...] | None) -> Mapping[int, Counts]:
        if queues is None:
            return self.house
        return merged_intervals([self.queues.get(queue, {}) for queue in queues])


def curve(tally: Tally, plan: Plan, day: Day, now_s: float) -> list[dict[str, Any]]:
    formula = formula_of(SERVICE_LEVEL, plan.formula(SERVICE_LEVEL))
    assert formula is not None
    waiting = tally.waiting_today()
    points = []
    for number, counts in sorted(tally.intervals.items()):
        inside = [visit for visit in waiting if visit.interval == number]
        level = formula.value(basis(counts, inside, now_s))
        points.append(
            {
                "at_s": day.interval_start_s(number),
                "offered": counts.offered,
                "answered": counts.answered,
                "abandoned": counts.abandoned,
                "service_level": None if level is None else round(level, 3),
            }
        )
    return points


def past_curve(
    tally: Tally, plan: Plan, day: Day, zone: tzinfo, past: Past | None
) -> dict[str, Any] | None:
    """Drawn over today: `at_s` are today's, at the same time by the clock on the wall. None when
    nothing is known of such a day."""
    if plan.compare is Compare.NONE:
        return None
    found, of = tally.yesterday, day.date - timedelta(days=1)
    if plan.compare is Compare.WEEK and past is not None:
        before = past.intervals(plan.queues)
        found, of = (dict(before), past.day) if before else (found, of)
    if not found:
        return None
    offered: Counter[float] = Counter()  # an hour may have come twice, or come not at all today
    other = Day.of(datetime.combine(of, NOON, zone), zone)
    for number, counts in found.items():
        offered[day.same_time_s(other, number, zone)] += counts.offered
    intervals = [{"at_s": at_s, "offered": count} for at_s, count in sorted(offered.items())]
    return {"day": of.isoformat(), "intervals": intervals}
