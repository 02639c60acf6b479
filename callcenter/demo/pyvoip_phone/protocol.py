"""The phone process's two languages: commands in, events out, one JSON object a line.

{"do": "call", "number": "8000"}          {"event": "answered"}
{"do": "press", "digits": "1"}            {"event": "ended", "by": "peer", "status": 0}
"""

from typing import TypeAlias

import msgspec


class _Command(msgspec.Struct, frozen=True, tag_field="do", tag=str.lower):
    """Base of all commands; the class name in small letters is the tag."""


class Register(_Command, frozen=True):
    """Register with the server; `Registered` or `Trouble` follows."""


class Call(_Command, frozen=True):
    """INVITE; `Ringing`, then `Answered` or `Ended` follow."""

    number: str


class Answer(_Command, frozen=True):
    """Take the ringing call; `Answered` follows."""


class Reject(_Command, frozen=True):
    """Refuse the ringing call; `Ended` follows."""

    status: int = 486


class Play(_Command, frozen=True):
    """Say an 8 kHz mono 16-bit WAV after what is being said; `Played` follows."""

    file: str


class Press(_Command, frozen=True):
    """Send RFC 4733 digits."""

    digits: str


class Save(_Command, frozen=True):
    """Write what was heard in the last call to a WAV; `Saved` follows."""

    file: str


class Hangup(_Command, frozen=True):
    """BYE, or CANCEL while it rings; `Ended` follows."""


class Quit(_Command, frozen=True):
    """Hang up, unregister and end the process."""


Command: TypeAlias = Register | Call | Answer | Reject | Play | Press | Save | Hangup | Quit


class _Event(msgspec.Struct, frozen=True, tag_field="event", tag=str.lower):
    """Base of all events."""


class Registered(_Event, frozen=True):
    pass


class Incoming(_Event, frozen=True):
    """Somebody calls; 180 is already sent. With auto-answer, `Answered` follows at once."""

    caller: str


class Ringing(_Event, frozen=True):
    """180 or 183 came; `early` when it brought SDP, so that announcements are heard already."""

    early: bool = False


class Answered(_Event, frozen=True):
    """Both talk: our 200 was sent, or the peer's came."""


class Ended(_Event, frozen=True):
    """The call is over. `by` is "peer" or "us"; `status` is the refusing answer, else 0."""

    by: str
    status: int = 0


class Digit(_Event, frozen=True):
    """The peer pressed a key, by RFC 4733 or SIP INFO."""

    digit: str


class Played(_Event, frozen=True):
    """Everything that was to be said has been said."""


class Saved(_Event, frozen=True):
    file: str
    seconds: float


class Trouble(_Event, frozen=True):
    """The last command could not be done, as a sentence."""

    sentence: str


Event: TypeAlias = (
    Registered | Incoming | Ringing | Answered | Ended | Digit | Played | Saved | Trouble
)
