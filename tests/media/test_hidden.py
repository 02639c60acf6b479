"""What a leg sends that nobody is to hear: card digits, and the agent's own keys."""

import gc
import weakref
from dataclasses import dataclass, field

import numpy as np
import pytest

from telephony.media.hiding import HIDDEN_TAIL_S
from telephony.media.packets.rtp import RtpPacket
from telephony.media.protocol import Hidden
from telephony.media.sound import g722
from telephony.media.sound.dtmf import DigitSender
from telephony.media.sound.g711 import SILENCE, Law, decode, encode
from tests.support.media_leg import PHONE, VOICE, Leg
from tests.support.media_phone import sdp

pytestmark = pytest.mark.usefixtures("each_loop")
QUIET = SILENCE[Law.PCMU] * 160
EVENTS = 101
LOW_HZ, HIGH_HZ = 770, 1336
"Of the key 5."


@dataclass
class Ear:
    """Somebody who records or listens."""

    heard: list[bytes] = field(default_factory=list)

    def take(self, payload: bytes, rtp_ts: int, law: Law, now: float) -> None:
        self.heard.append(payload)


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


def tones(frames: int) -> list[bytes]:
    at_s = np.arange(160 * frames) / 8000
    both = np.sin(2 * np.pi * LOW_HZ * at_s) + np.sin(2 * np.pi * HIGH_HZ * at_s)
    codes = encode((8000 * both).astype(np.int16), Law.PCMU)
    return [codes[at : at + 160] for at in range(0, len(codes), 160)]


def press(leg: Leg, digits: str, now: float) -> float:
    """As telephone events; gives the time after them."""
    sender = DigitSender(digits)
    rtp_ts = leg.seq * 160
    while (frame := sender.next_frame()) is not None:
        for packet in frame:
            leg.seq += 1
            rtp_ts = leg.seq * 160 if packet.first else rtp_ts
            leg.receive(bytes(RtpPacket(EVENTS, leg.seq, rtp_ts, 9, packet.payload)), now)
        now += 0.02
    return now


def loudness(payload: bytes, law: Law) -> float:
    return float(np.abs(decode(payload, law).astype(float)).max())


def test_hidden_voice_is_silence_for_partner_and_recording_and_packets_go_on(
    leg: Leg, partner: Leg
) -> None:
    ear = Ear()
    leg.session.sinks += (ear,)
    leg.say(now=0.0)

    leg.session.hide(Hidden.ALL, 0.02)
    for n in range(1, 50):
        leg.say(now=0.02 * n)

    assert len(partner.heard) == 50
    assert all(loudness(each.payload, Law.PCMA) < 20 for each in partner.heard[1:])
    assert ear.heard[0] == VOICE
    assert set(ear.heard[1:]) == {QUIET}
    assert [each.seq for each in partner.heard] == list(
        range(partner.heard[0].seq, partner.heard[0].seq + 50)
    )


def test_hidden_keys_are_told_and_not_passed_on(leg: Leg, partner: Leg) -> None:
    leg.say(now=0.0)
    leg.session.hide(Hidden.ALL, 0.0)

    press(leg, "4711", 0.02)

    assert [digit for digit, _ in leg.digits] == [*"4711"]
    assert [each for each in partner.heard if each.payload_type == 96] == []


def test_hidden_tones_are_told_and_heard_by_nobody(leg: Leg, partner: Leg) -> None:
    leg.say(now=0.0)
    leg.session.hide(Hidden.ALL, 0.0)

    for n, frame in enumerate(tones(5)):
        leg.say(frame, now=0.02 * (n + 1))

    assert [digit for digit, _ in leg.digits] == ["5"]
    assert all(loudness(each.payload, Law.PCMA) < 20 for each in partner.heard[1:])


def test_last_key_is_not_heard_though_it_is_told_when_it_goes_down(leg: Leg, partner: Leg) -> None:
    leg.say(now=0.0)
    leg.session.hide(Hidden.ALL, 0.0)
    now = 0.02
    for frame in tones(50):
        leg.say(frame, now=now)
        if leg.digits:
            leg.session.hide(Hidden.NOTHING, now)
        now += 0.02
    heard_pressed = partner.heard[1:]
    while now < 1.0 + HIDDEN_TAIL_S:
        leg.say(QUIET, now=now)
        now += 0.02
    leg.say(now=now + 0.1)

    assert all(loudness(each.payload, Law.PCMA) < 20 for each in heard_pressed)
    assert loudness(partner.heard[-1].payload, Law.PCMA) > 20
    assert leg.session.hiding.what is Hidden.NOTHING


def test_repeated_ends_of_the_last_key_are_held_back_too(leg: Leg, partner: Leg) -> None:
    leg.say(now=0.0)
    leg.session.hide(Hidden.ALL, 0.0)
    sender = DigitSender("#")
    first = sender.next_frame()
    assert first is not None
    leg.seq += 1
    began = leg.seq * 160
    leg.receive(bytes(RtpPacket(EVENTS, leg.seq, began, 9, first[0].payload)), 0.02)
    leg.session.hide(Hidden.NOTHING, 0.02)
    now = 0.04
    while (frame := sender.next_frame()) is not None:
        for packet in frame:
            leg.seq += 1
            leg.receive(bytes(RtpPacket(EVENTS, leg.seq, began, 9, packet.payload)), now)
        now += 0.02

    assert [each for each in partner.heard if each.payload_type == 96] == []


def test_hiding_again_before_the_tail_is_over_goes_on(leg: Leg, partner: Leg) -> None:
    leg.session.hide(Hidden.ALL, 0.0)
    leg.session.hide(Hidden.NOTHING, 0.1)
    leg.session.hide(Hidden.ALL, 0.2)

    leg.say(now=5.0)

    assert loudness(partner.heard[-1].payload, Law.PCMA) < 20


def test_keys_alone_are_held_back_while_the_voice_goes_on(leg: Leg, partner: Leg) -> None:
    leg.session.hide(Hidden.KEYS, 0.0)

    leg.say(now=0.0)
    now = press(leg, "*9", 0.02)
    leg.session.hide(Hidden.NOTHING, now)
    press(leg, "1", now + 0.1)

    assert loudness(partner.heard[0].payload, Law.PCMA) > 20
    assert [digit for digit, _ in leg.digits] == [*"*91"]
    began = {each.rtp_ts for each in partner.heard if each.payload_type == 96}
    assert len(began) == 1


def test_leg_that_listened_for_tones_before_does_so_afterwards(leg: Leg, partner: Leg) -> None:
    leg.session.listen_for_tones()
    leg.session.hide(Hidden.ALL, 0.0)
    leg.session.hide(Hidden.NOTHING, 0.0)
    leg.say(QUIET, now=0.6)
    leg.say(QUIET, now=0.62)

    for n, frame in enumerate(tones(5)):
        leg.say(frame, now=1.0 + 0.02 * n)

    assert [digit for digit, _ in leg.digits] == ["5"]
    assert leg.session.hiding.wants_tones


def test_wideband_voice_is_hidden_as_well() -> None:
    leg, partner = Leg(serves_g722=True), Leg(serves_g722=True)
    wide = sdp(PHONE[1]).replace("RTP/AVP 0", "RTP/AVP 9 0")
    leg.offer(wide)
    partner.offer(wide.replace(str(PHONE[1]), "5000"))
    if leg.session.negotiation.terms is None or leg.session.negotiation.terms.codec != "G722":
        pytest.skip("needs the extra hd")
    leg.session.connect(partner.session)
    partner.session.connect(leg.session)
    loud = bytes(range(160))
    leg.say(loud, now=0.0, kind=9)

    leg.session.hide(Hidden.ALL, 0.0)
    for n in range(1, 10):
        leg.say(loud, now=0.02 * n, kind=9)

    assert partner.heard[0].payload == loud
    coder = g722.Coder()
    heard = [each.payload for packet in partner.heard for each in coder.heard(packet)]
    assert loudness(heard[0], Law.PCMU) > 1000
    # The codec's own filters ring on for a moment.
    assert [loudness(each, Law.PCMU) < 50 for each in heard[5:]] == [True] * 5


def test_a_leg_that_hides_all_is_not_one_that_wants_tones_for_ever(leg: Leg) -> None:
    leg.session.hide(Hidden.ALL, 0.0)

    assert not leg.session.hiding.wants_tones
    assert leg.session.sinks == ()


def test_a_leg_with_an_ear_for_tones_is_gone_at_once_when_it_is_released(leg: Leg) -> None:
    leg.session.listen_for_tones()
    known = weakref.ref(leg.session)
    gc.disable()
    try:
        del leg.session
        assert known() is None
    finally:
        gc.enable()
