"""libespeak-ng through ctypes: text in, samples out. Only the helper process imports this file.

The library keeps global state and two threads in it abort the process: one instance, one call at
a time.
"""

import ctypes as c

import espeakng_loader
import numpy as np
import numpy.typing as npt

from foundation.errors import RemoteError, Unavailable

RATE = 22050
"Samples a second of espeak's voices."
_SYNCHRONOUS, _UTF8 = 2, 1
_NEVER_EXIT = 0x8000
_SPEED, _PITCH = 1, 3
_Callback = c.CFUNCTYPE(c.c_int, c.POINTER(c.c_short), c.c_int, c.c_void_p)


class UnknownVoice(RemoteError):
    """espeak-ng has no voice of this name."""


class Espeak:
    """The library, started."""

    def __init__(self) -> None:
        self._blocks: list[npt.NDArray[np.int16]] = []
        self._library = c.CDLL(espeakng_loader.get_library_path())
        self._declare()
        data = str(espeakng_loader.get_data_path()).encode()
        if self._library.espeak_Initialize(_SYNCHRONOUS, 0, data, _NEVER_EXIT) != RATE:
            raise Unavailable(f"espeak-ng did not start at {RATE} Hz with the voices in {data!r}")
        self._callback = _Callback(self._receive)  # C holds the pointer: keep a reference
        self._library.espeak_SetSynthCallback(self._callback)

    def say(self, text: str, voice: str, speed: int, pitch: int) -> npt.NDArray[np.int16]:
        """`speed` in words a minute (80 to 450), `pitch` 0 to 99; samples at 22050 Hz."""
        if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise UnknownVoice(f"espeak-ng has no voice {voice!r}")
        self._library.espeak_SetParameter(_SPEED, speed, 0)
        self._library.espeak_SetParameter(_PITCH, pitch, 0)
        self._blocks.clear()
        data = text.encode()
        self._library.espeak_Synth(data, len(data) + 1, 0, 1, 0, _UTF8, None, None)
        self._library.espeak_Synchronize()
        return np.concatenate([np.zeros(0, np.int16), *self._blocks])

    def _receive(self, wave: "c._Pointer[c.c_short]", count: int, _events: int | None) -> int:
        if wave and count > 0:
            self._blocks.append(np.ctypeslib.as_array(wave, (count,)).copy())
        return 0

    def _declare(self) -> None:
        library = self._library
        library.espeak_Initialize.argtypes = [c.c_int, c.c_int, c.c_char_p, c.c_int]
        library.espeak_SetSynthCallback.argtypes = [_Callback]
        library.espeak_SetVoiceByName.argtypes = [c.c_char_p]
        library.espeak_SetParameter.argtypes = [c.c_int, c.c_int, c.c_int]
        library.espeak_Synth.argtypes = [
            c.c_char_p,
            c.c_size_t,
            c.c_uint,
            c.c_int,
            c.c_uint,
            c.c_uint,
            c.c_void_p,
            c.c_void_p,
        ]
