"""Registering at the server: refreshed in time, tried again with patience, given back at the end.

    begin ─▶ ASKING ── 200 ──▶ HELD ── half of the granted time ──▶ ASKING
               │ 401, 407: once more with credentials
               └─ refusal, silence: `Lost` is told once, ASKING again after 2, 5, 10 … 120 s

Overridden, because pyVoIP 1.6.8 waits for the answer inside the sending call, with its one socket
locked, and so loses calls that come meanwhile; and it gives up for good after a few failures.
"""

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from telephony.lines.pyvoip.sip import SteadySip, WideMessage, authorization

EXPIRES_S = 120
LONGEST_EXPIRES_S = 3600
RETRY_S = (2.0, 5.0, 10.0, 30.0, 60.0, 120.0)
"Pauses after failures in a row, the last one for ever."
ANSWER_WITHIN_S = 10.0
"Sooner than timer F (32 s), for until then nobody knows that callers do not reach us."
LEAVE_WITHIN_S = 1.0
"How long a phone waits at its end for the server to forget it."


@dataclass(frozen=True, slots=True)
class Registered:
    """The server holds us: told at first and after each loss, not at a refresh."""


@dataclass(frozen=True, slots=True)
class Lost:
    """The server does not hold us, or not for much longer."""

    why: str
    "A sentence."


News: TypeAlias = Registered | Lost


class Registration:
    """One binding; `begin`, then `take` for each answer and `tick` now and then."""

    def __init__(self, sip: SteadySip, tell: Callable[[News], None]) -> None:
        self._sip = sip
        self._tell = tell
        self._call_id = ""
        self._cseq = 0
        self._branch = ""
        self._expires_s = EXPIRES_S
        self._proved = False
        self._failures = 0
        self._next_at: float | None = None
        self._asked_at: float | None = None
        "Since when an answer is waited for, as `tick` saw it."
        self._told: News | None = None
        self._is_leaving = False
        self._left = threading.Event()

    @property
    def is_held(self) -> bool:
        return isinstance(self._told, Registered)

    def begin(self) -> None:
        self._call_id = self._call_id or self._sip.gen_call_id()
        self._proved = False
        self._next_at = None
        self._send()

    def leave(self) -> None:
        """Give the binding back, if there is one; `wait_left` waits for the answer."""
        if self.is_held:
            self._is_leaving = True
            self.begin()
        else:
            self._left.set()

    def wait_left(self) -> None:
        """For threads; called without the phone's lock, for the answer comes by another one."""
        self._left.wait(LEAVE_WITHIN_S)

    @property
    def has_left(self) -> bool:
        return self._left.is_set()

    def tick(self, now: float) -> None:
        if self._branch and self._asked_at is None:
            self._asked_at = now
        if self._branch and now - (self._asked_at or now) >= ANSWER_WITHIN_S:
            self._sip.again.stop(self._branch)
            self.fail("the server does not answer", now)
        if self._next_at is not None and now >= self._next_at and not self._is_leaving:
            self.begin()

    def take(self, response: WideMessage, now: float) -> None:
        status = int(response.status)
        if response.branch != self._branch or status < 200:
            return
        if status in (401, 407) and not self._proved and (proof := self._proof(response)):
            self._proved = True
            self._send(proof)
        elif status < 300:
            self._on_accepted(response, now)
        else:
            self._on_refused(response, status, now)

    def fail(self, why: str, now: float) -> None:
        """Told when it is news; the next attempt comes after a pause."""
        self._branch = ""
        if self._is_leaving:
            self._left.set()
            return
        pause_s = RETRY_S[min(self._failures, len(RETRY_S) - 1)]
        self._failures += 1
        self._next_at = now + pause_s
        if self._told != Lost(why):
            self._told = Lost(why)
            self._tell(self._told)

    def _on_accepted(self, response: WideMessage, now: float) -> None:
        self._branch = ""
        if self._is_leaving:
            self._told = None
            self._left.set()
            return
        self._failures = 0
        self._next_at = now + _granted_s(response, self._sip.own_contact(), self._expires_s) / 2
        if not self.is_held:
            self._told = Registered()
            self._tell(self._told)

    def _on_refused(self, response: WideMessage, status: int, now: float) -> None:
        text = response.raw_header("Min-Expires")
        least_s = int(text) if text.isascii() and text.isdigit() else 0
        if status == 423 and self._expires_s < least_s <= LONGEST_EXPIRES_S:
            self._expires_s = least_s
            self.begin()
        else:
            self.fail(f"the server refused the registration with {status}", now)

    @property
    def _uri(self) -> str:
        return f"sip:{self._sip.server}"

    def _proof(self, response: WideMessage) -> str:
        sip = self._sip
        return authorization(response, "REGISTER", self._uri, sip.username, sip.password)

    def _send(self, proof: str = "") -> None:
        self._branch, self._asked_at = self._sip.gen_branch(), None
        self._cseq += 1
        address = f"<sip:{self._sip.username}@{self._sip.server}>"
        headers = f"From: {address};tag={self._sip.tagLibrary['register']}\r\n"
        headers += f"To: {address}\r\nCall-ID: {self._call_id}\r\n"
        expires_s = 0 if self._is_leaving else self._expires_s
        more = f"{self._sip.own_contact()}Expires: {expires_s}\r\n{proof}"
        request = self._sip.request("REGISTER", self._uri, headers, self._cseq, self._branch, more)
        self._sip.ask(request, self._branch)


def _granted_s(response: WideMessage, own_contact: str, asked_s: int) -> float:
    """RFC 3261 10.3: with our Contact, or for all of them, or what we asked for."""
    own = re.search(r"<([^>]*)>", own_contact)
    assert own is not None
    contacts = ",".join(response.raw_headers("Contact"))
    found = re.search(re.escape(own.group(1)) + r"[^,]*?;\s*expires=(\d+)", contacts, re.I)
    text = found.group(1) if found else response.raw_header("Expires")
    granted = int(text) if text.isdigit() else asked_s
    return max(1.0, float(min(granted, LONGEST_EXPIRES_S)))
