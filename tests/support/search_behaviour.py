"""What the search must find, whatever database is behind it; subclasses give `sessions`."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import delete, text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from foundation.ids import AgentId, CallId, QueueId, RecordingId
from recordings.recogniser import Word
from recordings.recording import SideTranscript
from recordings.searching.question import parse
from recordings.searching.search_store import Indexed, SearchFilter, SearchStore
from recordings.store import RecordingRow, RecordingStore
from recordings.terms import PART_WORDS, IndexPart, index_parts
from telephony.calls.events import Side
from tests.support.recording_fakes import STARTED, recording

Sessions = async_sessionmaker[AsyncSession]
ANY = SearchFilter()


def said(side: Side, language: str, words: str) -> SideTranscript:
    """A word each second."""
    heard = (Word(one, float(n), n + 0.5, 1.0) for n, one in enumerate(words.split()))
    return SideTranscript(side, language, tuple(heard))


def parts_of(sides: Sequence[SideTranscript]) -> dict[Side, list[IndexPart]]:
    return {each.side: index_parts(each.words) for each in sides}


async def keep(
    sessions: Sessions,
    number: int,
    caller: str,
    agent: str = "",
    *,
    of: str = "agent0001",
    queue: str = "orders",
    call: str = "c-1",
    indexed: bool = True,
) -> None:
    """A recording that was transcribed, `number` hours after the first."""
    started = STARTED + timedelta(hours=number)
    store = RecordingStore(sessions)
    await store.add(recording(number, agent=of, queue=queue, call=call, started=started))
    sides = [said(Side.CALLER, "zh", caller), said(Side.AGENT, "zh", agent)]
    parts = parts_of(sides) if indexed else None
    assert await store.save_transcript(RecordingId(f"r-{number}"), sides, parts)


async def found(sessions: Sessions, asked: str, wanted: SearchFilter = ANY) -> list[str]:
    page, total = await SearchStore(sessions).find(parse(asked), wanted, limit=50, offset=0)
    assert total == len(page)
    return [each.recording.recording_id for each in page]


async def fts_rows(sessions: Sessions) -> int:
    async with sessions.begin() as session:
        return await session.scalar(text("SELECT count(*) FROM fts_transcript")) or 0


class SearchBehaviour:
    @pytest.mark.parametrize(
        ("asked", "numbers"),
        [
            ("退款", [2, 1]),
            ("REFUND", [3]),
            ("退款 谢谢", [1]),
            ("海", []),
            ("上海", [2]),
            ('"款谢"', []),
            ('"退款单"', [2]),
            ('"退 款 单"', [2]),
            ('"my order"', [3]),
            ('"order my"', []),
            ("order my", [3]),
            ("42", [3]),
            ("don't", [3]),
            ("notsaid", []),
        ],
    )
    async def test_words_and_phrases_are_found_newest_first(
        self, sessions: Sessions, asked: str, numbers: list[int]
    ) -> None:
        await keep(sessions, 1, "我要 退款", "好的 谢谢")
        await keep(sessions, 2, "我 在 上海 退 款 单 号")
        await keep(sessions, 3, "I want a refund for my order 42", "please don't worry")

        assert await found(sessions, asked) == [f"r-{n}" for n in numbers]

    async def test_filters_choose_among_what_was_said(self, sessions: Sessions) -> None:
        await keep(sessions, 1, "退款", "您好")
        await keep(sessions, 2, "您好", "退款", of="a2", queue="support", call="c-2")
        store = RecordingStore(sessions)
        await store.classify((CallId("c-2"), "wrap_up", "refund"))
        await store.classify((CallId("c-2"), "wrap_up", "refund"))
        await store.classify((CallId("c-9"), "wrap_up", "unrecorded"))

        for wanted, numbers in (
            (SearchFilter(agents=frozenset({AgentId("a2")})), [2]),
            (SearchFilter(agents=frozenset()), []),
            (SearchFilter(queue=QueueId("orders")), [1]),
            (SearchFilter(call_class="refund"), [2]),
            (SearchFilter(call_class="unrecorded"), []),
            (SearchFilter(side=Side.CALLER), [1]),
            (SearchFilter(side=Side.AGENT), [2]),
            (SearchFilter(started_from=STARTED + timedelta(hours=2)), [2]),
            (SearchFilter(started_before=STARTED + timedelta(hours=2)), [1]),
        ):
            assert await found(sessions, "退款", wanted) == [f"r-{n}" for n in numbers], wanted
        assert await SearchStore(sessions).classes() == [("wrap_up", "refund")]

    async def test_terms_may_be_said_by_different_sides_unless_one_is_asked_for(
        self, sessions: Sessions
    ) -> None:
        await keep(sessions, 1, "退款", "您好")

        assert await found(sessions, "退款 您好") == ["r-1"]
        assert await found(sessions, "退款 您好", SearchFilter(side=Side.CALLER)) == []

    async def test_pages_cut_the_list_and_keep_the_total(self, sessions: Sessions) -> None:
        for number in range(4):
            await keep(sessions, number, "退款")

        page, total = await SearchStore(sessions).find(parse("退款"), ANY, limit=2, offset=1)

        assert ([one.recording.recording_id for one in page], total) == (["r-2", "r-1"], 4)

    async def test_long_talk_is_found_by_its_end_and_across_the_cut(
        self, sessions: Sessions
    ) -> None:
        """Where one character is said more often than PostgreSQL keeps places of it."""
        filler = "的 " * (PART_WORDS - 2)
        await keep(sessions, 1, f"{filler} 我 要 退 款 {'the ' * PART_WORDS} very last")

        for phrase in ('"我要退款"', '"very last"', '"要退"'):
            assert await found(sessions, phrase) == ["r-1"], phrase

    async def test_the_index_goes_with_the_recording(self, sessions: Sessions) -> None:
        await keep(sessions, 1, "退款", "您好")
        await keep(sessions, 2, "退款")
        async with sessions.begin() as session:
            await session.execute(delete(RecordingRow).where(RecordingRow.recording_id == "r-1"))

        assert await found(sessions, "退款") == ["r-2"]
        assert await fts_rows(sessions) == 2

    async def test_old_transcripts_are_indexed_anew(self, sessions: Sessions) -> None:
        await keep(sessions, 1, "退款", indexed=False)
        await keep(sessions, 2, "退款")
        store = SearchStore(sessions)
        assert await found(sessions, "退款") == ["r-2"]
        assert (await store.count(all_of_them=False), await store.count(all_of_them=True)) == (1, 2)

        due = await store.next_transcripts(all_of_them=False, after="", limit=10)
        for recording_id, sides in due.items():
            indexed = [Indexed(side, tuple(parts)) for side, parts in parts_of(sides).items()]
            await store.put(recording_id, indexed)
            await store.put(recording_id, indexed)

        assert [*due] == ["r-1"]
        assert await found(sessions, "退款") == ["r-2", "r-1"]
        assert await store.count(all_of_them=False) == 0
        assert await fts_rows(sessions) == 4
        assert await store.next_transcripts(all_of_them=True, after="r-2", limit=10) == {}
        await store.put(RecordingId("r-gone"), [])
