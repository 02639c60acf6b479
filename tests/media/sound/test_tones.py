"""Digits in the audio: what a receiver must take and must not take (ITU-T Q.24)."""

import numpy as np
import numpy.typing as npt
import pytest

from telephony.media.sound.g711 import Law, encode
from telephony.media.sound.tones import ToneListener
from tests.support.media_leg import Leg
from tests.support.media_phone import sdp

pytestmark = pytest.mark.usefixtures("each_loop")

LOW_HZ = {key: hz for hz, row in ((697, "123A"), (770, "456B"), (852, "789C"), (941, "*0#D"))
          for key in row}  # fmt: skip
HIGH_HZ = {key: hz for hz, column in ((1209, "147*"), (1336, "2580"), (1477, "369#"),
           (1633, "ABCD")) for key in column}  # fmt: skip
ALL = "0123456789*#ABCD"
LOUDEST = 32767
Samples = npt.NDArray[np.float64]


def press(
    digit: str, ms: int, level_db: float = -10.0, twist_db: float = 0.0, off: float = 0.0
) -> Samples:
    """`level_db` of the lower tone, the higher is `twist_db` stronger; `off` their frequencies."""
    at = np.arange(8 * ms) / 8000
    lower = np.sin(2 * np.pi * LOW_HZ[digit] * (1 + off) * at)
    higher = np.sin(2 * np.pi * HIGH_HZ[digit] * (1 + off) * at)
    pressed: Samples = (lower + 10 ** (twist_db / 20) * higher) * LOUDEST * 10 ** (level_db / 20)
    return pressed


def pause(ms: int) -> Samples:
    return np.zeros(8 * ms)


def heard(
    *parts: Samples, lost: tuple[int, ...] = (), offset: int = 0, noise_db: float | None = None
) -> str:
    """The digits told; `lost` are numbers of packets, `offset` is samples before the first part."""
    pcm = np.concatenate([np.zeros(400 + offset), *parts, np.zeros(800)])
    if noise_db is not None:
        noise = np.random.default_rng(1).standard_normal(len(pcm))
        pcm += noise * LOUDEST / np.sqrt(2) * 10 ** (noise_db / 20)
    codes = encode(np.clip(pcm, -32768, LOUDEST).astype(np.int16), Law.PCMA)
    told: list[str] = []
    listener = ToneListener(lambda digit, _now: told.append(digit))
    for number, at in enumerate(range(0, len(codes) - 159, 160)):
        if number not in lost:
            listener.take(codes[at : at + 160], 7000 + at, Law.PCMA, 0.0)
    return "".join(told)


@pytest.mark.parametrize("digit", ALL)
@pytest.mark.parametrize("offset", [0, 37, 79, 121])
def test_40_ms_are_a_digit_wherever_they_lie(digit: str, offset: int) -> None:
    assert heard(press(digit, 40), offset=offset) == digit


@pytest.mark.parametrize("digit", ALL)
def test_20_ms_are_none(digit: str) -> None:
    assert heard(press(digit, 20)) == ""


@pytest.mark.parametrize("digit", ALL)
@pytest.mark.parametrize(
    ("level_db", "twist_db", "off"),
    [
        (-35.0, 0.0, 0.0),
        (-6.5, 0.0, 0.0),
        (-10.0, 4.0, 0.0),
        (-10.0, -8.0, 0.0),
        (-10.0, 0.0, 0.015),
        (-10.0, 0.0, -0.015),
    ],
)
def test_quiet_loud_uneven_and_slightly_wrong_tones_are_digits(
    digit: str, level_db: float, twist_db: float, off: float
) -> None:
    assert heard(press(digit, 50, level_db, twist_db, off)) == digit


@pytest.mark.parametrize("digit", ALL)
@pytest.mark.parametrize(("twist_db", "off"), [(9.0, 0.0), (-13.0, 0.0), (0, 0.035), (0, -0.035)])
def test_too_uneven_and_too_wrong_tones_are_none(digit: str, twist_db: float, off: float) -> None:
    assert heard(press(digit, 100, -12.0, twist_db, off)) == ""


def test_noise_15_db_below_does_not_hide_digits() -> None:
    parts = [part for digit in ALL for part in (press(digit, 50, -12.0), pause(50))]

    assert heard(*parts, noise_db=-27.0) == ALL


def test_a_long_press_is_one_digit_and_40_ms_of_pause_separate_two() -> None:
    assert heard(press("5", 2000)) == "5"
    assert heard(press("5", 60), pause(40), press("5", 60), pause(40), press("6", 60)) == "556"


def test_lost_packets_within_a_press_make_no_second_digit() -> None:
    assert heard(press("5", 300), lost=(6, 9, 10)) == "5"


def test_one_tone_alone_and_three_together_are_none() -> None:
    at = np.arange(800) / 8000
    alone = LOUDEST / 4 * np.sin(2 * np.pi * 770 * at)

    assert heard(alone) == ""
    assert heard(press("5", 100) + press("8", 100)) == ""


def test_a_leg_tells_tones_until_it_sends_events() -> None:
    leg = Leg()
    leg.offer(sdp(4000))
    leg.session.listen_for_tones()
    leg.session.listen_for_tones()
    codes = encode(press("7", 100).astype(np.int16), Law.PCMU)
    packets = [codes[at : at + 160] for at in range(0, 800, 160)]

    for n, packet in enumerate([*packets, b"\xff" * 160, b"\xff" * 160]):
        leg.say(packet, now=0.02 * n)
    assert [digit for digit, _ in leg.digits] == ["7"]

    leg.say(b"\x04\x0a\x00\xa0", now=1.0, kind=101)
    for packet in packets:
        leg.say(packet, now=2.0)
    assert [digit for digit, _ in leg.digits] == ["7", "4"]
    assert not leg.session.hiding.wants_tones
    assert leg.session.sinks == ()
