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

from callcenter.conduct.house import HouseRules
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


def find_agent(rules: HouseRules, wanted: str) -> AgentId | None:
    """By id, or by the number that callers hear; agents change while calls go on."""
    if wanted in rules.agents:
        return AgentId(wanted)
    numbered = (a for a, agent in rules.agents.items() if wanted and agent.number == wanted)
    return next(numbered, None)


class Destinations:
    """Knows all numbers and names of the house."""

    def __init__(self, rules: HouseRules, numbers: NumberRules) -> None:
        self._rules = rules
        self._numbers = numbers

    def find(self, wanted: str, purpose: Purpose, call_id: CallId) -> Destination:
        """Raises NotFound, or NumberForbidden with the rule."""
        return self._find_ours(wanted) or self._find_outside(wanted, purpose, call_id)

    def _find_ours(self, wanted: str) -> Destination | None:
        agent_id = find_agent(self._rules, wanted)
        if agent_id is not None:
            return ToAgent(agent_id)
        queue = QueueId(wanted.removeprefix(QUEUE_PREFIX))
        if queue in self._rules.queues:
            return ToQueue(queue)
        if wanted in self._rules.lines:
            return ToLine(wanted)
        return self._find_by_number(wanted) if wanted else None

    def _find_by_number(self, wanted: str) -> ToQueue | None:
        """Looked for each time: queues change while calls go on."""
        for queue, rule in self._rules.queues.items():
            if rule.number == wanted:
                return ToQueue(queue)
        return None

    def _find_outside(self, wanted: str, purpose: Purpose, call_id: CallId) -> ToOutside:
        if DIALLED.fullmatch(wanted) is None:
            # Not told back: who mistypes a number has written a number all the same.
            raise NotFound("There is no agent, queue, line or number of this name.")
        decided = self._numbers.decide(wanted, purpose, call_id)
        if isinstance(decided, Refusal):
            raise NumberForbidden(decided.rule)
        return ToOutside(wanted, decided)
