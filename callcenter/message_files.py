"""What tasks need of the recordings: the message's audio, and what was said."""

from pathlib import Path

from foundation.errors import Conflict, NotFound
from foundation.ids import RecordingId
from recordings.audio_api import NoteHeard
from recordings.events import Hearing
from recordings.recording import TranscriptState
from recordings.store import RecordingStore
from telephony.calls.events import Side
from wallboard.task_api import Messages, Said


class MessageFiles:
    """Reads what core writes."""

    def __init__(self, store: RecordingStore, folder: Path, note: NoteHeard) -> None:
        self._store = store
        self._folder = folder
        self._note = note

    def for_tasks(self) -> Messages:
        return Messages(self.said, self.file)

    async def said(self, recording_id: RecordingId) -> Said:
        try:
            recording = await self._store.get(recording_id)
        except NotFound:
            return Said(state=TranscriptState.NONE.value)
        said = Said(state=recording.transcript.value, duration_s=recording.duration_s)
        if recording.transcript is TranscriptState.READY:
            for side in await self._store.transcript(recording_id):
                if side.side is Side.CALLER:
                    said.text, said.language = side.text, side.language
        return said

    async def file(self, recording_id: RecordingId, by: str) -> Path:
        """When the audit has it."""
        recording = await self._store.get(recording_id)
        if recording.is_open:
            raise Conflict(f"The message {recording_id!r} is still being spoken.")
        path = self._folder / recording.file
        if not path.is_file():
            raise NotFound(f"The audio of the message {recording_id!r} is gone.")
        await self._note(recording_id, by, Hearing.LISTEN)
        return path
