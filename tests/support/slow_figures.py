"""Every figure of docs/figures.md once more, from the definitions and all records at once.

For tests only: slow, and nothing in it is remembered from one record to the next. It shares no
code with the fold but the names of events and figures.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from itertools import pairwise

from acd.events import (
    AgentAnswered,
    AgentChanged,
    AgentState,
    CallAbandoned,
    CallLeftForCallback,
    CallLost,
    CallOverflowed,
    CallQueued,
    TalkEnded,
    TalkTaken,
)
from foundation.ids import AgentId, CallId, QueueId
from telephony.calls.events import CallBridged
from wallboard.directory import Directory, ServiceTarget
from wallboard.fold.board import BoardRecord

HALF_HOUR_S = 1800
OUTCOMES = {
    AgentAnswered: "answered",
    CallAbandoned: "abandoned",
    CallOverflowed: "overflowed",
    CallLeftForCallback: "callback",
    CallLost: "lost",
}
AT_WORK = (AgentState.TALKING, AgentState.WRAP_UP)
BUSY = (AgentState.RINGING, *AT_WORK)


@dataclass(frozen=True)
class Part:
    """What one agent did for one call: from the pick-up, or from getting the caller, on."""

    agent: AgentId
    queue: QueueId
    began_s: float
    talk_ended_s: float | None
    over_s: float | None
    "When the wrap-up was over, too."

    @property
    def handle_s(self) -> float:
        assert self.over_s is not None
        return self.over_s - self.began_s


@dataclass(frozen=True)
class Stay:
    """One visit to a queue; or the whole contact, from its first queue on."""

    call_id: CallId
    queue: QueueId
    entered_s: float
    outcome: str
    "'' while it waits."
    outcome_s: float
    talked_s: float
    "Of a contact: what was no waiting, between its queues."
    answered_by: AgentId | None
    parts: tuple[Part, ...]
    is_bridged: bool
    "Caller and agent have talked."

    @property
    def wait_s(self) -> float:
        return self.outcome_s - self.entered_s - self.talked_s

    @property
    def is_handled(self) -> bool:
        return any(part.over_s is not None for part in self.parts)


class SlowFigures:
    """What the screens should show when the last of `records` has happened and it is `now_s`."""

    def __init__(
        self,
        records: Sequence[BoardRecord],
        zone: tzinfo,
        now_s: float,
        directory: Directory | None = None,
    ) -> None:
        self.now_s = now_s
        self._records = records
        self._zone = zone
        self._directory = directory or Directory()
        self.today = self._local(records[-1].at_s).date()
        midnight = datetime.combine(self.today, datetime.min.time(), zone)
        self.midnight_s = midnight.timestamp()
        self.visits = [visit for call in self._calls() for visit in self._visits_of(call)]
        self.contacts = [self._contact(call) for call in self._calls()]

    # -- figures ---------------------------------------------------------------------------------

    def queue(self, queue: QueueId) -> dict[str, float | None]:
        talking = sum(part.queue == queue and part.talk_ended_s is None for part in self._parts())
        return self._figures([each for each in self.visits if each.queue == queue], talking)

    def house(self) -> dict[str, float | None]:
        return self._figures(self.contacts, sum(p.talk_ended_s is None for p in self._parts()))

    def half_hours(self, queue: QueueId | None = None) -> dict[int, dict[str, float]]:
        """Counts of the visits to `queue`, or of contacts, by the half hour in which they began."""
        stays = self.contacts if queue is None else self.visits
        of_day = [each for each in stays if queue in (None, each.queue) and self._is_of_today(each)]
        numbers = {self.half_hour(each) for each in of_day}
        return {n: self._counts([s for s in of_day if self.half_hour(s) == n]) for n in numbers}

    def half_hour(self, stay: Stay) -> int:
        return int((stay.entered_s - self.midnight_s) // HALF_HOUR_S)

    def agent(self, agent: AgentId) -> dict[str, float | None]:
        of_today = [visit for visit in self.visits if self._is_of_today(visit)]
        answered = [visit.wait_s for visit in of_today if visit.answered_by == agent]
        handled = [
            part.handle_s
            for visit in of_today
            for part in visit.parts
            if part.agent == agent and part.over_s is not None
        ]
        spent_s = self._spent_s(agent)
        busy_s = sum(spent_s[state] for state in BUSY)
        working_s = busy_s + spent_s[AgentState.READY]
        return {
            "answered": len(answered),
            "asa_s": mean(answered),
            "aht_s": mean(handled),
            "occupancy": share(busy_s, working_s),
            "utilisation": share(busy_s, working_s + spent_s[AgentState.PAUSED]),
        }

    def _figures(self, stays: list[Stay], talking: int) -> dict[str, float | None]:
        today = [each for each in stays if self._is_of_today(each)]
        counts = self._counts(today)
        waiting = [each for each in stays if not each.outcome]
        waits = [self.now_s - each.entered_s - each.talked_s for each in waiting]
        held_against_us = [each for each in today if not self._is_forgiven(each)]
        ended = [each for each in held_against_us if each.outcome]
        due = [each for each in held_against_us if each.outcome or self._is_late(each)]
        abandoned = sum(each.outcome == "abandoned" for each in ended)
        return {
            **{name: counts[name] for name in COUNTED},
            "waiting": len(waiting),
            "carried_over": sum(not self._is_of_today(each) for each in waiting),
            "longest_wait_s": max(waits, default=None),
            "talking": talking,
            "answer_rate": share(counts["answered"], len(ended)),
            "raw_answer_rate": share(counts["answered"], counts["offered"]),
            "abandon_rate": share(abandoned, len(ended)),
            "service_level": share(counts["answered_in_time"], len(due)),
            "asa_s": share(counts["wait_sum_s"], counts["answered"]),
            "aht_s": share(counts["handle_sum_s"], counts["handled"]),
        }

    def _counts(self, stays: list[Stay]) -> dict[str, float]:
        answered = [each for each in stays if each.outcome == "answered"]
        handled = [each for each in stays if each.is_handled]
        outcomes = {name: sum(s.outcome == name for s in stays) for name in OUTCOMES.values()}
        over = (part for each in handled for part in each.parts if part.over_s is not None)
        return {
            **outcomes,
            "offered": len(stays),
            "short_abandoned": sum(self._is_short(each) for each in stays),
            "abandoned_in_time": sum(
                each.outcome == "abandoned" and each.wait_s <= self._target(each).within_s
                for each in stays
            ),
            "answered_in_time": sum(s.wait_s <= self._target(s).within_s for s in answered),
            "wait_sum_s": sum(each.wait_s for each in answered),
            "handled": len(handled),
            "handle_sum_s": sum(part.handle_s for part in over),
        }

    def _is_short(self, stay: Stay) -> bool:
        limit_s = self._target(stay).short_abandon_s
        return stay.outcome == "abandoned" and stay.wait_s <= limit_s

    def _is_forgiven(self, stay: Stay) -> bool:
        return stay.outcome == "callback" or self._is_short(stay)

    def _is_late(self, stay: Stay) -> bool:
        waited_s = self.now_s - stay.entered_s - stay.talked_s
        return waited_s > self._target(stay).within_s

    def _target(self, stay: Stay) -> ServiceTarget:
        return self._directory.target_of(stay.queue)

    def _is_of_today(self, stay: Stay) -> bool:
        return self._local(stay.entered_s).date() == self.today

    def _local(self, at_s: float) -> datetime:
        return datetime.fromtimestamp(at_s, self._zone)

    # -- what happened ---------------------------------------------------------------------------

    def _calls(self) -> Iterator[list[BoardRecord]]:
        """The records of each call, in order."""
        ids = dict.fromkeys(
            each.event.call_id for each in self._records if isinstance(each.event, CallQueued)
        )
        for call_id in ids:
            yield [each for each in self._records if _call_of(each) == call_id]

    def _visits_of(self, call: Sequence[BoardRecord]) -> list[Stay]:
        begins = [n for n, each in enumerate(call) if isinstance(each.event, CallQueued)]
        ends = [*begins[1:], len(call)]
        return [self._visit(call[a:b]) for a, b in zip(begins, ends, strict=True)]

    def _visit(self, records: Sequence[BoardRecord]) -> Stay:
        """`records`: of the call, from its entering to before its entering elsewhere."""
        queued = records[0].event
        assert isinstance(queued, CallQueued)
        settled = next((each for each in records if type(each.event) in OUTCOMES), None)
        answered = settled.event if settled is not None else None
        return Stay(
            queued.call_id,
            queued.queue,
            records[0].at_s,
            OUTCOMES[type(settled.event)] if settled is not None else "",
            settled.at_s if settled is not None else self.now_s,
            0.0,
            answered.agent_id if isinstance(answered, AgentAnswered) else None,
            tuple(self._parts_in(records)),
            any(isinstance(each.event, CallBridged) for each in records),
        )

    def _contact(self, call: Sequence[BoardRecord]) -> Stay:
        visits = self._visits_of(call)
        talked_s = sum(
            after.entered_s - visit.outcome_s
            for visit, after in pairwise(visits)
            if visit.is_bridged
        )
        first, last = visits[0], visits[-1]
        parts = tuple(part for visit in visits for part in visit.parts)
        return Stay(
            first.call_id,
            first.queue,
            first.entered_s,
            last.outcome,
            last.outcome_s,
            talked_s,
            last.answered_by,
            parts,
            last.is_bridged,
        )

    def _parts_in(self, records: Sequence[BoardRecord]) -> Iterator[Part]:
        for begin in records:
            if not isinstance(begin.event, AgentAnswered | TalkTaken):
                continue
            agent, queue = begin.event.agent_id, begin.event.queue
            later = (each for each in records if each.seq > begin.seq)
            ended = next((each for each in later if _ends_talk_of(each.event, agent)), None)
            ended_s = None if ended is None else ended.at_s
            is_whole = ended is not None and isinstance(ended.event, TalkEnded)
            over_s = self._wrapped_up_s(agent, ended) if ended and is_whole else None
            yield Part(agent, queue, begin.at_s, ended_s, over_s)

    def _wrapped_up_s(self, agent: AgentId, ended: BoardRecord) -> float | None:
        """When the agent was neither talking nor wrapping up any more, after that talk."""
        before = [each.state for seq, _, each in self._changes(agent) if seq < ended.seq]
        if not before or before[-1] not in AT_WORK:
            return ended.at_s
        left = [
            at_s
            for seq, at_s, each in self._changes(agent)
            if seq > ended.seq and each.state not in AT_WORK
        ]
        next_talks = [
            each.at_s
            for each in self._records
            if each.seq > ended.seq
            and isinstance(each.event, TalkEnded)
            and each.event.agent_id == agent
        ]
        return min([*left[:1], *next_talks[:1]], default=None)

    def _changes(self, agent: AgentId) -> Iterator[tuple[int, float, AgentChanged]]:
        """With number and time."""
        for each in self._records:
            if isinstance(each.event, AgentChanged) and each.event.agent_id == agent:
                yield each.seq, each.at_s, each.event

    def _parts(self) -> Iterable[Part]:
        return (part for visit in self.visits for part in visit.parts)

    def _spent_s(self, agent: AgentId) -> dict[AgentState, float]:
        """Seconds of today in each state."""
        spent_s = dict.fromkeys(AgentState, 0.0)
        changes = list(self._changes(agent))
        ends = [*[at_s for _, at_s, _ in changes[1:]], self.now_s]
        for (_, at_s, change), until_s in zip(changes, ends, strict=len(changes) > 0):
            spent_s[change.state] += max(0.0, until_s - max(at_s, self.midnight_s))
        return spent_s


COUNTED = (
    "offered",
    "answered",
    "abandoned",
    "short_abandoned",
    "overflowed",
    "callback",
    "lost",
)


def share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _call_of(record: BoardRecord) -> CallId | None:
    return getattr(record.event, "call_id", None)


def _ends_talk_of(event: object, agent: AgentId) -> bool:
    """By the agent's leaving it, or by a fault of ours."""
    if isinstance(event, TalkEnded):
        return event.agent_id == agent
    return isinstance(event, CallLost)
