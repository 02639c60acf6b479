"""Protected legs; the phone has contexts of its own, which its worker does not see."""

import base64
from collections.abc import Iterable
from typing import Any

import pytest

from telephony.media.agreeing.crypto import Suite
from telephony.media.packets import rtcp
from telephony.media.packets.rtp import RtpPacket
from telephony.media.sound.g711 import SILENCE, Law
from tests.support.media_leg import PHONE, VOICE, Leg
from tests.support.media_phone import sdp

pytestmark = pytest.mark.usefixtures("each_loop")

library = pytest.importorskip("pylibsrtp", reason="its wheel is not installed")

OURS = bytes(range(30))
THEIRS = bytes(range(100, 130))
PROFILES = {
    Suite.HMAC_80: library.Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
    Suite.HMAC_32: library.Policy.SRTP_PROFILE_AES128_CM_SHA1_32,
}
TAG_BYTES = {Suite.HMAC_80: 10, Suite.HMAC_32: 4}
WRAP_S = 65536 / 50
"How long a stream of 20 ms packets takes to use all sequence numbers."


def offer_of(key: bytes, suite: Suite = Suite.HMAC_80, direction: str = "sendrecv") -> str:
    text = sdp(PHONE[1], direction=direction).replace("RTP/AVP", "RTP/SAVP")
    return f"{text}a=crypto:1 {suite.value} inline:{base64.b64encode(key).decode()}\r\n"


class SecurePhone:
    """The far end of a protected leg."""

    def __init__(self, suite: Suite = Suite.HMAC_80, key: bytes = THEIRS) -> None:
        policy = library.Policy
        self.sending = library.Session(policy(key, policy.SSRC_ANY_OUTBOUND, 0, PROFILES[suite]))
        self.hearing = library.Session(policy(OURS, policy.SSRC_ANY_INBOUND, 0, PROFILES[suite]))
        self.index = 100

    def speak(self, payload: bytes = VOICE, kind: int = 0) -> bytes:
        self.index += 1
        packet = RtpPacket(kind, self.index & 0xFFFF, self.index * 160 & 0xFFFFFFFF, 9, payload)
        protected: bytes = self.sending.protect(bytes(packet))
        return protected

    def skip_to(self, index: int) -> None:
        """Packets that the worker never gets."""
        while self.index < index:
            self.index = min(self.index + 0x4000, index - 1)
            self.speak()

    def hear(self, sent: Iterable[tuple[bytes, Any]]) -> list[RtpPacket]:
        return [RtpPacket.parse(self.hearing.unprotect(data)) for data, _ in sent]


def secure_leg(suite: Suite = Suite.HMAC_80, *, began_at: float = 0.0, now: float = 0.0) -> Leg:
    leg = Leg(srtp_key=OURS, began_at=began_at, now=now)
    leg.offer(offer_of(THEIRS, suite), now)
    return leg


def joined(leg: Leg, other: Leg) -> Leg:
    leg.session.connect(other.session)
    other.session.connect(leg.session)
    return other


def plain_partner(leg: Leg) -> Leg:
    partner = Leg()
    partner.offer(sdp(5000, Law.PCMA))
    return joined(leg, partner)


@pytest.mark.parametrize("suite", list(Suite))
def test_a_protected_and_a_plain_leg_hear_each_other(suite: Suite) -> None:
    leg, phone = secure_leg(suite), SecurePhone(suite)
    partner = plain_partner(leg)

    for _ in range(3):
        leg.receive(phone.speak(SILENCE[Law.PCMU] * 160))
        partner.say(SILENCE[Law.PCMA] * 160, kind=8)

    assert [packet.payload for packet in partner.heard] == [SILENCE[Law.PCMA] * 160] * 3
    sizes = {len(data) for data, _ in leg.rtp.sent}
    assert sizes == {12 + 160 + TAG_BYTES[suite]}
    assert {packet.payload for packet in phone.hear(leg.rtp.sent)} == {b"\xfe" * 160}


def test_two_protected_legs_have_a_key_each() -> None:
    leg, phone = secure_leg(), SecurePhone()
    other = Leg(srtp_key=bytes(30))
    other.offer(offer_of(bytes(range(30, 60))))
    joined(leg, other)

    leg.receive(phone.speak())

    sent = other.rtp.sent[0][0]
    policy = library.Policy(bytes(30), library.Policy.SSRC_ANY_INBOUND)
    assert RtpPacket.parse(library.Session(policy).unprotect(sent)).payload == VOICE
    with pytest.raises(library.Error):
        phone.hearing.unprotect(sent)


def test_a_wrong_tag_a_wrong_key_and_plain_rtp_are_dropped_and_counted() -> None:
    leg, phone = secure_leg(), SecurePhone()
    partner = plain_partner(leg)
    good = phone.speak()

    leg.receive(good[:-1] + bytes([good[-1] ^ 1]))
    leg.receive(SecurePhone(key=bytes(30)).speak())
    leg.say(VOICE)
    leg.receive(b"")
    leg.receive(bytes(1900))

    assert partner.heard == []
    assert leg.session.latch.locked is None
    figures = leg.session.figures()
    assert (figures.packets_rejected, figures.packets_received) == (5, 0)
    leg.receive(good)
    assert len(partner.heard) == 1


def test_a_packet_that_is_sent_again_by_somebody_is_dropped() -> None:
    leg, phone = secure_leg(), SecurePhone()
    partner = plain_partner(leg)
    packet = phone.speak()

    leg.receive(packet)
    leg.receive(packet)

    assert len(partner.heard) == 1
    assert leg.session.figures().packets_rejected == 1


def test_reports_are_protected_both_ways() -> None:
    leg, phone = secure_leg(), SecurePhone()
    partner = plain_partner(leg)
    partner.say(kind=8)
    block = rtcp.ReportBlock(55, fraction_lost=0, lost=3, extended_seq=1, jitter=80)
    data = rtcp.build(9, "phone", None, block, bye=False)
    source = ("127.0.0.1", PHONE[1] + 1)
    leg.rtcp.waiting = [(data, source), (phone.sending.protect_rtcp(data), source)]

    leg.session.on_rtcp(1.0)
    assert leg.session.figures().remote_packets_lost is None
    leg.session.on_rtcp(1.0)
    leg.session.send_report(2.0, bye=True)

    assert leg.session.figures().remote_packets_lost == 3
    assert rtcp.parse(phone.hearing.unprotect_rtcp(leg.rtcp.sent[0][0])).said_bye


def test_a_hold_with_the_same_key_goes_on_with_the_counts() -> None:
    leg, phone = secure_leg(), SecurePhone()
    partner = plain_partner(leg)
    first = phone.speak()
    leg.receive(first)
    partner.say(kind=8)

    leg.offer(offer_of(THEIRS, direction="sendonly"))
    leg.offer(offer_of(THEIRS))
    leg.receive(first)
    leg.receive(phone.speak())
    partner.say(kind=8)

    assert len(partner.heard) == 2
    assert leg.session.figures().packets_rejected == 1
    assert len(phone.hear(leg.rtp.sent)) == 2


def test_a_new_key_in_the_dialog_takes_the_place_of_the_old_one() -> None:
    leg, phone = secure_leg(), SecurePhone()
    partner = plain_partner(leg)
    leg.receive(phone.speak())
    renewed = SecurePhone(key=bytes(range(60, 90)))

    leg.offer(offer_of(bytes(range(60, 90))))
    leg.receive(phone.speak())
    leg.receive(renewed.speak())

    assert len(partner.heard) == 2
    assert leg.session.figures().packets_rejected == 1


def test_our_count_goes_on_when_only_the_phone_has_a_new_key() -> None:
    leg, phone = secure_leg(), SecurePhone()
    partner = plain_partner(leg)
    heard = 0
    for n in range(60):
        partner.seq += 2900
        partner.say(kind=8)
        if n == 30:
            leg.offer(offer_of(bytes(range(60, 90))).replace("crypto:1", "crypto:5"))
        heard += len(phone.hear(leg.rtp.sent))
        leg.rtp.sent.clear()

    assert heard == 60


def test_a_dialog_may_go_back_to_plain_rtp() -> None:
    leg, phone = secure_leg(), SecurePhone()
    partner = plain_partner(leg)
    leg.receive(phone.speak())

    leg.offer(sdp(PHONE[1]))
    leg.say(VOICE)
    partner.say(kind=8)

    assert len(partner.heard) == 2
    assert len(leg.heard) == 1


def test_sequence_numbers_wrap_in_both_directions() -> None:
    leg, phone = secure_leg(), SecurePhone()
    partner = plain_partner(leg)
    heard = 0
    for _ in range(9):
        phone.index += 0x4000
        partner.seq += 2900
        leg.receive(phone.speak())
        partner.say(kind=8)
        heard += len(phone.hear(leg.rtp.sent))
        leg.rtp.sent.clear()

    assert len(partner.heard) == heard == 9
    assert phone.index > 2 * 0x10000


@pytest.mark.parametrize("minutes", [1, 21, 23, 50, 200])
def test_a_restarted_worker_goes_on_where_both_counts_stand(minutes: int) -> None:
    """The first worker's life is told by 24 packets a wrap; the phone's contexts live on."""
    began_at, died_at = 1000.0, 1000.0 + 60 * minutes
    phone = SecurePhone()
    first = secure_leg(now=began_at)
    partner = plain_partner(first)
    steps = max(1, int(24 * (died_at - began_at) / WRAP_S))
    begun = partner.seq
    for n in range(steps + 1):
        now = began_at + (died_at - began_at) * n / steps
        partner.seq = begun + int((now - began_at) * 50)
        partner.say(kind=8, now=now)
    phone.hear(first.rtp.sent)
    phone.skip_to(100 + 50 * 60 * minutes)

    second = secure_leg(began_at=began_at, now=died_at + 1)
    partner = plain_partner(second)
    for n in range(3):
        second.receive(phone.speak(), now=died_at + 1)
        partner.say(kind=8, now=died_at + 1 + 0.02 * n)

    assert len(partner.heard) == 3
    assert len(phone.hear(second.rtp.sent)) == 3


def test_reports_of_a_restarted_worker_are_not_taken_for_old_ones() -> None:
    phone = SecurePhone()
    first = secure_leg(now=1000.0)
    for n in range(50):
        first.session.send_report(1000.0 + 5 * n)
    for data, _ in first.rtcp.sent:
        phone.hearing.unprotect_rtcp(data)

    second = secure_leg(began_at=1000.0, now=1260.0)
    second.session.send_report(1260.0)

    assert rtcp.parse(phone.hearing.unprotect_rtcp(second.rtcp.sent[0][0])).ssrc == 55


def test_junk_after_a_restart_does_not_keep_the_phone_out_nor_costs_for_ever() -> None:
    phone = SecurePhone()
    phone.skip_to(50 * 3600)
    leg = secure_leg(began_at=1000.0, now=4600.0)
    partner = plain_partner(leg)
    stranger = SecurePhone(key=bytes(30))

    for _ in range(20):
        leg.receive(stranger.speak(), now=4600.0)
    leg.receive(phone.speak(), now=4600.0)

    assert len(partner.heard) == 1
    assert leg.session.figures().packets_rejected == 20
