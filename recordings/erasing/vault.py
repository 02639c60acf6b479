"""Deleting recordings for good, and holding those that nobody may delete.

    hold? open? ─▶ what is there (sizes, SHA-256) ─▶ certificate ─▶ files ─▶ rows ─▶ certificate,
                                                                                 RecordingDeleted

Killed at any moment, the rows that are left name the files that are left: doing it again finishes
it. Holds and deletions wait for each other, so no hold comes too late that was answered.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

from foundation.errors import CallCentreError, Conflict, NotFound, Unavailable
from foundation.ids import QueueId, RecordingId
from foundation.tasks import to_the_end
from recordings.archiving.archive import Shelf
from recordings.erasing.certificate import Certificates, Gone, describe
from recordings.erasing.vault_store import Doomed, Hold, VaultStore
from recordings.events import DeletedFor, RecordingDeleted, RecordingHeld, RecordingReleased

log = logging.getLogger(__name__)

VaultEvent: TypeAlias = RecordingDeleted | RecordingHeld | RecordingReleased
BY_RETENTION = "retention"
MOST_AT_ONCE = 500
"Recordings of one certificate of the daily sweep."
KINDS = {".flac": "audio", ".peaks": "peaks"}


class Vault:
    """In core; files are read and deleted in threads."""

    def __init__(
        self,
        folder: Path,
        shelf: Shelf,
        store: VaultStore,
        certificates: Certificates,
        tell: Callable[[VaultEvent], object],
        utc_now: Callable[[], datetime],
    ) -> None:
        self._folder = folder
        self._shelf = shelf
        self._store = store
        self._certificates = certificates
        self._tell = tell
        self._utc_now = utc_now
        self._one_at_a_time = asyncio.Lock()

    async def hold(self, recording_ids: Sequence[RecordingId], by: str, reason: str) -> None:
        async with self._one_at_a_time:
            for each in recording_ids:
                await self._store.hold(Hold(each, reason, by, self._utc_now()))
                self._tell(RecordingHeld(each, by, reason))

    async def release(self, recording_ids: Sequence[RecordingId], by: str) -> None:
        """Of those that are held; `NotFound` when none is."""
        async with self._one_at_a_time:
            held = await self._store.holds(recording_ids)
            if not held:
                raise NotFound(f"recording {recording_ids[0]!r} is not held")
            for each in held:
                await self._store.release(each.recording_id)
                self._tell(RecordingReleased(each.recording_id, by))

    async def delete(
        self,
        doomed: Sequence[Doomed],
        why: DeletedFor,
        by: str,
        about: dict[str, Any] | None = None,
    ) -> str:
        """Deletes all or nothing; the certificate's name.

        `about`: what else the certificate says. Raises `Conflict` for what is held or goes on, and
        `Unavailable` when the audio's store is away: then it is to be done again.
        """
        async with self._one_at_a_time:
            await self._refuse(doomed)
            now = self._utc_now()
            name = f"{now:%Y%m%dT%H%M%S.%fZ}-{why.value}.json"
            gone = await asyncio.to_thread(self._describe, doomed)
            content = {
                "why": why.value,
                "by": by,
                "begun": now.isoformat(),
                "finished": None,
                **(about or {}),
                "counts": counts(doomed, gone),
                "recordings": [
                    {"recording_id": each.recording_id, "call_id": each.call_id} for each in doomed
                ],
                "files": [asdict(each) for each in gone],
            }
            # Of files that are gone the certificate and the journal are to know.
            await to_the_end(self._delete(doomed, why, by, name, content))
        return name

    async def _delete(
        self,
        doomed: Sequence[Doomed],
        why: DeletedFor,
        by: str,
        name: str,
        content: dict[str, Any],
    ) -> None:
        await asyncio.to_thread(self._certificates.write, name, content)
        await asyncio.to_thread(self._delete_files, doomed)
        await self._store.delete(doomed)
        content["finished"] = self._utc_now().isoformat()
        await asyncio.to_thread(self._certificates.write, name, content)
        for each in doomed:
            self._tell(RecordingDeleted(each.recording_id, each.call_id, why, by, name))

    async def sweep(self, keep_days: Callable[[QueueId], int | None]) -> int:
        """Delete what is older than its queue keeps recordings; None keeps for ever."""
        count = 0
        for queue in await self._store.queues():
            days = keep_days(queue)
            if days is None:
                continue
            before = self._utc_now() - timedelta(days=days)
            while doomed := await self._store.older(queue, before, MOST_AT_ONCE):
                about = {"queue": queue, "keep_days": days}
                await self.delete(doomed, DeletedFor.RETENTION, BY_RETENTION, about=about)
                count += len(doomed)
        if count:
            log.info("%d recordings were deleted: their time is over", count)
        return count

    async def _refuse(self, doomed: Sequence[Doomed]) -> None:
        held = await self._store.holds([each.recording_id for each in doomed])
        if held:
            raise Conflict(f"Nothing was deleted: {'; '.join(map(hold_sentence, held))}.")
        for each in doomed:
            if each.is_open:
                raise Conflict(
                    f"Nothing was deleted: recording {each.recording_id!r} is still being made."
                )

    def _describe(self, doomed: Sequence[Doomed]) -> list[Gone]:
        found: list[Gone] = []
        for each in doomed:
            wav_file = self._folder / each.file
            if wav_file.exists():
                with wav_file.open("rb") as file:
                    found.append(describe("wav", each.recording_id, file))
            found += [self._describe_key(key, each.recording_id) for key in each.keys]
        return found

    def _describe_key(self, key: str, of: str) -> Gone:
        kind = next((kind for end, kind in KINDS.items() if end in key), "audio")
        try:
            with self._shelf.open(key) as file:
                return describe(kind, of, file)
        except Unavailable:
            raise  # nothing was deleted yet, and it can be done later
        except CallCentreError as error:
            log.warning("%s is deleted unread: %s", key, error)
            return Gone(kind, of, 0, "")

    def _delete_files(self, doomed: Sequence[Doomed]) -> None:
        for each in doomed:
            (self._folder / each.file).unlink(missing_ok=True)
            for key in each.keys:
                self._shelf.delete(key)


def counts(doomed: Sequence[Doomed], gone: Sequence[Gone] = ()) -> dict[str, int]:
    return {
        "recordings": len(doomed),
        "transcripts": sum(each.transcript_sides for each in doomed),
        "files": len(gone),
        "bytes": sum(each.bytes for each in gone),
    }


def hold_sentence(hold: Hold) -> str:
    return f"{hold.recording_id} is held by {hold.by} since {hold.since:%Y-%m-%d}: {hold.reason}"
