"""How well each rule does on the labelled set: precision, recall, counts, and the model's errors.

A forbidden phrase is looked for turn by turn: said and hit is right, said and not hit is missed,
hit and not said is wrong. Required phrases and measures are judged once a call: what counts is
that the fault is found. Moods are looked for turn by turn, of both sides.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import msgspec

from recordings.error_rate import ErrorRate
from recordings.quality.judging import rule_names
from recordings.quality.labelled import LabelledCall
from recordings.quality.pack import Kind, Pack
from recordings.quality.talk import Hit, Mark, Span, Verdict
from telephony.calls.events import Side

SLACK_S = 0.4
"Between the time of a turn and that of a hit in it."
MOOD = "mood:"
"Before a mood's name, where rules are listed: marks are no rules, but are measured like them."


class RuleFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One rule on the labelled set."""

    rule: str
    kind: str
    right: int
    missed: int
    wrong: int
    near: int
    "Turns or calls in which it might have been hit by mistake and that were labelled so."

    @property
    def said(self) -> int:
        return self.right + self.missed

    @property
    def recall(self) -> float | None:
        """None: the set has nothing that breaks the rule."""
        return self.right / self.said if self.said else None

    @property
    def precision(self) -> float | None:
        """None: it was never hit."""
        hits = self.right + self.wrong
        return self.right / hits if hits else None


class PackFigures(msgspec.Struct, frozen=True, kw_only=True):
    """A pack on the labelled set; what `data/quality/measured.json` keeps."""

    pack: str
    version: str
    language: str
    model: str
    measured: str
    "ISO date."
    calls: int
    errors: int
    "Of the recogniser, in words (Chinese: characters) of both sides."
    said: int
    rules: list[RuleFigures]

    @property
    def word_error_rate(self) -> float:
        return ErrorRate(self.errors, self.said).rate

    def find(self, rule: str) -> RuleFigures | None:
        return next((one for one in self.rules if one.rule == rule), None)

    def overall(self, kind: Kind | None = None) -> RuleFigures:
        """Of all rules together, or those of one kind: every hit counts the same."""
        chosen = [one for one in self.rules if kind is None or one.kind == kind.value]
        return RuleFigures(
            rule="",
            kind="" if kind is None else kind.value,
            right=sum(one.right for one in chosen),
            missed=sum(one.missed for one in chosen),
            wrong=sum(one.wrong for one in chosen),
            near=sum(one.near for one in chosen),
        )


@dataclass(frozen=True, slots=True)
class Judged:
    """A labelled call after the recogniser and the engine."""

    call: LabelledCall
    spans: Sequence[Span]
    "When each turn was spoken."
    verdict: Verdict
    errors: ErrorRate


@dataclass(slots=True)
class Tally:
    """Counts of all rules of one pack."""

    pack: Pack
    right: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    near: Counter[str] = field(default_factory=Counter)
    errors: ErrorRate = field(default_factory=ErrorRate)
    calls: int = 0
    wrongs: list[str] = field(default_factory=list)
    "What went wrong, for people: call, rule, how."

    def add(self, judged: Judged) -> None:
        self.calls += 1
        self.errors += judged.errors
        self._add_forbidden(judged)
        self._add_by_call(judged)
        self._add_moods(judged)

    def figures(self, model: str, measured: str) -> PackFigures:
        names = {name: kind.value for name, kind, _, _ in rule_names(self.pack)}
        names |= {MOOD + mood: Kind.EMOTION.value for mood in ("upset", "pleased")}
        return PackFigures(
            pack=self.pack.name,
            version=self.pack.version,
            language=self.pack.language,
            model=model,
            measured=measured,
            calls=self.calls,
            errors=self.errors.errors,
            said=self.errors.said,
            rules=[
                RuleFigures(
                    rule=name,
                    kind=kind,
                    right=self.right[name],
                    missed=self.missed[name],
                    wrong=self.wrong[name],
                    near=self.near[name],
                )
                for name, kind in names.items()
            ],
        )

    def _add_forbidden(self, judged: Judged) -> None:
        left = [hit for hit in judged.verdict.hits if hit.kind is Kind.FORBIDDEN]
        for turn, span in zip(judged.call.turns, judged.spans, strict=True):
            self.near.update(turn.near)
            if turn.side is Side.CALLER:
                continue
            hits = [hit for hit in left if _is_within(hit, span)]
            left = [hit for hit in left if hit not in hits]
            self._settle(judged.call.id, Counter(turn.says), Counter(h.rule for h in hits))
        self._settle(judged.call.id, Counter(), Counter(hit.rule for hit in left))

    def _add_by_call(self, judged: Judged) -> None:
        call = judged.call
        got = {hit.rule for hit in judged.verdict.hits if hit.kind is not Kind.FORBIDDEN}
        wanted = {*call.misses, *(kind.value for kind in call.breaks)}
        self._settle(call.id, Counter(wanted), Counter(got))
        others = {rule.name for rule in self.pack.required}
        others |= {kind.value for kind in Kind} - {Kind.FORBIDDEN, Kind.REQUIRED}
        self.near.update(others - wanted)

    def _add_moods(self, judged: Judged) -> None:
        for mood in ("upset", "pleased"):
            marks = [mark for mark in judged.verdict.marks if mark.mood == mood]
            for turn, span in zip(judged.call.turns, judged.spans, strict=True):
                found = [m for m in marks if m.side is turn.side and _is_within(m, span)]
                marks = [mark for mark in marks if mark not in found]
                wanted = Counter([MOOD + mood] if turn.mood == mood else [])
                self._settle(judged.call.id, wanted, Counter([MOOD + mood] if found else []))
            self._settle(judged.call.id, Counter(), Counter(MOOD + mood for _ in marks))

    def _settle(self, call: str, wanted: Counter[str], got: Counter[str]) -> None:
        self.right += wanted & got
        self.missed += wanted - got
        self.wrong += got - wanted
        self.wrongs += [f"{call}: {rule} missed" for rule in (wanted - got).elements()]
        self.wrongs += [f"{call}: {rule} hit, not said" for rule in (got - wanted).elements()]


def _is_within(one: Hit | Mark, span: Span) -> bool:
    middle_s = (one.start_s + one.end_s) / 2
    return span[0] - SLACK_S <= middle_s <= span[1] + SLACK_S


def encode(figures: Iterable[PackFigures]) -> str:
    """As the file has it."""
    return msgspec.json.format(msgspec.json.encode(list(figures)), indent=1).decode() + "\n"


def decode(text: str | bytes) -> list[PackFigures]:
    return msgspec.json.decode(text, type=list[PackFigures])
