"""The phone's call: pyVoIP reads the SDP; audio goes through `SteadyRtp`.

Overridden, because pyVoIP 1.6.8 starts new RTP threads at every re-INVITE and answers hold with
`sendrecv`.
"""

from pyVoIP import RTP
from pyVoIP.VoIP import CallState

from callcenter.demo.pyvoip_phone.rtp import SteadyRtp
from telephony.lines.pyvoip.call import DeskCall
from telephony.lines.pyvoip.sip import WideMessage

OFFER = {0: RTP.PayloadType.PCMU, 8: RTP.PayloadType.PCMA, 101: RTP.PayloadType.EVENT}
MIRRORED = {"sendonly": "recvonly", "recvonly": "sendonly", "inactive": "inactive"}


class PhoneError(Exception):
    """The phone cannot do this now; the message is a sentence."""


class SteadyCall(DeskCall):
    """A call with sound."""

    def create_rtp_clients(
        self,
        codecs: dict[int, RTP.PayloadType],
        ip: str,
        port: int,
        request: WideMessage,
        baseport: int,
    ) -> None:
        if not self.RTPClients:
            peer = (request.body["c"][0]["address"], baseport)
            client = SteadyRtp(codecs, self.phone.sockets[port], peer, self.phone.audio_events)
            self.RTPClients.append(client)

    @property
    def audio(self) -> SteadyRtp:
        if not self.RTPClients:
            raise PhoneError("there is no audio in this call yet")
        client: SteadyRtp = self.RTPClients[0]
        return client

    def take_answer(self, response: WideMessage) -> None:
        """SDP of a 183 or 200: talk to where it says; more than one of them is one call."""
        state = self.state
        if self.RTPClients:
            self.retarget(response)
        elif response.sdp() is not None:
            self.answered(response)
        self.state = CallState.ANSWERED if int(response.status) == 200 else state

    def retarget(self, message: WideMessage) -> str:
        """The peer's new address and direction; returns the direction that mirrors it."""
        sdp = message.sdp()
        if sdp is None:
            return "sendrecv"
        self.audio.outIP = sdp["c"][0]["address"]
        self.audio.outPort = sdp["m"][0]["port"]
        direction = str(sdp.get("a", {}).get("transmit_type", "sendrecv"))
        if self.audio.outIP == "0.0.0.0":  # hold as RFC 2543 did it
            direction = "inactive"
        self.audio.sending = direction in ("sendrecv", "recvonly")
        return MIRRORED.get(direction, "sendrecv")

    def sdp_answer(self, direction: str) -> str:
        ports = {self.audio.inPort: self.audio.assoc}
        text = self.sip.gen_answer(self.request, self.session_id, ports, direction)
        return str(text.split("\r\n\r\n", 1)[1])
