"""Messages that callers leave: recordings of one side, each told when its file is closed.

    begin ─▶ VoicemailStarted … media writes … end ─▶ recordings ─▶ RecordingEnded ─▶ VoicemailLeft

A message is a recording like any other: in the same folder, transcribed by the same queue, kept and
erased by the same rules. One whose core was killed is told by the next one (`remember`).
"""

from collections.abc import Callable
from typing import Protocol

from foundation.ids import CallId, QueueId, RecordingId
from foundation.record import Record
from ivr.events import VoicemailLeft, VoicemailStarted
from recordings.events import RecordingEnded

PREFIX = "vm-"
SHORTEST_S = 0.5
"Less is a click and no message."


class Recorder(Protocol):
    """`recordings.service.RecordingService`."""

    def start_message(
        self, call_id: CallId, queue: QueueId, language: str
    ) -> tuple[RecordingId, str]: ...
    def end(self, recording_id: RecordingId, frames: int, complete: bool) -> None: ...


class Messages:
    """Hands out files and tells what was left in them."""

    def __init__(
        self, recorder: Recorder, tell: Callable[[VoicemailStarted | VoicemailLeft], None]
    ) -> None:
        self._recorder = recorder
        self._tell = tell
        self._open: dict[RecordingId, VoicemailStarted] = {}
        self._untold: list[RecordingEnded] = []

    # -- revival.take_over.Remembers ----------------------------------------------------------

    def remember(self, record: Record[object]) -> None:
        match record.event:
            case VoicemailStarted() as started:
                self._open[started.recording_id] = started
            case RecordingEnded(recording_id) as ended if recording_id in self._open:
                self._untold.append(ended)
            case VoicemailLeft(voicemail_id=voicemail_id):
                self._open.pop(RecordingId(voicemail_id), None)

    def restored(self) -> None:
        for ended in self._untold:
            self.on_event(ended)
        self._untold.clear()

    # -- life ------------------------------------------------------------------------------------

    def begin(
        self, call_id: CallId, box: str, queue: QueueId, language: str
    ) -> tuple[RecordingId, str]:
        """`language`: that the caller speaks; several joined by '|'."""
        recording_id, file = self._recorder.start_message(call_id, queue, language)
        self._tell_started(VoicemailStarted(call_id, recording_id, box, queue))
        return recording_id, file

    def owns(self, recording_id: RecordingId) -> bool:
        return recording_id.startswith(PREFIX)

    def end(self, recording_id: RecordingId, frames: int, complete: bool) -> None:
        self._recorder.end(recording_id, frames, complete)

    def on_event(self, event: object) -> None:
        if not isinstance(event, RecordingEnded):
            return
        started = self._open.pop(event.recording_id, None)
        if started is not None and event.duration_s >= SHORTEST_S:
            seconds = round(event.duration_s, 1)
            self._tell(
                VoicemailLeft(
                    started.call_id, started.box, event.recording_id, seconds, started.queue
                )
            )

    def _tell_started(self, started: VoicemailStarted) -> None:
        self._open[started.recording_id] = started
        self._tell(started)
