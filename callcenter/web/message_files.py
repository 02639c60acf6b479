"""What tasks need of the recordings: the message's audio, and what was said."""

from fastapi import Request
from fastapi.responses import Response

from foundation.errors import NotFound
from foundation.ids import RecordingId
from recordings.events import Hearing
from recordings.playing.audio_api import Player
from recordings.recording import TranscriptState
from recordings.store import RecordingStore
from telephony.calls.events import Side
from wallboard.routes.task_api import Messages, Said


class MessageFiles:
    """Reads what core writes."""

    def __init__(self, store: RecordingStore, player: Player) -> None:
        self._store = store
        self._player = player

    def for_tasks(self) -> Messages:
        return Messages(self.said, self.audio)

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

    async def audio(self, recording_id: RecordingId, by: str, request: Request) -> Response:
        """A WAV, archived or not, when the audit has it."""
        return await self._player.answer(recording_id, by, request, how=Hearing.LISTEN)
