"""Core's side of a line: calls by our own stack, as a trunk that proves a password."""

import random
import secrets
from collections.abc import Callable, Sequence

from foundation.ids import LegId
from telephony.lines import carried
from telephony.lines.options import CoreWay
from telephony.lines.reasons import reason_text
from telephony.sip.events import (
    Answered,
    CallerIdentity,
    Gone,
    Progressed,
    Refused,
    Reoffered,
    ReofferRefused,
    SipEvent,
)
from telephony.sip.options import SipOptions
from telephony.sip.sockets.endpoint import SipEndpoint, bind_udp, listener_of
from telephony.sip.stack import SipStack
from telephony.sip.wording.uri import make_uri


class CoreSide:
    """One socket for all calls; `on_call` is told what core does with them."""

    def __init__(self, way: CoreWay, on_call: Callable[[LegId, carried.Given], None]) -> None:
        self._way = way
        self._on_call = on_call
        sock = bind_udp(way.address.host, 0)
        self._stack = SipStack(
            SipOptions(listeners=(listener_of(sock),), domain=way.domain, server="callcenter line"),
            {},
            lines=lambda user: False,
            secret=secrets.token_bytes(16),
            random=random.SystemRandom(),
        )
        self._endpoint = SipEndpoint(self._stack, [sock], self._on_event)

    @property
    def audio_address(self) -> str:
        """Ours towards media, which speaks IPv4."""
        host = self._way.address.host
        return "127.0.0.1" if ":" in host else host

    async def start(self) -> None:
        await self._endpoint.start()

    def close(self) -> None:
        self._endpoint.close()

    # -- verbs -----------------------------------------------------------------------------------

    def dial(self, leg: LegId, line: str, sdp: str, headers: Sequence[tuple[str, str]]) -> None:
        way = self._way
        self._endpoint.perform(
            self._stack.dial(
                leg,
                str(make_uri(line, way.domain)),
                self._endpoint.now,
                body=sdp.encode(),
                caller=CallerIdentity(way.account, "", ""),
                headers=tuple(headers),
                credentials=(way.account, way.password),
                route=way.address,
            )
        )

    def reoffer(self, leg: LegId, sdp: str) -> None:
        self._endpoint.perform(self._stack.reoffer(leg, sdp.encode(), self._endpoint.now))

    def accept(self, leg: LegId, sdp: str) -> None:
        self._endpoint.perform(self._stack.accept(leg, sdp.encode(), self._endpoint.now))

    def press(self, leg: LegId, digit: str) -> None:
        self._endpoint.perform(self._stack.press(leg, digit, self._endpoint.now))

    def hang_up(self, leg: LegId, reason: str) -> None:
        self._endpoint.perform(self._stack.hang_up(leg, self._endpoint.now, reason))

    # -- events ----------------------------------------------------------------------------------

    def _on_event(self, event: SipEvent) -> None:
        given = given_of(event)
        if given is not None:
            self._on_call(LegId(getattr(event, "leg", "")), given)


def given_of(event: SipEvent) -> carried.Given | None:
    """What core's side tells, in the words of the machine; None: nothing to a carried call."""
    match event:
        case Progressed(_, status, body):
            return carried.CoreProgressed(status, text_of(body))
        case Answered(_, body):
            return carried.CoreAnswered(text_of(body))
        case Refused(_, status, _):
            return carried.CoreRefused(status)
        case ReofferRefused(_, status):
            return carried.CoreRefusedReoffer(status)
        case Reoffered():
            return carried.CoreReoffered()
        case Gone(_, _, reason):
            return carried.CoreHungUp(reason_text(reason))
        case _:
            return None


def text_of(body: bytes) -> str:
    # What is not UTF-8 is for the SDP parser to refuse.
    return body.decode("utf-8", "replace")
