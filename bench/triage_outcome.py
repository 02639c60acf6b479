"""What came of the spoken requests of `bench.triage`, and how it is told."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.report import Row

LANGUAGES = ("en", "zh")
LEAST_RIGHT = 0.95


@dataclass(frozen=True, slots=True)
class Request:
    language: str
    wanted: str
    text: str
    voice: str
    speed: int


@dataclass(frozen=True, slots=True)
class Outcome:
    request: Request
    got: str
    "The choice; '' when the caller fell back to the keys."
    how: str
    confidence: float
    after_s: float
    "From the end of the speech to the end of the call, or to the question back."
    at_first: str
    "What the first answer was taken for, surely or to be confirmed; '' for nothing."

    @property
    def is_right(self) -> bool:
        return self.got == self.request.wanted

    @property
    def is_right_at_first(self) -> bool:
        """Had the caller said yes to anything."""
        return self.at_first == self.request.wanted

    @property
    def is_astray(self) -> bool:
        """Sent elsewhere, and not even to the keys."""
        return self.got not in ("", self.request.wanted)


def rows_of(outcomes: Sequence[Outcome]) -> Iterator[Row]:
    """For each language: where callers ended, and what it took."""
    for language in LANGUAGES:
        said = [one for one in outcomes if one.request.language == language]
        if said:
            yield from _rows_of_language(language, said)


def _rows_of_language(language: str, said: Sequence[Outcome]) -> Iterator[Row]:
    ways, right = Counter(one.how for one in said), sum(one.is_right for one in said)
    yield Row(f"{language}: requests", str(len(said)))
    yield Row(
        f"{language}: the right route",
        _share(right, said),
        f"≥ {LEAST_RIGHT:.0%}",
        right >= LEAST_RIGHT * len(said),
    )
    yield Row(
        f"{language}: right at the first answer, had callers said yes to anything",
        _share(sum(one.is_right_at_first for one in said), said),
    )
    yield Row(f"{language}: confirmed after asking back", _share(ways["confirmed"], said))
    yield Row(f"{language}: fell back to the keys", _share(sum(not one.got for one in said), said))
    yield Row(f"{language}: sent astray", _share(sum(one.is_astray for one in said), said))


def _share(count: int, said: Sequence[Outcome]) -> str:
    return f"{count} of {len(said)}, {count / len(said):.1%}"


def report(outcomes: Sequence[Outcome]) -> Iterator[str]:
    for one in outcomes:
        if not (one.is_right and one.is_right_at_first):
            request = one.request
            got = " → ".join(dict.fromkeys([one.at_first or "?", one.got or one.how]))
            yield f"  {request.wanted} → {got}: {request.text!r} ({request.voice})"
    for language in LANGUAGES:
        said = [one for one in outcomes if one.request.language == language]
        if said:
            yield from _of_language(language, said)
    right = sum(one.is_right for one in outcomes)
    yield f"right: {right} of {len(outcomes)}, {right / len(outcomes):.1%}"


def _of_language(language: str, said: Sequence[Outcome]) -> Iterator[str]:
    names = list(dict.fromkeys(one.request.wanted for one in said))
    counts = Counter((one.request.wanted, one.got) for one in said)
    yield f"{language}: wanted (down), got (across)"
    yield f"{'':12}" + "".join(f"{name:>11}" for name in [*names, "(keys)"])
    for wanted in names:
        cells = "".join(f"{counts[wanted, got] or '·':>11}" for got in [*names, ""])
        yield f"{wanted:12}{cells}"
    ways = Counter(one.how for one in said)
    times = sorted(one.after_s for one in said if one.how == "understood")
    middle = f"{times[len(times) // 2]:.1f} s" if times else "-"
    right = sum(one.is_right for one in said) / len(said)
    told = ", ".join(f"{count} {way}" for way, count in ways.most_common())
    first = sum(one.is_right_at_first for one in said) / len(said)
    astray = sum(one.is_astray for one in said)
    yield (
        f"{language}: {right:.1%} right, {astray} sent astray; {told}; the answer to half of them "
        f"within {middle}; {first:.1%} right had callers said yes to anything"
    )
