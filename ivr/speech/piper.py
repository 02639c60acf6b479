"""Piper's neural voices: a voice file of the centre's owner instead of espeak-ng's.

Only the helper process imports this file. The package `piper-tts` is an extra, `callcenter[piper]`:
it brings onnxruntime and no voice; a voice is two files, `NAME.onnx` and `NAME.onnx.json`.
"""

from pathlib import Path
from typing import Any

import numpy as np

from foundation.errors import ResourceError
from ivr.speech import audio
from ivr.speech.audio import Samples

USUAL_SPEED = 150
"Words a minute at which a voice is not stretched."


class NoPiper(ResourceError):
    """The package or the voice is missing or cannot be used."""


class Piper:
    """One loaded voice."""

    def __init__(self, file: Path) -> None:
        for needed in (file, Path(f"{file}.json")):
            if not needed.is_file():
                raise NoPiper(f"the piper voice {file} cannot be used: there is no file {needed}")
        try:
            import piper
        except ImportError as error:
            raise NoPiper(
                f"the voice {file} needs the package piper-tts, which is not installed "
                f"(pip install 'callcenter[piper]'): {error}"
            ) from None
        self._config = piper.SynthesisConfig
        self._voice = _load(piper, file)

    def say(self, text: str, speed: int) -> Samples:
        """8 kHz."""
        config = self._config(length_scale=USUAL_SPEED / speed)
        pieces = [np.zeros(0, np.float32)]
        for chunk in self._voice.synthesize(text, syn_config=config):
            samples = np.asarray(chunk.audio_float_array, np.float32)
            pieces.append(audio.to_8k(samples, int(chunk.sample_rate)))
        return np.concatenate(pieces)


def _load(piper: Any, file: Path) -> Any:  # noqa: ANN401  the package has no types
    """onnxruntime raises children of the bare class."""
    try:
        return piper.PiperVoice.load(file, download_dir=file.parent)
    except Exception as error:
        raise NoPiper(f"the piper voice {file} cannot be loaded: {error}") from None
