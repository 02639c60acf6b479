"""The helper process that speaks: requests on stdin, samples on stdout, one at a time.

Frames as in `foundation.frames`. It ends when stdin ends, so it never outlives who started it.
A request that cannot be spoken is answered by `Refused`; a crash of the library ends the process
and nothing else.
"""

import os
import signal
import sys
from pathlib import Path

import espeakng_loader
import msgspec
import numpy as np

from foundation.errors import CallCentreError
from foundation.frames import FrameReader, pack
from ivr.speech import audio, mandarin
from ivr.speech.audio import Samples
from ivr.speech.espeak import RATE, Espeak, UnknownVoice
from ivr.speech.piper import Piper
from ivr.speech.sounds import PIPER
from ivr.speech.synthesis_protocol import Answer, Refused, Say, Spoken

SENTENCE_PAUSE_S = 0.35
PINYIN_VOICE = "cmn-latn-pinyin"


class Speaker:
    """Text to 8 kHz samples at the house's level; voices are loaded when they first speak."""

    def __init__(self) -> None:
        self._espeak: Espeak | None = None
        self._piper: dict[str, Piper] = {}
        self._variants = Path(espeakng_loader.get_data_path()) / "voices" / "!v"

    def answer(self, request: Say) -> Answer:
        try:
            return Spoken(audio.even(self._say(request)))
        except CallCentreError as error:
            return Refused(str(error))

    def _say(self, request: Say) -> Samples:
        if request.voice.startswith(PIPER):
            return self._by_piper(request)
        return self._by_espeak(request)

    def _by_piper(self, request: Say) -> Samples:
        file = request.voice.removeprefix(PIPER)
        voice = self._piper.get(file)
        if voice is None:
            voice = self._piper[file] = Piper(Path(file))
        return voice.say(request.text, request.speed)

    def _by_espeak(self, request: Say) -> Samples:
        voice, _, variant = request.voice.partition("+")
        # The library passes over a variant that it does not know and speaks with the plain voice.
        if variant and not (self._variants / variant).is_file():
            raise UnknownVoice(f"espeak-ng has no variant {variant!r} of its voices")
        texts = [request.text]
        if voice == PINYIN_VOICE:
            texts = [mandarin.pinyin(sentence) for sentence in mandarin.sentences(request.text)]
        self._espeak = self._espeak or Espeak()
        pause = np.zeros(int(SENTENCE_PAUSE_S * RATE), np.int16)
        pieces = [np.zeros(0, np.int16)]
        for text in texts:
            spoken = self._espeak.say(text, request.voice, request.speed, request.pitch)
            pieces += [pause, spoken] if len(pieces) > 1 else [spoken]
        samples = np.concatenate(pieces).astype(np.float32) / np.float32(32768)
        return audio.to_8k(samples, RATE)


def main() -> None:
    # Ctrl-C goes to the whole terminal; who started us decides, and closes our stdin.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    speaker = Speaker()
    reader = FrameReader()
    decoder = msgspec.msgpack.Decoder(Say)
    while data := os.read(sys.stdin.fileno(), 65536):
        for frame in reader.feed(data):
            answer = msgspec.msgpack.encode(speaker.answer(decoder.decode(frame)))
            sys.stdout.buffer.write(pack(answer))
            sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
