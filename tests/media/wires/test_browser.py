"""A browser's leg: checks, handshake and voice on one socket; the browser is made of our parts."""

import gc
import weakref

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foundation import stun
from foundation.clock import monotonic_s
from telephony.media.agreeing import dtls
from telephony.media.agreeing.browser_sdp import BrowserEnd
from telephony.media.agreeing.crypto import Crypto, Suite
from telephony.media.agreeing.dtls import Handshake, Identity, Role
from telephony.media.agreeing.ice import USE_CANDIDATE
from telephony.media.agreeing.kept_keys import KeptKeys, read_keys
from telephony.media.agreeing.negotiation import LocalEnd, Negotiation
from telephony.media.agreeing.sdp import SessionDescription
from telephony.media.errors import SdpRejected
from telephony.media.packets import rtcp
from telephony.media.packets.rtp import RtpPacket
from telephony.media.protocol import Srtp
from telephony.media.sound.playout import Player, tone
from telephony.media.wires.srtp import IS_INSTALLED, Past, Shield
from tests.support.media_leg import PHONE, STRANGER, VOICE, Leg, Source
from tests.support.media_phone import sdp

if not (dtls.IS_INSTALLED and IS_INSTALLED):
    pytest.skip("pyOpenSSL or pylibsrtp is not installed", allow_module_level=True)

OURS, BROWSERS = Identity.make(), Identity.make()
SECRET = bytes(range(30))
TRANSACTION = stun.MAGIC.to_bytes(4, "big") + bytes(12)
HEAD = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"


def line_of(
    setup: str = "actpass",
    ufrag: str = "abcd",
    identity: Identity = BROWSERS,
    proto: str = "UDP/TLS/RTP/SAVPF",
    direction: str = "sendrecv",
) -> str:
    return (
        f"m=audio 9 {proto} 0 8 126\r\nc=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\n"
        f"a=ice-ufrag:{ufrag}\r\na=ice-pwd:{'p' * 24}\r\na=ice-options:trickle\r\n"
        f"a=fingerprint:{identity.fingerprint}\r\na=setup:{setup}\r\na=mid:0\r\n"
        f"a={direction}\r\na=rtcp-mux\r\na=rtpmap:126 telephone-event/8000\r\n"
    )


OFFER = f"{HEAD}a=group:BUNDLE 0\r\n{line_of()}"
ANSWER = f"{HEAD}a=group:BUNDLE 0\r\n{line_of('active')}"


def local(kept: KeptKeys | None = None) -> LocalEnd:
    return LocalEnd(1, 1, "127.0.0.1", 30000, SECRET, BrowserEnd(OURS, SECRET, kept))


def leg_of(kept: KeptKeys | None = None, *, began_at: float = 0.0, now: float = 0.0) -> Leg:
    leg = Leg(began_at=began_at, now=now)
    leg.session.negotiation = Negotiation(local(kept))
    return leg


class Browser:
    """The far end of a leg whose sockets are lists."""

    def __init__(self, leg: Leg, answer: str, role: Role = Role.CLIENT) -> None:
        said = SessionDescription.parse(answer).media[0]
        self._leg = leg
        self._ufrag = said.find("ice-ufrag") or ""
        self._password = (said.find("ice-pwd") or "").encode()
        self.handshake = Handshake(BROWSERS, role, OURS.fingerprint)
        self.shield: Shield | None = None
        self.read = 0
        "How many of the leg's datagrams were looked at."

    def check(self, source: Source = PHONE, *, nominates: bool = True) -> None:
        attributes = [(stun.USERNAME, f"{self._ufrag}:abcd".encode())]
        attributes += [(USE_CANDIDATE, b"")] * nominates
        asked = stun.build(stun.BINDING_REQUEST, TRANSACTION, attributes, self._password)
        self._leg.receive(asked, source=source)

    def shake(self, source: Source = PHONE) -> None:
        """Until nothing is said any more."""
        for each in self.handshake.start(0.0):
            self._leg.receive(each, source=source)
        while flight := self.flights():
            for datagram in flight:
                for each in self.handshake.feed(datagram, 0.0):
                    self._leg.receive(each, source=source)
        keys = self.handshake.keys
        if keys is not None:
            ours, theirs = (Crypto(0, Suite.HMAC_80, key) for key in (keys.ours, keys.theirs))
            self.shield = Shield(ours, theirs, Past())

    def flights(self) -> list[bytes]:
        fresh, self.read = self._leg.rtp.sent[self.read :], len(self._leg.rtp.sent)
        return [data for data, _ in fresh if 20 <= data[0] <= 63]

    def say(self, seq: int, payload: bytes = VOICE, source: Source = PHONE, kind: int = 0) -> None:
        assert self.shield is not None
        packet = RtpPacket(kind, seq, seq * 160, 9, payload)
        self._leg.receive(self.shield.protect(bytes(packet)), now=seq * 0.02, source=source)

    def heard(self) -> list[tuple[RtpPacket, Source]]:
        assert self.shield is not None
        voice = [(data, to) for data, to in self._leg.rtp.sent if data[0] >> 6 == 2]
        plain = [(self.shield.unprotect(data), to) for data, to in voice if data[1] < 192]
        return [(RtpPacket.parse(data), to) for data, to in plain if data is not None]


@pytest.fixture
def leg() -> Leg:
    return leg_of()


@pytest.fixture
def browser(leg: Leg) -> Browser:
    """It has offered, checked, and shaken hands."""
    answer = leg.session.negotiation.answer(OFFER)
    leg.session.agreed(0.0)
    browser = Browser(leg, answer)
    browser.check()
    browser.shake()
    return browser


# -- descriptions --------------------------------------------------------------------------------


def test_an_offer_is_answered_with_all_that_a_browser_wants_to_hear() -> None:
    answer = Negotiation(local()).answer(OFFER)

    assert "a=group:BUNDLE 0\r\na=ice-lite\r\n" in answer
    assert "m=audio 30000 UDP/TLS/RTP/SAVPF 0 126\r\n" in answer
    for said in (
        "mid:0", "rtcp-mux", "setup:passive", f"fingerprint:{OURS.fingerprint}",
        "candidate:1 1 udp 2130706431 127.0.0.1 30000 typ host", "end-of-candidates", "sendrecv",
    ):  # fmt: skip
        assert f"a={said}\r\n" in answer
    assert "a=crypto" not in answer


@pytest.mark.parametrize(
    ("setup", "role", "answered"),
    [
        ("actpass", Role.SERVER, "passive"),
        ("active", Role.SERVER, "passive"),
        ("passive", Role.CLIENT, "active"),
    ],
)
def test_who_begins_the_handshake(setup: str, role: Role, answered: str) -> None:
    negotiation = Negotiation(local())
    answer = negotiation.answer(HEAD + line_of(setup))

    assert f"a=setup:{answered}\r\n" in answer
    assert negotiation.terms is not None
    assert negotiation.terms.browser is not None
    assert negotiation.terms.browser.role is role


def test_what_stands_at_the_session_counts_for_its_lines() -> None:
    fingerprint = f"a=fingerprint:{BROWSERS.fingerprint}\r\n"
    line = line_of().replace(fingerprint, "")

    assert "a=setup:passive" in Negotiation(local()).answer(f"{HEAD}{fingerprint}{line}")


@pytest.mark.parametrize(
    "missing",
    ["a=rtcp-mux\r\n", "a=ice-ufrag:abcd\r\n", f"a=ice-pwd:{'p' * 24}\r\n", "a=setup:actpass\r\n",
     f"a=fingerprint:{BROWSERS.fingerprint}\r\n"],
)  # fmt: skip
def test_what_cannot_be_served_is_refused(missing: str) -> None:
    with pytest.raises(SdpRejected) as refused:
        Negotiation(local()).answer(OFFER.replace(missing, ""))

    assert refused.value.sip_status == 488


def test_a_peer_that_is_lite_itself_is_refused_and_so_are_browsers_where_they_are_not_served() -> (
    None
):
    with pytest.raises(SdpRejected):
        Negotiation(local()).answer(f"{HEAD}a=ice-lite\r\n{line_of()}")
    with pytest.raises(SdpRejected):
        Negotiation(LocalEnd(1, 1, "127.0.0.1", 30000, SECRET)).answer(OFFER)
    with pytest.raises(SdpRejected):
        Negotiation(LocalEnd(1, 1, "127.0.0.1", 30000, SECRET)).offer("", webrtc=True)


def test_a_browser_is_safe_enough_for_whom_srtp_is_required() -> None:
    assert "SAVPF 0 126" in Negotiation(local()).answer(OFFER, Srtp.REQUIRE)


def test_a_camera_is_refused_by_its_name() -> None:
    video = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\na=rtpmap:96 VP8/90000\r\n"
    answer = Negotiation(local()).answer(OFFER.replace("BUNDLE 0", "BUNDLE 0 1") + video)

    assert "a=group:BUNDLE 0\r\n" in answer
    assert answer.endswith("m=video 0 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\n")


def test_our_own_offer_leaves_the_handshake_to_the_browser() -> None:
    negotiation = Negotiation(local())

    offer = negotiation.offer("PCMA", webrtc=True)
    terms = negotiation.accept(ANSWER)
    again = negotiation.offer("PCMA")

    assert "m=audio 30000 UDP/TLS/RTP/SAVPF 8 0 101\r\n" in offer
    assert "a=setup:actpass\r\n" in offer
    assert terms.browser is not None
    assert terms.browser.role is Role.SERVER
    assert f"a=ice-pwd:{terms.browser.ours.password}\r\n" in offer
    assert f"a=ice-pwd:{terms.browser.ours.password}\r\n" in again
    assert "UDP/TLS/RTP/SAVPF" in again


def test_a_new_ufrag_is_an_ice_restart_and_the_same_one_is_none() -> None:
    negotiation = Negotiation(local())

    def password(offer: str) -> str | None:
        return SessionDescription.parse(negotiation.answer(offer)).media[0].find("ice-pwd")

    first, same = password(OFFER), password(OFFER)

    assert first == same
    assert password(HEAD + line_of(ufrag="wxyz")) != first


def test_who_began_the_handshake_stays_so_over_an_ice_restart() -> None:
    negotiation = Negotiation(local())
    negotiation.answer(HEAD + line_of("passive"))

    answer = negotiation.answer(HEAD + line_of("actpass", ufrag="wxyz"))

    assert "a=setup:active\r\n" in answer


def test_an_address_of_zeros_is_no_hold_and_a_direction_is() -> None:
    negotiation = Negotiation(local())
    negotiation.answer(OFFER)
    assert negotiation.terms is not None
    assert negotiation.terms.direction.is_listening
    negotiation.answer(HEAD + line_of(direction="sendonly"))
    assert not negotiation.terms.direction.is_listening


# -- packets -------------------------------------------------------------------------------------


def test_voice_goes_both_ways_under_the_keys_of_the_handshake(leg: Leg, browser: Browser) -> None:
    partner = Leg(name="l-2")
    partner.offer(sdp(5000))
    leg.session.connect(partner.session)
    partner.session.connect(leg.session)

    for seq in range(1, 4):
        browser.say(seq)
        partner.say()

    assert [packet.payload for packet in partner.heard] == [VOICE] * 3
    assert [(packet.payload, to) for packet, to in browser.heard()] == [(VOICE, PHONE)] * 3
    assert leg.session.wires.rejected == 0


def test_nothing_is_sent_before_the_keys_and_a_greeting_waits_for_them(leg: Leg) -> None:
    answer = leg.session.negotiation.answer(OFFER)
    leg.session.agreed(0.0)
    leg.session.play(Player("p", [tone(440, 100)], loop=False))
    leg.session.tick(0.0)
    browser = Browser(leg, answer)
    browser.check()
    leg.session.tick(0.02)
    assert [data[0] >> 6 for data, _ in leg.rtp.sent] == [0], "the check's answer alone"

    browser.shake()
    for n in range(6):
        leg.session.tick(0.04 + 0.02 * n)

    assert len(browser.heard()) == 5
    assert leg.ended == ["p"]


def test_as_the_client_we_begin_when_there_is_a_way(leg: Leg) -> None:
    answer = leg.session.negotiation.answer(HEAD + line_of("passive"))
    leg.session.agreed(0.0)
    browser = Browser(leg, answer, Role.SERVER)

    browser.check(nominates=False)
    assert browser.flights() == []
    browser.read = 0
    browser.check()
    browser.shake()

    assert browser.shield is not None
    browser.say(1)
    assert leg.session.stats.received == 1


def test_whoever_has_not_passed_a_check_is_not_heard(leg: Leg) -> None:
    answer = leg.session.negotiation.answer(OFFER)
    leg.session.agreed(0.0)
    browser = Browser(leg, answer)

    browser.shake(source=STRANGER)
    assert leg.rtp.sent == []
    browser.check()
    browser.read = 0
    browser.handshake = Handshake(BROWSERS, Role.CLIENT, OURS.fingerprint)
    browser.shake()
    browser.say(1, source=STRANGER)

    assert leg.session.stats.received == 0


def test_the_voice_follows_the_pair_that_the_browser_chose_last(leg: Leg, browser: Browser) -> None:
    browser.check(source=STRANGER)
    browser.say(1, source=STRANGER)
    leg.session.play(Player("p", [tone(440, 20)], loop=False))
    leg.session.tick(0.1)

    assert leg.session.stats.received == 1
    assert [to for _, to in browser.heard()] == [STRANGER]


def test_reports_come_and_go_on_the_same_socket(leg: Leg, browser: Browser) -> None:
    assert browser.shield is not None
    browser.say(1)
    block = rtcp.ReportBlock(55, 0, 3, 0, 40, 0, 0)
    report = rtcp.build(9, "b", None, block, bye=False)
    leg.receive(browser.shield.protect_report(report), 0.5)
    leg.session.send_report(1.0)

    assert leg.session.reports.figures().remote_packets_lost == 3
    data, to = leg.rtp.sent[-1]
    assert to == PHONE
    plain = browser.shield.unprotect_report(data)
    assert plain is not None
    assert rtcp.parse(plain).blocks[0].ssrc == 9
    assert leg.rtcp.sent == []


def test_what_comes_to_the_unused_socket_is_read_and_dropped(leg: Leg, browser: Browser) -> None:
    leg.rtcp.waiting.append((b"junk", STRANGER))
    leg.session.on_rtcp(1.0)

    assert leg.rtcp.waiting == []
    assert leg.session.malformed == 0


def test_a_certificate_of_somebody_else_ends_the_leg(leg: Leg) -> None:
    answer = leg.session.negotiation.answer(HEAD + line_of(identity=Identity.make()))
    leg.session.agreed(0.0)
    browser = Browser(leg, answer)
    browser.check()
    browser.shake()

    assert leg.kept == []
    assert leg.session.is_newly_lost(0.1)
    assert not leg.session.is_newly_lost(0.2)


def test_a_released_leg_is_gone_at_once_for_nobody_collects_circles(
    leg: Leg, browser: Browser
) -> None:
    browser.say(1)
    session = weakref.ref(leg.session)
    link = weakref.ref(leg.session.wires.link or leg)
    gc.disable()
    try:
        del leg.session
        assert session() is None
        assert link() is None
    finally:
        gc.enable()


def test_the_handshake_is_put_away_when_nobody_repeats_it(leg: Leg, browser: Browser) -> None:
    link = leg.session.wires.link
    assert link is not None
    started_at = monotonic_s()

    link.tick(started_at + 1)
    repeated = browser.handshake.feed(b"", 0.0)
    link.tick(started_at + dtls.GIVE_UP_S + 1)
    browser.say(1)

    assert repeated == []
    assert leg.session.stats.received == 1


# -- another worker ------------------------------------------------------------------------------


def test_a_worker_after_us_goes_on_with_the_keys_and_no_handshake(
    leg: Leg, browser: Browser
) -> None:
    browser.say(1)
    [kept] = leg.kept
    second = leg_of(read_keys(kept), began_at=0.001, now=30.0)
    answer = second.session.negotiation.answer(OFFER)
    second.session.agreed(30.0)
    browser._leg = second

    browser.say(1500)
    second.session.play(Player("p", [tone(440, 20)], loop=False))
    second.session.tick(30.1)

    assert second.session.stats.received == 1
    assert [to for _, to in browser.heard()] == [PHONE]
    sent = leg.session.negotiation.sent
    assert sent is not None
    assert SessionDescription.parse(answer).media[0].find("ice-pwd") == sent.media[0].find(
        "ice-pwd"
    )
    assert SECRET.hex() not in repr(read_keys(kept))


def test_the_names_of_our_own_offer_are_kept_over_a_later_one_of_the_peers(leg: Leg) -> None:
    offer = leg.session.negotiation.offer("", webrtc=True)
    leg.session.negotiation.accept(ANSWER)
    leg.session.agreed(0.0)
    browser = Browser(leg, offer)
    browser.check()
    browser.shake()
    [kept] = leg.kept

    answer = Negotiation(local(read_keys(kept))).answer(OFFER)

    ours = SessionDescription.parse(offer).media[0].find("ice-ufrag")
    assert SessionDescription.parse(answer).media[0].find("ice-ufrag") == ours


def test_keys_of_another_certificate_are_not_used(leg: Leg, browser: Browser) -> None:
    [kept] = leg.kept
    second = leg_of(read_keys(kept), began_at=0.001, now=30.0)
    second.session.negotiation.answer(HEAD + line_of(identity=Identity.make()))
    second.session.agreed(30.0)

    assert second.session.wires.is_waiting


@pytest.mark.parametrize("kept", [b"", b"\x80", b"junk", b"\xc1"])
def test_what_is_no_kept_key_is_none(kept: bytes) -> None:
    assert read_keys(kept) is None


# -- any bytes -----------------------------------------------------------------------------------


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=400), st.sampled_from([PHONE, STRANGER]))
def test_any_bytes_are_dropped(data: bytes, source: Source) -> None:
    leg = leg_of()
    answer = leg.session.negotiation.answer(OFFER)
    leg.session.agreed(0.0)
    browser = Browser(leg, answer)
    browser.check()
    answered = len(leg.rtp.sent)

    leg.receive(data, source=source)
    browser.shake()
    browser.say(1)

    assert leg.session.stats.received == 1
    assert all(data[0] < 64 for data, _ in leg.rtp.sent[answered:])
