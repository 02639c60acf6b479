"""The labelled set through the whole chain: spoken, down a telephone line, recorded, written down,
judged. `callcenter quality measure` and `python -m bench.quality`.

    text ─ espeak-ng ─▶ turns ─ noise, G.711 ─▶ stereo WAV ─▶ Vosk, voice ─▶ judge ─▶ Tally

The voices are none that the small models were trained with. Everything by chance has a seed, so a
run says the same sentences in the same voices over the same noise; espeak-ng's own samples differ
in a few bits from run to run.
"""

import wave
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ivr.speech.synthesis import Utterance, synthesise_all
from recordings import wav
from recordings.error_rate import compare, micro_average
from recordings.quality import voice
from recordings.quality.figures import Judged, Tally
from recordings.quality.judging import judge
from recordings.quality.labelled import LabelledCall, LabelledSet, Turn
from recordings.quality.pack import Pack
from recordings.quality.talk import SideTalk, Span, Talk
from recordings.recogniser import Recogniser
from telephony.calls.events import Side
from telephony.media.sound.g711 import Law, decode, encode

RATE = 8000
ROUNDS = 4
"Each call is spoken so often: other voices, other speeds, other lines."
CALLS_AT_ONCE = 10
"Their speech is held in memory together."
BREATH_S = 0.6
"Silence at both ends of a recording."
RAISED_PITCH, RAISED_SPEED, RAISED_DB = 30, 1.35, 8.0
PITCHES = (40, 50, 60)
SPEEDS = (1.0, 1.08, 0.93)

Samples = npt.NDArray[np.int16]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Line:
    """One telephone line."""

    law: Law
    snr_db: float | None
    "Noise below the speech; None: as quiet as G.711."


LINES = (Line(Law.PCMA, None), Line(Law.PCMU, 25.0), Line(Law.PCMA, 18.0), Line(Law.PCMU, None))


@dataclass(frozen=True, slots=True)
class Speaking:
    """How one round of one call is spoken."""

    call: LabelledCall
    voices: Mapping[Side, str]
    pitch: int
    speed: float
    line: Line
    seed: int


def speakings(labelled: LabelledSet, rounds: int = ROUNDS) -> list[Speaking]:
    """Every call in every round, in an order that is always the same."""
    voices = labelled.voices
    half = max(1, len(voices) // 2)
    return [
        Speaking(
            call=call,
            voices={
                Side.AGENT: voices[(at + turn) % len(voices)],
                Side.CALLER: voices[(at + turn + half) % len(voices)],
            },
            pitch=PITCHES[(at + turn) % len(PITCHES)],
            speed=SPEEDS[turn % len(SPEEDS)],
            line=LINES[(at + turn) % len(LINES)],
            seed=1000 * turn + at,
        )
        for turn in range(rounds)
        for at, call in enumerate(labelled.calls)
    ]


def measure(
    pack: Pack,
    spoken: Sequence[Speaking],
    recogniser: Recogniser,
    scratch: Path,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Tally:
    """`scratch`: where each recording lies for a moment. Blocks; about 1 CPU-s for a call."""
    tally = Tally(pack)
    for batch in _batches(spoken):
        for speaking, (frames, spans) in zip(batch, _spoken(batch), strict=True):
            path = scratch / "talk.wav"
            _write(path, frames)
            tally.add(_judged(pack, speaking.call, path, spans, recogniser))
            progress(tally.calls, len(spoken))
    return tally


def _batches(spoken: Sequence[Speaking]) -> Iterator[Sequence[Speaking]]:
    for at in range(0, len(spoken), CALLS_AT_ONCE):
        yield spoken[at : at + CALLS_AT_ONCE]


# -- speaking --------------------------------------------------------------------------------------


def _spoken(batch: Sequence[Speaking]) -> Iterator[tuple[Samples, list[Span]]]:
    wanted = [(one, turn) for one in batch for turn in one.call.turns]
    sounds = iter(synthesise_all([_utterance(one, turn) for one, turn in wanted]))
    for one in batch:
        turns = [np.frombuffer(next(sounds), "<i2") for _ in one.call.turns]
        yield _recorded(one, turns)


def _utterance(speaking: Speaking, turn: Turn) -> Utterance:
    base = speaking.call.agent_speed if turn.side is Side.AGENT else 150
    speed = base * speaking.speed * (RAISED_SPEED if turn.raised else 1.0)
    return Utterance(
        turn.text,
        speaking.voices[turn.side],
        min(450, max(80, round(speed))),
        min(99, speaking.pitch + (RAISED_PITCH if turn.raised else 0)),
    )


def _recorded(speaking: Speaking, turns: Sequence[Samples]) -> tuple[Samples, list[Span]]:
    """Stereo frames, and when each turn was spoken."""
    spans = list(_spans(speaking.call.turns, turns))
    length = int((max(end for _, end in spans) + BREATH_S) * RATE)
    channels = np.zeros((length, 2))
    for turn, sound, (start_s, _) in zip(speaking.call.turns, turns, spans, strict=True):
        at = int(start_s * RATE)
        gain_db = (RAISED_DB if turn.raised else 0.0) + (
            speaking.call.agent_gain_db if turn.side is Side.AGENT else 0.0
        )
        part = sound * 10 ** (gain_db / 20)
        channels[at : at + len(sound), wav.CHANNEL_OF[turn.side]] += part
    chance = np.random.default_rng(speaking.seed)
    lines = [_through(channels[:, at], speaking.line, chance) for at in range(2)]
    return np.stack(lines, axis=1), spans


def _spans(turns: Sequence[Turn], sounds: Sequence[Samples]) -> Iterator[Span]:
    at_s = BREATH_S
    for turn, sound in zip(turns, sounds, strict=True):
        start_s = max(0.0, at_s - turn.over_s if turn.over_s else at_s + turn.pause_s + turn.hold_s)
        at_s = max(at_s, start_s + len(sound) / RATE)
        yield start_s, start_s + len(sound) / RATE


def _through(channel: Floats, line: Line, chance: np.random.Generator) -> Samples:
    """Noise of the line, and what G.711 leaves."""
    if line.snr_db is not None and channel.any():
        loud = channel[np.abs(channel) > 0.05 * np.abs(channel).max()]
        level = float(np.sqrt(np.mean(loud**2))) * 10 ** (-line.snr_db / 20)
        channel = channel + chance.standard_normal(len(channel)) * level
    samples = np.clip(np.rint(channel), -32767, 32767).astype(np.int16)
    return decode(encode(samples, line.law), line.law)


def _write(path: Path, frames: Samples) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(frames.tobytes())


# -- listening and judging -------------------------------------------------------------------------


def _judged(
    pack: Pack, call: LabelledCall, path: Path, spans: list[Span], recogniser: Recogniser
) -> Judged:
    sides, errors = {}, []
    for side in Side:
        pcm, rate = wav.read_side(path, side)
        words = tuple(recogniser.transcribe(pcm, rate))
        sides[side] = SideTalk(pack.language, words, voice.measure(pcm, rate))
        said = " ".join(turn.text for turn in call.turns if turn.side is side)
        errors.append(compare(said, " ".join(word.text for word in words), pack.language))
    talk = Talk(
        caller=sides[Side.CALLER],
        agent=sides[Side.AGENT],
        duration_s=wav.inspect(path).duration_s,
        holds=tuple(_holds(call.turns, spans)),
        ended_by=call.ended_by,
    )
    return Judged(call, spans, judge(pack, talk), micro_average(errors))


def _holds(turns: Sequence[Turn], spans: Sequence[Span]) -> Iterator[Span]:
    for turn, (start_s, _) in zip(turns, spans, strict=True):
        if turn.hold_s:
            yield start_s - turn.pause_s - turn.hold_s, start_s - turn.pause_s
