"""Where an agent can send a caller, or call: what he writes or dials, turned into one of four.

    "agent0002", "1002"      an agent, by id or by the number that callers hear
    "queue:orders", "7001"   a queue, by id or by its number
    "8000"                   a line of ours: its flow begins
    anything to dial         a number outside, if a number rule allows it

Ours goes before outside, so a number of ours never leads out of the house. A refusal is an error
with the answer for a phone (`sip_status`) and for the API (`http_status`).
"""

import re
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from callcenter.house import HouseRules
from foundation.errors import Conflict, NotAllowed, NotFound, RemoteError
from foundation.ids import AgentId, CallId, QueueId
from telephony.calls.number_rules import NO_RULE, Purpose, Refusal, Route

QUEUE_PREFIX = "queue:"
DIALLED = re.compile(r"\+?[0-9*#]{2,40}")
REFUSED_BUSY = "agent not free"
REFUSED_UNKNOWN = "unknown destination"
REFUSED_RIGHT = "not allowed"
REFUSED_STATE = "wrong state"
REFUSALS = frozenset({REFUSED_BUSY, REFUSED_UNKNOWN, REFUSED_RIGHT, REFUSED_STATE})
"Rules of `HandoverRefused` beside those of numbers outside."


class NumberRules(Protocol):
    """Decides about every number outside before it is dialled."""

    def decide(
        self, number: str, purpose: Purpose, call_id: CallId | None = None
    ) -> Route | Refusal: ...


class NoNumbers:
    """Nothing outside may be dialled."""

    def decide(
        self, number: str, purpose: Purpose, call_id: CallId | None = None
    ) -> Route | Refusal:
        return Refusal(NO_RULE)


@dataclass(frozen=True, slots=True)
class ToAgent:
    agent_id: AgentId


@dataclass(frozen=True, slots=True)
class ToQueue:
    queue: QueueId


@dataclass(frozen=True, slots=True)
class ToLine:
    line: str


@dataclass(frozen=True, slots=True)
class ToOutside:
    dialled: str
    route: Route


Destination: TypeAlias = ToAgent | ToQueue | ToLine | ToOutside


def told(destination: Destination) -> str:
    """For the journal: of a number outside its rule alone."""
    match destination:
        case ToAgent(agent_id):
            return agent_id
        case ToQueue(queue):
            return f"{QUEUE_PREFIX}{queue}"
        case ToLine(line):
            return f"line:{line}"
        case ToOutside(route=route):
            return f"outside by {route.rule}"


class NumberForbidden(NotAllowed):
    """A number rule forbids it."""

    def __init__(self, rule: str) -> None:
        super().__init__(f"This number may not be dialled: {rule}.")
        self.rule = rule


class Busy(Conflict):
    """Whoever is meant has no time."""

    sip_status = 486


def rule_of(error: RemoteError) -> str:
    """What decided, for journal, log and metrics: a name, and after a colon particulars."""
    match error:
        case NumberForbidden():
            return error.rule
        case Busy():
            return f"{REFUSED_BUSY}: {error}"
        case NotFound():
            return f"{REFUSED_UNKNOWN}: {error}"
        case NotAllowed():
            return f"{REFUSED_RIGHT}: {error}"
        case _:
            return f"{REFUSED_STATE}: {error}"


class Destinations:
    """Knows all numbers and names of the house."""

    def __init__(self, rules: HouseRules, numbers: NumberRules) -> None:
        self._rules = rules
        self._numbers = numbers
        self._agents = {rule.number: agent_id for agent_id, rule in rules.agents.items()}
        self._queues = {rule.number: queue for queue, rule in rules.queues.items()}
        self._agents.pop("", None)
        self._queues.pop("", None)

    def find(self, wanted: str, purpose: Purpose, call_id: CallId) -> Destination:
        """Raises NotFound, or NumberForbidden with the rule."""
        return self._find_ours(wanted) or self._find_outside(wanted, purpose, call_id)

    def _find_ours(self, wanted: str) -> Destination | None:
        if wanted in self._rules.agents:
            return ToAgent(AgentId(wanted))
        queue = QueueId(wanted.removeprefix(QUEUE_PREFIX))
        if queue in self._rules.queues:
            return ToQueue(queue)
        if wanted in self._rules.lines:
            return ToLine(wanted)
        if wanted in self._agents:
            return ToAgent(self._agents[wanted])
        return ToQueue(self._queues[wanted]) if wanted in self._queues else None

    def _find_outside(self, wanted: str, purpose: Purpose, call_id: CallId) -> ToOutside:
        if DIALLED.fullmatch(wanted) is None:
            # Not told back: who mistypes a number has written a number all the same.
            raise NotFound("There is no agent, queue, line or number of this name.")
        decided = self._numbers.decide(wanted, purpose, call_id)
        if isinstance(decided, Refusal):
            raise NumberForbidden(decided.rule)
        return ToOutside(wanted, decided)
