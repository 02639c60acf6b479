"""SRTP (RFC 3711) round a leg's sockets: protected outside, plain inside.

A packet with a wrong tag, or one that came before, is dropped and counted as if it had never come:
the session behind the socket sees plain RTP only. libsrtp does the work (`pylibsrtp`), 2 us for
each packet and direction.

The tag covers the index of a packet, 65536 times the roll-overs of its sequence number (ROC) and
the number itself. Nobody tells the ROC: both sides count. A worker that was started again knows it
of what it sends by the time that the leg has lived (`stream` numbers by the clock), and finds that
of what it receives by trial.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Protocol

from telephony.media.agreeing.crypto import Crypto, Suite
from telephony.media.packets import rtcp
from telephony.media.packets.latch import Source
from telephony.media.packets.rtp import HEADER, PLAIN

if TYPE_CHECKING:
    import pylibsrtp

IS_INSTALLED = find_spec("pylibsrtp") is not None
"Where its wheel cannot be had, plain RTP is all that is served."

_STRIDE = 0x7000
"Sequence numbers that may be stepped over without a doubt about the ROC (RFC 3711 section 3.3.1)."
_MARGIN = 0x1000
"How far behind the next packet the walk ends: packets may be late, none may seem to come twice."
_LONGEST_PACKET = 1300
_MOST_TRIALS = 100
"Packets that are tried with each ROC after a restart; a flood of junk must not cost more."
_MOST_PACKETS_PER_S = 100
"Of a peer that sends 10 ms in each packet: bounds the ROC that is tried."
_MOST_REPORTS = 10_000


def load() -> None:
    """Ahead of the first call: the library takes 20 ms that no talk should wait for."""
    if IS_INSTALLED:
        _error()


class RtpSocket(Protocol):
    """What a session needs of its RTP socket."""

    def recvfrom_into(self, buffer: bytearray, /) -> tuple[int, Source]: ...

    def sendto(self, data: bytes, target: Source, /) -> int: ...


class RtcpSocket(Protocol):
    """What a session needs of its RTCP socket."""

    def recvfrom(self, most: int, /) -> tuple[bytes, Source]: ...

    def sendto(self, data: bytes, target: Source, /) -> int: ...


@dataclass(frozen=True, slots=True)
class Past:
    """What a restarted worker knows of a leg's life; a new leg has lived 0 s and sent nothing."""

    age_s: float = 0.0
    sent_index: int = 0
    ssrc: int = 0
    "Of what we send."


class Shield:
    """The contexts of one leg, both directions, RTP and RTCP."""

    def __init__(self, ours: Crypto, theirs: Crypto, past: Past) -> None:
        self._ours = ours
        self._theirs = theirs
        self.rejected = 0
        self._past = past
        self._out = _context(ours, outbound=True)
        _walk(self._out, past.ssrc, past.sent_index)
        _count_reports(self._out, past)
        self._in = _context(theirs, outbound=False)
        self._trials_left = _MOST_TRIALS if past.age_s else 0

    def renew(self, ours: Crypto, theirs: Crypto) -> None:
        """New keys begin new counts; with a key that stays its count goes on."""
        if not ours.protects_like(self._ours):
            self._ours, self._out = ours, _context(ours, outbound=True)
        if not theirs.protects_like(self._theirs):
            self._theirs, self._in = theirs, _context(theirs, outbound=False)
            self._trials_left = 0

    def protect(self, packet: bytes) -> bytes:
        protected: bytes = self._out.protect(packet)
        return protected

    def protect_report(self, packet: bytes) -> bytes:
        protected: bytes = self._out.protect_rtcp(packet)
        return protected

    def unprotect(self, packet: bytes) -> bytes | None:
        """None: it is not from whom has the key, or it came before."""
        plain = self._opened(self._in.unprotect, packet)
        if plain is None and self._trials_left:
            plain = self._try_later_indices(packet)
        if plain is None:
            self.rejected += 1
        else:
            self._trials_left = 0
        return plain

    def unprotect_report(self, packet: bytes) -> bytes | None:
        plain = self._opened(self._in.unprotect_rtcp, packet)
        self.rejected += plain is None
        return plain

    def _opened(self, open_: Callable[[bytes], bytes], packet: bytes) -> bytes | None:
        if len(packet) > _LONGEST_PACKET:
            return None
        try:
            return open_(packet)
        except _error():
            return None

    def _try_later_indices(self, packet: bytes) -> bytes | None:
        """The peer went on counting while the worker was away."""
        if len(packet) < HEADER.size:
            return None
        self._trials_left -= 1
        _flags, _kind, seq, _ts, ssrc = HEADER.unpack_from(packet)
        most = int(self._past.age_s * _MOST_PACKETS_PER_S) >> 16
        for roc in range(1, most + 2):
            context = _context(self._theirs, outbound=False)
            _walk_in(context, self._theirs, ssrc, (roc << 16) + seq)
            plain = self._opened(context.unprotect, packet)
            if plain is not None:
                self._in = context
                return plain
        return None


class ShieldedRtp:
    """A leg's RTP socket, protected."""

    def __init__(self, plain: RtpSocket, shield: Shield) -> None:
        self._plain = plain
        self._shield = shield

    def recvfrom_into(self, buffer: bytearray) -> tuple[int, Source]:
        size, source = self._plain.recvfrom_into(buffer)
        packet = self._shield.unprotect(bytes(buffer[:size]))
        if packet is None:
            raise BlockingIOError("nothing is there that counts")
        buffer[: len(packet)] = packet
        return len(packet), source

    def sendto(self, data: bytes, target: Source) -> int:
        return self._plain.sendto(protected(self._shield.protect, data), target)


class ShieldedRtcp:
    """A leg's RTCP socket, protected."""

    def __init__(self, plain: RtcpSocket, shield: Shield) -> None:
        self._plain = plain
        self._shield = shield

    def recvfrom(self, most: int) -> tuple[bytes, Source]:
        data, source = self._plain.recvfrom(most)
        report = self._shield.unprotect_report(data)
        if report is None:
            raise BlockingIOError("nothing is there that counts")
        return report, source

    def sendto(self, data: bytes, target: Source) -> int:
        return self._plain.sendto(protected(self._shield.protect_report, data), target)


def protected(protect: Callable[[bytes], bytes], data: bytes) -> bytes:
    try:
        return protect(data)
    except _error() as error:
        # A packet that was overtaken by more than libsrtp remembers: it is lost like any other.
        raise OSError(f"not protected: {error}") from None


def _error() -> type[Exception]:
    import pylibsrtp

    error: type[Exception] = pylibsrtp.Error
    return error


def _context(crypto: Crypto, *, outbound: bool) -> "pylibsrtp.Session":
    from pylibsrtp import Policy, Session

    profile = {
        Suite.HMAC_80: Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
        Suite.HMAC_32: Policy.SRTP_PROFILE_AES128_CM_SHA1_32,
    }[crypto.suite]
    kind = Policy.SSRC_ANY_OUTBOUND if outbound else Policy.SSRC_ANY_INBOUND
    policy = Policy(crypto.key, kind, 0, profile)
    # A packet that came twice is relayed twice, with the same content under the same index.
    policy.allow_repeat_tx = True
    return Session(policy)


def _steps(index: int) -> range:
    return range(_STRIDE, index - _MARGIN, _STRIDE)


def _empty(seq: int, ssrc: int) -> bytes:
    return HEADER.pack(PLAIN, 0, seq & 0xFFFF, 0, ssrc)


def _walk(context: "pylibsrtp.Session", ssrc: int, index: int) -> None:
    """Bring a sender's count near the index by packets that are never sent."""
    for step in _steps(index):
        context.protect(_empty(step, ssrc))


def _walk_in(context: "pylibsrtp.Session", theirs: Crypto, ssrc: int, index: int) -> None:
    """The same for a receiver, by packets as the peer would have made them."""
    peer = _context(theirs, outbound=True)
    for step in _steps(index):
        context.unprotect(peer.protect(_empty(step, ssrc)))


def _count_reports(context: "pylibsrtp.Session", past: Past) -> None:
    """SRTCP has an index of its own: go past any that may have been sent, one each second."""
    report = rtcp.build(past.ssrc, "", None, None, bye=False)
    for _ in range(min(int(past.age_s), _MOST_REPORTS)):
        context.protect_rtcp(report)
