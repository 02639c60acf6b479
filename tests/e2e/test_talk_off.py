"""Speech must not be taken for digits: synthetic voices through the tone receiver."""

import numpy as np
import pytest

from ivr.speech.synthesis import Utterance, synthesise_all
from telephony.media.sound.g711 import Law, encode
from telephony.media.sound.tones import ToneListener

pytestmark = pytest.mark.e2e

TEXT = (
    "Thank you for calling the hotline. My order has not arrived and I would like to know where it "
    "is. I have been waiting for nine days and nobody has told me anything. The number is written "
    "on the yellow paper in the blue box. Please hold on while I look for it in the other room. "
    "Do you really need my date of birth, my address and the serial number of the machine too?"
)
VOICES = ("en-us+f3", "en-us+m1", "en-us+f5", "en-us+m7")


def test_no_voice_presses_a_key() -> None:
    spoken = synthesise_all(
        [Utterance(TEXT, voice, pitch=pitch) for voice in VOICES for pitch in (25, 50, 80)]
    )
    told: list[str] = []

    for pcm in spoken:
        codes = encode(np.frombuffer(pcm, np.int16), Law.PCMU)
        listener = ToneListener(lambda digit, _now: told.append(digit))
        for at in range(0, len(codes) - 159, 160):
            listener.take(codes[at : at + 160], at, Law.PCMU, 0.0)

    assert sum(map(len, spoken)) > 2 * 8000 * 180, "three minutes of speech"
    assert told == []
