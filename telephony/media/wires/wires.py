"""What stands between a leg's session and its sockets, as agreed on.

    session ─ 8 kHz ─▶ [clock of Opus] ─▶ [SRTP by SDES] ─▶ two sockets
                                      └▶ [browser's link] ─▶ one socket

The session behind it sees plain packets that count at 8 kHz, whatever the phone speaks.
"""

from collections.abc import Callable
from typing import ParamSpec
from weakref import WeakMethod

from telephony.media.agreeing.browser_sdp import BrowserEnd, BrowserTerms
from telephony.media.agreeing.terms import Keys, Terms
from telephony.media.packets.ports import LegPorts
from telephony.media.sound import opus
from telephony.media.sound.g711 import SAMPLE_RATE_HZ
from telephony.media.wires.browser import BrowserLink, BrowserReports
from telephony.media.wires.clocked import ClockedRtcp, ClockedRtp, FastClock, FastTypes
from telephony.media.wires.srtp import (
    Past,
    RtcpSocket,
    RtpSocket,
    Shield,
    ShieldedRtcp,
    ShieldedRtp,
)

P = ParamSpec("P")


class Wires:
    """One leg's; `rtp` and `rtcp` are what its session reads and writes."""

    __slots__ = ("_clock", "_on_keys", "_on_report", "_pair", "_shield", "link", "rtcp", "rtp")

    def __init__(
        self,
        pair: LegPorts,
        on_report: Callable[[float], None],
        on_keys: Callable[[bytes], None],
    ) -> None:
        """`on_report`: something is there to be read from `rtcp` now; `on_keys`: `BrowserLink`'s.

        They are held weakly: the worker collects no circles of objects while people talk.
        """
        self.rtp: RtpSocket = pair.rtp
        self.rtcp: RtcpSocket = pair.rtcp
        self.link: BrowserLink | None = None
        "None: the peer is no browser."
        self._pair = pair
        self._on_report = weakly(on_report)
        self._on_keys = weakly(on_keys)
        self._shield: Shield | None = None
        self._clock = FastClock(opus.CLOCK_HZ // SAMPLE_RATE_HZ)

    @property
    def rejected(self) -> int:
        """Packets with a wrong tag, or that came before."""
        shield = self._shield if self.link is None else self.link.shield
        return 0 if shield is None else shield.rejected

    @property
    def is_waiting(self) -> bool:
        """For keys: until then nobody would hear what is sent."""
        return self.link is not None and not self.link.is_ready

    @property
    def has_failed(self) -> bool:
        return self.link is not None and bool(self.link.failure)

    def agree(self, terms: Terms, end: BrowserEnd | None, past: Past) -> None:
        """New terms; keys that stay go on with their counts."""
        rtp: RtpSocket = self._pair.rtp
        rtcp: RtcpSocket = self._pair.rtcp
        self._shield_as(terms.keys, past)
        self._link_as(terms.browser, end, past)
        if self.link is not None:
            rtp, rtcp = self.link, BrowserReports(self.link, self._pair.rtcp)
        elif self._shield is not None:
            rtp, rtcp = ShieldedRtp(rtp, self._shield), ShieldedRtcp(rtcp, self._shield)
        if opus.NAME in terms.wide_types.values():
            rtp = ClockedRtp(rtp, self._clock, _fast_types(terms))
        if terms.codec == opus.NAME:
            rtcp = ClockedRtcp(rtcp, self._clock.factor)
        self.rtp, self.rtcp = rtp, rtcp

    def _shield_as(self, keys: Keys | None, past: Past) -> None:
        if keys is not None and self._shield is not None:
            self._shield.renew(keys.ours, keys.theirs)
        else:
            self._shield = None if keys is None else Shield(keys.ours, keys.theirs, past)

    def _link_as(self, terms: BrowserTerms | None, end: BrowserEnd | None, past: Past) -> None:
        if terms is None or end is None:
            self.link = None
        elif self.link is not None:
            self.link.agree(terms)
        else:
            self.link = BrowserLink(
                self._pair.rtp, end.identity, terms, self._on_report, self._on_keys
            )
            if end.kept is not None:
                self.link.resume(end.kept, past)


def weakly(method: Callable[P, None]) -> Callable[P, None]:
    """Does nothing any more when the method's owner is gone."""
    known = WeakMethod(method)

    def call(*args: P.args, **kwargs: P.kwargs) -> None:
        alive = known()
        if alive is not None:
            alive(*args, **kwargs)

    return call


def _fast_types(terms: Terms) -> FastTypes:
    """Digits have the timestamps of the audio beside them, whatever their own clock."""
    audio = frozenset(pt for pt, codec in terms.wide_types.items() if codec == opus.NAME)
    digits = terms.event_types if terms.codec == opus.NAME else frozenset()
    return FastTypes(audio | digits, terms.fast_event_types)
