"""A side's samples as numbers: when it speaks, how loud, how high. In the transcriber, for it has
the samples in its hands anyway.

Speech is what stands clearly above the channel's own noise. Pitch is the lag at which a frame is
most like itself (autocorrelation): telephone lines take the fundamental away below 300 Hz, but the
distance of its harmonics stays.
"""

import numpy as np
import numpy.typing as npt

from recordings.quality.talk import Span, Stretch, Voice

FRAME_S = 0.02
SILENT_DBFS = -90.0
"As low as a level gets: digital silence has none."
ABOVE_NOISE_DB = 9.0
BELOW_LOUD_DB = 30.0
"Further below a side's loud frames it is room or echo, not speech."
LEAST_SPEECH_DBFS = -60.0
PAUSE_S = 0.3
"A shorter gap belongs to the speech around it: stops, breaths."
LEAST_SPEECH_S = 0.12
"Shorter is a click."
LONGEST_STRETCH_S = 6.0
"Moods change within a long speech."

PITCH_FRAME_S = 0.04
LOWEST_HZ, HIGHEST_HZ = 70.0, 400.0
VOICED = 0.5
"Likeness of a frame to itself a period later, at least."
NEARLY = 0.9
"The shortest period that is nearly as good as the best one: twice a period is one, too."
LEAST_VOICED = 5
"Frames; fewer give no pitch."
PITCH_BATCH = 2000
"Frames at once: 20 MB."

Samples = npt.NDArray[np.float64]


def measure(pcm: bytes, rate: int) -> Voice:
    """Mono 16-bit samples of one side. Takes about 1 ms of CPU for a second of speech."""
    samples = np.frombuffer(pcm, "<i2").astype(np.float64) / 32768
    levels = _levels(samples, rate)
    stretches = [
        Stretch(start_s, end_s, _pitch(_cut(samples, rate, start_s, end_s), rate), level)
        for start_s, end_s in _speech(levels)
        if (level := _level_within(levels, start_s, end_s)) > SILENT_DBFS
    ]
    return Voice(len(samples) / rate, _level_of(stretches), tuple(stretches))


def _levels(samples: Samples, rate: int) -> Samples:
    """dBFS of each frame."""
    size = int(rate * FRAME_S)
    frames = samples[: len(samples) // size * size].reshape(-1, size)
    return _decibels((frames**2).mean(axis=1))


def _decibels(power: Samples) -> Samples:
    return np.asarray(np.maximum(10 * np.log10(np.maximum(power, 1e-12)), SILENT_DBFS))


def _speech(levels: Samples) -> list[Span]:
    """Speech from pause to pause, none longer than `LONGEST_STRETCH_S`."""
    if not len(levels):
        return []
    noise = float(np.percentile(levels, 10))
    loud = max(float(np.percentile(levels, 98)), float(levels.max()) - ABOVE_NOISE_DB)
    threshold = max(noise + ABOVE_NOISE_DB, loud - BELOW_LOUD_DB, LEAST_SPEECH_DBFS)
    return [part for run in _runs(levels > threshold) for part in _in_parts(*run)]


def _runs(is_loud: npt.NDArray[np.bool_]) -> list[Span]:
    """Times of loud frames, short gaps closed, clicks left out."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], is_loud, [False]]).astype(np.int8)))
    joined: list[list[float]] = []
    for first, last in edges.reshape(-1, 2) * FRAME_S:
        if joined and first - joined[-1][1] < PAUSE_S:
            joined[-1][1] = float(last)
        else:
            joined.append([float(first), float(last)])
    return [(first, last) for first, last in joined if last - first >= LEAST_SPEECH_S]


def _in_parts(start_s: float, end_s: float) -> list[Span]:
    parts = max(1, int(np.ceil((end_s - start_s) / LONGEST_STRETCH_S)))
    step_s = (end_s - start_s) / parts
    return [(start_s + at * step_s, start_s + (at + 1) * step_s) for at in range(parts)]


def _level_within(levels: Samples, start_s: float, end_s: float) -> float:
    part = levels[round(start_s / FRAME_S) : round(end_s / FRAME_S)]
    return float(_decibels(np.array([np.mean(10 ** (part / 10))]))[0]) if len(part) else SILENT_DBFS


def _level_of(stretches: list[Stretch]) -> float:
    length_s = sum(one.length_s for one in stretches)
    if not length_s:
        return SILENT_DBFS
    power = sum(10 ** (one.level_dbfs / 10) * one.length_s for one in stretches) / length_s
    return float(_decibels(np.array([power]))[0])


def _cut(samples: Samples, rate: int, start_s: float, end_s: float) -> Samples:
    return samples[int(start_s * rate) : int(end_s * rate)]


def _pitch(samples: Samples, rate: int) -> float:
    """Hertz; the middle of all voiced frames, 0.0 without enough of them."""
    size, hop = int(rate * PITCH_FRAME_S), int(rate * FRAME_S)
    if len(samples) < size:
        return 0.0
    frames = np.lib.stride_tricks.sliding_window_view(samples, size)[::hop]
    found = np.concatenate(
        [_pitches(frames[at : at + PITCH_BATCH], rate) for at in range(0, len(frames), PITCH_BATCH)]
    )
    voiced = found[found > 0]
    return float(np.median(voiced)) if len(voiced) >= LEAST_VOICED else 0.0


def _pitches(frames: Samples, rate: int) -> Samples:
    """Of each frame; 0 for unvoiced ones."""
    size = frames.shape[1]
    window = np.hanning(size)
    likeness = _autocorrelation((frames - frames.mean(axis=1, keepdims=True)) * window)
    # The window's own falling off is taken out, or long periods would seem less alike.
    likeness /= np.maximum(_autocorrelation(window[None, :]), 1e-9)
    shortest, longest = int(rate / HIGHEST_HZ), min(int(rate / LOWEST_HZ), size * 3 // 4)
    searched = likeness[:, shortest : longest + 1]
    best = searched.max(axis=1)
    inner = searched[:, 1:-1]
    is_peak = (inner >= searched[:, :-2]) & (inner >= searched[:, 2:])
    good = is_peak & (inner >= NEARLY * best[:, None])
    first = good.argmax(axis=1) + 1 + shortest
    return np.where(good.any(axis=1) & (best >= VOICED), rate / first, 0.0)


def _autocorrelation(frames: Samples) -> Samples:
    """By lag, 1.0 at lag 0."""
    size = frames.shape[1]
    spectrum = np.fft.rfft(frames, 2 * size, axis=1)
    found = np.fft.irfft(np.abs(spectrum) ** 2, axis=1)[:, :size]
    return np.asarray(found / np.maximum(found[:, :1], 1e-12))
