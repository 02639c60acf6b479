"""A talk against a pack: hits, marks and a score of 100 less the penalties.

Pure and quick (an hour's talk takes some 50 ms), so that trying a new pack on last week's talks is
the same function over what is stored; no audio is read again.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from recordings.quality import emotion, measures
from recordings.quality.pack import Kind, Pack, Place, Required, Window
from recordings.quality.phrases import Finder, Found
from recordings.quality.spans import unheard_speech
from recordings.quality.talk import Hit, Mark, SideTalk, Span, Talk, Verdict
from recordings.quality.tokens import Spelling, Spoken
from telephony.calls.events import Side

FULL_SCORE = 100.0
HARMLESS = ""
"Stands for all harmless wordings among the forbidden phrases."
LEAST_HOLD_S = 3.0
"For a shorter one nobody need be thanked."


def judge(pack: Pack, talk: Talk) -> Verdict:
    """The pack's language should be the agent's."""
    spelling = Spelling(pack.language, pack.same)
    given = measures.measured(talk)
    marks = _marks(pack, talk, spelling)
    said = spelling.of_words(talk.agent.words)
    hits = [
        *_forbidden(pack, spelling, said),
        *_missed(pack, spelling, said, talk),
        *measures.hits_of(pack, given),
    ]
    if pack.emotion is not None:
        hits += emotion.hits_of(pack.emotion, marks)
    priced = _capped(sorted(hits, key=lambda hit: hit.start_s), pack.most_times)
    return Verdict(
        pack=pack.name,
        version=pack.version,
        language=pack.language,
        score=max(0.0, FULL_SCORE - sum(hit.penalty for hit in priced)),
        hits=tuple(priced),
        marks=tuple(marks),
        measures=given.summary(),
    )


def rule_names(pack: Pack) -> Iterator[tuple[str, Kind, int, float]]:
    """Every rule of a pack: name, kind, severity, penalty."""
    for forbidden in pack.forbidden:
        yield forbidden.name, Kind.FORBIDDEN, forbidden.price.severity, forbidden.price.penalty
    for required in pack.required:
        yield required.name, Kind.REQUIRED, required.price.severity, required.price.penalty
    others = {
        Kind.SILENCE: pack.silence,
        Kind.TALK_OVER: pack.talk_over,
        Kind.SPEED: pack.speed,
        Kind.LOUDNESS: pack.loudness,
        Kind.HOLD: pack.hold,
        Kind.HUNG_UP: pack.hung_up,
        Kind.EMOTION: pack.emotion,
    }
    for kind, rule in others.items():
        if rule is not None:
            yield kind.value, kind, rule.price.severity, rule.price.penalty


def _forbidden(pack: Pack, spelling: Spelling, said: list[Spoken]) -> Iterator[Hit]:
    wordings = {rule.name: rule.wordings for rule in pack.forbidden}
    finder = Finder(spelling, {**wordings, HARMLESS: pack.harmless})
    prices = {rule.name: rule.price for rule in pack.forbidden}
    for found in finder.longest(said):
        if found.name != HARMLESS and found.confidence >= pack.least_confidence:
            price = prices[found.name]
            yield Hit(
                rule=found.name,
                kind=Kind.FORBIDDEN,
                severity=price.severity,
                penalty=price.penalty,
                side=Side.AGENT,
                start_s=found.start_s,
                end_s=found.end_s,
                phrase=found.text,
                confidence=found.confidence,
            )


def _missed(pack: Pack, spelling: Spelling, said: list[Spoken], talk: Talk) -> Iterator[Hit]:
    """Required phrases that were not said where they belong."""
    if not said:
        return  # nothing was understood of the agent: that is no proof of bad manners
    unheard = unheard_speech(talk.agent)
    for rule in pack.required:
        found = list(Finder(spelling, {rule.name: rule.wordings}).every(said))
        for start_s, end_s in _windows(rule.window, said, talk):
            is_said = any(start_s <= one.start_s < end_s for one in found)
            # Nor is what was said there and not understood.
            is_unproved = any(start_s <= at_s < end_s for at_s, _ in unheard)
            if not (is_said or is_unproved):
                yield _not_said(rule, start_s, end_s, found, spelling)


def _windows(window: Window, said: list[Spoken], talk: Talk) -> Iterator[Span]:
    """Where it must be said, once in each."""
    first_s, last_s = said[0].start_s, said[-1].end_s
    match window.place:
        case Place.FIRST:
            yield first_s, first_s + window.within_s
        case Place.LAST:
            yield max(0.0, last_s - window.within_s), last_s
        case Place.AFTER_HOLD:
            for start_s, end_s in talk.holds:
                if end_s - start_s >= LEAST_HOLD_S and end_s < last_s:
                    yield end_s, end_s + window.within_s
        case Place.ANYWHERE:
            yield 0.0, talk.duration_s


def _not_said(
    rule: Required, start_s: float, end_s: float, found: Iterable[Found], spelling: Spelling
) -> Hit:
    """`elsewhere_s` tells of one that came too early or too late."""
    elsewhere = next(iter(found), None)
    between = "" if spelling.by_character else " "
    return Hit(
        rule=rule.name,
        kind=Kind.REQUIRED,
        severity=rule.price.severity,
        penalty=rule.price.penalty,
        side=Side.AGENT,
        start_s=start_s,
        end_s=end_s,
        phrase=between.join(rule.wordings[0]),
        facts={} if elsewhere is None else {"elsewhere_s": elsewhere.start_s},
    )


def _marks(pack: Pack, talk: Talk, spelling: Spelling) -> list[Mark]:
    rule = pack.emotion
    if rule is None:
        return []
    sides: list[tuple[Side, SideTalk]] = [(Side.CALLER, talk.caller), (Side.AGENT, talk.agent)]
    found = [mark for side, one in sides for mark in emotion.marks_of(rule, side, one, spelling)]
    return sorted(found, key=lambda mark: mark.start_s)


def _capped(hits: Iterable[Hit], most_times: int) -> list[Hit]:
    """All are kept; beyond `most_times` of a rule they cost nothing more."""
    counts: Counter[str] = Counter()
    priced = []
    for hit in hits:
        counts[hit.rule] += 1
        priced.append(hit if counts[hit.rule] <= most_times else replace(hit, penalty=0.0))
    return priced
