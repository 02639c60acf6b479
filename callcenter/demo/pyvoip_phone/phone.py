"""The phone: one line, one call at a time, which a person uses.

Overridden, because pyVoIP 1.6.8 sends no ACK for a refusal and does not tell it, cannot cancel, and
hangs when the first answer to its INVITE is a final one.

    call() ─▶ DIALING ── 200 ─▶ ANSWERED ── BYE either way ─▶ ENDED
                 └─ refusal, or hang_up() ─ CANCEL ─ 487 ──────▶ ENDED
    INVITE ─▶ RINGING ── answer() ─▶ ANSWERED      (telephony.lines.pyvoip.desk)
                 └─ CANCEL or reject() ────────────────────────▶ ENDED
"""

import re
import socket
import threading
from collections.abc import Callable

from pyVoIP import RTP
from pyVoIP.VoIP import CallState

from callcenter.demo.pyvoip_phone import protocol
from callcenter.demo.pyvoip_phone.call import OFFER, PhoneError, SteadyCall
from callcenter.demo.pyvoip_phone.rtp import AudioEvents
from foundation.clock import monotonic_s
from telephony.lines.pyvoip import registration
from telephony.lines.pyvoip.call import DeskCall, Dialog
from telephony.lines.pyvoip.desk import CallDesk
from telephony.lines.pyvoip.sip import Address, WideMessage, authorization


class PyVoipPhone(CallDesk):
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
        super().__init__(server, port, user, password, local_ip, sip_port)
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
        self._registration = registration.Registration(self.sip, self._on_registration)

    # -- what a person does with the phone -------------------------------------------------------

    def start(self) -> None:
        self.sip.start()
        self.NSD = True

    def stop(self) -> None:
        self.hang_up_if_up()
        with self._lock:
            self._registration.leave()
        self._registration.wait_left()
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
            self.end(call, "us", status)

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
                self.send_bye(self._call)
                self.end(self._call, "us")

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

    def on_message(self, message: WideMessage, source: Address) -> None:
        with self._lock:
            super().on_message(message, source)

    def on_new_call(self, invite: WideMessage, source: Address, tag: str) -> None:
        if self._call is not None:
            self.sip.answer(invite, source, 486, tag)
            return
        try:
            call = SteadyCall(self, CallState.RINGING, invite, 1, self.myIP, sendmode="sendrecv")
            call.audio  # noqa: B018  # raises without a codec of ours
        except (KeyError, PhoneError, RTP.RTPParseError):
            self.sip.answer(invite, source, 488, tag)  # offerless, or nothing but other codecs
            return
        call.dialog = self.dialog_of(invite, source, tag)
        self._call = self._last = self.calls[invite.call_id] = call
        self.sip.answer(invite, source, 180, tag)
        self._tell(protocol.Incoming(invite.headers["From"]["number"] or ""))
        if self._auto_answer:
            self.answer()

    def on_reinvite(self, call: DeskCall, request: WideMessage, source: Address) -> None:
        assert isinstance(call, SteadyCall)
        call.request = request
        direction = call.retarget(request)
        tag = self.sip.tagLibrary[call.call_id]
        self.sip.answer(request, source, 200, tag, call.sdp_answer(direction))

    def on_digit(self, call: DeskCall, digit: str) -> None:
        self._tell(protocol.Digit(digit))

    def on_response(self, response: WideMessage) -> None:
        status, method = int(response.status), response.headers["CSeq"]["method"]
        if method == "REGISTER":
            self._registration.take(response, monotonic_s())
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
            dialog.routes = response.raw_headers("Record-Route")[::-1]
            dialog.ack = self.sip.request(
                "ACK", dialog.target, dialog.headers(call.call_id), dialog.cseq,
                self.sip.gen_branch(),
            )  # fmt: skip
        self.sip.send(dialog.ack)
        if call.state != CallState.DIALING:
            return  # the 200 again: our ACK was lost
        call.take_answer(response)
        if dialog.cancelled:  # the 200 and our CANCEL crossed
            self.send_bye(call)
            self.end(call, "us")
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
            self.end(call, "us" if dialog.cancelled else "peer", status)

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

    def on_tick(self, now: float) -> None:
        with self._lock:
            super().on_tick(now)
            self._registration.tick(now)

    def on_given_up(self, key: str) -> None:
        with self._lock:
            super().on_given_up(key)

    def on_ended(self, call: DeskCall, by: str, status: int, reason: str) -> None:
        if self._call is call:
            self._call = None
        self._tell(protocol.Ended(by, status))

    def _on_registration(self, news: registration.News) -> None:
        if isinstance(news, registration.Registered):
            self._tell(protocol.Registered())
        else:
            self._tell(protocol.Trouble(news.why))
