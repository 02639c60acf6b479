"""Moods of both sides, each with the signs that speak for it.

    words of the pack's lists      two signs of the caller's, one of the agent's
    pitch, level, rate of speech   one each, against the same speaker's middle in the same talk

A mark needs two signs, so a raised voice alone marks nothing; and an agent's words do not, because
agents speak of callers' feelings (您别生气) and say that they are glad to help. Speakers are
compared with themselves only: some are loud and quick by nature. A mark is for people who listen to
the place; nothing here knows what anybody feels.
"""

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median

from recordings.quality.pack import EmotionSigns, Kind
from recordings.quality.phrases import Finder
from recordings.quality.talk import Hit, Mark, SideTalk, Sign, Stretch
from recordings.quality.tokens import Spelling, Spoken
from telephony.calls.events import Side

UPSET, PLEASED = "upset", "pleased"
LEAST_STRETCHES = 4
"With fewer a speaker has no base line, and only words speak."
LEAST_STRETCH_S = 0.8
"Too short for a rate, and too short to sound like anything."
NEEDED = 2
"Signs that make a mark."
WORDS_WEIGH = {Side.CALLER: 2, Side.AGENT: 1}
NEAR_S = 1.0
"Two marks of one mood so near to each other are one."


@dataclass(frozen=True, slots=True)
class _Heard:
    """One stretch with its words."""

    stretch: Stretch
    tokens: Sequence[Spoken]

    @property
    def rate(self) -> float:
        return len(self.tokens) / self.stretch.length_s


@dataclass(frozen=True, slots=True)
class BaseLine:
    """The middle of a speaker's stretches; 0.0 where nothing is known."""

    pitch_hz: float = 0.0
    level_dbfs: float = 0.0
    rate: float = 0.0
    is_known: bool = False


def marks_of(rule: EmotionSigns, side: Side, talk: SideTalk, spelling: Spelling) -> list[Mark]:
    """In order; `spelling` is the pack's, whatever the side's words are in."""
    if talk.voice is None:
        return []
    moods = Finder(spelling, {UPSET: rule.upset, PLEASED: rule.pleased})
    heard = list(_with_words(talk.voice.stretches, spelling.of_words(talk.words)))
    base = base_line(heard)
    found = [mark for one in heard if (mark := _mark(rule, side, one, base, moods)) is not None]
    return _joined(found)


def hits_of(rule: EmotionSigns, marks: Sequence[Mark]) -> Iterator[Hit]:
    """An agent who is upset breaks the rule; a caller does not."""
    for mark in marks:
        if mark.side is Side.AGENT and mark.mood == UPSET:
            yield Hit(
                rule=Kind.EMOTION.value,
                kind=Kind.EMOTION,
                severity=rule.price.severity,
                penalty=rule.price.penalty,
                side=mark.side,
                start_s=mark.start_s,
                end_s=mark.end_s,
                facts={sign.name: sign.value for sign in mark.signs},
            )


def base_line(heard: Sequence[_Heard]) -> BaseLine:
    long_enough = [one for one in heard if one.stretch.length_s >= LEAST_STRETCH_S]
    if len(long_enough) < LEAST_STRETCHES:
        return BaseLine()
    pitches = [one.stretch.pitch_hz for one in long_enough if one.stretch.pitch_hz]
    rates = [one.rate for one in long_enough if one.tokens]
    return BaseLine(
        pitch_hz=median(pitches) if pitches else 0.0,
        level_dbfs=median(one.stretch.level_dbfs for one in long_enough),
        rate=median(rates) if rates else 0.0,
        is_known=True,
    )


def _with_words(stretches: Sequence[Stretch], said: Sequence[Spoken]) -> Iterator[_Heard]:
    """A word belongs to the stretch in which its middle lies, or the next one."""
    middles = [(token.start_s + token.end_s) / 2 for token in said]
    at = 0
    for stretch in stretches:
        end = bisect_left(middles, stretch.end_s, lo=at)
        yield _Heard(stretch, said[at:end])
        at = end


def _mark(
    rule: EmotionSigns, side: Side, heard: _Heard, base: BaseLine, moods: Finder
) -> Mark | None:
    said = {found.name: found.text for found in moods.longest(heard.tokens)}
    mood = UPSET if UPSET in said or PLEASED not in said else PLEASED
    signs = [Sign("words", said[mood])] if mood in said else []
    if base.is_known and heard.stretch.length_s >= LEAST_STRETCH_S and mood == UPSET:
        signs += _raised(rule, heard, base)
    if sum(WORDS_WEIGH[side] if sign.name == "words" else 1 for sign in signs) < NEEDED:
        return None
    return Mark(side, mood, heard.stretch.start_s, heard.stretch.end_s, tuple(signs))


def _raised(rule: EmotionSigns, heard: _Heard, base: BaseLine) -> Iterator[Sign]:
    if heard.stretch.pitch_hz and base.pitch_hz:
        up_st = 12 * math.log2(heard.stretch.pitch_hz / base.pitch_hz)
        if up_st >= rule.pitch_up_st:
            yield Sign("pitch", up_st)
    up_db = heard.stretch.level_dbfs - base.level_dbfs
    if up_db >= rule.level_up_db:
        yield Sign("level", up_db)
    if base.rate and heard.rate / base.rate - 1 >= rule.rate_up:
        yield Sign("rate", heard.rate / base.rate - 1)


def _joined(marks: Sequence[Mark]) -> list[Mark]:
    """A long outburst is one mark, with the strongest of each sign."""
    joined: list[Mark] = []
    for mark in marks:
        last = joined[-1] if joined else None
        if last and last.mood == mark.mood and mark.start_s - last.end_s <= NEAR_S:
            joined[-1] = replace(last, end_s=mark.end_s, signs=_strongest(last.signs + mark.signs))
        else:
            joined.append(mark)
    return joined


def _strongest(signs: Sequence[Sign]) -> tuple[Sign, ...]:
    best: dict[str, Sign] = {}
    for sign in signs:
        known = best.get(sign.name)
        if known is None or (
            isinstance(sign.value, float)
            and isinstance(known.value, float)
            and sign.value > known.value
        ):
            best[sign.name] = sign
    return tuple(best.values())
