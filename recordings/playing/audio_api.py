"""`/api/v1/recordings/{id}/audio`, `…/peaks`, `…/marks`: what a player needs.

The audio is a WAV whether it was archived or not, or the FLAC of the archive; HTTP ranges are
served of either. Files are opened and decoded in threads.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel
from starlette.types import Receive, Scope, Send

from foundation.errors import Conflict, NotFound
from foundation.ids import RecordingId
from recordings.api import Guard
from recordings.archiving.archive import Shelf, WavAudio, open_audio
from recordings.archiving.archive_store import Archived, ArchiveStore
from recordings.archiving.peaks import PEAK_MS, PeakFinder, as_columns
from recordings.events import Hearing
from recordings.marking.marks import to_chunks
from recordings.marking.marks_store import MarkStore
from recordings.playing.audio_files import AudioFile, MadeWav, PlainFile, blocks, open_wav
from recordings.playing.ranges import ByteRange, RangeNotSatisfiable, parse_range
from recordings.recording import Recording
from recordings.store import RecordingStore

CHANNELS = 2
WAV, FLAC = "audio/wav", "audio/flac"


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioPlaces:
    """Where the audio of recordings may be."""

    folder: Path
    "What recordings' files are relative to."
    shelf: Shelf
    archives: ArchiveStore
    marks: MarkStore


class PeaksOut(BaseModel):
    peak_ms: int
    "What each entry stands for."
    caller: list[list[int]]
    "Lowest and highest sample, -128 to 127."
    agent: list[list[int]]


class MarkOut(BaseModel):
    kind: str
    from_s: float
    "Seconds from the recording's first sample."
    to_s: float | None
    "Null while it goes on."
    side: str
    party: str
    "An agent's id, a supervisor's phone, or a party's id."


NoteHeard: TypeAlias = Callable[[RecordingId, str, Hearing], Awaitable[None]]
"Recording, user, way: returns when it is in the audit, and raises `Unavailable` when it can't be."


def audio_router(
    store: RecordingStore,
    places: AudioPlaces,
    guard: Guard,
    note: NoteHeard,
    user_id: Callable[..., str],
) -> APIRouter:
    """`guard` stands before every route; `user_id`: a dependency that says who asks."""
    router = APIRouter(
        prefix="/api/v1/recordings", tags=["recordings"], dependencies=[Depends(guard)]
    )
    finder = _Finder(store, places)
    player = Player(store, places, note)

    @router.get(
        "/{recording_id}/audio",
        response_class=Response,
        responses={200: {"content": {WAV: {}, FLAC: {}}}, 206: {}, 416: {}},
    )
    async def get_audio(
        recording_id: RecordingId,
        request: Request,
        by: Annotated[str, Depends(user_id)],
        form: Annotated[Literal["wav", "flac"] | None, Query(alias="format")] = None,
        accept: Annotated[str, Header()] = "",
    ) -> Response:
        """Stereo, left the caller, right the agent; HTTP ranges are served. `format=flac`, or an
        Accept header that names audio/flac and not WAV, gives the archive's file. Each listening
        and each download is in the audit before it begins; 503 while that can't be written."""
        prefers_flac = FLAC in accept and "wav" not in accept
        return await player.answer(recording_id, by, request, form, prefers_flac=prefers_flac)

    @router.get(
        "/{recording_id}/peaks",
        response_model=PeaksOut,
        responses={200: {"content": {"application/octet-stream": {}}}},
    )
    async def get_peaks(
        recording_id: RecordingId, accept: Annotated[str, Header()] = ""
    ) -> PeaksOut | Response:
        """For a waveform. As application/octet-stream four signed bytes for each 50 ms: caller's
        lowest and highest, agent's lowest and highest."""
        peaks = await finder.peaks(recording_id)
        if "application/octet-stream" in accept:
            return Response(peaks, media_type="application/octet-stream")
        caller, agent = as_columns(peaks, CHANNELS)
        return PeaksOut(peak_ms=PEAK_MS, caller=caller, agent=agent)

    @router.get("/{recording_id}/marks")
    async def get_marks(recording_id: RecordingId) -> list[MarkOut]:
        """Holds, pauses, guests: what happened when, also while the talk goes on."""
        await store.get(recording_id)
        return [
            MarkOut(
                kind=mark.kind.value,
                from_s=mark.from_s,
                to_s=mark.to_s,
                side=mark.side,
                party=mark.party,
            )
            for mark in await places.marks.of(recording_id)
        ]

    return router


class Player:
    """Answers a request with a recording's audio, when the audit has it."""

    def __init__(self, store: RecordingStore, places: AudioPlaces, note: NoteHeard) -> None:
        self._finder = _Finder(store, places)
        self._note = note

    async def answer(
        self,
        recording_id: RecordingId,
        by: str,
        request: Request,
        form: str | None = None,
        *,
        prefers_flac: bool = False,
        how: Hearing | None = None,
    ) -> Response:
        """`form`: 'wav' or 'flac'; `how`: as the audit is to call it, else what the request
        looks like."""
        file, kind = await self._finder.audio(recording_id, form, prefers_flac=prefers_flac)
        with ExitStack() as on_failure:
            on_failure.callback(file.close)
            await self._note(recording_id, by, how or _way(request))
            on_failure.pop_all()
        return _stream(request, file, kind, f"{recording_id}.{kind.removeprefix('audio/')}")


class _Finder:
    """Finds a recording's audio; it may move from the folder to the shelf at any moment."""

    def __init__(self, store: RecordingStore, places: AudioPlaces) -> None:
        self._store = store
        self._places = places

    async def audio(
        self, recording_id: RecordingId, form: str | None, *, prefers_flac: bool
    ) -> tuple[AudioFile, str]:
        """The file and its media type."""
        recording = await self._ended(recording_id)
        archived = await self._places.archives.find(recording_id)
        if archived is None and form == "flac":
            raise Conflict(f"recording {recording_id!r} has not been archived yet")
        if archived is None:
            try:
                path = self._places.folder / recording.file
                return await asyncio.to_thread(open_wav, path), WAV
            except FileNotFoundError:
                archived = await self._moved(recording_id)
        if form == "flac" or (form is None and prefers_flac):
            file = await asyncio.to_thread(self._places.shelf.open, archived.audio_key)
            return PlainFile(file), FLAC
        return await self._made_wav(recording, archived), WAV

    async def _made_wav(self, recording: Recording, archived: Archived) -> MadeWav:
        path = self._places.folder / recording.file
        marks = await self._places.marks.of(recording.recording_id)
        audio = await asyncio.to_thread(open_audio, path, self._places.shelf, archived.audio_key)
        return MadeWav(audio, to_chunks(marks, audio.rate))

    async def peaks(self, recording_id: RecordingId) -> bytes:
        recording = await self._ended(recording_id)
        archived = await self._places.archives.find(recording_id)
        if archived is None:
            path = self._places.folder / recording.file
            if await asyncio.to_thread(path.is_file):
                return await asyncio.to_thread(_peaks_of, path)
            archived = await self._moved(recording_id)
        return await asyncio.to_thread(self._read, archived.peaks_key)

    def _read(self, key: str) -> bytes:
        with self._places.shelf.open(key) as file:
            return file.read()

    async def _ended(self, recording_id: RecordingId) -> Recording:
        recording = await self._store.get(recording_id)
        if recording.is_open:
            raise Conflict(f"recording {recording_id!r} is still being made")
        return recording

    async def _moved(self, recording_id: RecordingId) -> Archived:
        """The WAV is not there: it has just gone to the archive, or it is lost."""
        archived = await self._places.archives.find(recording_id)
        if archived is None:
            raise NotFound(f"the audio of recording {recording_id!r} is gone")
        return archived


def _way(request: Request) -> Hearing:
    """Players ask for ranges, and browsers say that it is for one."""
    is_player = request.headers.get("sec-fetch-dest") in ("audio", "video")
    return Hearing.LISTEN if is_player or "range" in request.headers else Hearing.DOWNLOAD


def _stream(request: Request, file: AudioFile, kind: str, name: str) -> Response:
    tag = f'"{name}-{file.size}"'
    if_range = request.headers.get("if-range")
    asked = request.headers.get("range") if if_range in (None, tag) else None
    try:
        wanted = parse_range(asked, file.size)
    except RangeNotSatisfiable as error:
        file.close()
        headers = {"Content-Range": f"bytes */{file.size}"}
        return Response(str(error), error.http_status, headers)
    headers = {
        "Accept-Ranges": "bytes",
        "Content-Length": str(file.size if wanted is None else wanted.length),
        "Content-Disposition": f'attachment; filename="{name}"',
        "ETag": tag,
        "Vary": "Accept",
    }
    if wanted is not None:
        headers["Content-Range"] = wanted.content_range(file.size)
    status = 200 if wanted is None else 206
    return _FileResponse(file, wanted, status, headers, kind)


class _FileResponse(StreamingResponse):
    """Closes the file, whether anybody has waited for its end or not."""

    def __init__(
        self,
        file: AudioFile,
        wanted: ByteRange | None,
        status: int,
        headers: dict[str, str],
        kind: str,
    ) -> None:
        super().__init__(blocks(file, wanted), status, headers, kind)
        self._file = file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._file.close()


def _peaks_of(path: Path) -> bytes:
    with WavAudio(path) as audio:
        finder = PeakFinder(audio.rate, audio.channels)
        step = audio.rate * 60
        for start in range(0, audio.frames, step):
            finder.feed(audio.read(start, step))
        return finder.finish()
