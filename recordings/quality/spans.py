"""Arithmetic of stretches of time: (from, to) in seconds, `to` not included."""

from collections.abc import Iterable, Sequence

from recordings.quality.talk import SideTalk, Span

AROUND_WORD_S = 0.1
"Word edges are so far off."
UNHEARD_S = 0.5
"Two digits, or a short greeting; breaths and hesitations are shorter."


def length_s(spans: Iterable[Span]) -> float:
    """Of all of them together."""
    return sum(end - start for start, end in spans)


def longest(spans: Sequence[Span]) -> Span:
    return max(spans, key=lambda span: span[1] - span[0], default=(0.0, 0.0))


def common(one: Span, other: Span) -> Span | None:
    start, end = max(one[0], other[0]), min(one[1], other[1])
    return (start, end) if end > start else None


def gaps(spans: Iterable[Span], until_s: float) -> list[Span]:
    """What none of them covers, from 0 on."""
    found, at = [], 0.0
    for start, end in sorted(spans):
        if start > at:
            found.append((at, start))
        at = max(at, end)
    return [*found, (at, until_s)] if until_s > at else found


def without(spans: Iterable[Span], taken: Iterable[Span]) -> list[Span]:
    """The parts of `spans` that `taken` leaves."""
    left = list(spans)
    for start, end in taken:
        left = [
            part
            for span in left
            for part in ((span[0], min(span[1], start)), (max(span[0], end), span[1]))
            if part[1] > part[0]
        ]
    return left


def unheard_speech(side: SideTalk) -> list[Span]:
    """Where there was a voice for a while and no word was understood; nothing without the voice."""
    if side.voice is None:
        return []
    speech = [(stretch.start_s, stretch.end_s) for stretch in side.voice.stretches]
    words = [(word.start_s - AROUND_WORD_S, word.end_s + AROUND_WORD_S) for word in side.words]
    return [span for span in without(speech, words) if length_s([span]) >= UNHEARD_S]
