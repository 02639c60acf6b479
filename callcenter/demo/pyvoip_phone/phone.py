"""The phone: pyVoIP's phone with the dialogs put right.

Overridden, because pyVoIP 1.6.8 waits a second before it rings, answers a cancelled call, sends no
ACK for a refusal and does not tell it, cannot cancel, and hangs when the first answer to its INVITE
is a final one.

    call() ─▶ DIALING ── 200 ─▶ ANSWERED ── BYE either way ─▶ ENDED
                 └─ refusal, or hang_up() ─ CANCEL ─ 487 ──────▶ ENDED
    INVITE ─▶ RINGING ── answer() ─▶ ANSWERED
                 └─ CANCEL or reject() ────────────────────────▶ ENDED
"""

import re
import socket
import threading
from collections.abc import Callable

from pyVoIP import RTP
from pyVoIP.VoIP import CallState, VoIPPhone

from callcenter.demo.pyvoip_phone import protocol
from callcenter.demo.pyvoip_phone.call import OFFER, Dialog, PhoneError, SteadyCall
from callcenter.demo.pyvoip_phone.registration import Registration
from callcenter.demo.pyvoip_phone.rtp import AudioEvents
from callcenter.demo.pyvoip_phone.sip import Address, SteadySip, WideMessage, authorization


class PyVoipPhone(VoIPPhone):  # type: ignore[misc]  # pyVoIP is untyped here
    """A phone with one line; `on_event` is called from its threads."""

    def __init__(
        self,
        server: str,
        port: int,
        user: str,
        password: str,
        *,
        local_ip: str = "127.0.0.1",
        sip_port: int = 0,
        auto_answer: bool = False,
        on_event: Callable[[protocol.Event], None],
    ) -> None:
        super().__init__(server, port, user, password, myIP=local_ip, sipPort=sip_port)
        self.sip = SteadySip(server, port, user, password, self, local_ip, sip_port)
        self.sip.on_message = self._on_message
        self.sip.on_given_up = self._on_given_up
        self.sip.on_tick = self._on_tick
        self.sockets: dict[int, socket.socket] = {}
        self.audio_events = AudioEvents(
            played=lambda: on_event(protocol.Played()),
            digit=lambda digit: on_event(protocol.Digit(digit)),
        )
        self._auto_answer = auto_answer
        self._tell = on_event
        self._lock = threading.RLock()
        self._call: SteadyCall | None = None
        self._last: SteadyCall | None = None
        self._registration = Registration(self.sip, on_event)

    # -- what a person does with the phone -------------------------------------------------------

    def start(self) -> None:
        self.sip.start()
        self.NSD = True

    def stop(self) -> None:
        self.hang_up_if_up()
        self._registration.leave()
        self.NSD = False
        self.sip.stop()

    def register(self) -> None:
        with self._lock:
            self._registration.begin()

    def call(self, number: str) -> None:
        with self._lock:
            if self._call is not None:
                raise PhoneError("there is a call on this line already")
            ports = {self.request_port(): OFFER}
            call_id, branch = self.sip.gen_call_id(), self.sip.gen_branch()
            text = self.sip.gen_invite(
                number, "1", ports, RTP.TransmitType.SENDRECV, branch, call_id
            )
            invite = WideMessage(text.encode())
            call = SteadyCall(self, CallState.DIALING, invite, 1, self.myIP, ports, "sendrecv")
            call.dialog = Dialog(
                us=invite.raw_header("From"),
                peer=invite.raw_header("To"),
                target=f"sip:{number}@{self.server}",
                cseq=int(invite.headers["CSeq"]["check"]),
                branch=branch,
            )
            self._call = self._last = self.calls[call_id] = call
            self.sip.ask(text, branch)

    def answer(self) -> None:
        with self._lock:
            call = self._need(CallState.RINGING)
            call.audio.start()
            call.state = CallState.ANSWERED
            direction = call.retarget(call.request)
            tag = self.sip.tagLibrary[call.call_id]
            body = call.sdp_answer(direction)
            self.sip.answer(call.request, call.dialog.source, 200, tag, body)
        self._tell(protocol.Answered())

    def reject(self, status: int = 486) -> None:
        with self._lock:
            call = self._need(CallState.RINGING)
            tag = self.sip.tagLibrary[call.call_id]
            self.sip.answer(call.request, call.dialog.source, status, tag)
            self._end(call, "us", status)

    def hang_up(self) -> None:
        with self._lock:
            if self._call is None:
                raise PhoneError("there is no call to hang up")
            if self._call.state == CallState.DIALING:
                self._call.dialog.cancelled = True
                self._cancel_if_possible(self._call)
            elif self._call.state == CallState.RINGING:
                self.reject(486)
            else:
                self._send_bye(self._call)
                self._end(self._call, "us")

    def hang_up_if_up(self) -> None:
        with self._lock:
            if self._call is not None:
                self.hang_up()

    def play(self, pcm_8k: bytes) -> None:
        self._need(CallState.ANSWERED).audio.say(pcm_8k)

    def press(self, digits: str) -> None:
        audio = self._need(CallState.ANSWERED).audio
        if not audio.can_press():
            raise PhoneError("the peer takes no RFC 4733 digits")
        for digit in digits:
            audio.press(digit)

    def heard(self) -> bytes:
        """16-bit PCM at 8 kHz of the current or last call."""
        if self._last is None or not self._last.RTPClients:
            return b""
        return self._last.audio.heard.pcm()

    def _need(self, state: CallState) -> SteadyCall:
        if self._call is None or self._call.state != state:
            raise PhoneError(f"there is no call that is {state.value.lower()}")
        return self._call

    def request_port(self, blocking: bool = True) -> int:
        """An even port whose socket is open already: pyVoIP's guesses may be taken."""
        while True:
            rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            rtp.bind((self.myIP, 0))
            port = int(rtp.getsockname()[1])
            if port % 2 == 0:
                self.sockets[port] = rtp
                return port
            rtp.close()

    # -- messages from the server ----------------------------------------------------------------

    def _on_message(self, message: WideMessage, source: Address) -> None:
        with self._lock:
            if not message.is_request:
                self._on_response(message)
            elif message.call_id in self.calls:
                self._on_request_in_call(self.calls[message.call_id], message, source)
            elif message.method == "INVITE":
                self._on_new_call(message, source)
            elif message.method != "ACK":
                status = 200 if message.method == "OPTIONS" else 481
                self.sip.answer(message, source, status, self.sip.gen_tag())

    def _on_new_call(self, invite: WideMessage, source: Address) -> None:
        tag = self.sip.tagLibrary[invite.call_id] = self.sip.gen_tag()
        if self._call is not None:
            self.sip.answer(invite, source, 486, tag)
            return
        try:
            call = SteadyCall(self, CallState.RINGING, invite, 1, self.myIP, sendmode="sendrecv")
            call.audio  # noqa: B018  # raises without a codec of ours
        except (KeyError, PhoneError, RTP.RTPParseError):
            self.sip.answer(invite, source, 488, tag)  # offerless, or nothing but other codecs
            return
        call.dialog = Dialog(
            us=f"{invite.raw_header('To')};tag={tag}",
            peer=invite.raw_header("From"),
            target=invite.target(),
            cseq=0,
            branch=invite.branch,
            source=source,
        )
        self._call = self._last = self.calls[invite.call_id] = call
        self.sip.answer(invite, source, 180, tag)
        self._tell(protocol.Incoming(invite.headers["From"]["number"] or ""))
        if self._auto_answer:
            self.answer()

    def _on_request_in_call(self, call: SteadyCall, request: WideMessage, source: Address) -> None:
        tag = self.sip.tagLibrary[call.call_id]
        match request.method:
            case "INVITE":
                call.request = request
                direction = call.retarget(request)
                self.sip.answer(request, source, 200, tag, call.sdp_answer(direction))
            case "CANCEL":
                self._on_cancel(call, request, source, tag)
            case "BYE":
                self.sip.answer(request, source, 200, tag)
                self._end(call, "peer")
            case "INFO":
                self.sip.answer(request, source, 200, tag)
                self._on_info(request)
            case "OPTIONS":
                self.sip.answer(request, source, 200, tag)
            case "ACK":
                pass
            case _:
                self.sip.answer(request, source, 405, tag)

    def _on_cancel(self, call: SteadyCall, cancel: WideMessage, source: Address, tag: str) -> None:
        self.sip.answer(cancel, source, 200, tag)
        if call.state == CallState.RINGING and cancel.branch == call.dialog.branch:
            self.sip.answer(call.request, source, 487, tag)
            self._end(call, "peer", 487)

    def _on_info(self, info: WideMessage) -> None:
        """application/dtmf-relay says `Signal=5`, application/dtmf just `5`."""
        body = info.raw.split(b"\r\n\r\n", 1)[1].decode("ascii", "replace")
        found = re.search(r"Signal\s*=\s*([0-9A-D*#])|\A\s*([0-9A-D*#])\s*\Z", body)
        if found:
            self._tell(protocol.Digit(found.group(1) or found.group(2)))

    def _on_response(self, response: WideMessage) -> None:
        status, method = int(response.status), response.headers["CSeq"]["method"]
        if method == "REGISTER":
            self._registration.take(response)
        elif method == "INVITE" and response.call_id in self.calls:
            self._on_invite_answer(self.calls[response.call_id], response, status)

    def _on_invite_answer(self, call: SteadyCall, response: WideMessage, status: int) -> None:
        dialog = call.dialog
        if response.branch != dialog.branch or status == 100:
            dialog.provisional = dialog.provisional or response.branch == dialog.branch
            self._cancel_if_possible(call)
        elif status < 200:
            dialog.provisional = True
            call.take_answer(response)
            self._tell(protocol.Ringing(early=bool(call.RTPClients)))
            self._cancel_if_possible(call)
        elif status < 300:
            self._on_answered(call, response)
        else:
            self._on_refused(call, response, status)

    def _on_answered(self, call: SteadyCall, response: WideMessage) -> None:
        dialog = call.dialog
        if not dialog.ack:
            dialog.peer, dialog.target = response.raw_header("To"), response.target()
            dialog.ack = self.sip.request(
                "ACK", dialog.target, dialog.headers(call.call_id), dialog.cseq,
                self.sip.gen_branch(),
            )  # fmt: skip
        self.sip.send(dialog.ack)
        if call.state != CallState.DIALING:
            return  # the 200 again: our ACK was lost
        call.take_answer(response)
        if dialog.cancelled:  # the 200 and our CANCEL crossed
            self._send_bye(call)
            self._end(call, "us")
            return
        self._tell(protocol.Answered())

    def _on_refused(self, call: SteadyCall, response: WideMessage, status: int) -> None:
        # RFC 3261 17.1.1.3: the ACK for a refusal has the INVITE's branch and the answer's To.
        dialog = call.dialog
        uri = f"sip:{call.request.headers['To']['number']}@{self.server}"
        headers = (
            f"From: {dialog.us}\r\nTo: {response.raw_header('To')}\r\nCall-ID: {call.call_id}\r\n"
        )
        self.sip.send(self.sip.request("ACK", uri, headers, dialog.cseq, dialog.branch))
        if call.state != CallState.DIALING:
            return
        if status in (401, 407) and not dialog.proved:
            self._invite_with_credentials(call, response, uri)
        else:
            self._end(call, "us" if dialog.cancelled else "peer", status)

    def _invite_with_credentials(self, call: SteadyCall, response: WideMessage, uri: str) -> None:
        dialog = call.dialog
        before = dialog.branch
        dialog.proved, dialog.cseq, dialog.branch = True, dialog.cseq + 1, self.sip.gen_branch()
        proof = authorization(response, "INVITE", uri, self.username, self.password)
        text = str(call.request.raw.decode()).replace(before, dialog.branch, 1)
        text = re.sub(r"CSeq: \d+", f"CSeq: {dialog.cseq}", text, count=1)
        self.sip.ask(text.replace("User-Agent:", f"{proof}User-Agent:", 1), dialog.branch)

    # -- requests of ours ------------------------------------------------------------------------

    def _cancel_if_possible(self, call: SteadyCall) -> None:
        """RFC 3261 9.1: a CANCEL waits for the first provisional answer."""
        dialog = call.dialog
        if not (dialog.cancelled and dialog.provisional) or call.state != CallState.DIALING:
            return
        uri = f"sip:{call.request.headers['To']['number']}@{self.server}"
        headers = f"From: {dialog.us}\r\nTo: {call.request.raw_header('To')}\r\n"
        headers += f"Call-ID: {call.call_id}\r\n"
        self.sip.send(self.sip.request("CANCEL", uri, headers, dialog.cseq, dialog.branch))

    def _send_bye(self, call: SteadyCall) -> None:
        dialog, branch = call.dialog, self.sip.gen_branch()
        dialog.cseq += 1
        headers = dialog.headers(call.call_id)
        self.sip.ask(self.sip.request("BYE", dialog.target, headers, dialog.cseq, branch), branch)

    def _on_tick(self, now: float) -> None:
        with self._lock:
            self._registration.tick(now)

    def _on_given_up(self, key: str) -> None:
        """Nobody answered for 32 s: the call is over, whichever request it was."""
        with self._lock:
            call = self._call
            if call is not None and key in (call.dialog.branch, call.call_id):
                self._end(call, "peer", 408)

    def _end(self, call: SteadyCall, by: str, status: int = 0) -> None:
        """Told once; the dialog stays known, so that what is sent again is answered."""
        if call.state == CallState.ENDED:
            return
        call.close()
        if self._call is call:
            self._call = None
        self._tell(protocol.Ended(by, status))
