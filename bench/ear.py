"""Which of some known pieces of speech a caller has heard: the caller of `bench.triage` listens to
what is said back, as people do, instead of being told by the centre."""

from collections.abc import Mapping

import numpy as np

from ivr.speech.audio import Samples

ALIKE = 0.8
"Normalised correlation. A prompt through G.711 has 0.99 and more; another one up to 0.6."


def heard_of(pieces: Mapping[str, Samples], heard: Samples) -> str:
    """The name of the piece that is in what was heard; '': none is."""
    alike = {name: _likeness(piece, heard) for name, piece in pieces.items()}
    best = max(alike, key=lambda name: alike[name], default="")
    return best if best and alike[best] >= ALIKE else ""


def _likeness(piece: Samples, heard: Samples) -> float:
    """Of the piece and the place where it fits best; 0 to 1."""
    if not piece.any() or len(heard) < len(piece):
        return 0.0
    size = 1 << (len(heard) + len(piece)).bit_length()
    spectrum = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(piece, size))
    fits = np.fft.irfft(spectrum, size)[: len(heard) - len(piece) + 1]
    power = np.concatenate([[0.0], np.cumsum(heard**2)])
    there = power[len(piece) :] - power[: len(power) - len(piece)]
    # A place that is all but silent correlates with anything.
    enough = np.maximum(there, 0.01 * float(np.sum(piece**2)))
    return float(np.max(fits / np.sqrt(enough * np.sum(piece**2))))
