"""The labels of the shipped set are right: with every word heard as it is written, the engine says
exactly what they say. What a recogniser makes of the spoken calls is measured elsewhere."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from recordings.error_rate import ErrorRate
from recordings.quality.figures import Judged, Tally
from recordings.quality.judging import judge
from recordings.quality.labelled import FOLDER, HELD_OUT, LabelledCall, read, strangers
from recordings.quality.pack import Kind, Pack
from recordings.quality.packs import shipped
from recordings.quality.talk import SideTalk, Span, Talk
from recordings.recogniser import Word
from telephony.calls.events import Side

PACKS = shipped()
LETTERS_PER_S = {"zh": 4.0, "en": 14.0}
BY_WORDS = (Kind.FORBIDDEN, Kind.REQUIRED)


def spans_of(call: LabelledCall, language: str) -> Iterator[Span]:
    at_s = 0.5
    for turn in call.turns:
        start_s = at_s + turn.pause_s + turn.hold_s
        at_s = start_s + len(turn.text) / LETTERS_PER_S[language]
        yield start_s, at_s


def words_of(text: str, span: Span, language: str) -> list[Word]:
    pieces = list(text) if language == "zh" else text.split()
    step_s = (span[1] - span[0]) / len(pieces)
    return [
        Word(piece, span[0] + at * step_s, span[0] + (at + 1) * step_s, 1.0)
        for at, piece in enumerate(pieces)
    ]


def judged(pack: Pack, call: LabelledCall) -> Judged:
    spans = list(spans_of(call, pack.language))
    words: dict[Side, list[Word]] = {side: [] for side in Side}
    for turn, span in zip(call.turns, spans, strict=True):
        words[turn.side] += words_of(turn.text, span, pack.language)
    holds = [
        (start_s - turn.pause_s - turn.hold_s, start_s - turn.pause_s)
        for turn, (start_s, _) in zip(call.turns, spans, strict=True)
        if turn.hold_s
    ]
    talk = Talk(
        caller=SideTalk(pack.language, tuple(words[Side.CALLER]), None),
        agent=SideTalk(pack.language, tuple(words[Side.AGENT]), None),
        duration_s=spans[-1][1] + 0.5,
        holds=tuple(holds),
        ended_by=call.ended_by,
    )
    return Judged(call, spans, judge(pack, talk), ErrorRate())


@pytest.mark.parametrize("folder", [FOLDER, HELD_OUT], ids=["", "held out"])
@pytest.mark.parametrize("language", sorted(PACKS))
def test_every_label_is_what_the_engine_makes_of_the_text(language: str, folder: Path) -> None:
    pack = PACKS[language]
    tally = Tally(pack)
    for call in read(folder / f"{language}.yaml").calls:
        tally.add(judged(pack, call))

    by_words = {one.rule for one in tally.figures("", "").rules if one.kind in BY_WORDS}
    wrong = [line for line in tally.wrongs if line.split(": ")[1].split(" missed")[0] in by_words]
    wrong += [line for line in tally.wrongs if "hit, not said" in line and ": mood:" not in line]
    assert wrong == []


@pytest.mark.parametrize("language", sorted(PACKS))
def test_set_has_each_rule_broken_and_nearly_broken(language: str) -> None:
    pack, labelled = PACKS[language], read(FOLDER / f"{language}.yaml")
    tally = Tally(pack)
    for call in labelled.calls:
        tally.add(judged(pack, call))

    said = {rule for call in labelled.calls for turn in call.turns for rule in turn.says}
    said |= {rule for call in labelled.calls for rule in call.misses}
    said |= {kind.value for call in labelled.calls for kind in call.breaks}
    rules = [one for one in tally.figures("", "").rules if not one.rule.startswith("mood:")]
    assert {one.rule for one in rules} - said == set()
    assert [one.rule for one in rules if not one.near] == []
    assert list(strangers(labelled, pack)) == []


@pytest.mark.parametrize("language", sorted(PACKS))
def test_held_out_set_has_every_phrase_in_other_sentences_and_other_voices(language: str) -> None:
    pack = PACKS[language]
    known, held_out = read(FOLDER / f"{language}.yaml"), read(HELD_OUT / f"{language}.yaml")
    turns = [turn for call in held_out.calls for turn in call.turns]
    sentences = {turn.text for call in known.calls for turn in call.turns}

    assert {rule for turn in turns for rule in turn.says} == {one.name for one in pack.forbidden}
    assert {rule for turn in turns for rule in turn.near} == {one.name for one in pack.forbidden}
    assert {name for call in held_out.calls for name in call.misses} >= {
        one.name for one in pack.required if one.name != "thanks_after_hold"
    }
    assert sentences.isdisjoint(turn.text for turn in turns if turn.says or turn.near)
    assert set(held_out.voices).isdisjoint(known.voices)
    assert list(strangers(held_out, pack)) == []
