"""Registering at the server, refreshed in time and given back at the end.

Overridden, because pyVoIP 1.6.8 waits for the answer inside the sending call, with its one socket
locked, and so loses calls that come meanwhile.
"""

import threading
from collections.abc import Callable

from callcenter.demo.pyvoip_phone import protocol
from callcenter.demo.pyvoip_phone.sip import SteadySip, WideMessage, authorization
from foundation.clock import monotonic_s

EXPIRES_S = 120
LEAVE_WITHIN_S = 1.0
"How long the phone waits at its end for the server to forget it."


class Registration:
    """One binding; `begin`, then `take` for each answer and `tick` now and then."""

    def __init__(self, sip: SteadySip, tell: Callable[[protocol.Event], None]) -> None:
        self._sip = sip
        self._tell = tell
        self._call_id = ""
        self._cseq = 0
        self._expires_s = EXPIRES_S
        self._proved = False
        self._refresh_at: float | None = None
        self._left = threading.Event()

    def begin(self) -> None:
        self._call_id = self._call_id or self._sip.gen_call_id()
        self._proved = False
        self._send()

    def leave(self) -> None:
        """Called without the phone's lock: the answers come in by its other thread."""
        if self._refresh_at is not None:
            self._expires_s = 0
            self.begin()
            self._left.wait(LEAVE_WITHIN_S)

    def tick(self, now: float) -> None:
        if self._refresh_at is not None and now >= self._refresh_at and self._expires_s:
            self._refresh_at = now + EXPIRES_S / 2
            self.begin()

    def take(self, response: WideMessage) -> None:
        status = int(response.status)
        if status in (401, 407) and not self._proved:
            self._proved = True
            proof = authorization(
                response, "REGISTER", self._uri, self._sip.username, self._sip.password
            )
            self._send(proof)
        elif status == 200:
            self._on_accepted()
        elif status >= 300:
            self._tell(protocol.Trouble(f"the server refused the registration with {status}"))

    def _on_accepted(self) -> None:
        if not self._expires_s:
            self._left.set()
            return
        first = self._refresh_at is None
        self._refresh_at = monotonic_s() + EXPIRES_S / 2
        if first:
            self._tell(protocol.Registered())

    @property
    def _uri(self) -> str:
        return f"sip:{self._sip.server}"

    def _send(self, proof: str = "") -> None:
        branch = self._sip.gen_branch()
        self._cseq += 1
        address = f"<sip:{self._sip.username}@{self._sip.server}>"
        headers = f"From: {address};tag={self._sip.tagLibrary['register']}\r\n"
        headers += f"To: {address}\r\nCall-ID: {self._call_id}\r\n"
        more = f"{self._sip.own_contact()}Expires: {self._expires_s}\r\n{proof}"
        self._sip.ask(
            self._sip.request("REGISTER", self._uri, headers, self._cseq, branch, more), branch
        )
