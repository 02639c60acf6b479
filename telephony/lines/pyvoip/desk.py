"""pyVoIP's phone with the dialogs put right: calls that come in, and requests inside calls.

Overridden, because pyVoIP 1.6.8 waits a second before it rings, answers a cancelled call, leaves
OPTIONS and INFO without an answer, and takes each re-INVITE for a new call.

    INVITE ─▶ RINGING ── 200 ──▶ ANSWERED ── BYE either way ─▶ ENDED ─ 32 s ─▶ forgotten
                 └─ CANCEL or refusal ───────────────────────▶ ENDED

What happens at each step is for the heirs to say: the `on_…` methods.
"""

import re

from pyVoIP.VoIP import CallState, VoIPPhone

from telephony.lines.pyvoip.again import LIFE_S
from telephony.lines.pyvoip.call import DeskCall, Dialog
from telephony.lines.pyvoip.sip import Address, SteadySip, WideMessage

REQUEST_TERMINATED = 487


class CallDesk(VoIPPhone):  # type: ignore[misc]  # pyVoIP is untyped here
    """Base of phones; the socket's reader calls `on_message` and `on_tick`."""

    sip: SteadySip

    def __init__(
        self, server: str, port: int, user: str, password: str, local_ip: str, sip_port: int
    ) -> None:
        super().__init__(server, port, user, password, myIP=local_ip, sipPort=sip_port)
        self.sip = SteadySip(server, port, user, password, self, local_ip, sip_port)
        self.sip.on_message = self.on_message
        self.sip.on_given_up = self.on_given_up
        self.sip.on_tick = self.on_tick
        self._ended: list[DeskCall] = []

    # -- for the heirs ---------------------------------------------------------------------------

    def on_new_call(self, invite: WideMessage, source: Address, tag: str) -> None:
        raise NotImplementedError

    def on_reinvite(self, call: DeskCall, request: WideMessage, source: Address) -> None:
        raise NotImplementedError

    def on_digit(self, call: DeskCall, digit: str) -> None:
        """By SIP INFO."""

    def on_ended(self, call: DeskCall, by: str, status: int, reason: str) -> None:
        """Once for each call. `by`: peer or us; `reason`: the Reason header of who ended it."""

    def on_response(self, response: WideMessage) -> None:
        """The answers to requests of ours."""

    # -- messages --------------------------------------------------------------------------------

    def on_message(self, message: WideMessage, source: Address) -> None:
        if not message.is_request:
            self.on_response(message)
            return
        call = self.calls.get(message.call_id)
        is_new = message.method == "INVITE" and ";tag=" not in message.raw_header("To")
        if is_new and (call is None or call.state == CallState.ENDED):
            tag = self.sip.tagLibrary[message.call_id] = self.sip.gen_tag()
            self.on_new_call(message, source, tag)
            if message.call_id not in self.calls:
                del self.sip.tagLibrary[message.call_id]  # refused at once: nothing is kept
        elif is_new:
            # The same call by another way (RFC 3261 8.2.2.2).
            self.sip.answer(message, source, 482, self.sip.tagLibrary[message.call_id])
        elif call is not None:
            self._on_request_in_call(call, message, source)
        elif message.method != "ACK":
            status = 200 if message.method == "OPTIONS" else 481
            self.sip.answer(message, source, status, self.sip.gen_tag())

    @staticmethod
    def dialog_of(invite: WideMessage, source: Address, tag: str) -> Dialog:
        return Dialog(
            us=f"{invite.raw_header('To')};tag={tag}",
            peer=invite.raw_header("From"),
            target=invite.target(),
            cseq=0,
            branch=invite.branch,
            source=source,
            routes=invite.raw_headers("Record-Route"),
        )

    def _on_request_in_call(self, call: DeskCall, request: WideMessage, source: Address) -> None:
        tag = self.sip.tagLibrary[call.call_id]
        match request.method:
            case "INVITE" if call.state == CallState.ENDED:
                self.sip.answer(request, source, 481, tag)
            case "INVITE":
                self.on_reinvite(call, request, source)
            case "CANCEL":
                self._on_cancel(call, request, source, tag)
            case "BYE":
                self.sip.again.stop(request.call_id)  # a 200 whose ACK was lost, or crosses this
                self.sip.answer(request, source, 200, tag)
                if call.state == CallState.RINGING:  # RFC 3261 15.1.2
                    self.sip.answer(call.request, source, REQUEST_TERMINATED, tag)
                self.end(call, "peer", reason=request.raw_header("Reason"))
            case "INFO":
                self.sip.answer(request, source, 200, tag)
                self._on_info(call, request)
            case "OPTIONS":
                self.sip.answer(request, source, 200, tag)
            case "ACK":
                pass
            case _:
                self.sip.answer(request, source, 405, tag)

    def _on_cancel(self, call: DeskCall, cancel: WideMessage, source: Address, tag: str) -> None:
        self.sip.answer(cancel, source, 200, tag)
        if call.state == CallState.RINGING and cancel.branch == call.dialog.branch:
            self.sip.answer(call.request, source, REQUEST_TERMINATED, tag)
            reason = cancel.raw_header("Reason")
            self.end(call, "peer", REQUEST_TERMINATED, reason)

    def _on_info(self, call: DeskCall, info: WideMessage) -> None:
        """application/dtmf-relay says `Signal=5`, application/dtmf just `5`."""
        body = info.raw.partition(b"\r\n\r\n")[2].decode("ascii", "replace")
        found = re.search(r"Signal\s*=\s*([0-9A-D*#])|\A\s*([0-9A-D*#])\s*\Z", body)
        if found:
            self.on_digit(call, found.group(1) or found.group(2))

    # -- requests of ours ------------------------------------------------------------------------

    def send_bye(self, call: DeskCall, more: str = "") -> None:
        """`more`: header lines, each with its end."""
        dialog, branch = call.dialog, self.sip.gen_branch()
        dialog.cseq += 1
        headers = dialog.headers(call.call_id)
        bye = self.sip.request("BYE", dialog.target, headers, dialog.cseq, branch, more)
        self.sip.ask(bye, branch)

    def on_given_up(self, key: str) -> None:
        """Nobody answered for 32 s: the call is over, whichever request it was."""
        for call in list(self.calls.values()):
            if key in (call.dialog.branch, call.call_id):
                self.end(call, "peer", 408)

    # -- the end ---------------------------------------------------------------------------------

    def end(self, call: DeskCall, by: str, status: int = 0, reason: str = "") -> None:
        if call.state == CallState.ENDED:
            return
        call.close()
        self._ended.append(call)
        self.on_ended(call, by, status, reason)

    def on_tick(self, now: float) -> None:
        for call in self._ended:
            call.ended_at = now if call.ended_at is None else call.ended_at
        while self._ended and now - (self._ended[0].ended_at or now) >= LIFE_S:
            self._forget(self._ended.pop(0))

    def _forget(self, call: DeskCall) -> None:
        if self.calls.get(call.call_id) is call:
            del self.calls[call.call_id]
            self.sip.tagLibrary.pop(call.call_id, None)
