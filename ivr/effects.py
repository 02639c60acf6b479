"""What a flow wants the house to do for its caller; `callcenter.conduct.menus` does it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from foundation.ids import QueueId
from ivr.events import IvrEvent, SpeechSettled
from ivr.speech.spoken import Item


@dataclass(frozen=True, slots=True)
class PlayPrompts:
    """Play these one after the other instead of what is playing, each in all `languages`."""

    items: tuple[Item, ...]
    languages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StopPrompts:
    """Cut what is playing."""


@dataclass(frozen=True, slots=True)
class SetLanguage:
    """The caller has chosen; also what he hears and speaks after the flow."""

    language: str


@dataclass(frozen=True, slots=True)
class StartLookup:
    """Ask; `LookupDone` or `LookupFailed` with this id. After `timeout_s` nobody waits any more."""

    lookup_id: int
    url: str
    method: str
    query: Mapping[str, str]
    body: Mapping[str, str | float | bool | None] | None
    "Sent as JSON; None: nothing is sent."
    timeout_s: float


@dataclass(frozen=True, slots=True)
class StopLookup:
    """Nobody waits any more."""

    lookup_id: int


@dataclass(frozen=True, slots=True)
class HandOverCard:
    """To who charges; `LookupDone` or `LookupFailed` with this id. `StopLookup` ends it."""

    lookup_id: int
    digits: str = field(repr=False)
    "In no log, fact, file or variable."
    timeout_s: float


@dataclass(frozen=True, slots=True)
class AskSpeech:
    """Listen from now on; `SpeechHeard`, `SpeechSilent` or `SpeechFailed` with this id."""

    ask_id: int
    languages: tuple[str, ...]
    phrases: Mapping[str, tuple[str, ...]]
    "What may be said, by language; empty: anything."
    wait_s: float
    "For the first word."
    limit_s: float
    "For all of them."
    over_prompt: bool = False
    "The question is still being said, and may be spoken over; `QuestionOver` follows."


@dataclass(frozen=True, slots=True)
class QuestionOver:
    """It has been said, or is cut: the time to answer begins."""

    ask_id: int


@dataclass(frozen=True, slots=True)
class StopSpeech:
    ask_id: int


@dataclass(frozen=True, slots=True)
class RecordVoicemail:
    """A tone, then the caller's voice into a file; `VoicemailEnded` by silence or limit."""

    box: str
    limit_s: float
    silence_s: float
    queue: str = ""
    "Whose agents are to hear it; '': the box's, else everybody's."
    languages: tuple[str, ...] = ()
    "In which the caller may speak."


@dataclass(frozen=True, slots=True)
class StopVoicemail:
    """The caller has pressed a key; no `VoicemailEnded` comes."""


@dataclass(frozen=True, slots=True)
class OfferCallback:
    """The caller is to be called back at `number`, as he has said it; `CallbackPromised` or
    `CallbackRefused`."""

    flow: str
    node: str
    queue: QueueId
    number: str
    "As dialled or as E.164 digits; never logged, never in the journal."
    priority: int | None


@dataclass(frozen=True, slots=True)
class Transfer:
    """Ring somebody who gets the caller; `TransferDone` or `TransferFailed`."""

    to: str
    "An agent, `queue:NAME`, a line, or a number to dial."
    ring_s: float


@dataclass(frozen=True, slots=True)
class StopTransfer:
    """Ring no longer."""


@dataclass(frozen=True, slots=True)
class EnterQueue:
    queue: QueueId
    priority: int | None = None
    "0 (P0, most urgent) to 3; None: as the queue has it."
    requires: str = ""
    tier: str = ""
    prefer: str = ""
    "An agent's id: who talked with the caller last; '' nobody in particular."


@dataclass(frozen=True, slots=True)
class HangUp:
    reason: str


@dataclass(frozen=True, slots=True)
class Echo:
    """Let the caller hear himself."""


@dataclass(frozen=True, slots=True)
class KeepHeard:
    """What was said at a question that is over; for people to put right, never for the journal."""

    settled: SpeechSettled
    text: str
    confidence: float
    "Of the recogniser."


Effect: TypeAlias = (
    PlayPrompts
    | StopPrompts
    | SetLanguage
    | StartLookup
    | StopLookup
    | HandOverCard
    | AskSpeech
    | QuestionOver
    | StopSpeech
    | RecordVoicemail
    | StopVoicemail
    | OfferCallback
    | Transfer
    | StopTransfer
    | EnterQueue
    | HangUp
    | Echo
    | KeepHeard
    | IvrEvent
)
