"""The switchboard's SIP verbs, performed on the endpoint at the loop's time."""

from collections.abc import Sequence

from foundation.ids import LegId
from telephony.sip.endpoint import SipEndpoint
from telephony.sip.events import CallerIdentity


class SipPort:
    """Implements `telephony.calls.switchboard.SipPort`."""

    def __init__(self, endpoint: SipEndpoint) -> None:
        self._endpoint = endpoint
        self._stack = endpoint.stack

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

    def hang_up(self, leg: LegId, reason: str) -> None:
        self._endpoint.perform(self._stack.hang_up(leg, self._endpoint.now, reason))

    def accept_refer(self, leg: LegId) -> None:
        self._endpoint.perform(self._stack.accept_refer(leg, self._endpoint.now))

    def refuse_refer(self, leg: LegId, status: int) -> None:
        self._endpoint.perform(self._stack.refuse_refer(leg, status, self._endpoint.now))

    def notify_refer(self, leg: LegId, status: int, reason: str = "") -> None:
        self._endpoint.perform(self._stack.notify_refer(leg, status, self._endpoint.now, reason))

    def note(self, leg: LegId, extra: bytes) -> None:
        self._endpoint.perform(self._stack.note(leg, extra))

    def is_registered(self, aor: str) -> bool:
        return self._stack.is_registered(aor, self._endpoint.now)
