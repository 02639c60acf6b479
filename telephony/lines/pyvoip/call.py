"""pyVoIP's call, put right, and the dialog around it.

Overridden, because pyVoIP 1.6.8 knows no dialog (it invents tags and has no route), and releases
the ports of other calls when one is collected.
"""

from dataclasses import dataclass, field

from pyVoIP.VoIP import CallState, VoIPCall

from telephony.lines.pyvoip.sip import Address


@dataclass(slots=True)
class Dialog:
    """What requests inside the call are made of."""

    us: str
    "From in our requests, with our tag."
    peer: str
    "To in our requests, with the peer's tag once known."
    target: str
    cseq: int
    branch: str
    "Of our INVITE, or of the peer's."
    source: Address = ("", 0)
    "Where the peer's INVITE came from."
    routes: list[str] = field(default_factory=list)
    "Record-Route items in the order in which requests of ours name them."
    provisional: bool = False
    ack: str = ""
    cancelled: bool = False
    proved: bool = False
    "The INVITE was sent again with credentials."

    def headers(self, call_id: str) -> str:
        routes = "".join(f"Route: {route}\r\n" for route in self.routes)
        return f"{routes}From: {self.us}\r\nTo: {self.peer}\r\nCall-ID: {call_id}\r\n"


class DeskCall(VoIPCall):  # type: ignore[misc]  # pyVoIP is untyped here
    """pyVoIP's call with its dialog; audio is the heirs' business."""

    dialog: Dialog
    state: CallState
    ended_at: float | None = None
    "The dialog stays known for a while, so that what is sent again is answered."

    def close(self) -> None:
        self.state = CallState.ENDED
        for client in self.RTPClients:
            client.stop()

    def __del__(self) -> None:
        """pyVoIP releases ports here; ours are sockets that `close` has closed."""
