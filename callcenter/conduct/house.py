"""What the journey knows of the house: its rules, and the parts that it conducts, as Protocols."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from acd.inputs import AcdInput
from acd.views import AgentView
from callcenter.conduct.card_entry import CardRule
from callcenter.conduct.limits import Arrival, Refusal
from foundation.ids import AgentId, CallbackId, CallId, OfferId, PartyId, QueueId, RecordingId
from ivr.inputs import Input
from ivr.visit.caller import Caller


class Floor(Protocol):
    """The ACD's floor under its driver."""

    def feed(self, given: AcdInput) -> None: ...
    def is_current(self, offer_id: OfferId) -> bool: ...
    def agent(self, agent_id: AgentId) -> AgentView: ...
    def why_unavailable(self, agent_id: AgentId) -> str: ...
    def check_callback(self, party_id: PartyId, queue: QueueId, in_s: float = 0.0) -> None: ...
    def has_callback(self, callback_id: CallbackId) -> bool: ...


class Ivr(Protocol):
    """The callers' ways through the flows under their timer; effects come to `Journey.do_ivr`."""

    def start(
        self, call_id: CallId, flow: str, languages: tuple[str, ...], caller: Caller
    ) -> None: ...
    def answer(self, call_id: CallId, given: Input) -> None: ...
    def digit(self, call_id: CallId, digit: str) -> None: ...
    def prompt_ended(self, call_id: CallId) -> None: ...
    def caller_left(self, call_id: CallId) -> None: ...
    def leads_to(self, queue: QueueId) -> bool: ...


class Prompts(Protocol):
    """Files to play, ready on disk."""

    def named(self, name: str, languages: Sequence[str]) -> list[str]: ...
    def position(self, position: int, languages: Sequence[str]) -> list[str]: ...
    def wait(
        self, expected_s: float | None, is_longer: bool, languages: Sequence[str]
    ) -> list[str]: ...
    def agent_number(self, number: str, languages: Sequence[str]) -> list[str]: ...


class Recorder(Protocol):
    """Opens a recording (`RecordingStarted` is told) and closes it when its tap has ended."""

    def start(
        self, call_id: CallId, agent_id: AgentId, queue: QueueId, languages: tuple[str, str]
    ) -> tuple[RecordingId, str]: ...
    def end(self, recording_id: RecordingId, frames: int, complete: bool) -> None: ...


class Limits(Protocol):
    """Counts the living calls (`conduct.limits`) under its timer; time that is up comes to
    `Journey.time_up`."""

    def admit(self, arrival: Arrival) -> Refusal | None: ...
    def take_in(self, arrival: Arrival) -> None: ...
    def answered(self, call_id: CallId) -> None: ...
    def ended(self, call_id: CallId) -> None: ...


class Callers(Protocol):
    """What is known of who calls and is not in the journal, and whether he is there still."""

    def has_call(self, call_id: CallId) -> bool: ...
    def find_caller_number(self, call_id: CallId) -> str | None: ...
    def find_calling_agent(self, call_id: CallId) -> AgentId | None: ...
    def find_dialled(self, call_id: CallId) -> str: ...
    def party_of(self, number: str) -> PartyId: ...
    def find_number(self, party_id: PartyId) -> str | None: ...


class RingTimes(Protocol):
    """Who rings outside, and how long he may; what is over comes to `Journey.ring_time_over`."""

    def set(self, call_id: CallId, offer_id: OfferId, ring_s: float) -> None: ...
    def cancel(self, call_id: CallId) -> None: ...


class Alarms(Protocol):
    """Timers of calls; one of each name."""

    def now(self) -> float: ...
    def set(self, call_id: CallId, what: str, at_s: float, ring: Callable[[], None]) -> None:
        """Instead of the one before; what is over rings at once."""

    def cancel(self, call_id: CallId, what: str = "") -> None:
        """'': all of the call."""


class NoAlarms:
    """For who has no timers: nothing rings."""

    def now(self) -> float:
        return 0.0

    def set(self, call_id: CallId, what: str, at_s: float, ring: Callable[[], None]) -> None:
        pass

    def cancel(self, call_id: CallId, what: str = "") -> None:
        pass


class RecordingMode(StrEnum):
    """Of a line's or a queue's talks."""

    ALWAYS = "always"
    ON_DEMAND = "on_demand"
    "When the agent, or somebody for him, begins it."
    NEVER = "never"


def strictest(one: RecordingMode, other: RecordingMode) -> RecordingMode:
    order = (RecordingMode.NEVER, RecordingMode.ON_DEMAND, RecordingMode.ALWAYS)
    return min(one, other, key=order.index)


class Consent(StrEnum):
    NONE = "none"
    ANNOUNCE = "announce"
    "The caller is told that the call may be recorded."
    ASK = "ask"
    "And may decline by a key."


class KeyCommand(StrEnum):
    """What keys of an agent's phone may mean within a talk; each is its own opposite."""

    PAUSE = "pause"
    RECORD = "record"
    CARD = "card"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingRule:
    """What agents may do about recordings, in the whole house."""

    keys: Mapping[str, KeyCommand] = field(default_factory=dict)
    "By what is pressed."
    card: CardRule | None = None
    "None: no card is taken."


class Regulars(Protocol):
    """Who calls again (`conduct.regulars`)."""

    def tier_of(self, call_id: CallId) -> str: ...
    def last_agent(self, call_id: CallId) -> AgentId | None: ...
    def prefer(self, call_id: CallId, queue: QueueId) -> AgentId | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRule:
    """What a dialled number leads to; `languages` are those its prompts are played in."""

    flow: str
    languages: tuple[str, ...]
    hours: str = ""
    "Calendar of the flow's `hours` nodes."
    recording: RecordingMode = RecordingMode.ALWAYS
    consent: Consent = Consent.NONE
    consent_prompt: str = ""
    decline_key: str = ""
    "With ASK."


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRule:
    """What the journey must know of a queue beside what the floor knows."""

    music: str
    announce_agent: bool
    languages: tuple[str, ...]
    "What prompts in the queue are played in, and what its talks may be spoken in."
    number: str = ""
    "What agents dial to send a caller there."
    recording: RecordingMode = RecordingMode.ALWAYS
    survey: str = ""
    "The flow that a caller hears when the agent has hung up."
    overflow_to: QueueId | None = None
    "Who overflows goes there; None: hears an apology."
    sticky_within_s: float = 0.0
    "A talk with an agent so long ago makes him the one to be asked first; 0: none does."
    transcribe_priority: int = 0
    live_transcript: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRule:
    number: str
    auto_answer: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseRules:
    lines: Mapping[str, LineRule]
    queues: dict[QueueId, QueueRule]
    agents: dict[AgentId, AgentRule]
    "Both change while calls go on (`changes.live_house`)."
    blocked: Collection[str]
    "E.164 numbers that are refused."
    vips: dict[str, str] = field(default_factory=dict)
    "Tier by E.164 number; may change as agents do."
    recording: RecordingRule = RecordingRule()
    outside_ring_s: float = 30.0
    "How long a number outside, or a colleague whom an agent dials, may ring."
