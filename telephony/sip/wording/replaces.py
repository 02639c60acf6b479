"""Replaces (RFC 3891): the name of a dialog that a new call is to stand in for.

It stands in an INVITE, or escaped in the Refer-To of a REFER whose receiver is to send such an
INVITE (RFC 3515). In both the tags are said from the view of whoever keeps the named dialog and
gets the INVITE: `to_tag` is that side's own, `from_tag` that of the other party. We are that side.
"""

from dataclasses import dataclass

from telephony.sip.wording.errors import SipParseError
from telephony.sip.wording.headers import find_param, parse_params
from telephony.sip.wording.message import Request, is_utf8


@dataclass(frozen=True, slots=True)
class Replaces:
    """A dialog as its keeper knows it."""

    call_id: str
    to_tag: str
    "The keeper's."
    from_tag: str
    "The other party's."
    is_early_only: bool = False
    "The dialog is meant only as long as it has no final answer."

    @classmethod
    def parse(cls, text: str) -> "Replaces":
        call_id, semicolon, rest = text.strip().partition(";")
        call_id = call_id.strip()
        params = parse_params(semicolon + rest)
        to_tag, from_tag = find_param(params, "to-tag"), find_param(params, "from-tag")
        if not call_id or not is_utf8(text) or any(char.isspace() for char in call_id):
            raise SipParseError("the Replaces names no Call-ID")
        if not to_tag or not from_tag or len(params) > len({name.lower() for name, _ in params}):
            raise SipParseError("the Replaces does not name each tag once")
        return cls(call_id, to_tag, from_tag, find_param(params, "early-only") is not None)

    def __str__(self) -> str:
        tail = ";early-only" if self.is_early_only else ""
        return f"{self.call_id};to-tag={self.to_tag};from-tag={self.from_tag}{tail}"


def read_replaces(invite: Request) -> Replaces | None:
    """RFC 3891 3: more than one makes the INVITE malformed."""
    lines = invite.values("replaces")
    if len(lines) > 1:
        raise SipParseError("there are several headers Replaces")
    return Replaces.parse(lines[0]) if lines else None
