"""The one error that bytes from the network can cause in this package."""

from __future__ import annotations

from typing import TYPE_CHECKING

from foundation.errors import RemoteError

if TYPE_CHECKING:
    from telephony.sip.wording.message import Request


class SipParseError(RemoteError):
    """The bytes are no SIP message, or one of its headers breaks the grammar.

    `request` is what could be read of a request all the same: enough to answer it with
    `sip_status` when Via, From, To, Call-ID and CSeq are there.
    """

    def __init__(self, sentence: str, status: int = 400, request: Request | None = None) -> None:
        super().__init__(sentence)
        self.sip_status = status
        self.request = request
