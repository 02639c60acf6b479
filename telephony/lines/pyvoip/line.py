"""pyVoIP's phone as a line: many calls, no threads; the loop reads its socket and ticks it.

    PBX ─▶ INVITE ─▶ 100 ─▶ `on_invited` ─▶ progress … accept or refuse ─▶ hang_up
                              re-INVITE ─▶ 100 ─▶ `on_call(PbxReoffered)` ─▶ accept or refuse

Overridden, because pyVoIP 1.6.8 reads only the simplest SDP, knows three threads for each call, and
takes calls from anybody who finds its port.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress

from pyVoIP.VoIP import CallState

from foundation.clock import monotonic_s
from telephony.lines import carried
from telephony.lines.kept import KeptCall
from telephony.lines.pyvoip.call import DeskCall
from telephony.lines.pyvoip.desk import REQUEST_TERMINATED, CallDesk
from telephony.lines.pyvoip.registration import News, Registration
from telephony.lines.pyvoip.sip import Address, PlainMessage, SteadySip, WideMessage
from telephony.lines.reasons import reason_text
from telephony.sip.wording.compose import reason_line

BAD_EXTENSION = 420
PENDING = 491
MOST_AT_ONCE = 50
MOST_ADDRESSES = 64
RESTARTED = "the line was started again"


class LineSip(SteadySip):
    """Bodies are `telephony.lines.descriptions`' business; strangers are nobody's."""

    message_type = PlainMessage
    addresses: frozenset[str] = frozenset()
    "All IPv4 addresses of the server's name: it may send from any of them."

    def open(self) -> None:
        super().open()
        self.s.setblocking(False)

    def use_addresses(self, addresses: Sequence[str]) -> None:
        """What the server's name says now; calls from an older address go on."""
        before = self.addresses if len(self.addresses) < MOST_ADDRESSES else frozenset()
        self.addresses = before | frozenset(addresses)
        self.resolved = self.resolved if self.resolved in addresses else addresses[0]

    def read_some(self) -> None:
        """What is there, but no more than others can wait for."""
        with suppress(BlockingIOError):
            for _ in range(MOST_AT_ONCE):
                self.read()

    def _receive(self, data: bytes, source: Address) -> None:
        # Whoever else finds the port gets neither in nor an answer, and costs nothing.
        if source[0] in self.addresses:
            super()._receive(data, source)

    def _send_bytes(self, datagram: bytes, to: Address) -> None:
        with suppress(OSError):  # lost, as a network may lose it; it is sent again
            super()._send_bytes(datagram, to)


class LineCall(DeskCall):
    """One call of the line; its audio goes through a relay."""

    first: WideMessage
    "The INVITE that began it."
    waiting: WideMessage | None = None
    "The INVITE or re-INVITE that has no final answer."

    @property
    def kept(self) -> KeptCall:
        return KeptCall(
            bytes(self.first.raw),
            self.dialog.source,
            self.phone.sip.tagLibrary[self.call_id],
            self.state == CallState.ANSWERED,
        )


class PyVoipLine(CallDesk):
    """See the module; `on_…` are called while the socket is read or ticked."""

    sip: LineSip

    def __init__(
        self,
        server: str,
        port: int,
        user: str,
        password: str,
        local_ip: str,
        sip_port: int,
        *,
        on_invited: Callable[[LineCall], None],
        on_call: Callable[[str, carried.Given], None],
        on_digit: Callable[[str, str], None],
        on_registration: Callable[[News], None],
    ) -> None:
        """on_digit: Call-ID and key, by SIP INFO."""
        super().__init__(server, port, user, password, local_ip, sip_port)
        self.sip = LineSip(server, port, user, password, self, local_ip, sip_port)
        self.sip.on_message = self.on_message
        self.sip.on_given_up = self.on_given_up
        self.sip.on_tick = self.on_tick
        self.registration = Registration(self.sip, on_registration)
        self._on_invited = on_invited
        self._on_call = on_call
        self._on_info_digit = on_digit

    # -- verbs -----------------------------------------------------------------------------------

    def progress(self, call_id: str, status: int, sdp: str) -> None:
        call = self._find(call_id)
        if call is not None and call.state == CallState.RINGING:
            self._answer(call, call.first, status, sdp)

    def accept(self, call_id: str, sdp: str) -> None:
        """200 to the INVITE or re-INVITE that waits."""
        call = self._find(call_id)
        if call is not None and call.waiting is not None:
            call.state = CallState.ANSWERED
            waiting, call.waiting = call.waiting, None
            self._answer(call, waiting, 200, sdp)

    def refuse(self, call_id: str, status: int) -> None:
        """A refused re-INVITE leaves the call as it is."""
        call = self._find(call_id)
        if call is None or call.waiting is None:
            return
        waiting, call.waiting = call.waiting, None
        self._answer(call, waiting, status)
        if call.state == CallState.RINGING:
            self.end(call, "us", status)

    def hang_up(self, call_id: str, reason: str = "") -> None:
        call = self._find(call_id)
        if call is None:
            return
        if call.waiting is not None:
            self._answer(call, call.waiting, carried.UNAVAILABLE)
        if call.state == CallState.ANSWERED:
            lines = reason_line("Q.850", 16, reason) if reason else []
            self.send_bye(call, "".join(f"{name}: {value}\r\n" for name, value in lines))
        self.end(call, "us")

    def finish(self, kept: KeptCall) -> None:
        """End a call of a process before us: BYE, or a refusal when nobody had answered."""
        invite = PlainMessage(kept.invite)
        self.sip.tagLibrary[invite.call_id] = kept.tag
        call = self._make_call(invite, kept.source, kept.tag)
        if kept.is_answered:
            call.state, call.waiting = CallState.ANSWERED, None
        self.hang_up(call.call_id, RESTARTED)

    # -- what the PBX does -----------------------------------------------------------------------

    def on_new_call(self, invite: WideMessage, source: Address, tag: str) -> None:
        required = invite.raw_header("Require")
        if required:  # 100rel and whatever else: pyVoIP knows no extension
            unsupported = f"Unsupported: {required}\r\n"
            self.sip.answer(invite, source, BAD_EXTENSION, tag, more=unsupported)
            return
        call = self._make_call(invite, source, tag)
        self._answer(call, invite, 100)
        self._on_invited(call)

    def on_reinvite(self, call: DeskCall, request: WideMessage, source: Address) -> None:
        assert isinstance(call, LineCall)
        call.dialog.source = source
        if call.waiting is not None:
            self._answer(call, request, PENDING)
            return
        call.dialog.target = request.target() or call.dialog.target
        call.waiting = request
        self._answer(call, request, 100)
        assert isinstance(request, PlainMessage)
        sdp = request.raw_body.decode(errors="replace")
        self._on_call(call.call_id, carried.PbxReoffered(sdp))

    def on_digit(self, call: DeskCall, digit: str) -> None:
        self._on_info_digit(call.call_id, digit)

    def on_ended(self, call: DeskCall, by: str, status: int, reason: str) -> None:
        assert isinstance(call, LineCall)
        if by == "us":
            return
        if call.waiting not in (None, call.first):
            assert call.waiting is not None
            self._answer(call, call.waiting, REQUEST_TERMINATED)  # RFC 3261 15.1.2
        if status == 408:
            # It may hear us all the same, and would hold the call for ever.
            self.send_bye(call)
            self._on_call(call.call_id, carried.PbxVanished())
        else:
            self._on_call(call.call_id, carried.PbxHungUp(reason_text(reason)))

    def on_response(self, response: WideMessage) -> None:
        if response.headers["CSeq"]["method"] == "REGISTER":
            self.registration.take(response, monotonic_s())

    def on_tick(self, now: float) -> None:
        super().on_tick(now)
        self.registration.tick(now)

    # -- inside ----------------------------------------------------------------------------------

    def _make_call(self, invite: WideMessage, source: Address, tag: str) -> LineCall:
        call = LineCall(self, CallState.RINGING, invite, 1, self.myIP, sendmode="sendrecv")
        call.first = call.waiting = invite
        call.dialog = self.dialog_of(invite, source, tag)
        self.calls[invite.call_id] = call
        return call

    def _find(self, call_id: str) -> LineCall | None:
        call = self.calls.get(call_id)
        return call if isinstance(call, LineCall) and call.state != CallState.ENDED else None

    def _answer(self, call: LineCall, request: WideMessage, status: int, sdp: str = "") -> None:
        tag = self.sip.tagLibrary[call.call_id]
        self.sip.answer(request, call.dialog.source, status, tag, sdp)
