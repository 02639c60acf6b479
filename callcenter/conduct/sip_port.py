"""The switchboard's SIP verbs, performed on the endpoint at the loop's time."""

from collections.abc import Sequence

from foundation.ids import LegId
from telephony.sip.events import CallerIdentity, Refused
from telephony.sip.gateway import Gateway
from telephony.sip.sockets.endpoint import SipEndpoint


class SipPort:
    """Implements `telephony.calls.ports.SipPort`."""

    def __init__(self, endpoint: SipEndpoint, gateway: Gateway | None = None) -> None:
        """gateway: None in a house that dials no numbers outside."""
        self._endpoint = endpoint
        self._stack = endpoint.stack
        self._gateway = gateway

    def progress(self, leg: LegId, status: int, body: bytes) -> None:
        self._endpoint.perform(self._stack.progress(leg, status, body, self._endpoint.now))

    def accept(self, leg: LegId, body: bytes) -> None:
        self._endpoint.perform(self._stack.accept(leg, body, self._endpoint.now))

    def reject(self, leg: LegId, status: int) -> None:
        self._endpoint.perform(self._stack.reject(leg, status, self._endpoint.now))

    def dial(
        self,
        leg: LegId,
        to: str,
        *,
        body: bytes,
        caller_user: str,
        caller_name: str,
        headers: Sequence[tuple[str, str]],
    ) -> None:
        caller = CallerIdentity(caller_user, caller_name, "")
        self._endpoint.perform(
            self._stack.dial(
                leg, to, self._endpoint.now, body=body, caller=caller, headers=tuple(headers)
            )
        )

    def dial_outside(
        self,
        leg: LegId,
        number: str,
        trunk: str,
        *,
        body: bytes,
        show: str,
        headers: Sequence[tuple[str, str]] = (),
    ) -> None:
        """Call a number that a rule has allowed (`Route`), by its trunk or group of trunks;
        Progressed, Answered or Refused follow as for any leg.

        `show` '': the trunk's own number. Reasons of `Refused` that are ours begin with
        `trunk channels` (503), or say that no trunk could be reached (503, 408).
        """
        if self._gateway is None:
            self._endpoint.perform([Refused(leg, 503, f"no trunk is called {trunk!r}")])
            return
        self._gateway.dial(leg, number, trunk, body=body, show=show, headers=tuple(headers))

    def hang_up(self, leg: LegId, reason: str) -> None:
        if self._gateway is not None and self._gateway.hang_up(leg):
            return
        self._endpoint.perform(self._stack.hang_up(leg, self._endpoint.now, reason))

    def accept_refer(self, leg: LegId) -> None:
        self._endpoint.perform(self._stack.accept_refer(leg, self._endpoint.now))

    def refuse_refer(self, leg: LegId, status: int) -> None:
        self._endpoint.perform(self._stack.refuse_refer(leg, status, self._endpoint.now))

    def notify_refer(self, leg: LegId, status: int, reason: str = "") -> None:
        self._endpoint.perform(self._stack.notify_refer(leg, status, self._endpoint.now, reason))

    def note(self, leg: LegId, extra: bytes) -> None:
        if self._gateway is not None and self._gateway.note(leg, extra):
            return
        self._endpoint.perform(self._stack.note(leg, extra))

    def is_registered(self, aor: str) -> bool:
        return self._stack.is_registered(aor, self._endpoint.now)
