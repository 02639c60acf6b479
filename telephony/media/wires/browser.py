"""A browser's leg on one socket: STUN, DTLS, SRTP and SRTCP, told apart by their first byte.

    0-3 STUN ─▶ `ice` ─▶ answer          20-63 DTLS ─▶ `dtls` ─▶ flights, at last the keys
    128-191 SRTP ─▶ plain RTP to the session, SRTCP (RFC 5761) ─▶ plain reports

(RFC 7983; anything else is dropped.) The session behind it sees one peer for ever: to which
address packets really go is what ICE nominated last. Until there are keys nothing is sent.

A restarted worker goes on with the keys that it is given (`kept_keys`): the browser would not begin
another handshake by itself.
"""

import logging
from collections import deque
from collections.abc import Callable

from foundation.clock import monotonic_s
from telephony.media.agreeing.browser_sdp import BrowserTerms
from telephony.media.agreeing.crypto import Crypto, Suite
from telephony.media.agreeing.dtls import Handshake, Identity, Role, SrtpKeys
from telephony.media.agreeing.ice import IceLite
from telephony.media.agreeing.kept_keys import KeptKeys, write_keys
from telephony.media.agreeing.terms import BY_ICE
from telephony.media.packets.latch import Source
from telephony.media.wires.srtp import Past, RtcpSocket, RtpSocket, Shield, protected

log = logging.getLogger(__name__)

PEER: Source = (BY_ICE, 0)
"Whom the session sees, wherever it is."
_MOST_REPORTS = 4
"Waiting; each is read as it comes."
_STUN_MOST = 3
_DTLS_FIRST, _DTLS_LAST = 20, 63
_RTP_FIRST, _RTP_LAST = 128, 191
_RTCP_FIRST, _RTCP_LAST = 192, 223
"Second bytes (RFC 5761 section 4)."


class BrowserLink:
    """What `RtpSocket` is to a session, and its RTCP too."""

    def __init__(
        self,
        plain: RtpSocket,
        identity: Identity,
        terms: BrowserTerms,
        on_report: Callable[[float], None],
        on_keys: Callable[[bytes], None],
        now: Callable[[], float] = monotonic_s,
    ) -> None:
        """`on_report`: one is in `reports`; `on_keys` is given what is to be kept, once for each
        handshake."""
        self.dropped = 0
        self.reports: deque[bytes] = deque(maxlen=_MOST_REPORTS)
        "Plain RTCP that waits to be read."
        self.shield: Shield | None = None
        self._plain = plain
        self._identity = identity
        self._now = now
        self._on_report = on_report
        self._on_keys = on_keys
        self._terms = terms
        self._ice = IceLite(terms.ours, terms.theirs)
        self._handshake: Handshake | None = None
        self._begin()

    @property
    def is_ready(self) -> bool:
        """Media can be sent and heard."""
        return self.shield is not None and self._ice.nominated is not None

    @property
    def failure(self) -> str:
        return "" if self._handshake is None else self._handshake.failure

    # -- what is agreed on -----------------------------------------------------------------------

    def agree(self, terms: BrowserTerms) -> None:
        """Another description: a new certificate begins a new association, new names an ICE
        restart; what stays goes on."""
        before, self._terms = self._terms, terms
        self._ice.renew(terms.ours, terms.theirs)
        if (terms.fingerprint, terms.role) != (before.fingerprint, before.role):
            self._begin()

    def resume(self, kept: KeptKeys, past: Past) -> None:
        """Go on with the keys of a worker before us, when they are this peer's."""
        if kept.fingerprint != str(self._terms.fingerprint):
            return
        self._handshake = None
        self._ice.nominated = (kept.host, kept.port)
        self._ice.known = [self._ice.nominated]
        self._protect(SrtpKeys(kept.our_key, kept.their_key), past)

    def _begin(self) -> None:
        self._handshake = Handshake(self._identity, self._terms.role, self._terms.fingerprint)

    def _protect(self, keys: SrtpKeys, past: Past) -> None:
        ours, theirs = (Crypto(0, Suite.HMAC_80, key) for key in (keys.ours, keys.theirs))
        if self.shield is None:
            self.shield = Shield(ours, theirs, past)
        else:
            self.shield.renew(ours, theirs)

    # -- packets ---------------------------------------------------------------------------------

    def recvfrom_into(self, buffer: bytearray) -> tuple[int, Source]:
        size, source = self._plain.recvfrom_into(buffer)
        first = buffer[0] if size else -1
        if _RTP_FIRST <= first <= _RTP_LAST and source in self._ice.known:
            data = bytes(buffer[:size])
            if size > 1 and _RTCP_FIRST <= data[1] <= _RTCP_LAST:
                self._take_report(data)
            elif (packet := self._opened(data)) is not None:
                buffer[: len(packet)] = packet
                return len(packet), PEER
        else:
            self._take_other(bytes(buffer[:size]), first, source)
        raise BlockingIOError("nothing is there that counts")

    def _opened(self, data: bytes) -> bytes | None:
        return None if self.shield is None else self.shield.unprotect(data)

    def _take_report(self, data: bytes) -> None:
        report = None if self.shield is None else self.shield.unprotect_report(data)
        if report is not None:
            self.reports.append(report)
            self._on_report(self._now())

    def _take_other(self, data: bytes, first: int, source: Source) -> None:
        if 0 <= first <= _STUN_MOST:
            answer = self._ice.feed(data, source)
            if answer is not None:
                self._send(answer, source)
                self._start(source)
        elif _DTLS_FIRST <= first <= _DTLS_LAST and source in self._ice.known:
            self._take_handshake(data, source)
        else:
            self.dropped += 1

    def _start(self, source: Source) -> None:
        """As the client we begin when there is a way to the peer."""
        handshake = self._handshake
        if handshake is None or handshake.role is not Role.CLIENT or self._ice.nominated is None:
            return
        if not handshake.has_started:
            self._send_all(handshake.start(self._now()), source)

    def _take_handshake(self, data: bytes, source: Source) -> None:
        if self._handshake is None:
            return  # of an association that a worker before us has made
        was_over = self._handshake.is_over
        self._send_all(self._handshake.feed(data, self._now()), source)
        if was_over or not self._handshake.is_over:
            return
        if self._handshake.keys is None:
            log.warning("no keys with %s:%d: %s", *source, self._handshake.failure)
        else:
            self._protect(self._handshake.keys, Past())
            self._on_keys(self._kept(self._handshake.keys, source))

    def _kept(self, keys: SrtpKeys, source: Source) -> bytes:
        host, port = self._ice.nominated or source
        return write_keys(
            KeptKeys(
                our_key=keys.ours,
                their_key=keys.theirs,
                fingerprint=str(self._terms.fingerprint),
                ufrag=self._terms.ours.ufrag,
                password=self._terms.ours.password,
                their_ufrag=self._terms.theirs.ufrag,
                host=host,
                port=port,
            )
        )

    def sendto(self, data: bytes, _target: Source) -> int:
        shield, target = self._way()
        return self._plain.sendto(protected(shield.protect, data), target)

    def send_report(self, data: bytes) -> int:
        shield, target = self._way()
        return self._plain.sendto(protected(shield.protect_report, data), target)

    def _way(self) -> tuple[Shield, Source]:
        shield, target = self.shield, self._ice.nominated
        if shield is None or target is None:
            raise BlockingIOError("the browser is not there yet")
        return shield, target

    def _send_all(self, flight: list[bytes], source: Source) -> None:
        for datagram in flight:
            self._send(datagram, source)

    def _send(self, data: bytes, target: Source) -> None:
        try:
            self._plain.sendto(data, target)
        except OSError:
            self.dropped += 1  # checks and flights are repeated by themselves

    def tick(self, now: float) -> None:
        """Ten times a second: the handshake's repetitions, and its end."""
        if self._handshake is None:
            return
        target = self._ice.nominated
        flight = self._handshake.tick(now)
        if target is not None:
            self._send_all(flight, target)
        if self._handshake.is_spent(now):
            self._handshake = None  # some 40 kB of OpenSSL's


class BrowserReports:
    """A browser's RTCP, which comes and goes on the socket of its audio."""

    def __init__(self, link: BrowserLink, unused: RtcpSocket) -> None:
        self._link = link
        self._unused = unused

    def recvfrom(self, most: int) -> tuple[bytes, Source]:
        if self._link.reports:
            return self._link.reports.popleft(), PEER
        self._unused.recvfrom(most)  # whatever comes there would wait, and wake us, for ever
        raise BlockingIOError("a browser has no second socket")

    def sendto(self, data: bytes, _target: Source) -> int:
        return self._link.send_report(data)
