"""What flows need of the house beside playing and queueing, as Protocols.

Every answer comes later, never from within the call that asked for it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from foundation.ids import CallId, QueueId, RecordingId
from ivr.effects import AskSpeech, KeepHeard, StartLookup
from ivr.inputs import Input
from ivr.speech.spoken import Item
from ivr.visit.caller import Caller

Answer: TypeAlias = Callable[[CallId, Input], None]
"Tells a caller's flow what has come of it; nothing when the caller is in no flow any more."


class Stoppable(Protocol):
    """Works for calls that may end meanwhile."""

    def stop(self, call_id: CallId) -> None:
        """No answer comes any more; nothing when none was on the way."""


class Known(Protocol):
    """What the house knows of who calls."""

    def caller(self, call_id: CallId, line: str, trunk: str, *, hours: str, agent: str) -> Caller:
        """`hours`: the line's calendar; `agent`: who has just talked with him."""


class Lookups(Stoppable, Protocol):
    """Asks servers; `LookupDone` or `LookupFailed` follows."""

    def start(self, call_id: CallId, asked: StartLookup, answer: Answer) -> None: ...


class Listener(Stoppable, Protocol):
    """Listens to callers; `SpeechBegan` and one of `SpeechHeard`, `SpeechSilent`, `SpeechFailed`
    follow."""

    def start(self, call_id: CallId, asked: AskSpeech, answer: Answer) -> None: ...
    def question_over(self, call_id: CallId) -> None:
        """Of one that may be spoken over: the time to answer begins."""


class MessageBox(Protocol):
    """Where callers' messages are kept."""

    def begin(
        self, call_id: CallId, box: str, queue: QueueId, language: str
    ) -> tuple[RecordingId, str]:
        """The message's id and its file."""

    def owns(self, recording_id: RecordingId) -> bool: ...
    def end(self, recording_id: RecordingId, frames: int, complete: bool) -> None:
        """It is closed: `VoicemailLeft` is told when there is something in it."""


class Speaker(Stoppable, Protocol):
    """Makes sound of sentences with values in them."""

    def say(
        self,
        call_id: CallId,
        items: Sequence[Item],
        languages: Sequence[str],
        play: Callable[[list[str]], None],
    ) -> None:
        """`play` is called with the files when they are there, at once or later, once or (after
        `stop`, or another `say` for the call) never."""


class Learner(Protocol):
    """Keeps what callers said, for people to put right (`changes.learning`)."""

    def keep(self, call_id: CallId, kept: KeepHeard) -> None: ...


class Stranger:
    """Nothing is known of anybody."""

    def caller(self, call_id: CallId, line: str, trunk: str, *, hours: str, agent: str) -> Caller:
        return Caller(line=line, trunk=trunk, hours=hours, agent_id=agent)


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuPorts:
    """All of them; who is not given is not there."""

    known: Known = field(default_factory=Stranger)
    lookups: Lookups | None = None
    listener: Listener | None = None
    messages: MessageBox | None = None
    speaker: Speaker | None = None
    learner: Learner | None = None
