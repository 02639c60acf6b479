"""Is all there? Every talk has its audio, whole and untouched, and every file has its talk.

    database ─ places ─▶ WAV: whole?  shelf: every block, every frame, the length?
    journal ─ talks ─▶ known to the database, or deleted?
    folder ─ files ─▶ some talk's?

It reads beside a centre that runs, and changes nothing but WAVs that were cut, when it is told to.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

from foundation.errors import CallCentreError
from recordings import wav
from recordings.archiving.archive import Shelf, open_audio
from recordings.archiving.archive_store import ArchiveStore, Place
from recordings.events import RecordingDeleted, RecordingStarted
from recordings.store import RecordingStore

PAGE = 200
STEP_S = 60
SLACK_S = 0.05
"Durations are kept as numbers of seconds."


@dataclass
class Findings:
    talks: int = 0
    files: int = 0
    problems: list[str] = field(default_factory=list)
    "A sentence for each."
    repaired: list[str] = field(default_factory=list)


class Verifier:
    def __init__(
        self, folder: Path, shelf: Shelf, store: RecordingStore, archives: ArchiveStore
    ) -> None:
        self._folder = folder
        self._shelf = shelf
        self._store = store
        self._archives = archives

    async def run(
        self,
        events: AsyncIterator[object],
        *,
        repair: bool = False,
        step: Callable[[int], None] = lambda _: None,
    ) -> Findings:
        """`events`: the journal's `RecordingStarted` and `RecordingDeleted`; `step`: how many
        talks were looked at."""
        findings = Findings()
        # The files first: a talk that begins meanwhile is not missed in the rows then.
        files = set(await asyncio.to_thread(self._shelf.all_keys))
        told = await _talks_of(events)
        known = await self._check_talks(findings, files, repair=repair, step=step)
        for recording in await self._store.open_recordings():
            known.add(recording.recording_id)
            files.discard(recording.file)
        findings.problems += [
            f"Talk {each} was recorded, and the database does not know it."
            for each in sorted(told - known)
        ]
        findings.problems += [f"File {each} belongs to no talk." for each in sorted(files)]
        return findings

    async def _check_talks(
        self, findings: Findings, files: set[str], *, repair: bool, step: Callable[[int], None]
    ) -> set[str]:
        known: set[str] = set()
        after = ""
        while page := await self._archives.places(after, PAGE):
            for place in page:
                problem = await self._check(place, findings, repair=repair)
                if problem:
                    findings.problems.append(problem)
                files -= {place.file, place.audio_key, place.peaks_key}
                known.add(place.recording_id)
                findings.talks += 1
                step(findings.talks)
            after = page[-1].recording_id
        return known

    async def _check(self, place: Place, findings: Findings, *, repair: bool) -> str:
        problem = await asyncio.to_thread(self._look, place, findings, repair=repair)
        if not problem:
            return ""
        # It may have gone to the archive, or was deleted, since its row was read.
        now = await self._archives.find_place(place.recording_id)
        if now is None or now == place:
            return problem if now else ""
        return await asyncio.to_thread(self._look, now, findings, repair=repair)

    def _look(self, place: Place, findings: Findings, *, repair: bool) -> str:
        if not place.duration_s:
            return ""  # a talk without a sample; core has told why
        path = self._folder / place.file
        try:
            if not place.audio_key and path.is_file() and not wav.is_whole(path):
                if not repair:
                    return f"Talk {place.recording_id}: {place.file} is cut; --repair mends it."
                wav.repair(path)
                findings.repaired.append(place.file)
            duration_s = self._read_all(place, path)
        except (CallCentreError, OSError) as error:
            return f"Talk {place.recording_id}: {error}."
        findings.files += 1
        if abs(duration_s - place.duration_s) > SLACK_S:
            return (
                f"Talk {place.recording_id} took {place.duration_s:.1f} s, "
                f"and its audio {duration_s:.1f} s."
            )
        return ""

    def _read_all(self, place: Place, path: Path) -> float:
        """Each frame, so each tag and checksum; seconds."""
        with open_audio(path, self._shelf, place.audio_key) as audio:
            step = audio.rate * STEP_S
            heard = sum(len(audio.read(at, step)) for at in range(0, audio.frames, step))
            seconds = heard / audio.rate
        if place.peaks_key:
            with self._shelf.open(place.peaks_key) as file:
                file.read()
        return seconds


async def _talks_of(events: AsyncIterator[object]) -> set[str]:
    told: set[str] = set()
    async for event in events:
        if isinstance(event, RecordingStarted):
            told.add(event.recording_id)
        elif isinstance(event, RecordingDeleted):
            told.discard(event.recording_id)
    return told
