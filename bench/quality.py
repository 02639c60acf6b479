"""Rules of quality on the labelled calls, both languages, spoken through the whole chain.

python -m bench quality-zh quality-en; for one rule at a time: callcenter quality measure --wrong

The rules were made with one set; another is held out (`labelled/held_out`), shown beside it. What
it found of the first is written beside the packs, where the API reads it until a centre has
measured for itself. `python -m bench.quality --rounds 1` is quicker, shows what went wrong, and
writes only with `--keep`.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from bench import report
from bench.machine import circumstances
from bench.report import Row
from callcenter.quality_measure import ROUNDS, measure, speakings
from callcenter.web.quality_book import SHIPPED_FIGURES, read_figures
from foundation import clock
from recordings.quality import labelled, packs
from recordings.quality.figures import PackFigures, RuleFigures, Tally, encode
from recordings.quality.pack import Kind
from recordings.transcribing.model_folders import model_folder
from recordings.transcribing.vosk_recogniser import VoskRecogniser

LEAST = 0.95
BY_WORDS = {
    "forbidden phrases": (Kind.FORBIDDEN,),
    "required phrases": (Kind.REQUIRED,),
}
KINDS = {
    **BY_WORDS,
    "silence, talk-over, speed, loudness, holds, hanging up": (
        Kind.SILENCE,
        Kind.TALK_OVER,
        Kind.SPEED,
        Kind.LOUDNESS,
        Kind.HOLD,
        Kind.HUNG_UP,
    ),
    "moods": (Kind.EMOTION,),
}


def tallied(language: str, rounds: int, folder: Path = labelled.FOLDER) -> Tally:
    pack = packs.shipped()[language]
    spoken = speakings(labelled.read(folder / f"{language}.yaml"), rounds)
    recogniser = VoskRecogniser(model_folder(f"tiny-{language}", Path()))
    with tempfile.TemporaryDirectory() as scratch:
        return measure(pack, spoken, recogniser, Path(scratch))


def figures_of(tally: Tally) -> PackFigures:
    return tally.figures(f"tiny-{tally.pack.language}", clock.utc_now().date().isoformat())


def rows_of(
    figures: PackFigures, kinds: Mapping[str, tuple[Kind, ...]] = KINDS, of: str = ""
) -> Iterator[Row]:
    """`kinds`: what the set has; `of`: a set that is not the one that rules are made with."""
    name = f"{figures.language}{of}"
    errors = f"{figures.word_error_rate:.2%} of {figures.said}"
    yield Row(f"{name}: spoken calls", str(figures.calls))
    yield Row(f"{name}: wrong words (zh: characters) of {figures.model}", errors)
    for title, members in kinds.items():
        parts = [figures.overall(kind) for kind in members]
        whole = RuleFigures(
            rule="",
            kind="",
            right=sum(one.right for one in parts),
            missed=sum(one.missed for one in parts),
            wrong=sum(one.wrong for one in parts),
            near=sum(one.near for one in parts),
        )
        recall, precision = whole.recall or 0.0, whole.precision or 0.0
        counts = f"{whole.right} right, {whole.missed} missed, {whole.wrong} wrong"
        found = f"recall {recall:.1%}, precision {precision:.1%} ({counts})"
        target = f"both ≥ {LEAST:.0%}"
        yield Row(f"{name}: {title}", found, target, recall >= LEAST and precision >= LEAST)
    measured = [kind.value for members in kinds.values() for kind in members]
    weak = [one.rule for one in figures.rules if one.kind in measured and _is_weak(one)]
    yield Row(f"{name}: rules below {LEAST:.0%} by themselves", ", ".join(weak) or "none")


def _is_weak(one: RuleFigures) -> bool:
    return any(share is not None and share < LEAST for share in (one.recall, one.precision))


def held_out_rows(language: str, rounds: int) -> Iterator[Row]:
    """The phrases in other sentences, by other voices; the set has no other kinds."""
    tally = tallied(language, rounds, labelled.HELD_OUT)
    yield from rows_of(figures_of(tally), BY_WORDS, ", held out")


def scenario(language: str, rounds: int = ROUNDS) -> list[Row]:
    """Keeps what it found; the other languages' figures stay."""
    figures = figures_of(tallied(language, rounds))
    others = [one for one in read_figures(SHIPPED_FIGURES) if one.language != language]
    kept = sorted([figures, *others], key=lambda one: one.language)
    SHIPPED_FIGURES.write_text(encode(kept), encoding="utf-8")
    return [*rows_of(figures), *held_out_rows(language, rounds)]


SCENARIOS: dict[str, tuple[str, Callable[[], list[Row]]]] = {
    f"quality-{language}": (
        f"Rules of quality on labelled spoken calls, {language}",
        partial(scenario, language),
    )
    for language in sorted(packs.shipped())
}


def keep(language: str, rounds: int) -> None:
    name = f"quality-{language}"
    command = f"python -m bench.quality --keep --rounds {rounds} --language {language}"
    rows = scenario(language, rounds)
    report.put(report.Section(name, SCENARIOS[name][0], command, str(circumstances()), rows))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.quality", description=__doc__)
    parser.add_argument("--rounds", type=int, default=1, help="how often each call is spoken")
    parser.add_argument("--language", action="append", choices=sorted(packs.shipped()))
    parser.add_argument("--held-out", action="store_true", help="the set that is held out, alone")
    parser.add_argument("--keep", action="store_true", help="as `python -m bench` does")
    wanted = parser.parse_args(arguments)
    missed = 0
    languages = wanted.language or sorted(packs.shipped())
    if wanted.keep:
        for language in languages:
            keep(language, wanted.rounds)
        return 0
    for language in languages:
        folder = labelled.HELD_OUT if wanted.held_out else labelled.FOLDER
        tally = tallied(language, wanted.rounds, folder)
        for row in rows_of(figures_of(tally), BY_WORDS if wanted.held_out else KINDS):
            print(*row.cells(), sep=" | ")
            missed += row.held is False
        for line in tally.wrongs:
            print(f"  {line}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
