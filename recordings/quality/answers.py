"""The bodies of `/api/v1/quality`."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from recordings.quality.explaining import explain, explain_mark
from recordings.quality.figures import PackFigures
from recordings.quality.judging import rule_names
from recordings.quality.pack import Kind, Pack
from recordings.quality.store import Result
from recordings.quality.talk import Hit, Mark, Measures
from recordings.quality.trying import Trial, Tried
from recordings.recording import Recording

CLIP_MARGIN_S = 1.0
"A clip begins a little before the hit and ends a little after it."


class HitOut(BaseModel):
    rule: str
    kind: Kind
    severity: int
    penalty: float
    "0: beyond the times that a rule may cost something in one talk."
    side: str
    start: float
    "Seconds from the recording's first sample."
    end: float
    phrase: str
    "As heard; of a required phrase the first wording."
    confidence: float | None
    facts: dict[str, float | str]
    text: dict[str, str]
    "A sentence in each language."
    clip: str
    "The recording's audio from a second before to a second after; as a player's `src`."


class MarkOut(BaseModel):
    side: str
    mood: str
    start: float
    end: float
    signs: dict[str, float | str]
    text: dict[str, str]
    clip: str


class MeasuresOut(BaseModel):
    silence_share: float | None
    talk_over_share: float | None
    agent_per_min: float | None
    caller_per_min: float | None
    agent_dbfs: float | None
    caller_dbfs: float | None
    hold_s: float
    longest_hold_s: float
    ended_by: str | None


class ResultOut(BaseModel):
    pack: str
    version: str
    language: str
    scored: datetime
    counts: bool
    score: float
    hits: list[HitOut]
    marks: list[MarkOut]
    measures: MeasuresOut
    model: str | None
    "The speech model that was measured with this pack."
    word_error_rate: float | None
    "Of that model on the labelled set: so far its words may be wrong."


class RecordingQualityOut(BaseModel):
    recording_id: str
    current: ResultOut | None
    earlier: list[ResultOut]


class ScoredOut(BaseModel):
    recording_id: str
    call_id: str
    agent_id: str
    queue: str
    started: datetime
    duration_s: float | None
    score: float
    pack: str
    version: str
    rules: dict[str, int]
    "Broken ones, and how often."


class ScoredPage(BaseModel):
    items: list[ScoredOut]
    total: int


class RuleOut(BaseModel):
    rule: str
    kind: Kind
    severity: int
    penalty: float
    precision: float | None
    "On the labelled set; null: never hit, or not measured."
    recall: float | None
    right: int | None
    missed: int | None
    wrong: int | None
    near: int | None


class PackOut(BaseModel):
    pack: str
    version: str
    language: str
    title: str
    measured_version: str | None
    "Another than `version`: the figures are of earlier rules. Null: never measured."
    measured: str | None
    "The day."
    model: str | None
    word_error_rate: float | None
    precision: float | None
    recall: float | None
    rules: list[RuleOut]


class RuleTriedOut(BaseModel):
    rule: str
    kind: Kind
    hits: int
    talks: int
    talks_now: int
    "By the results that count today."


class TriedOut(BaseModel):
    recording_id: str
    call_id: str
    agent_id: str
    queue: str
    started: datetime
    score: float
    score_now: float | None
    hits: list[HitOut]


class TrialOut(BaseModel):
    version: str
    language: str
    talks: int
    hit_talks: int
    mean_score: float | None
    mean_score_now: float | None
    rules: list[RuleTriedOut]
    calls: list[TriedOut]
    "Those that are hit, the worst first."


def to_scored_out(recording: Recording, result: Result) -> ScoredOut:
    verdict = result.verdict
    rules = [hit.rule for hit in verdict.hits]
    return ScoredOut(
        **_about(recording),
        duration_s=recording.duration_s,
        score=verdict.score,
        pack=verdict.pack,
        version=verdict.version,
        rules={rule: rules.count(rule) for rule in dict.fromkeys(rules)},
    )


def to_result_out(result: Result, figures: PackFigures | None) -> ResultOut:
    verdict = result.verdict
    return ResultOut(
        pack=verdict.pack,
        version=verdict.version,
        language=verdict.language,
        scored=result.scored,
        counts=result.counts,
        score=verdict.score,
        hits=[to_hit_out(result.recording_id, hit) for hit in verdict.hits],
        marks=[_to_mark_out(result.recording_id, mark) for mark in verdict.marks],
        measures=_to_measures_out(verdict.measures),
        model=None if figures is None else figures.model,
        word_error_rate=None if figures is None else figures.word_error_rate,
    )


def to_hit_out(recording_id: str, hit: Hit) -> HitOut:
    return HitOut(
        rule=hit.rule,
        kind=hit.kind,
        severity=hit.severity,
        penalty=hit.penalty,
        side=hit.side.value,
        start=round(hit.start_s, 2),
        end=round(hit.end_s, 2),
        phrase=hit.phrase,
        confidence=hit.confidence,
        facts=_facts(hit.facts),
        text=explain(hit),
        clip=clip_of(recording_id, hit.start_s, hit.end_s),
    )


def clip_of(recording_id: str, start_s: float, end_s: float) -> str:
    """A media fragment: browsers fetch the range of these seconds and no more."""
    first, last = max(0.0, start_s - CLIP_MARGIN_S), end_s + CLIP_MARGIN_S
    return f"/api/v1/recordings/{recording_id}/audio#t={first:.2f},{last:.2f}"


def to_pack_out(pack: Pack, figures: PackFigures | None) -> PackOut:
    whole = None if figures is None else figures.overall()
    return PackOut(
        pack=pack.name,
        version=pack.version,
        language=pack.language,
        title=pack.title,
        measured_version=None if figures is None else figures.version,
        measured=None if figures is None else figures.measured,
        model=None if figures is None else figures.model,
        word_error_rate=None if figures is None else figures.word_error_rate,
        precision=None if whole is None else whole.precision,
        recall=None if whole is None else whole.recall,
        rules=[_to_rule_out(rule, figures) for rule in rule_names(pack)],
    )


def _to_rule_out(rule: tuple[str, Kind, int, float], figures: PackFigures | None) -> RuleOut:
    name, kind, severity, penalty = rule
    found = None if figures is None else figures.find(name)
    return RuleOut(
        rule=name,
        kind=kind,
        severity=severity,
        penalty=penalty,
        precision=None if found is None else found.precision,
        recall=None if found is None else found.recall,
        right=None if found is None else found.right,
        missed=None if found is None else found.missed,
        wrong=None if found is None else found.wrong,
        near=None if found is None else found.near,
    )


def to_trial_out(trial: Trial) -> TrialOut:
    hit = sorted((one for one in trial.tried if one.is_hit), key=lambda one: one.verdict.score)
    return TrialOut(
        version=trial.pack.version,
        language=trial.pack.language,
        talks=len(trial.tried),
        hit_talks=len(hit),
        mean_score=trial.mean_score,
        mean_score_now=trial.mean_score_now,
        rules=[
            RuleTriedOut(
                rule=one.rule,
                kind=one.kind,
                hits=one.hits,
                talks=one.talks,
                talks_now=one.talks_now,
            )
            for one in trial.rules
        ],
        calls=[_to_tried_out(one) for one in hit],
    )


def _to_tried_out(tried: Tried) -> TriedOut:
    recording_id = tried.recording.recording_id
    return TriedOut(
        **_about(tried.recording),
        score=tried.verdict.score,
        score_now=None if tried.now is None else tried.now.verdict.score,
        hits=[to_hit_out(recording_id, hit) for hit in tried.verdict.hits],
    )


def _about(recording: Recording) -> dict[str, Any]:
    return {
        "recording_id": recording.recording_id,
        "call_id": recording.call_id,
        "agent_id": recording.agent_id,
        "queue": recording.queue,
        "started": recording.started,
    }


def _to_mark_out(recording_id: str, mark: Mark) -> MarkOut:
    return MarkOut(
        side=mark.side.value,
        mood=mark.mood,
        start=round(mark.start_s, 2),
        end=round(mark.end_s, 2),
        signs=_facts({sign.name: sign.value for sign in mark.signs}),
        text=explain_mark(mark),
        clip=clip_of(recording_id, mark.start_s, mark.end_s),
    )


def _to_measures_out(measures: Measures) -> MeasuresOut:
    return MeasuresOut(
        silence_share=measures.silence_share,
        talk_over_share=measures.talk_over_share,
        agent_per_min=measures.agent_per_min,
        caller_per_min=measures.caller_per_min,
        agent_dbfs=measures.agent_dbfs,
        caller_dbfs=measures.caller_dbfs,
        hold_s=measures.hold_s,
        longest_hold_s=measures.longest_hold_s,
        ended_by=measures.ended_by,
    )


def _facts(facts: Mapping[str, float | str]) -> dict[str, float | str]:
    return {
        name: value if isinstance(value, str) else round(value, 3) for name, value in facts.items()
    }
