"""Calendar days of the configured time zone, and their half hours.

A contact belongs to the day and the half hour in which it entered its queue, however long it lasts.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

INTERVAL_S = 1800.0
"Length of the intervals that charts and reports count in."


@dataclass(frozen=True, slots=True)
class Day:
    """One local day; 23 or 25 hours long when the clocks change."""

    date: date
    start: datetime
    "Local midnight, in UTC."
    end: datetime
    "The next local midnight, in UTC."
    start_s: float
    "`start` on the journal's clock."

    @classmethod
    def of(cls, utc: datetime, zone: tzinfo) -> "Day":
        local = utc.astimezone(zone).date()
        start, end = _midnight(local, zone), _midnight(local + timedelta(days=1), zone)
        return cls(local, start, end, start.timestamp())

    def interval_of(self, at_s: float) -> int:
        """Number of the half hour that `at_s` lies in; the day's first is 0."""
        return max(0, int((at_s - self.start_s) // INTERVAL_S))

    def interval_start_s(self, interval: int) -> float:
        return self.start_s + interval * INTERVAL_S

    def same_time_s(self, other: "Day", interval: int, zone: tzinfo) -> float:
        """When the clock on the wall shows today what it showed at the beginning of `other`'s half
        hour: on a day before or after the clocks change that is another number."""
        then = datetime.fromtimestamp(other.interval_start_s(interval), zone)
        return datetime.combine(self.date, then.time(), zone).timestamp()


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
