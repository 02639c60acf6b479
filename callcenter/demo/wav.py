"""WAV files as phones play and save them: 16-bit PCM at 8 kHz, mono."""

import wave
from pathlib import Path

from foundation.errors import CallCentreError


class NotTelephoneAudio(CallCentreError):
    """The WAV has another rate, width or number of channels."""


def read_wav(file: Path) -> bytes:
    try:
        with wave.open(str(file)) as reader:
            shape = reader.getframerate(), reader.getnchannels(), reader.getsampwidth()
            pcm_8k: bytes = reader.readframes(reader.getnframes())
    except (wave.Error, EOFError) as error:
        raise NotTelephoneAudio(f"{file} is not a WAV file: {error}") from None
    if shape != (8000, 1, 2):
        rate, channels, width = shape
        raise NotTelephoneAudio(
            f"{file} has {rate} Hz, {channels} channels of {8 * width} bits; "
            "phones need 8000 Hz, one channel of 16 bits"
        )
    return pcm_8k


def write_wav(file: Path, pcm_8k: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(file), "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(8000)
        writer.writeframes(pcm_8k)
