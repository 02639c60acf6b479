"""What needs no words, or only their number: silence, talk-over, speed, loudness, holds, the end.

Each function gives the hits of one rule; what was measured stands in the hit and, rule or none, in
`Measures`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from recordings.quality.pack import (
    HoldLimit,
    HungUp,
    Kind,
    LoudnessLimit,
    Pack,
    Price,
    SilenceLimit,
    SpeedLimit,
    TalkOverLimit,
)
from recordings.quality.phrases import Finder
from recordings.quality.spans import common, gaps, length_s, longest, without
from recordings.quality.talk import Fact, Hit, Measures, SideTalk, Span, Talk
from recordings.quality.tokens import Spelling
from telephony.calls.events import EndedBy, Side

LEAST_SPOKEN_S = 5.0
"Less speech than that has no speed."
RUN_GAP_S = 0.5
"Between two words of one run of speech."
LAST_WORDS_S = 20.0
"Before the end: where a goodbye is looked for."


@dataclass(frozen=True, slots=True)
class Measured:
    """One talk, measured once for all rules."""

    talk: Talk
    silence: tuple[Span, ...] | None
    "None without the voices."
    overlaps: tuple[Span, ...] | None
    "In which the agent began although the caller was speaking."

    @property
    def spoken_time_s(self) -> float:
        """The talk without its holds."""
        return max(0.0, self.talk.duration_s - length_s(self.talk.holds))

    @property
    def silence_share(self) -> float | None:
        return None if self.silence is None else _share(length_s(self.silence), self.spoken_time_s)

    @property
    def caller_s(self) -> float:
        """Of speech."""
        voice = self.talk.caller.voice
        return 0.0 if voice is None else sum(one.length_s for one in voice.stretches)

    @property
    def talk_over_share(self) -> float | None:
        if self.overlaps is None:
            return None
        return _share(length_s(self.overlaps), self.caller_s)

    def summary(self) -> Measures:
        talk = self.talk
        holds = [end - start for start, end in talk.holds]
        return Measures(
            silence_share=self.silence_share,
            talk_over_share=self.talk_over_share,
            agent_per_min=per_minute(talk.agent),
            caller_per_min=per_minute(talk.caller),
            agent_dbfs=_level(talk.agent),
            caller_dbfs=_level(talk.caller),
            hold_s=sum(holds),
            longest_hold_s=max(holds, default=0.0),
            ended_by=None if talk.ended_by is None else talk.ended_by.value,
        )


def measured(talk: Talk) -> Measured:
    caller, agent = talk.caller.voice, talk.agent.voice
    if caller is None or agent is None:
        return Measured(talk, None, None)
    callers = [(one.start_s, one.end_s) for one in caller.stretches]
    agents = [(one.start_s, one.end_s) for one in agent.stretches]
    quiet = without(gaps([*callers, *agents], talk.duration_s), talk.holds)
    return Measured(talk, tuple(quiet), tuple(_begun_over(callers, agents)))


def _begun_over(callers: Sequence[Span], agents: Sequence[Span]) -> Iterator[Span]:
    """Where both speak and the agent was the second to begin; both in order."""
    at = 0
    for agent in agents:
        while at < len(callers) and callers[at][1] <= agent[0]:
            at += 1
        if at < len(callers) and callers[at][0] < agent[0] and (both := common(callers[at], agent)):
            yield both


def hits_of(pack: Pack, given: Measured) -> Iterator[Hit]:
    """Of all rules of this file that the pack has."""
    if pack.silence is not None:
        yield from _silence(pack.silence, given)
    if pack.talk_over is not None:
        yield from _talk_over(pack.talk_over, given)
    if pack.speed is not None:
        yield from _speed(pack.speed, given.talk)
    if pack.loudness is not None:
        yield from _loudness(pack.loudness, given.talk)
    if pack.hold is not None:
        yield from _holds(pack.hold, given.talk)
    if pack.hung_up is not None:
        yield from _hung_up(pack.hung_up, given.talk, Spelling(pack.language, pack.same))


def _silence(rule: SilenceLimit, given: Measured) -> Iterator[Hit]:
    share, quiet = given.silence_share, given.silence
    if share is None or not quiet or length_s(quiet) < rule.least_s or share <= rule.most_share:
        return
    facts: dict[str, Fact] = {"share": share, "most": rule.most_share, "seconds": length_s(quiet)}
    yield _hit(Kind.SILENCE, rule.price, longest(quiet), facts)


def _talk_over(rule: TalkOverLimit, given: Measured) -> Iterator[Hit]:
    share, over = given.talk_over_share, given.overlaps
    if share is None or not over or length_s(over) < rule.least_s or share <= rule.most_share:
        return
    facts: dict[str, Fact] = {"share": share, "most": rule.most_share, "seconds": length_s(over)}
    yield _hit(Kind.TALK_OVER, rule.price, longest(over), facts)


def _speed(rule: SpeedLimit, talk: Talk) -> Iterator[Hit]:
    speed = per_minute(talk.agent)
    if speed is None or rule.least_per_min <= speed <= rule.most_per_min:
        return
    facts: dict[str, Fact] = {
        "per_min": speed,
        "least": rule.least_per_min,
        "most": rule.most_per_min,
    }
    yield _hit(Kind.SPEED, rule.price, longest(runs(talk.agent)), facts)


def _loudness(rule: LoudnessLimit, talk: Talk) -> Iterator[Hit]:
    agent, caller = talk.agent.voice, talk.caller.voice
    if agent is None or not agent.stretches:
        return
    level = agent.level_dbfs
    apart = level - caller.level_dbfs if caller is not None and caller.stretches else 0.0
    if rule.least_dbfs <= level <= rule.most_dbfs and abs(apart) <= rule.most_apart_db:
        return
    facts: dict[str, Fact] = {
        "dbfs": level,
        "least": rule.least_dbfs,
        "most": rule.most_dbfs,
        "apart_db": apart,
        "most_apart_db": rule.most_apart_db,
    }
    place = longest([(one.start_s, one.end_s) for one in agent.stretches])
    yield _hit(Kind.LOUDNESS, rule.price, place, facts)


def _holds(rule: HoldLimit, talk: Talk) -> Iterator[Hit]:
    for start_s, end_s in talk.holds:
        if end_s - start_s > rule.most_s:
            facts: dict[str, Fact] = {"seconds": end_s - start_s, "most": rule.most_s}
            yield _hit(Kind.HOLD, rule.price, (start_s, end_s), facts)


def _hung_up(rule: HungUp, talk: Talk, spelling: Spelling) -> Iterator[Hit]:
    if talk.ended_by is not EndedBy.AGENT:
        return
    since_s = talk.duration_s - LAST_WORDS_S
    finder = Finder(spelling, {"goodbye": rule.goodbyes})
    for side in (talk.caller, talk.agent):
        said = spelling.of_words(word for word in side.words if word.start_s >= since_s)
        if any(finder.every(said)):
            return
    place = (max(0.0, talk.duration_s - 10.0), talk.duration_s)
    yield _hit(Kind.HUNG_UP, rule.price, place, {"by": talk.ended_by.value})


def per_minute(side: SideTalk) -> float | None:
    """Words (Chinese: characters) in a minute of the side's own speech, pauses left out."""
    spoken_s = length_s(runs(side))
    if spoken_s < LEAST_SPOKEN_S:
        return None
    return len(Spelling(side.language).of_words(side.words)) * 60 / spoken_s


def runs(side: SideTalk) -> list[Span]:
    """The words' times, short gaps closed."""
    joined: list[Span] = []
    for word in side.words:
        if joined and word.start_s - joined[-1][1] <= RUN_GAP_S:
            joined[-1] = (joined[-1][0], word.end_s)
        else:
            joined.append((word.start_s, word.end_s))
    return joined


def _hit(kind: Kind, price: Price, place: Span, facts: dict[str, Fact]) -> Hit:
    return Hit(
        rule=kind.value,
        kind=kind,
        severity=price.severity,
        penalty=price.penalty,
        side=Side.AGENT,
        start_s=place[0],
        end_s=place[1],
        facts=facts,
    )


def _share(part: float, whole: float) -> float:
    return part / whole if whole > 0 else 0.0


def _level(side: SideTalk) -> float | None:
    return side.voice.level_dbfs if side.voice is not None and side.voice.stretches else None
