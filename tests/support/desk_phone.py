"""A softphone with the keys of a desk phone: hold, resume, transfer, and one law only."""

import asyncio
import re
from urllib.parse import quote

from callcenter.demo.phone_call import Call
from callcenter.demo.softphone import PhoneOptions, Softphone, _Endpoint
from foundation.ids import LegId
from telephony.media.agreeing.sdp import Direction
from telephony.media.sound.g711 import Law
from telephony.sip.dialog import Dialog, read_record
from telephony.sip.events import HostPort, SendDatagram
from telephony.sip.wording.compose import respond
from telephony.sip.wording.message import Request, Response, parse_message
from tests.support.tones import seconds_of_tone
from tools.ladder import Message

PAYLOAD_TYPES = {Law.PCMU: "0", Law.PCMA: "8"}


class DeskCall(Call):
    """A call of a phone that may know one law only."""

    law: Law | None = None

    def offer(self) -> bytes:
        return _only(self.law, super().offer().decode()).encode()

    def on_incoming(self, sdp: bytes) -> None:
        super().on_incoming(_only(self.law, sdp.decode()).encode())

    def offer_as(self, direction: Direction) -> bytes:
        """An offer for a re-INVITE."""
        text = _only(self.law, self._negotiation.offer("PCMU"))
        return re.sub(r"a=(sendrecv|sendonly|recvonly|inactive)", f"a={direction}", text).encode()

    def fall_silent(self) -> None:
        """Send no more audio; the port stays open."""
        if self._pump._timer is not None:
            self._pump._timer.cancel()

    def play_instead(self, pcm_8k: bytes) -> None:
        """Not after what is being said, but now."""
        self._pump._to_say.clear()
        self.play(pcm_8k)

    async def hears(
        self, freq_hz: float, seconds: float = 0.3, since_s: float = 0.0, within_s: float = 30.0
    ) -> None:
        """Until so much of this tone was heard after `since_s`."""
        async with asyncio.timeout(within_s):
            while self.heard_tone_s(freq_hz, since_s) < seconds:  # noqa: ASYNC110  # polls audio
                await asyncio.sleep(0.05)

    def heard_tone_s(self, freq_hz: float, since_s: float = 0.0) -> float:
        """How long of what was heard after `since_s` was this tone."""
        return seconds_of_tone(self.heard[2 * int(since_s * 8000) :], freq_hz)


class Transfer:
    """What the other side said of a REFER, and reported of what came of it (RFC 3515)."""

    def __init__(self) -> None:
        self.status = 0
        "Final answer to the REFER; 0 until it comes."
        self.reports: list[int] = []
        self._came = asyncio.Event()

    async def over(self, within_s: float = 30.0) -> int:
        """The status in which it ended: the refusal, or the last report."""
        async with asyncio.timeout(within_s):
            while not self._is_over():
                self._came.clear()
                await self._came.wait()
        return self.reports[-1] if self.reports else self.status

    def _is_over(self) -> bool:
        return self.status >= 300 or any(report >= 200 for report in self.reports)

    def take(self, status: int) -> None:
        if status >= 200:
            self.status = status
            self._came.set()

    def reported(self, sipfrag: bytes) -> None:
        self.reports.append(int(sipfrag.split()[1]))
        self._came.set()


class DeskPhone(Softphone):
    """Made by `opened`, as a `Softphone`."""

    law: Law | None = None
    "The only one it knows; None: both."

    def __init__(self, options: PhoneOptions) -> None:
        super().__init__(options)
        self._has_vanished = False
        self._rang: asyncio.Queue[DeskCall] = asyncio.Queue()
        self._transfers: dict[str, Transfer] = {}
        "By the Call-ID of the call that is to go on."
        # The softphone has no word for what it does not know.
        self._endpoint.receive = self._hear  # type: ignore[method-assign]
        self.on_incoming = self._ring

    async def rings(self, within_s: float = 30.0) -> DeskCall:
        """The next call that came in, ringing."""
        return await asyncio.wait_for(self._rang.get(), within_s)

    def _ring(self, call: Call) -> None:
        assert isinstance(call, DeskCall)
        self._rang.put_nowait(call)

    def vanish(self) -> None:
        """Out of power in the middle of everything: nothing is sent, nothing is answered.

        The sockets stay open, so that no ICMP error tells on it.
        """
        self._has_vanished = True
        for call in self.calls.values():
            assert isinstance(call, DeskCall)
            call.fall_silent()
        if self._timer is not None:
            self._timer.cancel()
        # Only here is a phone deaf, so the softphone has no word for it.
        self._endpoint.receive = lambda *_: None  # type: ignore[method-assign]

    async def _close(self) -> None:
        if not self._has_vanished:
            await super()._close()
            return
        for call in self.calls.values():
            call.on_end(by_us=False)
        self._endpoint.close()

    def trace_into(self, seen: list[Message]) -> None:
        """Write down all SIP that comes and goes from now on."""
        us, endpoint = _words(self.address), self._endpoint
        receive, send = endpoint.receive, endpoint._send

        def hear(data: bytes, source: HostPort, listener: int) -> None:
            seen.append(Message(endpoint.now, _words(source), us, data))
            receive(data, source, listener)

        def say(datagram: SendDatagram) -> None:
            seen.append(Message(endpoint.now, us, _words(datagram.to), datagram.data))
            send(datagram)

        # Only here is a phone overheard, so the softphone has no word for it.
        endpoint.receive = hear  # type: ignore[method-assign]
        endpoint._send = say  # type: ignore[method-assign]

    def dialog(self, call: Call) -> Dialog:
        """What somebody who reads along on the network knows of the call."""
        return read_record(self._stack.record(call.leg)).dialog

    def refer(self, call: Call, target: str, to_join: Call | None = None) -> "Transfer":
        """The transfer key: `target` is to have the caller; `to_join` is the call that this phone
        has with the target already, which is to be joined to this one (Replaces)."""
        leg = self._stack._book.find(call.leg)
        assert leg is not None
        replaces = "" if to_join is None else self._replaces(to_join)
        refer_to = f"<sip:{target}@{self.options.server.host}{replaces}>"
        request = self._stack._in_dialog.build(
            leg,
            "REFER",
            leg.dialog.next_seq(),
            headers=[
                ("Contact", f"<sip:{self.options.user}@{self.address.host}:{self.address.port}>"),
                ("Refer-To", refer_to),
            ],
        )
        transfer = self._transfers[request.call_id] = Transfer()
        peer, listener = leg.dialog.next_hop(), leg.dialog.listener
        self._endpoint.perform([SendDatagram(bytes(request), peer, listener)])
        return transfer

    def _replaces(self, call: Call) -> str:
        leg = self._stack._book.find(call.leg)
        assert leg is not None
        tags = [re.search(r";tag=([^;>]+)", side) for side in (leg.dialog.remote, leg.dialog.local)]
        assert tags[0] is not None
        assert tags[1] is not None
        name = f"{leg.dialog.call_id};to-tag={tags[0][1]};from-tag={tags[1][1]}"
        return f"?Replaces={quote(name, safe='')}"

    def _hear(self, data: bytes, source: HostPort, listener: int) -> None:
        """Answers to REFER, and reports of it, are for us; the softphone knows neither."""
        message = parse_message(data) if data.strip() else None
        transfer = self._transfers.get(message.call_id) if message is not None else None
        if transfer is not None and isinstance(message, Response):
            if message.cseq.method == "REFER":
                transfer.take(message.status)
                return
        elif transfer is not None and isinstance(message, Request) and message.method == "NOTIFY":
            transfer.reported(message.body)
            ok = respond(message, 200, source)
            self._endpoint.perform([SendDatagram(ok, source, listener)])
            return
        _Endpoint.receive(self._endpoint, data, source, listener)

    def press_by_info(self, call: Call, digit: str) -> None:
        """As a phone does whose keys are not in the audio (SIP INFO)."""
        self._endpoint.perform(self._stack.press(call.leg, digit, self._endpoint.now))

    def hold(self, call: Call) -> None:
        self._reinvite(call, Direction.SENDONLY)

    def resume(self, call: Call) -> None:
        self._reinvite(call, Direction.SENDRECV)

    def dial(self, number: str) -> DeskCall:
        call = super().dial(number)
        assert isinstance(call, DeskCall)
        return call

    def _reinvite(self, call: Call, direction: Direction) -> None:
        assert isinstance(call, DeskCall)
        body = call.offer_as(direction)
        self._endpoint.perform(self._stack.reoffer(call.leg, body, self._endpoint.now))

    def _new_call(self, leg: LegId, peer: str) -> DeskCall:
        self.calls = {old: call for old, call in self.calls.items() if call.end is None}
        call = self.calls[leg] = DeskCall(leg, peer, self, self.options.local_ip)
        call.law = self.law
        return call


def _only(law: Law | None, sdp: str) -> str:
    """The description without the other law."""
    if law is None:
        return sdp
    other = PAYLOAD_TYPES[Law.PCMA if law is Law.PCMU else Law.PCMU]
    sdp = re.sub(rf"a=rtpmap:{other} [^\r\n]*\r?\n", "", sdp)
    return re.sub(rf"(m=audio \d+ RTP/AVP(?: \d+)*?) {other}\b", r"\1", sdp)


def _words(address: HostPort) -> str:
    return f"{address.host}:{address.port}"
