"""Messages that callers leave: a folder for each box, a WAV for each message.

The id says the box, so that a message whose end comes to another process is known all the same.
"""

import secrets
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from foundation.ids import CallId, RecordingId
from ivr.events import VoicemailLeft

PREFIX = "vm-"
FRAMES_PER_S = 8000
SHORTEST_S = 0.5
"Less is a click and no message; its file is deleted."


class Messages:
    """Hands out files and tells what was left in them."""

    def __init__(
        self, folder: Path, tell: Callable[[VoicemailLeft], None], now: Callable[[], datetime]
    ) -> None:
        """`now` is local."""
        self._folder = folder
        self._tell = tell
        self._now = now
        self._open: dict[RecordingId, tuple[CallId, str, Path]] = {}

    def begin(self, call_id: CallId, box: str) -> tuple[RecordingId, str]:
        now = self._now()
        name = f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
        file = self._folder / box / f"{name}.wav"
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        recording_id = RecordingId(f"{PREFIX}{box}-{name}")
        self._open[recording_id] = (call_id, box, file)
        return recording_id, str(file)

    def owns(self, recording_id: RecordingId) -> bool:
        return recording_id.startswith(PREFIX)

    def end(self, recording_id: RecordingId, frames: int) -> None:
        """Of an earlier process's message there is the file, and nothing to tell of a call."""
        begun = self._open.pop(recording_id, None)
        if begun is None:
            return
        call_id, box, file = begun
        seconds = frames / FRAMES_PER_S
        if seconds < SHORTEST_S:
            file.unlink(missing_ok=True)
            return
        self._tell(VoicemailLeft(call_id, box, f"{box}/{file.stem}", round(seconds, 1)))
