"""Core's side of the archive: who archives what, and when a WAV may go.

    RecordingEnded ─▶ waiting ─▶ (transcribed) ─▶ leased ─▶ on the shelf ─▶ keys on disk ─▶ WAV away
                         ▲                          │ failed, archiver killed
                         └──────────────────────────┘

Rule 1: the WAV goes when the database has the keys, and at no other time. A core that is killed in
        between removes it at the next start.
Rule 2: leases live in memory only; a new core, or a new run of the archiver, begins anew, and the
        shelf replaces what was put there before.
Rule 3: who may not wait any longer (`plain_at_most_s`) waits neither for the transcript nor for the
        media workers: its WAV is plain, and its archive is sealed.
Rule 4: a recording that has cost `max_attempts` leases is given up with its WAV. A full disk costs
        none.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from foundation import clock
from foundation.errors import Unavailable
from foundation.ids import RecordingId
from recordings.archiving.archive_messages import (
    AudioArchived,
    AudioFailed,
    AudioGone,
    AudioWork,
    Done,
    GoOn,
    KeepAudio,
    LeaseAudio,
    NoAudio,
    Reply,
    Request,
    TellShelf,
)
from recordings.archiving.archive_options import ArchiveOptions
from recordings.archiving.archive_store import Archived, ArchiveStore, Waiting
from recordings.archiving.shelf_watch import ShelfNow, ShelfWatch
from recordings.events import ShelfMended, ShelfTroubled

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Lease:
    worker: str
    run: str
    until: float
    is_hurried: bool
    "It was overdue while the media workers needed the machine: it does not rest for them."


def _nothing_is_there(_: str) -> None:
    """Without a shelf nothing can be left on it."""


class ArchiveDesk:
    """For any number of archivers."""

    def __init__(
        self,
        options: ArchiveOptions,
        store: ArchiveStore,
        comment_of: Callable[[RecordingId], Awaitable[str]],
        is_media_near_limit: Callable[[], bool],
        monotonic_s: Callable[[], float],
        discard: Callable[[str], None] = _nothing_is_there,
        tell: Callable[[ShelfTroubled | ShelfMended], object] = lambda event: None,
        utc_now: Callable[[], datetime] = clock.utc_now,
    ) -> None:
        """`comment_of`: what the FLAC is to say of the recording; `discard`: takes from the shelf
        what came there after its recording was deleted."""
        self._discard = discard
        self._tell = tell
        self._utc_now = utc_now
        self._watch = ShelfWatch(options.shelf)
        self._options = options
        self._store = store
        self._comment_of = comment_of
        self._is_media_near_limit = is_media_near_limit
        self._monotonic_s = monotonic_s
        self._leases: dict[RecordingId, _Lease] = {}
        self._not_before: dict[RecordingId, float] = {}

    async def open(self) -> None:
        """What an earlier core came not to remove."""
        for recording_id, file in await self._store.with_wav():
            await self._remove_wav(recording_id, file)

    async def answer(self, message: Request) -> Reply:
        """Raises `Unavailable` when the database is away; the archiver then asks again."""
        match message:
            case LeaseAudio():
                return await self._lease(message)
            case KeepAudio():
                return self._keep(message)
            case AudioArchived():
                return await self._archived(message)
            case AudioFailed():
                return await self._failed(message)
            case TellShelf():
                return self._take_told(message)
            case _:
                assert_never(message)

    @property
    def shelf_now(self) -> ShelfNow | None:
        """None where recordings stay on this disk, or nothing was heard yet."""
        return self._watch.now

    def _take_told(self, told: TellShelf) -> Reply:
        now = ShelfNow(
            files=told.files, bytes=told.bytes, oldest_s=told.oldest_s, trouble=told.trouble
        )
        for event in self._watch.feed(now, self._monotonic_s()):
            log.info("recordings' store: %s", event)
            self._tell(event)
        return GoOn(pause_s=self._options.rest_s if self._is_media_near_limit() else 0.0)

    async def _lease(self, wanted: LeaseAudio) -> Reply:
        options = self._options
        nothing = NoAudio(ask_again_s=options.rest_s)
        waiting = await self._store.waiting(
            options.most_looked_at,
            also_untranscribed=not options.transcribe,
            overdue_before=self._overdue_before(),
        )
        for each in waiting:
            if not self._is_free(each.recording_id, wanted) or self._has_time(each):
                continue
            if each.attempts >= options.max_attempts:
                await self._give_up(each)
                continue
            return await self._begin(each, wanted)
        return nothing

    def _overdue_before(self) -> datetime | None:
        at_most_s = self._options.plain_at_most_s
        return None if at_most_s is None else self._utc_now() - timedelta(seconds=at_most_s)

    def _has_time(self, each: Waiting) -> bool:
        """The media workers need the machine, and it is not overdue."""
        before = self._overdue_before()
        is_overdue = before is not None and each.started < before
        return not is_overdue and self._is_media_near_limit()

    def _is_free(self, recording_id: RecordingId, wanted: LeaseAudio) -> bool:
        now = self._monotonic_s()
        lease = self._leases.get(recording_id)
        # Whoever asks although he has it never got our reply, or was killed at it.
        is_others = lease is not None and lease.worker != wanted.worker and lease.until > now
        return not is_others and self._not_before.get(recording_id, 0.0) <= now

    async def _begin(self, each: Waiting, wanted: LeaseAudio) -> Reply:
        recording_id, had = each.recording_id, self._leases.get(each.recording_id)
        if had is None or (had.worker, had.run) != (wanted.worker, wanted.run):
            await self._store.count_attempt(recording_id, each.attempts + 1)
        until = self._monotonic_s() + self._options.lease_s
        self._leases[recording_id] = _Lease(
            wanted.worker, wanted.run, until, is_hurried=self._is_media_near_limit()
        )
        comment = await self._comment_of(recording_id)
        return AudioWork(recording_id=recording_id, file=each.file, comment=comment)

    async def _give_up(self, each: Waiting) -> None:
        sentence = f"{each.attempts} attempts left no archive"
        log.error("recording %s stays a WAV: %s", each.recording_id, sentence)
        await self._store.give_up(each.recording_id, sentence)

    def _keep(self, message: KeepAudio) -> Reply:
        lease = self._lease_of(message)
        if lease is None:
            return AudioGone()
        lease.until = self._monotonic_s() + self._options.lease_s
        rests = self._is_media_near_limit() and not lease.is_hurried
        return GoOn(pause_s=self._options.rest_s if rests else 0.0)

    async def _archived(self, message: AudioArchived) -> Reply:
        recording_id = RecordingId(message.recording_id)
        archived = Archived(
            message.audio_key, message.peaks_key, message.wav_bytes, message.flac_bytes
        )
        await self._store.keep(recording_id, archived)
        self._forget(recording_id)
        if await self._store.find_place(recording_id) is None:
            for key in (message.audio_key, message.peaks_key):
                await self._discard_late(key)
        for each, file in await self._store.with_wav():
            await self._remove_wav(each, file)
        return Done()

    async def _discard_late(self, key: str) -> None:
        """Its recording was deleted while it was archived; no archiver waits for that."""
        try:
            await asyncio.to_thread(self._discard, key)
        except Unavailable as error:
            log.warning("%s is deleted when its store is back: %s", key, error)

    async def _failed(self, message: AudioFailed) -> Reply:
        recording_id = RecordingId(message.recording_id)
        if self._lease_of(message) is None:
            return Done()
        log.warning("recording %s is not archived: %s", recording_id, message.sentence)
        self._forget(recording_id)
        self._not_before[recording_id] = self._monotonic_s() + self._options.retry_s
        if message.is_passing:
            waiting = await self._store.attempts(recording_id)
            await self._store.count_attempt(recording_id, max(0, waiting - 1))
        return Done()

    def _lease_of(self, message: KeepAudio | AudioFailed) -> _Lease | None:
        lease = self._leases.get(RecordingId(message.recording_id))
        return lease if lease is not None and lease.worker == message.worker else None

    def _forget(self, recording_id: RecordingId) -> None:
        self._leases.pop(recording_id, None)
        self._not_before.pop(recording_id, None)

    async def _remove_wav(self, recording_id: RecordingId, file: str) -> None:
        path = self._options.recordings / file
        try:
            await asyncio.to_thread(path.unlink, missing_ok=True)
        except OSError as error:
            log.error("the WAV of archived recording %s stays: %s", recording_id, error)
            return
        await self._store.removed(recording_id)
