"""A softphone's call, as whoever holds the phone sees it.

dial ──▶ DIALLING ── 180/183 ──▶ RINGING ── 200 ──▶ TALKING ── BYE either way ──▶ ENDED
            └────────── refusal, hang_up ──────────────────────────────────────────▲
INVITE ──▶ RINGING ── accept ──▶ TALKING           reject, CANCEL ─────────────────┘
"""

import asyncio
import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from callcenter.demo.rtp_pump import RtpPump
from foundation.errors import CallCentreError, Conflict
from foundation.ids import LegId
from telephony.media.agreeing.negotiation import LocalEnd, Negotiation
from telephony.media.errors import SdpRejected

BUSY = 486
CANCELLED = 487


class CallState(StrEnum):
    DIALLING = "dialling"
    RINGING = "ringing"
    TALKING = "talking"
    ENDED = "ended"


class CallFailed(CallCentreError):
    """The call ended before it was answered; the message says how."""


@dataclass(frozen=True, slots=True)
class CallEnd:
    """by_us: who ended it. status: the refusing answer, 0 after a talk."""

    by_us: bool
    status: int
    reason: str = ""


class PhoneVerbs(Protocol):
    """What a call asks of its phone's SIP stack."""

    def accept(self, leg: LegId, sdp: str) -> None: ...

    def reject(self, leg: LegId, status: int) -> None: ...

    def hang_up(self, leg: LegId) -> None: ...


class Call:
    """One call; `softphone` feeds it what the SIP stack told."""

    def __init__(self, leg: LegId, peer: str, verbs: PhoneVerbs, local_ip: str) -> None:
        self.leg = leg
        self.peer = peer
        "The number dialled, or the caller's."
        self.state = CallState.DIALLING
        self.end: CallEnd | None = None
        self.digits = ""
        "Keys that the peer pressed."
        self._verbs = verbs
        self._is_ours = True
        self._has_hung_up = False
        self._pump = RtpPump(local_ip, self._on_digit)
        local = LocalEnd(secrets.randbits(31), 1, local_ip, self._pump.port)
        self._negotiation = Negotiation(local)
        self._offer = ""
        self._ringing = asyncio.Event()
        self._settled = asyncio.Event()
        self._over = asyncio.Event()

    # -- what a person does ----------------------------------------------------------------------

    async def ringing(self) -> None:
        """Until the peer's phone rings, or something better or worse happened."""
        await self._ringing.wait()

    async def answered(self) -> None:
        """Until both talk; `CallFailed` when the call ended instead."""
        await self._settled.wait()
        if self.state is CallState.ENDED and self.end is not None and self.end.status:
            raise CallFailed(f"{self.peer}: {self.end.status} {self.end.reason}".rstrip())

    async def over(self) -> CallEnd:
        await self._over.wait()
        assert self.end is not None
        return self.end

    def accept(self) -> None:
        """Take the call that came in."""
        if self._is_ours or self.state is not CallState.RINGING:
            raise Conflict(f"the call of {self.peer} is {self.state}, there is nothing to accept")
        try:
            sdp = self._answer_to(self._offer)
        except SdpRejected as error:
            self.reject(error.sip_status)
            return
        self._verbs.accept(self.leg, sdp)
        self._enter_talk()

    def reject(self, status: int = BUSY) -> None:
        self._verbs.reject(self.leg, status)
        self.on_end(by_us=True, status=status)

    def hang_up(self) -> None:
        """End it in whatever state it is; nothing when it is over."""
        if self.state is CallState.ENDED:
            return
        if not self._is_ours and self.state is CallState.RINGING:
            self.reject()
            return
        self._has_hung_up = True
        self._verbs.hang_up(self.leg)

    def play(self, pcm_8k: bytes) -> asyncio.Future[None]:
        """Say it; await the result to know when it has been said (or the call is over)."""
        return self._pump.say(pcm_8k)

    def press(self, digits: str) -> None:
        self._pump.press(digits)

    @property
    def heard(self) -> bytes:
        """16-bit PCM at 8 kHz of all that came, early media included."""
        return self._pump.heard.pcm()

    @property
    def heard_s(self) -> float:
        return self._pump.heard.seconds

    # -- what the SIP stack told -----------------------------------------------------------------

    def offer(self) -> bytes:
        return self._negotiation.offer("PCMU").encode()

    def on_incoming(self, sdp: bytes) -> None:
        self._is_ours = False
        self._offer = sdp.decode(errors="replace")
        self.state = CallState.RINGING
        self._ringing.set()

    def on_progress(self, sdp: bytes) -> None:
        self.state = CallState.RINGING
        self._ringing.set()
        if sdp:
            self._take_answer(sdp)

    def on_answered(self, sdp: bytes) -> None:
        if sdp:
            self._take_answer(sdp)
        self._enter_talk()

    def on_confirmed(self, sdp: bytes) -> None:
        """The peer's answer to the offer that our 200 made."""
        if sdp:
            self._take_answer(sdp)

    def on_reoffer(self, sdp: bytes) -> None:
        """Hold, resume, or a new address."""
        try:
            answer = self._answer_to(sdp.decode(errors="replace"))
        except SdpRejected as error:
            self._verbs.reject(self.leg, error.sip_status)
            return
        self._verbs.accept(self.leg, answer)

    def on_end(self, *, by_us: bool, status: int = 0, reason: str = "") -> None:
        if self.state is CallState.ENDED:
            return
        self.state = CallState.ENDED
        self.end = CallEnd(by_us or self._has_hung_up, status, reason)
        self._pump.close()
        for happened in (self._ringing, self._settled, self._over):
            happened.set()

    def _on_digit(self, digit: str) -> None:
        self.digits += digit

    def on_info_digit(self, digit: str) -> None:
        self._on_digit(digit)

    def _enter_talk(self) -> None:
        self.state = CallState.TALKING
        self._ringing.set()
        self._settled.set()

    def _answer_to(self, offer: str) -> str:
        """Our answer, or our own offer to an INVITE without one."""
        if not offer:
            return self._negotiation.offer("PCMU")
        answer = self._negotiation.answer(offer)
        self._use_terms()
        return answer

    def _take_answer(self, sdp: bytes) -> None:
        try:
            self._negotiation.accept(sdp.decode(errors="replace"))
        except SdpRejected:
            self.hang_up()
            return
        self._use_terms()

    def _use_terms(self) -> None:
        if self._negotiation.terms is not None:
            self._pump.use(self._negotiation.terms)
