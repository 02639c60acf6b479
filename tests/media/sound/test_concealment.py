"""What stands for a lost packet."""

import numpy as np

from telephony.media.sound.concealment import Concealer, Voice


def sung(frequency_hz: float, frames: int) -> list[Voice]:
    at = np.arange(160 * frames)
    whole = (8000 * np.sin(2 * np.pi * frequency_hz * at / 8000)).astype(np.float32)
    return list(whole.reshape(frames, 160))


def test_a_lost_frame_of_a_steady_voice_can_hardly_be_told() -> None:
    concealer = Concealer()
    voice = sung(130.0, 12)
    heard = [concealer.came(frame) for frame in voice[:6]]

    substitute = concealer.lost()

    assert substitute is not None
    heard += [substitute, *(concealer.came(frame) for frame in voice[7:])]
    error = np.concatenate(heard) - np.concatenate(voice)
    assert 20 * np.log10(np.std(np.concatenate(voice)) / np.std(error)) > 12
    assert np.abs(np.diff(np.concatenate(heard))).max() < 2 * np.abs(np.diff(voice[0])).max()


def test_a_long_loss_fades_into_silence() -> None:
    concealer = Concealer()
    for frame in sung(200.0, 6):
        concealer.came(frame)

    substitutes = [concealer.lost() for _ in range(5)]

    strengths = [0.0 if s is None else float(np.abs(s).max()) for s in substitutes]
    assert strengths[0] > 7000
    assert strengths == sorted(strengths, reverse=True)
    assert strengths[3:] == [0.0, 0.0]


def test_nothing_is_made_up_before_anything_was_heard() -> None:
    concealer = Concealer()
    assert concealer.lost() is None

    concealer.came(sung(200.0, 1)[0])
    concealer.forget()

    assert concealer.lost() is None
