"""Judging in core, after each transcript: words and voices are there, nothing is heard again.

    TranscriptReady ─▶ queue ─▶ row, words, voices, journal ─ judge (a thread, milliseconds) ─▶ row,
                                                                               QualityScored

What waits is lost with core, and found again at the next start: every transcript of the last days
that has no result, and what was to be judged again in these days and was not. Judged again under a
new version of a pack, the old results stay and count no more.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import NoReturn, TypeVar

from callcenter.asks import RescoreTalks
from callcenter.changes.reloading import Applied
from callcenter.codec import CODEC
from callcenter.configuration.settings import Settings
from callcenter.events import ActionTaken
from callcenter.records.call_rows import rows_of_call
from callcenter.records.quality_facts import circumstances_of, is_with_outsider
from foundation import clock
from foundation.errors import NotFound, Unavailable
from foundation.ids import RecordingId
from foundation.journal import JournalReader, to_record
from foundation.tasks import to_the_end
from recordings.events import TranscriptReady
from recordings.quality.events import QualityScored
from recordings.quality.judging import judge
from recordings.quality.pack import Pack
from recordings.quality.store import Circumstances, QualityStore
from recordings.quality.talk import Verdict
from recordings.quality.talks import language_of, talk_of
from recordings.recording import Recording, RecordingFilter
from recordings.store import RecordingStore

log = logging.getLogger(__name__)

T = TypeVar("T")

MOST_WAITING = 20_000
RESCORED = "talks judged again"
RETRY_S = 1.0
"After a database that did not answer."
LOOK_BACK = timedelta(days=2)
"At the start: transcripts without a result."
PAUSE_S = 0.02
"Between pages of the journal's records: calls come first."
BEFORE_START = timedelta(minutes=1)
"The journal is read from so long before the recording on: its rows come in order."


class QualityDesk:
    """One talk after the other; a `changes.reloading.Reloadable`."""

    sections: Collection[str] = ("quality",)

    def __init__(
        self,
        packs: Mapping[str, Pack],
        recordings: RecordingStore,
        store: QualityStore,
        journal: JournalReader,
        tell: Callable[[QualityScored | ActionTaken], None],
        utc_now: Callable[[], datetime] = clock.utc_now,
    ) -> None:
        """`packs`: by language; none: nothing is judged."""
        self._packs = dict(packs)
        self._recordings = recordings
        self._store = store
        self._journal = journal
        self._tell = tell
        self._utc_now = utc_now
        self._waiting: asyncio.Queue[RecordingId] = asyncio.Queue(MOST_WAITING)

    def on_event(self, event: object) -> None:
        if isinstance(event, TranscriptReady):
            self._put(event.recording_id)

    async def run(self) -> NoReturn:
        """Begins with what an earlier core left."""
        since = self._utc_now() - LOOK_BACK
        for recording in await _at_last(lambda: self._store.unjudged(since, MOST_WAITING // 2)):
            self._put(recording.recording_id)
        for recording in await _at_last(lambda: self._left_of_rescoring(since)):
            self._put(recording.recording_id)
        while True:
            recording_id = await self._waiting.get()
            await _at_last(partial(self.judge, recording_id))

    async def judge(self, recording_id: RecordingId) -> None:
        """Once, with the pack that is in force for the agent's language; nothing for a talk that is
        erased meanwhile."""
        with suppress(NotFound):
            await self._judge(await self._recordings.get(recording_id))

    async def _judge(self, recording: Recording) -> None:
        recording_id = recording.recording_id
        if recording.is_message:
            return
        sides = await self._recordings.transcript(recording_id)
        pack = self._packs.get(language_of(sides))
        if pack is None:
            return
        kept = await self._store.kept(recording_id)
        known = kept.circumstances or await self._look_up(recording)
        if known is None:
            return
        verdict = await asyncio.to_thread(
            judge, pack, talk_of(recording, sides, kept.voices, known)
        )
        # What is in the database is not judged again: the figures are to know of it, too.
        await to_the_end(self._keep(recording_id, pack, verdict))

    async def _keep(self, recording_id: RecordingId, pack: Pack, verdict: Verdict) -> None:
        await self._store.add(recording_id, self._utc_now(), verdict)
        log.info("> %s scored %.0f by %s", recording_id, verdict.score, pack.name)
        self._tell(
            QualityScored(recording_id, pack.name, pack.version, verdict.score, len(verdict.hits))
        )

    async def _left_of_rescoring(self, since: datetime) -> Collection[Recording]:
        """Of what was asked for since then; the oldest talks first."""
        left: dict[RecordingId, Recording] = {}
        async for record in self._journal.of_kinds([ActionTaken], since, pause_s=PAUSE_S):
            asked = record.event
            if isinstance(asked, ActionTaken) and asked.action == RESCORED:
                wanted = RecordingFilter(
                    started_from=record.utc - _days_of(asked), started_before=record.utc
                )
                for each in await self._store.transcribed(
                    wanted, MOST_WAITING // 2, but_scored_since=record.utc
                ):
                    left[each.recording_id] = each
        return sorted(left.values(), key=lambda each: each.started)

    async def rescore(self, ask: RescoreTalks) -> int:
        """Puts the talks of so many days back in line, and says so in the audit."""
        since = self._utc_now() - timedelta(days=ask.days)
        room = MOST_WAITING - self._waiting.qsize()
        found = await self._store.transcribed(RecordingFilter(started_from=since), room)
        self._tell(ActionTaken(ask.by, RESCORED, f"{len(found)} talks", f"{ask.days:g} days"))
        for recording in reversed(found):
            self._put(recording.recording_id)
        return len(found)

    # -- a Reloadable --

    async def prepare(self, new: Settings) -> None:
        """Packs were read and checked with the settings."""

    def apply(self, new: Settings) -> Applied:
        before, self._packs = self._packs, dict(new.quality_packs)
        changed = [
            f"Talks in {language!r} are judged by {pack.name}, version {pack.version}."
            for language, pack in self._packs.items()
            if before.get(language) != pack
        ]
        return Applied(changed=changed)

    async def _look_up(self, recording: Recording) -> Circumstances | None:
        """None for a talk with somebody outside: nobody of ours is to be judged by it."""
        since = recording.started - BEFORE_START
        rows = await rows_of_call(self._journal, recording.call_id, since)
        records = [to_record(row, CODEC) for row in rows]
        if is_with_outsider(recording.recording_id, records):
            return None
        known = circumstances_of(recording.recording_id, records)
        await self._store.keep_circumstances(recording.recording_id, known)
        return known

    def _put(self, recording_id: RecordingId) -> None:
        try:
            self._waiting.put_nowait(recording_id)
        except asyncio.QueueFull:
            log.error("%d talks wait to be judged; %s is left out", MOST_WAITING, recording_id)


def _days_of(asked: ActionTaken) -> timedelta:
    """As `rescore` wrote them."""
    return timedelta(days=float(asked.detail.partition(" ")[0]))


async def _at_last(step: Callable[[], Awaitable[T]]) -> T:
    """A database that is away is waited for."""
    while True:
        try:
            return await step()
        except Unavailable as error:
            log.warning("judging waits for the database: %s", error)
            await asyncio.sleep(RETRY_S)
