"""The marks of the recordings that are being made, and what becomes of them at the end.

begin ─▶ open · close · point ─▶ (chores) the database ─▶ finish: the WAV's own chunks
adopt, after a kill of core: goes on with those that the database has
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from foundation.ids import RecordingId
from recordings import wav
from recordings.marking.marks import Mark, MarkKind, MarkLine, to_chunks, within
from recordings.marking.marks_store import MarkStore
from recordings.recording import Recording

log = logging.getLogger(__name__)

Chore = Callable[[], Awaitable[None]]


class MarksDesk:
    """`also` has a chore done after the recording's row is there (`RecordingService.also`)."""

    def __init__(
        self,
        folder: Path,
        store: MarkStore,
        utc_now: Callable[[], datetime],
        monotonic_s: Callable[[], float],
    ) -> None:
        self._folder = folder
        self._store = store
        self._utc_now = utc_now
        self._monotonic_s = monotonic_s
        self._lines: dict[RecordingId, MarkLine] = {}
        self.also: Callable[[Chore], None] = lambda chore: None

    def begin(self, recording_id: RecordingId) -> None:
        self._lines[recording_id] = MarkLine(self._monotonic_s())

    async def adopt(self, recording_id: RecordingId, started: datetime) -> None:
        """One that an earlier core began."""
        ago_s = (self._utc_now() - started).total_seconds()
        known = await self._store.of(recording_id)
        self._lines[recording_id] = MarkLine(self._monotonic_s() - ago_s, known)

    def open(
        self, recording_id: RecordingId, kind: MarkKind, side: str = "", party: str = ""
    ) -> None:
        line = self._lines.get(recording_id)
        if line is not None:
            self._save(recording_id, line.open(kind, self._monotonic_s(), side, party))

    def close(
        self, recording_id: RecordingId, kind: MarkKind, side: str = "", party: str = ""
    ) -> None:
        line = self._lines.get(recording_id)
        if line is not None:
            self._save(recording_id, line.close(kind, self._monotonic_s(), side, party))

    def point(self, recording_id: RecordingId, kind: MarkKind, party: str = "") -> None:
        line = self._lines.get(recording_id)
        if line is not None:
            self._save(recording_id, line.point(kind, self._monotonic_s(), party))

    def end(self, recording_id: RecordingId) -> None:
        """Nothing more will be told of it."""
        line = self._lines.pop(recording_id, None)
        if line is not None:
            self._save(recording_id, line.end(self._monotonic_s()))

    def _save(self, recording_id: RecordingId, marks: list[Mark]) -> None:
        if marks:
            self.also(partial(self._store.save, recording_id, marks))

    # -- the end -----------------------------------------------------------------------------------

    async def finish(self, closed: Sequence[tuple[Recording, wav.WavInfo]]) -> None:
        """Into the files; doing it again changes nothing."""
        marked = await self._store.marked([recording.recording_id for recording, _ in closed])
        for recording, info in closed:
            if recording.recording_id in marked:
                await self._finish(recording, info)

    async def _finish(self, recording: Recording, info: wav.WavInfo) -> None:
        recording_id = recording.recording_id
        marks = within(await self._store.of(recording_id), info.duration_s)
        if not marks:
            return
        await self._store.save(recording_id, marks)
        path = self._folder / recording.file
        try:
            await asyncio.to_thread(wav.set_tail, path, to_chunks(marks, info.rate))
        except OSError as error:
            log.error("the marks of %s are in the database only: %s", recording_id, error)

    async def comment_of(self, recording_id: RecordingId) -> str:
        """For a FLAC, which has no chunks: JSON; '' without marks."""
        marks = await self._store.of(recording_id)
        return json.dumps({"marks": [to_dict(mark) for mark in marks]}) if marks else ""


def to_dict(mark: Mark) -> dict[str, object]:
    return {
        "kind": mark.kind.value,
        "from_s": mark.from_s,
        "to_s": mark.to_s,
        "side": mark.side,
        "party": mark.party,
    }
