"""What callers said is kept, put right, used at once, and refused where a dialogue would fail."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from callcenter.asks import CorrectHeard
from callcenter.changes.learned_file import learned, write
from callcenter.changes.learning import Learning
from callcenter.codec import CODEC
from callcenter.configuration.settings import Settings, load
from callcenter.events import ActionTaken
from foundation.db import make_engine, make_sessions
from foundation.errors import Conflict, NotFound
from foundation.ids import CallId, PartyId
from foundation.journal import Journal
from ivr.effects import KeepHeard
from ivr.events import SpeechSettled
from ivr.flows.flow import Flow
from ivr.language.hours import Hours
from ivr.language.nodes import Ask
from ivr.store import HeardStore
from ivr.understanding.heard import Heard, HeardFilter
from ivr.understanding.intents import guess
from tests.support.database import put_schema

NOON = datetime(2026, 10, 12, 12, tzinfo=UTC)
C1, PARTY = CallId("c-1"), PartyId("p-1")
FLOW = """
start: what
prompts: {p: {en: What can we do}}
nodes:
  what:
    do: ask
    prompt: p
    tries: 1
    choices:
      refund: {words: {en: [refund, money back]}, next: money}
      track: {words: {en: [parcel, where is my order]}, next: orders}
    default: lost
  money: {do: hangup, reason: refund}
  orders: {do: hangup, reason: track}
  lost: {do: hangup, reason: lost}
"""
TESTS = """
tests:
  a parcel:
    steps:
      - says: where is my parcel
      - expects: {hangup: track}
"""
LOST = "take it off my hands"


class Core:
    def __init__(self, settings: Settings, store: HeardStore, journal: Journal) -> None:
        self.settings = settings
        self.store = store
        self.journal = journal
        self.now = NOON
        self.flows: Mapping[str, Flow] = settings.flows
        self.told: list[ActionTaken] = []
        self.learning = self.new_core()

    def new_core(self) -> Learning:
        self.flows = self.settings.flows
        self.learning = Learning(
            self.settings,
            self.store,
            self,
            self.journal,
            self.told.append,
            lambda call_id: PARTY,
            lambda: self.now,
        )
        return self.learning

    def replace(self, flows: Mapping[str, Flow], hours: Mapping[str, Hours]) -> None:
        self.flows = flows

    async def hear(self, text: str = LOST, outcome: str = "fell_back") -> Heard:
        settled = SpeechSettled(C1, "main", "what", outcome, "", 0.0, 1)
        self.learning.keep(C1, KeepHeard(settled, text, 0.8))
        await self.learning.flush()
        found, _ = await self.store.find(HeardFilter())
        return next(one for one in found if one.text == text)

    async def correct(self, text: str, intent: str, by: str = "ina") -> None:
        heard = await self.hear(text)
        await self.learning.correct(CorrectHeard(heard.heard_id, intent, by))

    def understood(self, text: str) -> str:
        node = self.flows["main"].nodes["what"]
        assert isinstance(node, Ask)
        best = guess(text, 1.0, {name: one.phrases["en"] for name, one in node.choices.items()})
        return "" if best is None or best.confidence < node.maybe else best.choice


@pytest.fixture
async def core(tmp_path: Path) -> AsyncIterator[Core]:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "main.yaml").write_text(FLOW, encoding="utf-8")
    (tmp_path / "flows" / "main.test.yaml").write_text(TESTS, encoding="utf-8")
    (tmp_path / "callcenter.yaml").write_text('lines: [{number: "8000", flow: main}]\n')
    settings = load(tmp_path)
    engine = make_engine(settings.database_url)
    put_schema(settings.database_url)
    journal = await Journal.open(tmp_path / "journal.db", CODEC)
    yield Core(settings, HeardStore(make_sessions(engine)), journal)
    await journal.close()
    await engine.dispose()


async def test_answer_is_kept_with_its_words_and_without_a_number(core: Core) -> None:
    heard = await core.hear()
    assert (heard.text, heard.confidence, heard.outcome) == (LOST, 0.8, "fell_back")
    assert (heard.call_id, heard.party_id, heard.at) == (C1, PARTY, NOON)


async def test_correction_is_an_example_for_the_next_caller_and_audited(core: Core) -> None:
    assert core.understood(LOST) == ""
    await core.correct(LOST, "refund")
    assert core.understood(LOST) == "refund"
    [told] = core.told
    assert (told.by, told.detail) == ("ina", "refund")


async def test_it_outlives_the_core_and_a_reload(core: Core) -> None:
    await core.correct(LOST, "refund")
    await core.new_core().open()
    assert core.understood(LOST) == "refund"
    core.learning.replace(core.settings.flows, {})
    assert core.understood(LOST) == "refund"


async def test_correction_is_taken_back(core: Core) -> None:
    heard = await core.hear()
    await core.learning.correct(CorrectHeard(heard.heard_id, "refund", "ina"))
    await core.learning.correct(CorrectHeard(heard.heard_id, "", "ina"))
    assert core.understood(LOST) == ""


async def test_what_would_break_a_dialogue_is_refused_and_not_learnt(core: Core) -> None:
    with pytest.raises(Conflict, match=r"breaks .*a parcel: expects hangup 'track'"):
        await core.correct("where is my parcel", "refund")
    assert core.understood("where is my parcel") == "track"
    assert core.told == []
    assert await core.store.corrected() == []


async def test_dialogue_that_fails_anyway_stops_nobody_from_learning(core: Core) -> None:
    wrong = TESTS.replace("hangup: track", "hangup: nowhere")
    (core.settings.folder / "flows" / "main.test.yaml").write_text(wrong, encoding="utf-8")
    await core.correct(LOST, "refund")
    assert core.understood(LOST) == "refund"


async def test_most_decide_and_the_latest_where_they_differ(core: Core) -> None:
    settled = SpeechSettled(C1, "main", "what", "fell_back", "", 0.0, 1)
    for _ in range(3):
        core.learning.keep(C1, KeepHeard(settled, LOST, 0.8))
    await core.learning.flush()
    first, second, third = (await core.store.find(HeardFilter()))[0]
    for heard, intent in ((first, "refund"), (second, "track")):
        core.now += timedelta(minutes=1)
        await core.learning.correct(CorrectHeard(heard.heard_id, intent, "ina"))
    assert core.understood(LOST) == "track", "the latest of two"
    core.now += timedelta(minutes=1)
    await core.learning.correct(CorrectHeard(third.heard_id, "refund", "ina"))
    assert core.understood(LOST) == "refund", "two of three"


async def test_what_nobody_said_and_no_choice_is_called_is_not_found(core: Core) -> None:
    with pytest.raises(NotFound):
        await core.learning.correct(CorrectHeard("h-none", "refund", "ina"))
    with pytest.raises(NotFound, match="no choice 'refunds'"):
        await core.correct(LOST, "refunds")


async def test_old_words_are_forgotten_and_of_corrections_who_said_them(core: Core) -> None:
    await core.hear("something else")
    await core.correct(LOST, "refund")
    core.now += timedelta(days=31)
    await core.learning.forget_old()
    [kept], total = await core.store.find(HeardFilter())
    assert total == 1
    assert (kept.text, kept.call_id, kept.party_id) == (LOST, "", "")


async def test_erased_callers_words_are_gone_and_unlearnt(core: Core) -> None:
    await core.correct(LOST, "refund")
    await core.learning.erase(PARTY)
    assert (await core.store.find(HeardFilter()))[1] == 0
    assert core.understood(LOST) == ""


async def test_what_was_learnt_goes_into_the_file_that_people_read(core: Core) -> None:
    await core.correct(LOST, "refund")
    new = await learned(core.settings)
    assert new == {"main": {"what": {LOST: "refund"}}}
    write(core.settings, new)
    again = load(core.settings.folder)
    assert await learned(again) == {}
    node = again.flows["main"].nodes["what"]
    assert isinstance(node, Ask)
    assert LOST in node.choices["refund"].phrases["en"]
