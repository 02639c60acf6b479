"""How many calls may be in the house at once, whose they are, and how long one may last. Pure.

    CallArrived ─▶ admit ─▶ None: taken in, counted on its line, its trunk, its caller, the house
                       └──▶ Refusal: status and the rule that decided; nothing is counted
    CallAnswered ─▶ answered      CallEnded ─▶ ended      deadline, tick ─▶ TimeUp

Rule 1: the first rule that refuses is the one that is told, from the widest cause to the narrowest:
        house, trunk, line, caller.
Rule 2: a busy line or caller is 486, a full house or trunk 503, which lets a network try elsewhere;
        what a trunk may never do is 403.
Rule 3: calls per minute are those that were taken in: who is refused may try again and is let in as
        soon as the oldest is a minute old.
Rule 4: tables are bounded. Living calls are; of callers per minute the `MAX_CALLERS` latest are
        known, so a flood of invented numbers forgets old callers and refuses nobody wrongly.
"""

from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from heapq import heapify, heappop, heappush
from typing import TypeVar

from foundation.ids import CallId, PartyId

Key = TypeVar("Key", bound=str)

MAX_CALLERS = 100_000
MINUTE_S = 60.0
SPARE_TIMERS = 64
"Timers of calls that are over are thrown out when there are so many more than calls."
BUSY_HERE = 486
FULL = 503
FORBIDDEN = 403
NO_ANSWER = 480


class Rule(StrEnum):
    """What `CallRefused.rule` begins with; what follows a colon are particulars."""

    HOUSE = "calls of the house"
    TRUNK_NUMBER = "trunk number"
    TRUNK = "trunk channels"
    LINE = "line channels"
    CALLER = "calls per caller"
    CALLER_RATE = "calls per caller per minute"
    RING = "ring time"


MAX_LENGTH = "maximum call length"
"Reason of `CallEnded`, when `max_call_s` of the line is over."


@dataclass(frozen=True, slots=True, kw_only=True)
class LineLimits:
    channels: int | None = None
    max_call_s: float | None = None
    "From our 200 on."


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkLimits:
    channels: int | None = None
    numbers: frozenset[str] | None = None
    "Lines that it may call; None: all."


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitRules:
    """None everywhere: no limit."""

    lines: Mapping[str, LineLimits] = field(default_factory=dict)
    trunks: Mapping[str, TrunkLimits] = field(default_factory=dict)
    calls: int | None = None
    calls_per_caller: int | None = None
    calls_per_caller_per_minute: int | None = None
    anonymous_as_one: bool = False
    "Callers without a number count as one caller; else they are exempt."
    max_ring_s: float | None = None
    "From the arrival to our final answer."


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A call that asks to be taken in."""

    call_id: CallId
    party_id: PartyId
    line: str
    trunk: str = ""
    is_anonymous: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    status: int
    rule: str


@dataclass(frozen=True, slots=True)
class TimeUp:
    """The call is to be ended; `refusal` is None for one that was answered."""

    call_id: CallId
    refusal: Refusal | None


@dataclass(slots=True)
class _Living:
    arrival: Arrival
    due_at: float | None = None
    is_answered: bool = False


class Limits:
    """Counts the living calls; times are seconds of one monotonic clock."""

    def __init__(self, rules: LimitRules, outgoing: Callable[[str], int] = lambda trunk: 0) -> None:
        """outgoing: how many calls of ours a trunk carries; they take its channels too."""
        self._rules = rules
        self._outgoing = outgoing
        self._living: dict[CallId, _Living] = {}
        self._on_line: Counter[str] = Counter()
        self._on_trunk: Counter[str] = Counter()
        self._of_caller: Counter[PartyId] = Counter()
        self._lately: OrderedDict[PartyId, deque[float]] = OrderedDict()
        "When each caller's last calls were taken in, within a minute."
        self._timers: list[tuple[float, CallId]] = []
        "A heap; entries whose call has gone or has another time by now are passed over."

    @property
    def deadline(self) -> float | None:
        self._drop_stale_timers()
        return self._timers[0][0] if self._timers else None

    def count_on_trunk(self, trunk: str) -> int:
        """Calls that have come in over it and are in the house."""
        return self._on_trunk[trunk]

    @property
    def callers_remembered(self) -> int:
        return len(self._lately)

    @property
    def timers_kept(self) -> int:
        return len(self._timers)

    # -- what happens ----------------------------------------------------------------------------

    def admit(self, arrival: Arrival, now: float) -> Refusal | None:
        """None: the call is taken in, and counted until `ended`."""
        refusal = self._refusal(arrival, now)
        if refusal is None:
            self.take_in(arrival, now)
        return refusal

    def take_in(self, arrival: Arrival, now: float, *, is_answered: bool = False) -> None:
        """Count a call whatever the limits say, as one that outlived a crash."""
        living = self._living[arrival.call_id] = _Living(arrival)
        self._count(arrival, 1)
        if self._counts_caller(arrival):
            self._remember(arrival.party_id, now)
        if is_answered:
            self.answered(arrival.call_id, now)
        elif self._rules.max_ring_s is not None:
            self._set_timer(living, now + self._rules.max_ring_s)

    def answered(self, call_id: CallId, now: float) -> None:
        living = self._living.get(call_id)
        if living is None or living.is_answered:
            return
        living.is_answered = True
        living.due_at = None
        line = self._rules.lines.get(living.arrival.line)
        if line is not None and line.max_call_s is not None:
            self._set_timer(living, now + line.max_call_s)

    def ended(self, call_id: CallId) -> None:
        living = self._living.pop(call_id, None)
        if living is not None:
            self._count(living.arrival, -1)

    def tick(self, now: float) -> list[TimeUp]:
        """Calls whose time is over by now; each is told once, `ended` follows."""
        over = []
        while self.deadline is not None and self.deadline <= now:
            _, call_id = heappop(self._timers)
            living = self._living[call_id]
            living.due_at = None
            late = None if living.is_answered else Refusal(NO_ANSWER, Rule.RING)
            over.append(TimeUp(call_id, late))
        return over

    # -- the rules -------------------------------------------------------------------------------

    def _refusal(self, arrival: Arrival, now: float) -> Refusal | None:
        rules = self._rules
        if _is_full(len(self._living), rules.calls):
            return Refusal(FULL, Rule.HOUSE)
        return (
            self._trunk_refusal(arrival)
            or self._line_refusal(arrival)
            or self._caller_refusal(arrival, now)
        )

    def _trunk_refusal(self, arrival: Arrival) -> Refusal | None:
        name = arrival.trunk
        trunk = self._rules.trunks.get(name)
        if trunk is None:
            return None
        if trunk.numbers is not None and arrival.line not in trunk.numbers:
            return Refusal(FORBIDDEN, f"{Rule.TRUNK_NUMBER}: {name} may not call {arrival.line}")
        if trunk.channels is None:
            return None
        if _is_full(self._on_trunk[name] + self._outgoing(name), trunk.channels):
            return Refusal(FULL, f"{Rule.TRUNK}: {name} has {trunk.channels}")
        return None

    def _line_refusal(self, arrival: Arrival) -> Refusal | None:
        line = self._rules.lines.get(arrival.line)
        if line is None or not _is_full(self._on_line[arrival.line], line.channels):
            return None
        return Refusal(BUSY_HERE, f"{Rule.LINE}: {arrival.line} has {line.channels}")

    def _caller_refusal(self, arrival: Arrival, now: float) -> Refusal | None:
        if not self._counts_caller(arrival):
            return None
        rules, party_id = self._rules, arrival.party_id
        if _is_full(self._of_caller[party_id], rules.calls_per_caller):
            return Refusal(BUSY_HERE, Rule.CALLER)
        lately = self._lately.get(party_id, ())
        recent = sum(at > now - MINUTE_S for at in lately)
        if _is_full(recent, rules.calls_per_caller_per_minute):
            return Refusal(BUSY_HERE, Rule.CALLER_RATE)
        return None

    def _counts_caller(self, arrival: Arrival) -> bool:
        return self._rules.anonymous_as_one or not arrival.is_anonymous

    # -- the tables ------------------------------------------------------------------------------

    def _count(self, arrival: Arrival, step: int) -> None:
        _add(self._on_line, arrival.line, step)
        _add(self._on_trunk, arrival.trunk, step)
        _add(self._of_caller, arrival.party_id, step)

    def _remember(self, party_id: PartyId, now: float) -> None:
        limit = self._rules.calls_per_caller_per_minute
        if limit is None:
            return
        self._lately.setdefault(party_id, deque(maxlen=limit)).append(now)
        self._lately.move_to_end(party_id)
        while len(self._lately) > MAX_CALLERS or self._oldest_at() <= now - MINUTE_S:
            self._lately.popitem(last=False)

    def _oldest_at(self) -> float:
        """When the caller was last here who has been away for longest."""
        return next(iter(self._lately.values()))[-1]

    def _set_timer(self, living: _Living, due_at: float) -> None:
        living.due_at = due_at
        heappush(self._timers, (due_at, living.arrival.call_id))
        if len(self._timers) > 2 * len(self._living) + SPARE_TIMERS:
            self._timers = [
                (living.due_at, call_id)
                for call_id, living in self._living.items()
                if living.due_at is not None
            ]
            heapify(self._timers)

    def _drop_stale_timers(self) -> None:
        while self._timers:
            due_at, call_id = self._timers[0]
            living = self._living.get(call_id)
            if living is not None and living.due_at == due_at:
                return
            heappop(self._timers)


def _is_full(count: int, limit: int | None) -> bool:
    return limit is not None and count >= limit


def _add(counts: Counter[Key], key: Key, step: int) -> None:
    """A key that stands at zero is not kept."""
    counts[key] += step
    if not counts[key]:
        del counts[key]
