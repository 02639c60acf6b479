"""What the bench's caller makes of what is said back to it."""

import numpy as np

from bench.ear import heard_of
from ivr.speech.audio import Samples, from_pcm, to_pcm
from telephony.media.sound.g711 import Law, decode, encode


def noise(seed: int, seconds: float = 0.6) -> Samples:
    """No two alike."""
    samples = np.random.default_rng(seed).normal(0, 0.2, int(8000 * seconds))
    return np.convolve(samples, np.ones(6) / 6, "same").astype(np.float32)


def over_the_line(samples: Samples) -> Samples:
    pcm = np.frombuffer(to_pcm(samples), np.int16)
    return from_pcm(decode(encode(pcm, Law.PCMA), Law.PCMA).tobytes())


PIECES = {"refund": noise(1), "cancel": noise(2, 0.9), "track": noise(3)}
QUIET = np.zeros(4000, np.float32)


def test_piece_is_known_again_wherever_it_was_said() -> None:
    for name, piece in PIECES.items():
        heard = over_the_line(np.concatenate([noise(9), QUIET, piece, QUIET, noise(8)]))
        assert heard_of(PIECES, heard) == name


def test_nothing_is_heard_in_other_words_and_in_silence() -> None:
    assert heard_of(PIECES, over_the_line(np.concatenate([noise(7, 2.0), QUIET]))) == ""
    assert heard_of(PIECES, np.zeros(16000, np.float32)) == ""
    assert heard_of(PIECES, np.zeros(10, np.float32)) == ""
    assert heard_of({}, noise(1)) == ""
