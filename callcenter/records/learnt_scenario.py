"""A scenario from what happened: arrivals, talks and patience of each queue, off the journal.

Patience is estimated from the waits of all callers (time waited in total / callers who gave up):
who was answered had at least the patience for the wait, so leaving them out would make callers
look more impatient than they are (Mandelbaum and Zeltyn 2013).
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from acd.events import (
    AgentAnswered,
    CallAbandoned,
    CallLost,
    CallOverflowed,
    CallQueued,
    TalkEnded,
)
from foundation.ids import CallId, QueueId
from foundation.record import Record

MAX_SAMPLES = 500
"Talks that a scenario keeps of each queue, drawn evenly."
DAY_MIN = 1440


@dataclass(slots=True)
class _Queue:
    arrivals: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))
    "By interval of the day."
    waited_s: float = 0.0
    abandoned: int = 0
    talks_s: list[float] = field(default_factory=list)
    talks: int = 0


class Learning:
    """A fold over the journal's records of whole days."""

    def __init__(self, zone: ZoneInfo, interval_min: int, days: int) -> None:
        self._zone = zone
        self._interval_min = interval_min
        self._days = days
        self._queues: dict[QueueId, _Queue] = {}
        self._waiting: dict[CallId, float] = {}
        self._talking: dict[CallId, float] = {}
        self._random = Random(0)

    def take(self, record: Record[object]) -> None:
        match record.event:
            case CallQueued(call_id, queue):
                self._waiting[call_id] = record.at_s
                self._queue(queue).arrivals[self._interval(record.utc)] += 1
            case AgentAnswered(call_id, queue):
                self._end_wait(call_id, queue, record.at_s)
                self._talking[call_id] = record.at_s
            case CallAbandoned(call_id, queue):
                self._queue(queue).abandoned += self._end_wait(call_id, queue, record.at_s)
            case CallOverflowed(call_id, queue) | CallLost(call_id, queue):
                self._end_wait(call_id, queue, record.at_s)
            case TalkEnded(call_id, queue):
                began = self._talking.pop(call_id, None)
                if began is not None:
                    self._keep_talk(self._queue(queue), record.at_s - began)
            case _:
                pass

    def scenario(self) -> str:
        """As YAML that `callcenter simulate` reads; queues and agents are the centre's own."""
        calls = [
            self._calls(name, queue) for name, queue in sorted(self._queues.items()) if queue.talks
        ]
        head = f"# Learnt from {self._days} days; queues and agents: the centre's own (--dir).\n"
        document = {"day": {"begin": "00:00", "interval_min": self._interval_min}, "calls": calls}
        return head + yaml.safe_dump(
            document, sort_keys=False, allow_unicode=True, default_flow_style=None, width=100
        )

    @property
    def talks(self) -> int:
        return sum(queue.talks for queue in self._queues.values())

    def _calls(self, name: QueueId, queue: _Queue) -> dict[str, Any]:
        intervals = range(DAY_MIN // self._interval_min)
        found: dict[str, Any] = {
            "queue": str(name),
            "per_interval": [round(queue.arrivals[n] / self._days, 2) for n in intervals],
            "talk": {
                "shape": "measured",
                "samples_s": [round(talk_s, 1) for talk_s in queue.talks_s],
            },
        }
        if queue.abandoned:
            found["patience"] = {"mean_s": round(queue.waited_s / queue.abandoned, 1)}
        return found

    def _queue(self, name: QueueId) -> _Queue:
        return self._queues.setdefault(name, _Queue())

    def _interval(self, utc: datetime) -> int:
        local = utc.astimezone(self._zone)
        return (local.hour * 60 + local.minute) // self._interval_min

    def _end_wait(self, call_id: CallId, queue: QueueId, at_s: float) -> bool:
        began = self._waiting.pop(call_id, None)
        if began is None:
            return False
        self._queue(queue).waited_s += at_s - began
        return True

    def _keep_talk(self, queue: _Queue, talk_s: float) -> None:
        """Any talk is kept with the same chance (Vitter 1985, algorithm R)."""
        queue.talks += 1
        if len(queue.talks_s) < MAX_SAMPLES:
            queue.talks_s.append(talk_s)
        elif (place := self._random.randrange(queue.talks)) < MAX_SAMPLES:
            queue.talks_s[place] = talk_s
