"""One leg between its phone, its partner and the clock; the sockets are lists."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.clock import utc_now
from telephony.media.packets import rtcp
from telephony.media.packets.rtp import RtpPacket
from telephony.media.sound.dtmf import MOST_WAITING, DigitReceiver
from telephony.media.sound.g711 import SILENCE, Law, decode, encode
from telephony.media.sound.playout import Player, tone
from telephony.media.taping.tap import TapSide
from tests.support.media_leg import PHONE, STRANGER, VOICE, Leg
from tests.support.media_phone import sdp

pytestmark = pytest.mark.usefixtures("each_loop")


@pytest.fixture
def leg() -> Leg:
    leg = Leg()
    leg.offer(sdp(PHONE[1]))
    return leg


@pytest.fixture
def partner(leg: Leg) -> Leg:
    partner = Leg()
    partner.offer(sdp(5000, Law.PCMA, events=96))
    leg.session.connect(partner.session)
    partner.session.connect(leg.session)
    return partner


def test_a_packet_goes_to_the_partner_in_its_law(leg: Leg, partner: Leg) -> None:
    leg.say(SILENCE[Law.PCMU] * 160)

    assert partner.heard[0].payload == SILENCE[Law.PCMA] * 160
    assert partner.heard[0].payload_type == 8
    assert partner.rtp.sent[0][1] == ("127.0.0.1", 5000)


def test_a_header_with_an_extension_is_relayed_as_a_plain_one(leg: Leg, partner: Leg) -> None:
    plain = bytes(RtpPacket(0, 1, 160, 9, b""))

    leg.receive(b"\x90" + plain[1:] + b"\xbe\xde\x00\x01extn" + VOICE)

    assert len(partner.heard[0].payload) == 160


def test_what_is_no_rtp_or_was_never_agreed_on_is_dropped(leg: Leg, partner: Leg) -> None:
    leg.receive(b"")
    leg.receive(b"\x00\x01\x02")
    leg.say(kind=18)

    assert partner.heard == []
    assert leg.session.malformed == 2
    assert leg.session.latch.locked is None


def test_a_stranger_cannot_speak_into_a_talk(leg: Leg, partner: Leg) -> None:
    leg.say(now=0.0)
    leg.say(now=0.01, source=STRANGER)

    assert len(partner.heard) == 1
    assert leg.ignored == 1


def test_a_phone_that_begins_to_send_from_another_port_is_heard_after_a_silence(
    leg: Leg, partner: Leg
) -> None:
    moved = (PHONE[0], 4100)
    partner.say(kind=8, source=("127.0.0.1", 5000))
    for n in range(3):
        leg.say(now=0.02 * n)
    leg.say(now=1.0, source=moved)
    leg.session.watch_silence(2.1)
    leg.say(now=2.1, source=moved)
    partner.say(kind=8, source=("127.0.0.1", 5000))

    assert len(partner.heard) == 4
    assert leg.ignored == 1
    assert leg.rtp.sent[-1][1] == moved


def test_new_sdp_lets_the_phone_send_from_another_port_at_once(leg: Leg, partner: Leg) -> None:
    for n in range(3):
        leg.say(now=0.02 * n)
    leg.offer(sdp(4002), 0.06)
    leg.say(now=0.06, source=(PHONE[0], 4002))

    assert len(partner.heard) == 4


@pytest.mark.parametrize("direction", ["sendrecv", "recvonly"])
def test_last_packets_from_where_a_phone_was_do_not_call_its_audio_back(
    leg: Leg, partner: Leg, direction: str
) -> None:
    """A network that moves a talk to another gateway, which is silent (muted, or only listening):
    it would have heard nothing, for our audio went on to the gateway before."""
    leg.say(now=0.0)
    leg.say(now=0.02)
    leg.offer(sdp(4002, direction=direction), 0.03)
    leg.say(now=0.04)
    partner.say(kind=8, source=("127.0.0.1", 5000))

    assert leg.rtp.sent[-1][1] == (PHONE[0], 4002)
    leg.offer(sdp(4002), 0.05)
    leg.say(now=0.06)
    assert len(partner.heard) == 2, "asking the same again changes nothing"


def test_a_phone_that_goes_on_where_it_was_is_heard_after_a_silence(leg: Leg, partner: Leg) -> None:
    """It named another place, and sends from the one before all the same."""
    leg.say(now=0.0)
    leg.offer(sdp(4002), 0.01)
    leg.say(now=1.0)
    leg.say(now=2.1)

    assert len(partner.heard) == 2


def test_a_phone_behind_nat_may_name_another_place_and_stay(leg: Leg, partner: Leg) -> None:
    """What it names means nothing there."""
    nat = ("192.0.2.7", 1234)
    leg.say(now=0.0, source=nat)
    leg.offer(sdp(4002), 0.01)
    leg.say(now=0.02, source=nat)
    partner.say(kind=8)

    assert len(partner.heard) == 2
    assert leg.rtp.sent[-1][1] == nat


def test_what_a_stranger_sent_before_the_phone_spoke_is_not_heard(leg: Leg, partner: Leg) -> None:
    leg.rtp.waiting.append((bytes(RtpPacket(0, 101, 101 * 160, 9, VOICE)), PHONE))
    for n in range(102, 110):
        leg.rtp.waiting.append((bytes(RtpPacket(0, n, n * 160, 9, b"\x55" * 160)), STRANGER))
    leg.rtp.waiting.append((bytes(RtpPacket(0, 102, 102 * 160, 9, VOICE)), PHONE))
    while leg.rtp.waiting:
        leg.session.on_rtp(0.0)

    assert [packet.seq - partner.heard[0].seq for packet in partner.heard] == [0, 1]
    assert leg.ignored == 8


def test_a_phone_behind_nat_is_answered_where_it_sends_from(leg: Leg, partner: Leg) -> None:
    nat = ("192.0.2.7", 1234)

    leg.say(source=nat)
    partner.say(kind=8, source=("127.0.0.1", 5000))

    assert leg.rtp.sent[0][1] == nat


def test_new_sdp_with_the_same_address_does_not_lose_a_phone_behind_nat(
    leg: Leg, partner: Leg
) -> None:
    nat = ("192.0.2.7", 1234)
    leg.say(source=nat)

    leg.offer(sdp(PHONE[1], direction="recvonly"))
    partner.say(kind=8)
    leg.offer(sdp(4002))
    partner.say(kind=8)

    assert [target for _, target in leg.rtp.sent] == [nat, ("127.0.0.1", 4002)]


def test_the_partners_voice_is_sent_before_the_phone_sends_anything(leg: Leg, partner: Leg) -> None:
    partner.say(kind=8)

    assert leg.rtp.sent[0][1] == PHONE


@pytest.mark.parametrize("direction", ["sendonly", "inactive"])
def test_a_phone_that_does_not_listen_is_sent_nothing(
    leg: Leg, partner: Leg, direction: str
) -> None:
    leg.offer(sdp(PHONE[1], direction=direction))
    partner.say(kind=8)
    leg.session.play(Player("p", [tone(440, 20)], loop=False))
    leg.session.tick(0.0)
    leg.session.tick(0.02)

    assert leg.rtp.sent == []
    assert leg.ended == ["p"]


def test_a_held_phone_is_sent_nothing_until_it_is_back(leg: Leg, partner: Leg) -> None:
    partner.say(kind=8, now=0.0)
    leg.session.hold(True, 0.0)
    for n in range(1, 50):
        partner.say(kind=8, now=0.02 * n)
    leg.session.hold(False, 1.0)
    partner.say(kind=8, now=1.00)
    partner.say(kind=8, now=1.02)

    before, *after = leg.heard
    assert [packet.marker for packet in after] == [True, False]
    assert [packet.seq - before.seq for packet in after] == [1, 2]
    assert [packet.rtp_ts - before.rtp_ts for packet in after] == [8000, 8160]


def test_an_echo_is_the_phones_own_voice(leg: Leg) -> None:
    leg.session.connect(leg.session)

    leg.say()

    assert leg.heard[0].payload == VOICE


def test_comfort_noise_is_life_and_leaves_no_hole(leg: Leg, partner: Leg) -> None:
    leg.say()
    leg.say(b"\x40", now=29.0, kind=13)
    leg.say(now=30.0)

    assert not leg.session.is_newly_lost(31.0)
    assert [packet.seq - partner.heard[0].seq for packet in partner.heard] == [0, 1]


def test_digits_are_told_and_not_taped(leg: Leg, partner: Leg) -> None:
    side = TapSide(0.0)
    leg.session.sinks = (side,)

    leg.say(b"\x04\x0a\x00\xa0", now=1.5, kind=101)

    assert leg.digits == [("4", 1.5)]
    assert side.cut(160) == SILENCE[Law.PCMU] * 160
    assert partner.heard[0].payload_type == 96


def test_digits_that_the_partner_cannot_take_are_not_sent_to_it(leg: Leg, partner: Leg) -> None:
    partner.offer("v=0\no=- 1 1 IN IP4 1.1.1.1\nc=IN IP4 127.0.0.1\nm=audio 5000 RTP/AVP 0\n")

    leg.say(b"\x04\x0a\x00\xa0", kind=101)

    assert partner.heard == []
    assert not partner.session.send_digits("1")


def test_digits_that_follow_each_other_quickly_are_all_sent(leg: Leg) -> None:
    """A person keys faster than the 160 ms that each digit takes, and INFO comes in bursts."""
    receiver, heard, now = DigitReceiver(), "", 0.0

    for digits in ("1", "23", "4"):
        assert leg.session.send_digits(digits)
        leg.session.tick(now)
        now += 0.02
    while leg.session.needs_clock:
        leg.session.tick(now)
        now += 0.02

    for packet in leg.heard:
        heard += receiver.feed(packet.payload, packet.rtp_ts) or ""
    assert heard == "1234"
    assert sum(packet.payload[1] >= 0x80 for packet in leg.heard) == 3 * len("1234"), "each ends"


def test_more_digits_than_anybody_dials_are_refused(leg: Leg) -> None:
    assert leg.session.send_digits("1" * MOST_WAITING)
    assert not leg.session.send_digits("2")


def test_a_prompt_takes_the_partners_place_until_its_end(leg: Leg, partner: Leg) -> None:
    leg.session.play(Player("p", [tone(440, 40)], loop=False))

    leg.session.tick(0.00)
    partner.say(kind=8, now=0.01)
    leg.session.tick(0.02)
    leg.session.tick(0.04)
    partner.say(kind=8, now=0.05)

    assert leg.ended == ["p"]
    assert len(leg.heard) == 3
    assert [packet.marker for packet in leg.heard] == [True, False, True]


def test_silence_is_told_once_and_again_only_after_life(leg: Leg) -> None:
    told = [leg.session.is_newly_lost(now) for now in (29.9, 30.0, 31.0, 90.0)]
    leg.say(now=100.0)
    told += [leg.session.is_newly_lost(now) for now in (129.0, 131.0, 132.0)]

    assert told == [False, True, False, False, False, True, False]


@pytest.mark.parametrize("direction", ["recvonly", "inactive"])
def test_a_phone_that_need_not_send_is_never_missed(leg: Leg, direction: str) -> None:
    leg.offer(sdp(PHONE[1], direction=direction))

    assert not leg.session.is_newly_lost(1000.0)


def test_a_held_phone_is_not_missed_and_gets_its_whole_time_afterwards(leg: Leg) -> None:
    leg.session.hold(True, 0.0)
    assert not leg.session.is_newly_lost(100.0)
    leg.session.hold(False, 100.0)

    assert not leg.session.is_newly_lost(129.0)
    assert leg.session.is_newly_lost(130.0)


def test_reports_are_life_and_tell_what_the_phone_received(leg: Leg, partner: Leg) -> None:
    partner.say(kind=8)
    block = rtcp.ReportBlock(55, fraction_lost=0, lost=3, extended_seq=1, jitter=80)
    data = rtcp.build(9, "phone", None, block, bye=False)
    leg.rtcp.waiting = [(data, ("127.0.0.1", 4001)), (b"junk", PHONE), (data, ("192.0.2.66", 1))]

    for now in (29.0, 29.5, 59.5):
        leg.session.on_rtcp(now)

    figures = leg.session.figures()
    assert (figures.remote_packets_lost, figures.remote_jitter_ms) == (3, 10.0)
    assert figures.packets_sent == 1
    assert not leg.session.is_newly_lost(58.0)
    assert leg.session.is_newly_lost(59.0)
    assert leg.session.malformed == 1


def test_the_last_report_says_goodbye_and_what_was_received(leg: Leg, partner: Leg) -> None:
    for _ in range(3):
        leg.say()
        partner.say(kind=8)

    leg.session.send_report(1.0, bye=True)

    data, target = leg.rtcp.sent[0]
    report = rtcp.parse(data)
    assert target == ("127.0.0.1", PHONE[1] + 1)
    assert report.said_bye
    assert report.sender is not None
    assert (report.ssrc, report.sender.packets, report.sender.octets) == (55, 3, 480)
    assert [(block.ssrc, block.lost, block.extended_seq) for block in report.blocks] == [
        (9, 0, 103)
    ]


@given(st.lists(st.tuples(st.sampled_from([b"", b"\x80", b"\x80\x65", b"\x90"]), st.binary())))
def test_any_datagrams_leave_the_leg_at_work(datagrams: list[tuple[bytes, bytes]]) -> None:
    leg = Leg()
    leg.offer(sdp(PHONE[1]))
    leg.session.connect(leg.session)
    for head, rest in datagrams:
        leg.receive(head + rest, now=0.0)
        leg.rtcp.waiting = [(head + rest, PHONE)]
        leg.session.on_rtcp(0.0)

    leg.say(now=10.0)

    assert leg.heard[-1].payload == VOICE


def test_a_gain_is_heard_by_the_other_side_and_not_by_the_recording(leg: Leg, partner: Leg) -> None:
    side = TapSide(0.0)
    leg.session.sinks = (side,)
    quiet = encode(np.full(160, 1000, np.int16), Law.PCMU)

    leg.session.set_gain(6.0, 0.0)
    leg.say(quiet)
    partner.session.set_gain(0.0, 6.0)
    leg.say(quiet)
    leg.session.set_gain(0.0, 0.0)
    partner.session.set_gain(0.0, 0.0)
    leg.say(quiet)

    heard = [int(decode(packet.payload, Law.PCMA)[0]) for packet in partner.heard]
    assert heard == [pytest.approx(size, rel=0.03) for size in (1995, 3981, 1000)]
    assert side.cut(160) == quiet


def test_a_new_partner_is_heard_with_his_own_gain(leg: Leg, partner: Leg) -> None:
    quiet = encode(np.full(160, 1000, np.int16), Law.PCMU)
    other = Leg()
    other.offer(sdp(6000))
    leg.session.set_gain(12.0, 0.0)

    partner.session.connect(other.session)
    other.session.connect(partner.session)
    other.say(quiet)

    assert decode(partner.heard[0].payload, Law.PCMA)[0] == pytest.approx(1000, rel=0.03)


def test_a_faultless_talk_has_the_best_scores(leg: Leg, partner: Leg) -> None:
    for n in range(100):
        leg.say(now=0.02 * n)
        partner.say(kind=8, now=0.02 * n)
    block = rtcp.ReportBlock(55, fraction_lost=0, lost=0, extended_seq=1, jitter=8)
    leg.rtcp.waiting = [(rtcp.build(9, "phone", None, block, bye=False), ("127.0.0.1", 4001))]
    leg.session.on_rtcp(2.0)

    figures = leg.session.figures()
    assert figures.mos == figures.remote_mos == 4.38
    assert figures.round_trip_ms is None


def test_lost_packets_cost_score_on_the_side_that_missed_them(leg: Leg, partner: Leg) -> None:
    for n in range(100):
        leg.seq += n % 10 == 5
        leg.say(now=0.02 * n)
        partner.say(kind=8, now=0.02 * n)
    block = rtcp.ReportBlock(55, fraction_lost=0, lost=50, extended_seq=1, jitter=8)
    leg.rtcp.waiting = [(rtcp.build(9, "phone", None, block, bye=False), ("127.0.0.1", 4001))]
    leg.session.on_rtcp(2.0)

    figures = leg.session.figures()
    assert figures.mos is not None
    assert figures.remote_mos is not None
    assert 3.0 < figures.mos < 3.6
    assert figures.remote_mos < 2.0


def test_nothing_measured_is_no_score(leg: Leg) -> None:
    figures = leg.session.figures()

    assert (figures.mos, figures.remote_mos, figures.round_trip_ms) == (None, None, None)


@pytest.mark.parametrize(
    ("ago_s", "kept_s", "expected_ms"), [(0.5, 0.4, 100.0), (20.0, 0.0, None), (0.1, 0.2, None)]
)
def test_the_round_trip_is_what_the_peer_did_not_keep_our_report(
    leg: Leg, ago_s: float, kept_s: float, expected_ms: float | None
) -> None:
    last_sr = rtcp.middle(rtcp.ntp_time(utc_now() - timedelta(seconds=ago_s)))
    block = rtcp.ReportBlock(55, 0, 0, 1, 0, last_sr, round(kept_s * 65536))
    leg.rtcp.waiting = [(rtcp.build(9, "phone", None, block, bye=False), ("127.0.0.1", 4001))]

    leg.session.on_rtcp(2.0)

    assert leg.session.figures().round_trip_ms == pytest.approx(expected_ms, abs=50)
