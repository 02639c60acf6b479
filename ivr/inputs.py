"""What happens to a caller in a flow, as the machine (`visit.engine`) is told it.

What comes too late (the answer to a lookup that is given up, words after the key) is nothing.
"""

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Start:
    """The call is answered; the caller listens."""


@dataclass(frozen=True, slots=True)
class Digit:
    digit: str


@dataclass(frozen=True, slots=True)
class PromptEnded:
    """Everything that was asked to be played has been played."""


@dataclass(frozen=True, slots=True)
class LookupDone:
    """`answer` is what the server's JSON says: dicts, lists, texts, numbers, truths."""

    lookup_id: int
    answer: object


@dataclass(frozen=True, slots=True)
class LookupFailed:
    lookup_id: int
    is_missing: bool = False
    "The server knows no such thing (404)."


@dataclass(frozen=True, slots=True)
class SpeechBegan:
    """Somebody speaks; what is said comes later."""

    ask_id: int


@dataclass(frozen=True, slots=True)
class SpeechHeard:
    ask_id: int
    text: str
    confidence: float
    "0 to 1."


@dataclass(frozen=True, slots=True)
class SpeechSilent:
    """Nothing was said in time."""

    ask_id: int


@dataclass(frozen=True, slots=True)
class SpeechFailed:
    """Nobody can listen: no model for the language, no room."""

    ask_id: int


@dataclass(frozen=True, slots=True)
class VoicemailEnded:
    """By silence, limit or a fault."""


@dataclass(frozen=True, slots=True)
class CallbackPromised:
    """The caller will be called back."""


@dataclass(frozen=True, slots=True)
class CallbackRefused:
    """The number may not be called, or no more promises are made; the caller is here still."""


@dataclass(frozen=True, slots=True)
class TransferDone:
    """Somebody else has the caller now."""


@dataclass(frozen=True, slots=True)
class TransferFailed:
    """Busy, no answer, forbidden; the caller is here still."""


@dataclass(frozen=True, slots=True)
class CallerLeft:
    """The call is over."""


Input: TypeAlias = (
    Start
    | Digit
    | PromptEnded
    | LookupDone
    | LookupFailed
    | SpeechBegan
    | SpeechHeard
    | SpeechSilent
    | SpeechFailed
    | VoicemailEnded
    | CallbackPromised
    | CallbackRefused
    | TransferDone
    | TransferFailed
    | CallerLeft
)
