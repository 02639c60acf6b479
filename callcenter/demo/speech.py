"""Everything that is said in the demo, synthesised before it begins."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from callcenter.demo.script import TURN_GAP_S, Play, Turn
from callcenter.demo.wav import write_wav
from ivr.speech.synthesis import Synthesiser

BYTES_PER_S = 16_000


@dataclass(frozen=True, slots=True)
class Clip:
    """One sentence as sound, in memory and as a WAV for phones in other processes."""

    pcm_8k: bytes
    file: Path

    @property
    def seconds(self) -> float:
        return len(self.pcm_8k) / BYTES_PER_S


Clips: TypeAlias = Mapping[Turn, Clip]


async def speak(turns: Sequence[Turn], folder: Path, on_spoken: Callable[[], None]) -> Clips:
    """`on_spoken` is called after each sentence."""
    clips: dict[Turn, Clip] = {}
    async with Synthesiser() as synthesiser:
        for number, turn in enumerate(turns):
            pcm_8k = await synthesiser.synthesise(turn.text, turn.voice)
            clips[turn] = Clip(pcm_8k, folder / f"{number:03}.wav")
            write_wav(clips[turn].file, pcm_8k)
            on_spoken()
    return clips


def talk_lengths(play: Play, clips: Clips) -> dict[str, float]:
    """Seconds of each caller's talk, by caller."""
    return {
        caller.id: sum(clips[turn].seconds + TURN_GAP_S for turn in caller.turns)
        for caller in play.callers
    }
