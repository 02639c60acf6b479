"""What core keeps: journal, database and recordings, and the desks that look after them.

Core is their only writer.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import Protocol

from callcenter.actions.erase import forgetting
from callcenter.codec import CODEC
from callcenter.conduct.voicemail import Messages
from callcenter.configuration.settings import Settings
from callcenter.core.quality_desk import QualityDesk
from callcenter.events import HouseEvent
from callcenter.places import Places
from callcenter.revival.kept_past import PastKeeper, past_file
from callcenter.rules.house import task_options
from callcenter.rules.recordings import (
    archive_options,
    archive_shelf,
    certificates,
    recording_options,
)
from desk.service import TaskService
from desk.store import TaskStore
from foundation import clock
from foundation.db import Sessions, create_schema, make_engine, make_sessions
from foundation.errors import Unavailable
from foundation.ids import QueueId
from foundation.journal import Journal
from foundation.tasks import OnFailure, Tasks
from foundation.web.store import UserStore
from foundation.write_behind import WriteBehind
from ivr.store import HeardStore
from recordings.archiving.archive_desk import ArchiveDesk
from recordings.archiving.archive_store import ArchiveStore
from recordings.erasing.vault import Vault
from recordings.erasing.vault_store import VaultStore
from recordings.inspection.desk import InspectionDesk, InspectionParts
from recordings.inspection.form import FormBook
from recordings.inspection.store import InspectionStore
from recordings.marking.marks_desk import MarksDesk
from recordings.marking.marks_store import MarkStore
from recordings.quality.store import QualityStore
from recordings.searching.search_store import SearchStore
from recordings.service import Closed, RecordingService
from recordings.store import RecordingStore
from telephony.calls.parties import PartyBook
from telephony.calls.store import PartyStore
from telephony.sip.entrance.store import BindingStore
from wallboard.screens.store import TvLinkStore

log = logging.getLogger(__name__)

FIRST_SWEEP_S = 60.0
SWEEP_S = 24 * 3600.0
"Between two looks for recordings whose time is over."
SWEEP_AGAIN_S = 600.0
"When database or store were away."


class Retention(Protocol):
    """How long recordings are kept (`changes.retention`)."""

    def days(self, queue: QueueId) -> int | None: ...
    async def remember(self) -> None: ...


class Disk:
    """Opened before all else, closed after it."""

    def __init__(
        self,
        settings: Settings,
        tell: Callable[[HouseEvent], None],
        is_media_near_limit: Callable[[], bool],
        priority_of: Callable[[QueueId], int],
    ) -> None:
        """is_media_near_limit: then what can wait does. priority_of: a queue's, of transcripts."""
        self._settings = settings
        self._tell = tell
        self._is_media_near_limit = is_media_near_limit
        self._priority_of = priority_of
        self._closing = AsyncExitStack()

    async def open(self, on_journal_trouble: Callable[[str], None]) -> None:
        engine = make_engine(self._settings.database_url)
        self._closing.push_async_callback(engine.dispose)
        await create_schema(engine)
        sessions = make_sessions(engine)
        self.users = UserStore(engine)
        await self._open_journal(on_journal_trouble)
        await self._open_telephony(sessions)
        self._open_recordings(sessions)
        await self._open_archive(sessions)
        self._open_desks(sessions)

    def start(self, tasks: Tasks) -> None:
        """What writes behind the calls' back."""
        tasks.start("bindings", self.bindings.run)
        tasks.start("parties", self.party_store.run)
        tasks.start("tasks", self.tasks.run)

    def start_chores(self, tasks: Tasks, retention: Retention) -> None:
        """When the calls that there are have been taken over."""
        tasks.start("recordings", self.recordings.run)
        tasks.start("retention", lambda: self._sweep(retention), OnFailure.RESTART)
        tasks.start("quality", self.quality.run, OnFailure.RESTART)

    async def flush(self) -> None:
        """Write what waits."""
        await self.recordings.finish_chores()
        await self.bindings.flush()
        await self.party_store.flush()
        await self.tasks.flush()

    async def close(self) -> None:
        await self._closing.aclose()

    async def _open_journal(self, on_trouble: Callable[[str], None]) -> None:
        settings = self._settings
        self.journal = await Journal.open(settings.journal_path, CODEC, on_trouble=on_trouble)
        self._closing.push_async_callback(self.journal.close)
        kept = past_file(Places(settings.data_path).kept_history)
        self.past_keeper = PastKeeper(kept, self.journal)

    async def _open_telephony(self, sessions: Sessions) -> None:
        self.binding_store = BindingStore(sessions)
        self.bindings: WriteBehind[tuple[str, bytes]] = WriteBehind(
            "bindings", self.binding_store.save
        )
        self.party_store = PartyStore(sessions)
        self.parties = PartyBook(await self.party_store.load(), self.party_store.save)

    def _open_recordings(self, sessions: Sessions) -> None:
        settings = self._settings
        self._archives = ArchiveStore(sessions)
        self.marks = MarksDesk(
            settings.recordings_path, MarkStore(sessions), clock.utc_now, clock.monotonic_s
        )
        self.recording_store = RecordingStore(sessions)
        self._quality_store = QualityStore(sessions)
        self.search = SearchStore(sessions)
        self.recordings = RecordingService(
            recording_options(settings),
            self.recording_store,
            self._tell,
            self._is_media_near_limit,
            finish=self._finish_recordings,
            archive_key=self._archives.find_key,
            priority_of=self._priority_of,
            chance=random.SystemRandom().random,
            keep_voices=self._quality_store.keep_voices,
        )
        self.marks.also = self.recordings.also
        self.messages = Messages(self.recordings, self._tell)

    async def _open_archive(self, sessions: Sessions) -> None:
        settings, shelf = self._settings, archive_shelf(self._settings)
        self.archive_desk = ArchiveDesk(
            archive_options(settings),
            self._archives,
            self.marks.comment_of,
            self._is_media_near_limit,
            clock.monotonic_s,
            shelf.delete,
            self._tell,
        )
        await self.archive_desk.open()
        self.vault_store = VaultStore(sessions)
        self.vault = Vault(
            settings.recordings_path,
            shelf,
            self.vault_store,
            certificates(settings),
            self._tell,
            clock.utc_now,
        )

    def _open_desks(self, sessions: Sessions) -> None:
        settings = self._settings
        self.quality = QualityDesk(
            settings.quality_packs,
            self.recording_store,
            self._quality_store,
            self.journal.reader,
            self._tell,
        )
        self.inspections = InspectionDesk(
            InspectionParts(
                InspectionStore(sessions),
                self.recording_store,
                FormBook(settings.folder).form,
                self._tell,
                clock.utc_now,
                random.SystemRandom(),
            )
        )
        self.tasks = TaskService(
            task_options(settings), TaskStore(sessions), self._tell, clock.utc_now
        )
        self.tv_links = TvLinkStore(sessions)
        self.heard_store = HeardStore(sessions)
        self.forget_deleted = forgetting(sessions)

    async def _finish_recordings(self, closed: Sequence[Closed]) -> None:
        await self.marks.finish(closed)
        await self._archives.queue(*(recording.recording_id for recording, _ in closed))

    async def _sweep(self, retention: Retention) -> None:
        """Once a day, the first time when the start is over."""
        await retention.remember()
        await asyncio.sleep(FIRST_SWEEP_S)
        while True:
            await retention.remember()
            try:
                await self.vault.sweep(retention.days)
            except Unavailable as error:
                log.warning("retention waits: %s", error)
                await asyncio.sleep(SWEEP_AGAIN_S)
            else:
                await asyncio.sleep(SWEEP_S)
