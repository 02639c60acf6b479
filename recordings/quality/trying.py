"""A new pack on talks that were: what it would have said, without counting."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from statistics import fmean

from recordings.quality.judging import judge, rule_names
from recordings.quality.pack import Kind, Pack
from recordings.quality.store import Circumstances, QualityStore, Result
from recordings.quality.talk import Talk, Verdict
from recordings.quality.talks import language_of, talk_of
from recordings.recording import Recording, RecordingFilter
from recordings.store import RecordingStore

MOST_TALKS = 5_000
"Of one trial: half a minute or so."


@dataclass(frozen=True, slots=True)
class Tried:
    """One talk."""

    recording: Recording
    verdict: Verdict
    now: Result | None
    "What counts today."

    @property
    def is_hit(self) -> bool:
        return bool(self.verdict.hits)


@dataclass(frozen=True, slots=True)
class RuleTried:
    rule: str
    kind: Kind
    hits: int
    talks: int
    "That have at least one."
    talks_now: int
    "The same of the results that count today."


@dataclass(frozen=True, slots=True)
class Trial:
    """A pack's verdicts on many talks; nothing of it is kept."""

    pack: Pack
    tried: Sequence[Tried]

    @property
    def rules(self) -> list[RuleTried]:
        """In the pack's order."""
        hits = Counter(hit.rule for one in self.tried for hit in one.verdict.hits)
        talks = Counter(rule for one in self.tried for rule in {h.rule for h in one.verdict.hits})
        before = Counter(
            rule
            for one in self.tried
            if one.now is not None
            for rule in {h.rule for h in one.now.verdict.hits}
        )
        return [
            RuleTried(name, kind, hits[name], talks[name], before[name])
            for name, kind, _, _ in rule_names(self.pack)
        ]

    @property
    def mean_score(self) -> float | None:
        return fmean(one.verdict.score for one in self.tried) if self.tried else None

    @property
    def mean_score_now(self) -> float | None:
        scores = [one.now.verdict.score for one in self.tried if one.now is not None]
        return fmean(scores) if scores else None


async def talks_in(
    language: str,
    wanted: RecordingFilter,
    recordings: RecordingStore,
    store: QualityStore,
    most: int = MOST_TALKS,
) -> AsyncIterator[tuple[Recording, Talk]]:
    """Those whose agent spoke this language, the newest first.

    Of a talk that was never judged, holds and end are not known: those rules pass over it.
    """
    for recording in await store.transcribed(wanted, most):
        sides = await recordings.transcript(recording.recording_id)
        if language_of(sides) != language:
            continue
        kept = await store.kept(recording.recording_id)
        known = kept.circumstances or Circumstances()
        yield recording, talk_of(recording, sides, kept.voices, known)


async def try_pack(
    pack: Pack, wanted: RecordingFilter, recordings: RecordingStore, store: QualityStore
) -> Trial:
    tried = []
    async for recording, talk in talks_in(pack.language, wanted, recordings, store):
        results = await store.results(recording.recording_id)
        now = next((one for one in results if one.counts), None)
        verdict = await asyncio.to_thread(judge, pack, talk)
        tried.append(Tried(recording, verdict, now))
    return Trial(pack, tried)
