"""Wideband legs, alone and beside legs of G.711; the phone's codec runs at its full 16 kHz."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from telephony.media.agreeing.negotiation import LocalEnd, Negotiation
from telephony.media.errors import SdpRejected
from telephony.media.sound.g711 import Law, decode, encode
from telephony.media.sound.playout import Player, tone
from telephony.media.taping.tap import TapSide
from tests.support.media_leg import Leg
from tests.support.media_phone import loudness, sdp

pytestmark = pytest.mark.usefixtures("each_loop")

wheel = pytest.importorskip("G722", reason="the extra 'hd' is not installed")

LOCAL = LocalEnd(1, 1, "127.0.0.1", 30000)
WIDE = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 4000 RTP/AVP 9 8 0 101\r\na=rtpmap:9 G722/8000\r\n"
    "a=rtpmap:101 telephone-event/8000\r\n"
)


def sung(frequency_hz: float, frames: int) -> list[bytes]:
    """A phone's packets of a tone, 8000 strong."""
    samples = 8000 * np.sin(2 * np.pi * frequency_hz * np.arange(320 * frames) / 16000)
    coded: bytes = wheel.G722(16000, 64000).encode(samples.astype(np.int16))
    return [coded[at : at + 160] for at in range(0, len(coded), 160)]


def heard_wide(leg: Leg, frequency_hz: float) -> float:
    """How loud the tone is in what a wideband phone hears."""
    data = b"".join(packet.payload for packet in leg.heard)
    pcm: npt.NDArray[np.int16] = np.array(wheel.G722(16000, 64000).decode(data), np.int16)
    return loudness(pcm[1600:], frequency_hz / 2)  # it counts at 8 kHz, this is twice as fast


def heard_narrow(leg: Leg, frequency_hz: float) -> float:
    pcm = np.concatenate([decode(packet.payload, Law.PCMA) for packet in leg.heard])
    return loudness(pcm[800:], frequency_hz)


@pytest.fixture
def wide() -> Leg:
    leg = Leg(serves_g722=True)
    leg.offer(WIDE)
    return leg


@pytest.fixture
def partner_of(wide: Leg) -> Callable[[str], Leg]:
    def make(text: str) -> Leg:
        partner = Leg(serves_g722=True)
        partner.offer(text)
        wide.session.connect(partner.session)
        partner.session.connect(wide.session)
        return partner

    return make


def test_a_phone_that_puts_g722_first_gets_it_where_it_is_served() -> None:
    served, plain = Negotiation(LOCAL, serves_g722=True), Negotiation(LOCAL)

    assert "m=audio 30000 RTP/AVP 9 101\r\n" in served.answer(WIDE)
    assert "m=audio 30000 RTP/AVP 8 101\r\n" in plain.answer(WIDE)
    assert served.terms is not None
    assert (served.terms.codec, served.terms.law) == ("G722", Law.PCMU)


def test_g722_alone_is_refused_where_it_is_not_served() -> None:
    with pytest.raises(SdpRejected):
        Negotiation(LOCAL).answer(WIDE.replace("9 8 0 101", "9"))


@pytest.mark.parametrize(
    ("prefer", "formats"), [("G722", "9 0 8 101"), ("PCMA", "8 0 101"), ("", "0 8 101")]
)
def test_g722_is_offered_only_to_go_with_a_leg_that_speaks_it(prefer: str, formats: str) -> None:
    assert f"RTP/AVP {formats}\r\n" in Negotiation(LOCAL, serves_g722=True).offer(prefer)
    assert "RTP/AVP 0 8 101" in Negotiation(LOCAL).offer("G722")


@pytest.mark.parametrize(("chosen", "codec"), [("9", "G722"), ("8", "PCMA")])
def test_the_answer_decides_and_the_rest_of_our_offer_may_still_come(
    chosen: str, codec: str
) -> None:
    negotiation = Negotiation(LOCAL, serves_g722=True)
    negotiation.offer("G722")

    terms = negotiation.accept(WIDE.replace("9 8 0 101", chosen))

    assert (terms.codec, set(terms.wide_types), set(terms.laws)) == (codec, {9}, {0, 8})


def test_a_leg_that_speaks_g722_is_offered_it_again_within_the_dialog(wide: Leg) -> None:
    assert "RTP/AVP 9 0 8 101" in wide.session.negotiation.offer("")


def test_two_wideband_phones_get_each_others_packets_as_they_are(
    wide: Leg, partner_of: Callable[[str], Leg]
) -> None:
    partner = partner_of(WIDE)
    packets = sung(6000, 20)

    for packet in packets:
        wide.say(packet, kind=9)

    assert [packet.payload for packet in partner.heard] == packets
    assert {packet.payload_type for packet in partner.heard} == {9}
    assert [packet.marker for packet in partner.heard] == [True] + [False] * 19


def test_wideband_is_heard_by_a_g711_phone_and_the_other_way_round(
    wide: Leg, partner_of: Callable[[str], Leg]
) -> None:
    partner = partner_of(sdp(5000, Law.PCMA))
    voice = tone(1000, 1000)

    for n, packet in enumerate(sung(700, 50)):
        wide.say(packet, kind=9)
        partner.say(voice.frame(n, Law.PCMA), kind=8)

    assert heard_narrow(partner, 700) == pytest.approx(8000, rel=0.1)
    assert heard_wide(wide, 1000) == pytest.approx(8000, rel=0.1)
    assert {packet.payload_type for packet in wide.heard} == {9}
    assert {len(packet.payload) for packet in wide.heard} == {160}
    assert [packet.seq - wide.heard[0].seq for packet in wide.heard] == list(range(50))


def test_wideband_is_recorded(wide: Leg, partner_of: Callable[[str], Leg]) -> None:
    partner_of(WIDE)
    side = TapSide(0.0)
    wide.session.sinks = (side,)

    for n, packet in enumerate(sung(700, 50)):
        wide.say(packet, kind=9, now=0.02 * n)

    assert loudness(decode(side.cut(8000), Law.PCMU)[800:], 700) == pytest.approx(8000, rel=0.1)


def test_a_prompt_is_heard_in_g722(wide: Leg) -> None:
    wide.session.play(Player("p", [tone(1000, 1000)], loop=False))

    for n in range(50):
        wide.session.tick(0.02 * n)

    assert heard_wide(wide, 1000) == pytest.approx(8000, rel=0.1)


def test_a_gain_is_heard_between_wideband_phones_too(
    wide: Leg, partner_of: Callable[[str], Leg]
) -> None:
    partner = partner_of(WIDE)
    wide.session.set_gain(-6.0, 0.0)

    for packet in sung(700, 50):
        wide.say(packet, kind=9)

    assert heard_wide(partner, 700) == pytest.approx(4000, rel=0.1)


def test_a_stranger_cannot_speak_g722_into_a_talk(
    wide: Leg, partner_of: Callable[[str], Leg]
) -> None:
    partner = partner_of(WIDE)
    first, second = sung(700, 2)

    wide.say(first, kind=9)
    wide.say(second, kind=9, source=("127.0.0.1", 6666))

    assert len(partner.heard) == 1


def test_any_payload_leaves_the_leg_at_work(wide: Leg, partner_of: Callable[[str], Leg]) -> None:
    partner = partner_of(sdp(5000, Law.PCMA))

    for payload in (b"", b"\x00", bytes(1500)):
        wide.say(payload, kind=9)
    for packet in sung(700, 50):
        wide.say(packet, kind=9)

    assert heard_narrow(partner, 700) > 4000


def test_what_the_codec_loses_on_the_way_through_is_little() -> None:
    voice = tone(700, 1000)
    coder: Any = wheel.G722(8000, 64000)
    clean = np.concatenate([decode(voice.frame(n, Law.PCMU), Law.PCMU) for n in range(50)])

    through = np.array(coder.decode(coder.encode(clean)), np.int16)

    assert loudness(through[800:], 700) == pytest.approx(8000, rel=0.05)
    assert len(encode(through, Law.PCMU)) == 8000
