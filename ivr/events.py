"""Facts about a caller's way through the menus; they go to the journal.

What callers typed or said is not in them, only what it led to: it may be a number of theirs.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from foundation.ids import CallId, PartyId, QueueId, RecordingId


@dataclass(frozen=True, slots=True)
class FlowStarted:
    """The caller was answered and is in the flow."""

    call_id: CallId
    flow: str


@dataclass(frozen=True, slots=True)
class LanguageChosen:
    """The caller hears this language alone from now on, in queues and announcements, too."""

    call_id: CallId
    language: str


@dataclass(frozen=True, slots=True)
class MenuChosen:
    """`key` is what was pressed, '' when nothing was and the default was taken."""

    call_id: CallId
    flow: str
    node: str
    key: str


@dataclass(frozen=True, slots=True)
class DigitsEntered:
    """Digits were collected; `tries` is how often it took, `accepted` false after the last one."""

    call_id: CallId
    flow: str
    node: str
    accepted: bool
    tries: int


@dataclass(frozen=True, slots=True)
class CardKeyed:
    """A card's digits were asked for; none of them is here.

    `outcome`: 'taken', 'refused' (by the server, or it has failed), 'timed_out' (its time is over)
    or 'wrong' (no card in all tries).
    """

    call_id: CallId
    flow: str
    node: str
    outcome: str
    tries: int


@dataclass(frozen=True, slots=True)
class SpeechSettled:
    """A question to be answered by voice is over.

    `outcome`: 'understood', 'confirmed' (after asking back), 'key' (a key was pressed instead),
    'fell_back' (not understood in all tries) or 'unavailable' (nobody could listen).
    """

    call_id: CallId
    flow: str
    node: str
    outcome: str
    choice: str
    confidence: float
    tries: int


@dataclass(frozen=True, slots=True)
class LookupEnded:
    """`outcome`: 'found', 'missing' (404), 'failed' or 'timed_out'."""

    call_id: CallId
    flow: str
    node: str
    outcome: str
    took_s: float


@dataclass(frozen=True, slots=True)
class CallerSent:
    """A transfer by the flow; `outcome`: 'done', 'failed' or 'timed_out'."""

    call_id: CallId
    flow: str
    node: str
    outcome: str


@dataclass(frozen=True, slots=True)
class SurveyAnswered:
    """One question of a survey after the talk; `score` 1 to 5, 0 when it was not answered."""

    call_id: CallId
    flow: str
    question: str
    score: int
    agent_id: str
    "Who talked with the caller; '' nobody."


@dataclass(frozen=True, slots=True)
class CallbackAsked:
    """The caller wants to be called back; `party_id` is of the number that he gave."""

    call_id: CallId
    flow: str
    node: str
    queue: QueueId
    party_id: PartyId
    priority: int | None
    refused: str = ""
    "Why it was not promised; '' when it was."


@dataclass(frozen=True, slots=True)
class VoicemailStarted:
    """The caller has heard the tone and speaks; `RecordingEnded` tells when that is over."""

    call_id: CallId
    recording_id: RecordingId
    box: str
    queue: QueueId
    "Whose agents are to hear it; '' everybody's."


@dataclass(frozen=True, slots=True)
class VoicemailLeft:
    """A message was recorded; `voicemail_id` is that of its recording."""

    call_id: CallId
    box: str
    voicemail_id: str
    seconds: float
    queue: str = ""
    "Whose agents are to hear it."


@dataclass(frozen=True, slots=True)
class FlowEnded:
    """`node` is where the caller left the flow: a queue node, a hang-up, or in the middle.

    `path` is every node that he came through, in order; of a sub-flow as `flow/node`.
    """

    call_id: CallId
    flow: str
    node: str
    # Two ends are the same whatever led there.
    path: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class EmergencySwitched:
    """The emergency announcement went on (also with other words than before), or off.

    `by`: who did it; 'clock' when its time was over.
    """

    is_on: bool
    by: str
    name: str = ""
    "In the configuration; '' for words that came with the command."
    text: dict[str, str] = field(default_factory=dict)
    "The words by language."
    lines: tuple[str, ...] = ()
    "None: all."
    then: str = ""
    "'continue', 'hang_up' or 'queue'."
    queue: str = ""
    until: datetime | None = None


IvrEvent: TypeAlias = (
    FlowStarted
    | LanguageChosen
    | MenuChosen
    | DigitsEntered
    | CardKeyed
    | SpeechSettled
    | LookupEnded
    | CallerSent
    | SurveyAnswered
    | CallbackAsked
    | VoicemailStarted
    | VoicemailLeft
    | FlowEnded
    | EmergencySwitched
)
