"""A helper process that speaks: espeak-ng keeps global state and is not thread-safe.

Reads lines of JSON `[voice, words_per_minute, text]`; answers each with the number of bytes and the
samples, 16-bit mono at 22050 Hz. Run as `python -m tests.support.espeak_process`.
"""

import ctypes as c
import json
import sys

import espeakng_loader

RATE = 22050
_SYNCHRONOUS, _DO_NOT_EXIT, _UTF8, _SPEED = 2, 0x8000, 1, 1
_CALLBACK = c.CFUNCTYPE(c.c_int, c.POINTER(c.c_short), c.c_int, c.c_void_p)


class Espeak:
    def __init__(self) -> None:
        self._lib = c.CDLL(espeakng_loader.get_library_path())
        data_path = espeakng_loader.get_data_path().encode()
        self._lib.espeak_Synth.argtypes = [
            c.c_char_p,
            c.c_size_t,
            c.c_uint,
            c.c_int,
            c.c_uint,
            c.c_uint,
            c.c_void_p,
            c.c_void_p,
        ]
        if self._lib.espeak_Initialize(_SYNCHRONOUS, 0, data_path, _DO_NOT_EXIT) != RATE:
            raise RuntimeError("espeak-ng did not start at 22050 Hz")
        self._pcm = bytearray()
        self._callback = _CALLBACK(self._receive)  # C holds the pointer: keep a reference
        self._lib.espeak_SetSynthCallback(self._callback)

    def say(self, voice: str, words_per_minute: int, text: str) -> bytes:
        if self._lib.espeak_SetVoiceByName(voice.encode()) != 0:
            raise ValueError(f"espeak-ng has no voice {voice!r}")
        self._lib.espeak_SetParameter(_SPEED, words_per_minute, 0)
        self._pcm.clear()
        data = text.encode()
        self._lib.espeak_Synth(data, len(data) + 1, 0, 1, 0, _UTF8, None, None)
        self._lib.espeak_Synchronize()
        return bytes(self._pcm)

    def _receive(self, wave: "c._Pointer[c.c_short]", count: int, _events: int) -> int:
        if wave and count > 0:
            self._pcm.extend(c.string_at(wave, 2 * count))
        return 0


def main() -> None:
    espeak = Espeak()
    for line in sys.stdin:
        voice, words_per_minute, text = json.loads(line)
        pcm = espeak.say(voice, words_per_minute, text)
        sys.stdout.buffer.write(len(pcm).to_bytes(4, "big") + pcm)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
