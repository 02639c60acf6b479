"""Legs of Opus, alone and beside legs of G.711."""

import itertools
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from telephony.media.agreeing.negotiation import LocalEnd, Negotiation
from telephony.media.packets import rtcp
from telephony.media.packets.rtp import RtpPacket
from telephony.media.sound import g722, opus
from telephony.media.sound.g711 import Law, decode, encode
from telephony.media.sound.playout import Player, tone
from telephony.media.taping.tap import TapSide
from telephony.media.wires.clocked import ClockedRtcp, FastClock, scaled_report
from tests.support.media_leg import PHONE, FakeSocket, Leg
from tests.support.media_phone import loudness, sdp

if not opus.is_installed():
    pytest.skip("libopus is not installed", allow_module_level=True)

LOCAL = LocalEnd(1, 1, "127.0.0.1", 30000)
HEAD = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
BROWSER = (
    f"{HEAD}m=audio 4000 RTP/AVP 96 8 0 110 126\r\na=rtpmap:96 opus/48000/2\r\n"
    "a=fmtp:96 minptime=10;useinbandfec=1\r\na=rtpmap:110 telephone-event/48000\r\n"
    "a=rtpmap:126 telephone-event/8000\r\n"
)
SLOW_KEYS = BROWSER.replace("a=rtpmap:110 telephone-event/48000\r\n", "")


def sung(frequency_hz: float, frames: int, samples: int = 160) -> list[bytes]:
    """A phone's packets of a tone, 8000 strong."""
    coder = opus.Coder()
    pcm = 8000 * np.sin(2 * np.pi * frequency_hz * np.arange(samples * frames) / 8000)
    codes = encode(pcm.astype(np.int16), Law.PCMU)
    return [coder.from_ulaw(codes[at : at + samples]) for at in range(0, len(codes), samples)]


def say(leg: Leg, payload: bytes, seq: int, kind: int = 96, marker: bool = False) -> None:
    packet = RtpPacket(kind, seq & 0xFFFF, (seq * 960 + 7) & 0xFFFFFFFF, 9, payload, marker)
    leg.receive(bytes(packet), 0.02 * seq)


def through(packets: list[bytes], lost: frozenset[int] = frozenset()) -> list[RtpPacket]:
    coder = opus.Coder()
    return [
        heard
        for n, payload in enumerate(packets)
        if n not in lost
        for heard in coder.heard(RtpPacket(96, n, 160 * n, 9, payload))
    ]


def pcm_of(packets: list[RtpPacket], law: Law = Law.PCMU) -> npt.NDArray[np.int16]:
    return np.concatenate([decode(packet.payload, law) for packet in packets])


def steps(packets: list[RtpPacket]) -> set[int]:
    times = [packet.rtp_ts for packet in packets]
    return {(b - a) & 0xFFFFFFFF for a, b in itertools.pairwise(times)}


@pytest.fixture
def leg() -> Leg:
    leg = Leg(serves_opus=True)
    leg.offer(BROWSER)
    return leg


@pytest.fixture
def partner_of(leg: Leg) -> Callable[[str], Leg]:
    def make(text: str) -> Leg:
        partner = Leg(serves_opus=True)
        partner.offer(text)
        leg.session.connect(partner.session)
        partner.session.connect(leg.session)
        return partner

    return make


# -- descriptions --------------------------------------------------------------------------------


def test_who_puts_opus_first_gets_it_where_it_is_served_with_keys_of_its_clock() -> None:
    answer = Negotiation(LOCAL, serves_opus=True).answer(BROWSER)

    assert "m=audio 30000 RTP/AVP 96 110\r\n" in answer
    assert "a=rtpmap:96 opus/48000/2\r\na=fmtp:96 minptime=10;useinbandfec=1\r\n" in answer
    assert "a=rtpmap:110 telephone-event/48000\r\na=fmtp:110 0-15\r\n" in answer
    assert "m=audio 30000 RTP/AVP 8 126\r\n" in Negotiation(LOCAL).answer(BROWSER)


def test_keys_of_8_khz_are_taken_beside_opus_where_there_are_no_others() -> None:
    answer = Negotiation(LOCAL, serves_opus=True).answer(SLOW_KEYS)

    assert "m=audio 30000 RTP/AVP 96 126\r\n" in answer
    assert "a=rtpmap:126 telephone-event/8000\r\n" in answer


@pytest.mark.parametrize(("prefer", "formats"), [("OPUS", "111 0 8 101"), ("PCMA", "8 0 101")])
def test_opus_is_offered_only_to_go_with_a_leg_that_speaks_it(prefer: str, formats: str) -> None:
    assert f"RTP/AVP {formats}\r\n" in Negotiation(LOCAL, serves_opus=True).offer(prefer)
    assert "RTP/AVP 0 8 101" in Negotiation(LOCAL).offer("OPUS")


def test_payload_types_stay_what_they_are_within_a_dialog() -> None:
    negotiation = Negotiation(LOCAL, serves_opus=True)
    negotiation.answer(BROWSER)

    offer = negotiation.offer("")

    assert "RTP/AVP 96 0 8 110\r\n" in offer
    assert "a=rtpmap:110 telephone-event/48000" in offer


def test_a_codec_of_that_name_at_another_clock_is_not_ours() -> None:
    odd = BROWSER.replace("opus/48000/2", "opus/8000")

    assert "RTP/AVP 8 126" in Negotiation(LOCAL, serves_opus=True).answer(odd)


# -- the codec -----------------------------------------------------------------------------------


def test_what_is_encoded_is_decoded_at_the_same_loudness() -> None:
    heard = through(sung(700, 50))

    assert {len(packet.payload) for packet in heard} == {160}
    assert loudness(pcm_of(heard)[800:], 700) == pytest.approx(8000, rel=0.15)


@pytest.mark.parametrize("samples", [20, 40, 80, 120, 160, 240, 320, 480, 960])
def test_any_multiple_of_two_and_a_half_milliseconds_makes_a_packet_as_long(samples: int) -> None:
    [packet] = sung(700, 1, samples)

    assert opus.Coder().samples(packet) == samples


@pytest.mark.parametrize("codes", [b"", b"\xff" * 7, b"\xff" * 961])
def test_what_no_packet_can_hold_makes_none(codes: bytes) -> None:
    assert opus.Coder().from_ulaw(codes) == b""


def spoken() -> list[bytes]:
    """Packets of a voice's overtones in syllables: a pure tone would be easy to guess."""
    coder, rng = opus.Coder(), np.random.default_rng(7)
    at_s = np.arange(8000 * 4) / 8000
    phase = 2 * np.pi * np.cumsum(120 + 30 * np.sin(2 * np.pi * 1.3 * at_s)) / 8000
    voice = np.sum([np.cos(k * phase) / k for k in range(1, 25)], axis=0)
    pcm = 3000 * voice * np.clip(np.sin(2 * np.pi * 3 * at_s), 0, 1) + rng.normal(0, 40, len(at_s))
    codes = encode(pcm.astype(np.int16), Law.PCMU)
    return [coder.from_ulaw(codes[n : n + 160]) for n in range(0, len(codes), 160)]


def test_a_lost_packet_is_taken_from_its_successor() -> None:
    packets, lost = spoken(), frozenset(range(5, 200, 10))

    whole, mended = through(packets), through(packets, lost)

    assert [packet.seq for packet in mended] == [packet.seq for packet in whole]
    assert [packet.rtp_ts for packet in mended] == [packet.rtp_ts for packet in whole]
    said = pcm_of([whole[n] for n in lost]).astype(float)
    missed = pcm_of([mended[n] for n in lost]) - said
    # Guessing from what went before leaves half of the power.
    assert np.sum(missed**2) < 0.1 * np.sum(said**2)


def test_a_packet_that_comes_late_or_twice_counts_as_lost() -> None:
    coder = opus.Coder()
    packets = [RtpPacket(96, n, 160 * n, 9, payload) for n, payload in enumerate(sung(700, 4))]

    came = [len(coder.heard(packets[n])) for n in (0, 2, 1, 2, 3)]

    assert came == [1, 2, 0, 0, 1]


def test_after_a_long_gap_nothing_is_made_up() -> None:
    assert [packet.seq for packet in through(sung(700, 30), frozenset(range(2, 28)))] == [
        0, 1, 28, 29,
    ]  # fmt: skip


@pytest.mark.parametrize(("ssrc", "seq"), [(10, 40_000), (10, 3), (9, 40_000), (9, 60_000)])
def test_a_phone_that_begins_its_stream_anew_is_heard_at_once(ssrc: int, seq: int) -> None:
    """As many do when a call is resumed, with any number: half of them seem to be of long ago."""
    coder = opus.Coder()
    packets = sung(700, 8)
    for n, payload in enumerate(packets[:4]):
        coder.heard(RtpPacket(96, 10 + n, 160 * n, 9, payload))

    anew = [RtpPacket(96, seq + n, 160 * n, ssrc, each) for n, each in enumerate(packets[4:])]

    assert [packet.seq for packet in anew for packet in coder.heard(packet)] == [
        packet.seq for packet in anew
    ]


@pytest.mark.parametrize("payload", [b"", b"\x03", b"\xff", b"\x0b\x00", bytes(1300), b"\xfb" * 9])
def test_any_bytes_leave_the_coder_at_work(payload: bytes) -> None:
    coder = opus.Coder()
    coder.heard(RtpPacket(96, 0, 0, 9, payload))
    heard = [
        heard
        for n, good in enumerate(sung(700, 30), start=1)
        for heard in coder.heard(RtpPacket(96, n, 160 * n, 9, good))
    ]

    assert loudness(pcm_of(heard)[2400:], 700) > 5000


# -- legs ----------------------------------------------------------------------------------------


def test_two_phones_of_opus_get_each_others_packets_as_they_are(
    leg: Leg, partner_of: Callable[[str], Leg]
) -> None:
    partner = partner_of(BROWSER)
    packets = sung(700, 20)

    for n, packet in enumerate(packets):
        say(leg, packet, 100 + n)

    assert [packet.payload for packet in partner.heard] == packets
    assert steps(partner.heard) == {960}


def test_opus_is_heard_by_a_g711_phone_and_the_other_way_round(
    leg: Leg, partner_of: Callable[[str], Leg]
) -> None:
    partner = partner_of(sdp(5000, Law.PCMA))
    voice = tone(1000, 1000)

    for n, packet in enumerate(sung(700, 50)):
        say(leg, packet, 100 + n)
        partner.say(voice.frame(n, Law.PCMA), kind=8, now=0.02 * n)

    assert loudness(pcm_of(partner.heard, Law.PCMA)[800:], 700) == pytest.approx(8000, rel=0.15)
    assert steps(partner.heard) == {160}
    heard = through([packet.payload for packet in leg.heard])
    assert loudness(pcm_of(heard)[800:], 1000) == pytest.approx(8000, rel=0.15)
    assert steps(leg.heard) == {960}


MANY = BROWSER.replace("96 8 0", "{} 110") + "a=rtpmap:9 G722/8000\r\n"
"What phones of today offer, each in an order of its own."


@pytest.mark.skipif(not g722.is_installed(), reason="the extra 'hd' is not installed")
@pytest.mark.parametrize("served", ["9 96 0", "9 0 96", "96 9 0"])
def test_a_phone_that_knows_both_wide_codecs_is_sent_the_one_that_was_chosen(served: str) -> None:
    leg = Leg(serves_opus=True, serves_g722=True)
    leg.offer(MANY.format(served))
    leg.session.play(Player("p", [tone(1000, 1000)], loop=False))
    for n in range(50):
        leg.session.tick(0.02 * n)

    assert {packet.payload_type for packet in leg.heard} == {int(served.split()[0])}
    said = g722.Coder() if served.startswith("9 ") else opus.Coder()
    heard = [each for packet in leg.heard for each in said.heard(packet)]
    assert loudness(pcm_of(heard)[800:], 1000) == pytest.approx(8000, rel=0.15)


def test_a_phone_that_is_sent_g711_goes_the_usual_way_though_it_knows_opus() -> None:
    leg = Leg(serves_opus=True)
    leg.offer(MANY.format("0 96 9"))

    assert leg.session.wires.rtp is leg.session.pair.rtp


def test_pauses_of_a_phone_that_sends_nothing_in_silence_stay_pauses(
    leg: Leg, partner_of: Callable[[str], Leg]
) -> None:
    partner = partner_of(sdp(5000, Law.PCMU))
    first, second = sung(700, 2)
    ts = 0xFFFFFF00

    for seq, payload in enumerate((first, b"\x08", second)):
        leg.receive(bytes(RtpPacket(96, seq, (ts + seq * 19200) & 0xFFFFFFFF, 9, payload)), seq)

    times = [packet.rtp_ts - partner.heard[0].rtp_ts & 0xFFFFFFFF for packet in partner.heard]
    assert times == [0, 3200, 6400]


def test_it_is_recorded_and_a_prompt_is_heard_in_it(
    leg: Leg, partner_of: Callable[[str], Leg]
) -> None:
    partner_of(BROWSER)
    side = TapSide(0.0)
    leg.session.sinks = (side,)
    for n, packet in enumerate(sung(700, 50)):
        say(leg, packet, n)
    leg.session.play(Player("p", [tone(1000, 1000)], loop=False))
    for n in range(50):
        leg.session.tick(1 + 0.02 * n)

    assert loudness(decode(side.cut(8000), Law.PCMU)[1600:], 700) == pytest.approx(8000, rel=0.2)
    heard = through([packet.payload for packet in leg.heard])
    assert loudness(pcm_of(heard)[800:], 1000) == pytest.approx(8000, rel=0.15)


def test_keys_at_48_khz_are_one_digit_and_go_on_at_the_partners_clock(
    leg: Leg, partner_of: Callable[[str], Leg]
) -> None:
    partner = partner_of(sdp(5000, Law.PCMU, events=101))
    say(leg, sung(700, 1)[0], 1)
    for n, duration in enumerate((960, 1920, 2880)):
        payload = bytes([5, 10]) + duration.to_bytes(2, "big")
        leg.receive(bytes(RtpPacket(110, 2 + n, 1967, 9, payload, marker=n == 0)), 0.1 + n / 50)

    assert [digit for digit, _ in leg.digits] == ["5"]
    events = [packet for packet in partner.heard if packet.payload_type == 101]
    assert [int.from_bytes(packet.payload[2:4], "big") for packet in events] == [160, 320, 480]


def test_our_keys_have_the_durations_of_the_phones_clock(leg: Leg) -> None:
    leg.session.send_digits("7")
    for n in range(3):
        leg.session.tick(0.02 * n)

    assert [packet.payload_type for packet in leg.heard] == [110] * 3
    lengths = [int.from_bytes(packet.payload[2:4], "big") for packet in leg.heard]
    assert lengths == [960, 1920, 2880]


def test_a_wrap_of_the_fast_clock_is_none_of_the_slow_one() -> None:
    clock = FastClock(6)

    times = [clock.slowed((0xFFFFFF00 + 960 * n) & 0xFFFFFFFF) for n in (0, 1, 3, 2, 4)]

    assert [time - times[0] for time in times] == [0, 160, 480, 320, 640]


def test_reports_tell_the_faster_clock() -> None:
    socket = FakeSocket()
    block = rtcp.ReportBlock(1, 0, 0, 0, 20, 0, 0)
    report = rtcp.build(5, "l", rtcp.SenderInfo(1, 1000, 2, 3), block, bye=False)

    ClockedRtcp(socket, 6).sendto(report, PHONE)
    [(sent, _)] = socket.sent
    socket.waiting.append((sent, PHONE))

    assert rtcp.parse(sent).blocks[0].jitter == 120
    assert sent[16:20] == (6000).to_bytes(4, "big")
    assert ClockedRtcp(socket, 6).recvfrom(2048)[0] == report


@pytest.mark.parametrize(
    "data", [b"", b"\x80\xc8", b"\x9f\xc8" + bytes(30), b"\x81\xca" + bytes(9)]
)
def test_any_bytes_of_a_report_pass(data: bytes) -> None:
    assert len(scaled_report(data, lambda value: value // 6)) == len(data)
