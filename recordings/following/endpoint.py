"""When a caller's answer has begun, and when it is over.

               loud for 0.2 s, or a word                quiet for pause_s, or limit_s over
    WAITING ─────────────────────────────▶ SPEAKING ─────────────────────────────▶ OVER
       │  ◀──────────────────────────────────┘
       │      quiet again without a word: a cough, a door
       └── wait_s over ──▶ SILENT

Loud is 12 dB above the line's own noise, which is learnt while it is quiet. Time is the audio's: a
stream of blocks that has no holes but those it tells.

While the question is still being said (`over_prompt`) nobody is waited for, and only what is loud
in itself begins an answer: what a telephone gives back of the question is softer than who speaks
into it. `prompt_over` ends that; the wait begins then.
"""

import math
from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

FULL_SCALE = 32768.0
LOUDER_DB = 12.0
LEAST_FLOOR_DBOV, MOST_FLOOR_DBOV = -65.0, -40.0
FLOOR_RISES_DB_S = 2.0
LOUD_S = 0.2
OVER_PROMPT_DBOV = -38.0
"Who speaks into a telephone is at about -26; of what it plays seldom more than -45 comes back."


class State(Enum):
    WAITING = "waiting"
    SPEAKING = "speaking"
    OVER = "over"
    SILENT = "silent"


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointOptions:
    wait_s: float
    limit_s: float
    pause_s: float = 0.7
    "People stop for breath; who answers a machine seldom for longer."
    over_prompt: bool = False
    "The question is still being said."


class Endpoint:
    """One answer."""

    def __init__(self, options: EndpointOptions) -> None:
        self.state = State.WAITING
        self._options = options
        self._now_s = 0.0
        self._began_s = 0.0
        self._loud_s = 0.0
        self._quiet_s = 0.0
        self._floor_dbov = -50.0
        self._asked_s = 0.0
        "When the question was over."
        self._is_over_prompt = options.over_prompt

    def prompt_over(self) -> None:
        """Said to its end, or cut because the answer began."""
        if self._is_over_prompt:
            self._is_over_prompt, self._asked_s = False, self._now_s

    def feed(self, level_dbov: float, length_s: float, *, has_words: bool) -> State:
        """A block, and whether the recogniser knows any word of the answer so far."""
        self._now_s += length_s
        is_loud = self._is_loud(level_dbov, length_s)
        self._loud_s = self._loud_s + length_s if is_loud else 0.0
        self._quiet_s = 0.0 if is_loud else self._quiet_s + length_s
        if self.state is State.WAITING:
            self._wait(has_words=has_words)
        elif self.state is State.SPEAKING:
            self._listen(has_words=has_words)
        return self.state

    def _wait(self, *, has_words: bool) -> None:
        is_word = has_words and (self._loud_s > 0 or not self._is_over_prompt)
        if is_word or self._loud_s >= LOUD_S:
            self.state = State.SPEAKING
            self._began_s = self._now_s
        elif self._has_waited:
            self.state = State.SILENT

    def _listen(self, *, has_words: bool) -> None:
        if self._now_s - self._began_s >= self._options.limit_s:
            self.state = State.OVER
        elif self._quiet_s >= self._options.pause_s:
            self.state = State.OVER if has_words else State.WAITING
            self._wait_again()

    def _wait_again(self) -> None:
        if self.state is State.WAITING and self._has_waited:
            self.state = State.SILENT

    @property
    def _has_waited(self) -> bool:
        return not self._is_over_prompt and self._now_s - self._asked_s >= self._options.wait_s

    def _is_loud(self, level_dbov: float, length_s: float) -> bool:
        is_loud = level_dbov > self._floor_dbov + LOUDER_DB
        if self._is_over_prompt:
            is_loud = is_loud and level_dbov > OVER_PROMPT_DBOV
        risen = self._floor_dbov + FLOOR_RISES_DB_S * length_s
        self._floor_dbov = min(max(min(level_dbov, risen), LEAST_FLOOR_DBOV), MOST_FLOOR_DBOV)
        return is_loud


def level_dbov(pcm: npt.NDArray[np.int16]) -> float:
    """-inf for digital silence."""
    power = float(np.mean((pcm.astype(np.float64) / FULL_SCALE) ** 2)) if len(pcm) else 0.0
    return 10 * math.log10(power) if power > 0 else -math.inf
