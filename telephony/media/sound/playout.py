"""What is played to legs: prompts, music, tones; and the one 20 ms clock that paces it all.

A prompt is read once and encoded once for each law, a second at a time when it is first needed, so
that no file however long holds up the loop. The clock ticks each 5 ms for a quarter of the legs:
fifty prompts at once must not make fifty packets in the same instant.
"""

import io
import math
import os
import wave
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from telephony.media.errors import PromptUnusable
from telephony.media.sound.g711 import (
    FRAME_MS,
    FRAME_SAMPLES,
    SAMPLE_RATE_HZ,
    SILENCE,
    Law,
    Pcm,
    encode,
)

SLOTS = 4
TICK_S = FRAME_MS / 1000 / SLOTS
LATE_S = 0.020
"A tick that comes later than this is counted against admission."
MOST_CATCH_UP_TICKS = SLOTS * 5
"After a longer stall the missed frames are left out instead of sent in one burst."
_TONE_AMPLITUDE = 8000
"About -12 dBm0."
_TONE_FADE_SAMPLES = 40
"5 ms in and out, against clicks."
_CHUNK_SAMPLES = SAMPLE_RATE_HZ
_MOST_TONE_MS = 600_000


class Prompt:
    """Audio that can be asked for frame by frame in either law."""

    def __init__(self, pcm_8k: Pcm) -> None:
        self.pcm_8k = pcm_8k
        self.frames = math.ceil(len(pcm_8k) / FRAME_SAMPLES)
        self.bytes_kept = 4 * len(pcm_8k)
        self._encoded: dict[tuple[Law, int], bytes] = {}

    def frame(self, index: int, law: Law) -> bytes:
        """20 ms, the last one filled up with silence."""
        at = index * FRAME_SAMPLES
        chunk = self._chunk(at // _CHUNK_SAMPLES, law)
        start = at % _CHUNK_SAMPLES
        return chunk[start : start + FRAME_SAMPLES].ljust(FRAME_SAMPLES, SILENCE[law])

    def _chunk(self, number: int, law: Law) -> bytes:
        chunk = self._encoded.get((law, number))
        if chunk is None:
            start = number * _CHUNK_SAMPLES
            chunk = encode(self.pcm_8k[start : start + _CHUNK_SAMPLES], law)
            self._encoded[law, number] = chunk
        return chunk


def tone(frequency_hz: float, length_ms: int) -> Prompt:
    count = SAMPLE_RATE_HZ * length_ms // 1000
    phase = 2 * np.pi * frequency_hz * np.arange(count) / SAMPLE_RATE_HZ
    rise = np.minimum(np.arange(count), np.arange(count)[::-1]) / _TONE_FADE_SAMPLES
    return Prompt((_TONE_AMPLITUDE * np.sin(phase) * np.minimum(rise, 1.0)).astype(np.int16))


def silence(length_ms: int) -> Prompt:
    return Prompt(np.zeros(SAMPLE_RATE_HZ * length_ms // 1000, np.int16))


def read_wav(data: bytes, name: str) -> Prompt:
    try:
        with wave.open(io.BytesIO(data)) as file:
            shape = (file.getnchannels(), file.getsampwidth(), file.getframerate())
            if shape != (1, 2, SAMPLE_RATE_HZ):
                raise PromptUnusable(f"{name} is not 8 kHz mono 16-bit: {shape}")
            pcm = file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        raise PromptUnusable(f"{name} is not a WAV file: {error}") from None
    return Prompt(np.frombuffer(pcm[: len(pcm) // 2 * 2], "<i2").astype(np.int16))


class PromptCache:
    """Items of `Play` to prompts; a file that changed on disk is read again."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._kept: OrderedDict[tuple[str, int, int], Prompt] = OrderedDict()
        self._bytes = 0

    def get(self, item: str) -> Prompt:
        if item.startswith(("tone:", "silence:")):
            return self._keep((item, 0, 0), lambda: _generated(item))
        try:
            status = os.stat(item)
        except OSError as error:
            raise PromptUnusable(f"{item} cannot be played: {error.strerror}") from None
        return self._keep((item, status.st_mtime_ns, status.st_size), lambda: _load(item))

    def _keep(self, key: tuple[str, int, int], make: Callable[[], Prompt]) -> Prompt:
        prompt = self._kept.get(key)
        if prompt is None:
            prompt = self._kept[key] = make()
            self._bytes += prompt.bytes_kept
            self._forget_oldest()
        self._kept.move_to_end(key)
        return prompt

    def _forget_oldest(self) -> None:
        while self._bytes > self._most_bytes and len(self._kept) > 1:
            _key, prompt = self._kept.popitem(last=False)
            self._bytes -= prompt.bytes_kept


def _load(path: str) -> Prompt:
    try:
        with open(path, "rb") as file:
            return read_wav(file.read(), path)
    except OSError as error:
        raise PromptUnusable(f"{path} cannot be played: {error.strerror}") from None


def _generated(item: str) -> Prompt:
    """tone:FREQ_HZ:MS or silence:MS."""
    kind, *numbers = item.split(":")
    if not all(number.isascii() and number.isdigit() and len(number) < 8 for number in numbers):
        raise PromptUnusable(f"{item!r} is not tone:FREQ_HZ:MS or silence:MS")
    match kind, [int(number) for number in numbers]:
        case "tone", [frequency_hz, length_ms] if length_ms <= _MOST_TONE_MS:
            return tone(frequency_hz, length_ms)
        case "silence", [length_ms] if length_ms <= _MOST_TONE_MS:
            return silence(length_ms)
    raise PromptUnusable(f"{item!r} is not tone:FREQ_HZ:MS or silence:MS")


class Player:
    """Prompts one after the other, frame by frame; the law may change on the way."""

    def __init__(self, play_id: str, prompts: Sequence[Prompt], *, loop: bool) -> None:
        self.play_id = play_id
        self._prompts = [prompt for prompt in prompts if prompt.frames]
        self.is_loop = loop
        self._item = 0
        self._frame = 0

    def next_frame(self, law: Law) -> bytes | None:
        """None: all has been played; never with `loop` unless there is nothing at all."""
        if self._item == len(self._prompts):
            if not (self.is_loop and self._prompts):
                return None
            self._item = 0
        prompt = self._prompts[self._item]
        frame = prompt.frame(self._frame, law)
        self._frame += 1
        if self._frame == prompt.frames:
            self._item += 1
            self._frame = 0
        return frame


@dataclass(slots=True)
class FrameClock:
    """Ticks of 5 ms; tick n serves slot n mod 4. Pure: it is asked, with the time."""

    started_at: float
    number: int = 0
    "Of the next tick."

    @property
    def due_at(self) -> float:
        return self.started_at + self.number * TICK_S

    def take(self, now: float) -> int | None:
        """The slot of a tick that is due, None when none is."""
        if now < self.due_at:
            return None
        slot = self.number % SLOTS
        self.number += 1
        return slot

    def restart(self, now: float) -> None:
        """Nobody needed the clock: nothing was missed."""
        self.started_at = now
        self.number = 0

    def is_late(self, now: float) -> bool:
        return now - self.due_at > LATE_S

    def skip_stall(self, now: float) -> None:
        """Leave out what a stall made us miss beyond what may be sent at once."""
        behind = int((now - self.due_at) / TICK_S)
        if behind > MOST_CATCH_UP_TICKS:
            self.number += behind - MOST_CATCH_UP_TICKS
