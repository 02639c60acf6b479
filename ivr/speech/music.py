"""Hold music of our own: a slow arpeggio over four chords that loops without a seam."""

import numpy as np

from ivr.speech.audio import RATE, Samples, to_pcm

LEVEL_DBFS = -30.0
"A little below speech, so that announcements stand out."
NOTE_S = 0.4
# Semitones from A4 (440 Hz): C, A minor, F, G with the octave, up and down.
CHORDS = ((-9, -5, -2, 3), (-12, -9, -5, 0), (-16, -12, -9, -4), (-14, -10, -7, -2))
PATTERN = (0, 1, 2, 3, 2, 1, 2, 1)


def hold_music() -> bytes:
    """About 26 s, 8 kHz mono 16-bit; the last note rings on into the first."""
    chords = CHORDS + CHORDS[:2] + CHORDS[2:][::-1]
    step = int(NOTE_S * RATE)
    loop = np.zeros(step * len(PATTERN) * len(chords), np.float32)
    start = 0
    for chord in chords:
        _add(loop, start, _pluck(chord[0] - 12, 8 * NOTE_S), 0.7)
        for place in PATTERN:
            _add(loop, start, _pluck(chord[place], 4 * NOTE_S), 0.5)
            start += step
    rms = float(np.sqrt(np.mean(loop.astype(np.float64) ** 2)))
    return to_pcm(loop * np.float32(10 ** (LEVEL_DBFS / 20) / rms))


def _pluck(semitones: int, length_s: float) -> Samples:
    """A soft string: four partials, the higher ones fading sooner."""
    t = np.arange(int(length_s * RATE)) / RATE
    hertz = 440.0 * 2 ** (semitones / 12)
    partials = [
        np.sin(2 * np.pi * hertz * k * t) * np.exp(-t * (1.5 + 1.2 * k)) / k**1.6
        for k in (1, 2, 3, 4)
    ]
    attack = np.minimum(1.0, t / 0.012)
    release = np.minimum(1.0, (length_s - t) / 0.2)
    tone: Samples = (np.sum(partials, axis=0) * attack * release).astype(np.float32)
    return tone


def _add(loop: Samples, start: int, note: Samples, gain: float) -> None:
    """Beyond the end it goes on at the beginning: that makes the loop seamless."""
    places = np.arange(start, start + len(note)) % len(loop)
    loop[places] += np.float32(gain) * note
