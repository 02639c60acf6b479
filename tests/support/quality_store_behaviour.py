"""What the store of verdicts must do, whatever database is behind it; subclasses give `shelf`."""

from dataclasses import dataclass
from datetime import timedelta

from foundation.ids import AgentId, RecordingId
from recordings.quality.pack import Kind
from recordings.quality.store import Circumstances, Kept, QualityStore
from recordings.quality.talk import Hit, Mark, Measures, Sign, Stretch, Verdict, Voice
from recordings.recogniser import Word
from recordings.recording import RecordingFilter, SideTranscript, TranscriptState
from recordings.store import Ended, RecordingStore
from telephony.calls.events import EndedBy, Side
from tests.support.recording_fakes import STARTED, recording

ONE, TWO, THREE = (RecordingId(f"r-{number}") for number in (1, 2, 3))
ANY = RecordingFilter()
VOICE = Voice(60.0, -26.5, (Stretch(1.0, 2.5, 121.5, -25.0),))
KNOWN = Circumstances(holds=((3.0, 9.5),), ended_by=EndedBy.AGENT)
SAID = SideTranscript(Side.AGENT, "zh", (Word("没办法", 5.0, 6.0, 0.9),))


def verdict(score: float, *rules: str, version: str = "v1") -> Verdict:
    return Verdict(
        pack="zh",
        version=version,
        language="zh",
        score=score,
        hits=tuple(
            Hit(
                rule=rule,
                kind=Kind.FORBIDDEN,
                severity=2,
                penalty=8.0,
                side=Side.AGENT,
                start_s=5.0,
                end_s=6.0,
                phrase=rule,
                confidence=0.9,
                facts={"share": 0.5, "by": "agent"},
            )
            for rule in rules
        ),
        marks=(Mark(Side.CALLER, "upset", 1.0, 2.0, (Sign("words", "生气"), Sign("pitch", 4.0))),),
        measures=Measures(silence_share=0.25, hold_s=6.5),
    )


@dataclass
class Shelf:
    recordings: RecordingStore
    quality: QualityStore

    async def transcribed(self, number: int, *, agent: str = "agent0001", days: int = 0) -> None:
        stored = recording(number, agent=agent, started=STARTED + timedelta(days=days))
        await self.recordings.add(stored)
        await self.recordings.end(Ended(stored.recording_id, 60.0, True, TranscriptState.QUEUED))
        await self.recordings.save_transcript(stored.recording_id, [SAID])


class QualityStoreBehaviour:
    async def test_voices_and_circumstances_come_back_in_whichever_order_they_came(
        self, shelf: Shelf
    ) -> None:
        await shelf.transcribed(1)
        await shelf.transcribed(2)

        await shelf.quality.keep_voices(ONE, {Side.AGENT: VOICE})
        await shelf.quality.keep_circumstances(ONE, KNOWN)
        await shelf.quality.keep_circumstances(TWO, KNOWN)
        await shelf.quality.keep_voices(TWO, {Side.AGENT: VOICE})
        await shelf.quality.keep_voices(TWO, {Side.AGENT: VOICE})

        kept = Kept({Side.AGENT: VOICE}, KNOWN)
        assert await shelf.quality.kept(ONE) == kept
        assert await shelf.quality.kept(TWO) == kept
        assert await shelf.quality.kept(THREE) == Kept({}, None)

    async def test_verdict_comes_back_whole(self, shelf: Shelf) -> None:
        await shelf.transcribed(1)
        given = verdict(84.0, "没办法", "不解释")

        await shelf.quality.add(ONE, STARTED, given)

        [result] = await shelf.quality.results(ONE)
        assert result.verdict == given
        assert (result.scored, result.counts) == (STARTED, True)

    async def test_new_version_counts_and_the_old_one_is_kept(self, shelf: Shelf) -> None:
        await shelf.transcribed(1)
        await shelf.quality.add(ONE, STARTED, verdict(84.0, "没办法"))
        later = STARTED + timedelta(hours=1)

        await shelf.quality.add(ONE, later, verdict(100.0, version="v2"))

        results = await shelf.quality.results(ONE)
        assert [(one.verdict.version, one.counts) for one in results] == [
            ("v2", True),
            ("v1", False),
        ]
        assert (await shelf.quality.worst(ANY, "没办法", 10, 0))[1] == 0

    async def test_same_version_again_replaces_its_result(self, shelf: Shelf) -> None:
        await shelf.transcribed(1)
        await shelf.quality.add(ONE, STARTED, verdict(84.0, "没办法"))
        await shelf.quality.add(ONE, STARTED, verdict(92.0, "不解释"))

        assert len(await shelf.quality.results(ONE)) == 1
        assert (await shelf.quality.worst(ANY, "没办法", 10, 0))[1] == 0
        assert (await shelf.quality.worst(ANY, "不解释", 10, 0))[1] == 1

    async def test_worst_come_first_page_by_page_and_by_agent_rule_and_time(
        self, shelf: Shelf
    ) -> None:
        for number, score, days in ((1, 90.0, 0), (2, 20.0, 1), (3, 55.0, 2)):
            await shelf.transcribed(number, agent=f"agent000{number}", days=days)
            rules = ["没办法", "没办法"] if number < 3 else ["不解释"]
            await shelf.quality.add(RecordingId(f"r-{number}"), STARTED, verdict(score, *rules))

        async def found(wanted: RecordingFilter, rule: str | None = None) -> list[str]:
            page, _ = await shelf.quality.worst(wanted, rule, 10, 0)
            return [one.recording_id for one, _ in page]

        page, total = await shelf.quality.worst(ANY, None, 1, 1)
        assert (page[0][0].recording_id, total) == (THREE, 3)
        assert await found(ANY) == [TWO, THREE, ONE]
        assert await found(ANY, "没办法") == [TWO, ONE]
        assert await found(RecordingFilter(agent_id=AgentId("agent0003"))) == [THREE]
        since = RecordingFilter(started_from=STARTED + timedelta(days=1))
        assert await found(since) == [TWO, THREE]

    async def test_what_was_transcribed_and_never_judged_is_found(self, shelf: Shelf) -> None:
        for number in (1, 2, 3):
            await shelf.transcribed(number, days=number)
        await shelf.recordings.add(recording(4))
        await shelf.quality.add(TWO, STARTED, verdict(100.0))

        since = STARTED + timedelta(days=1)
        assert [one.recording_id for one in await shelf.quality.unjudged(since, 10)] == [ONE, THREE]
        newest = await shelf.quality.transcribed(RecordingFilter(started_from=since), 2)
        assert [one.recording_id for one in newest] == [THREE, TWO]
        left = await shelf.quality.transcribed(ANY, 9, but_scored_since=STARTED)
        assert [one.recording_id for one in left] == [THREE, ONE]
