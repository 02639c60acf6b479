"""A talk between fake SIP and fake media, with supervisors at it."""

from foundation.ids import AgentId, CallId, LegId, OfferId, PhoneId, RecordingId
from telephony.calls.events import MonitorMode
from telephony.media import protocol as media
from telephony.sip import events as sip
from tests.support.fake_lines import Lines

EVA = AgentId("eva")
CALLER = LegId("l-1")


class ListenedTalk:
    """Caller and Eva, bridged and recorded; supervisors come by `listen`."""

    def __init__(self) -> None:
        self.lines = Lines()
        self.sip, self.media, self.told = self.lines.sip, self.lines.media, self.lines.told
        self.board = self.lines.switchboard
        self.sip.registered |= {"boss", "chief", "eva"}
        self.call_id = self.lines.invite(CALLER)
        self.agent = self._bridge(self.call_id, EVA)
        self.before = len(self.told)

    def bridge_another(self, leg: str, agent: str) -> CallId:
        """A second talk in the house."""
        self.lines.invite(leg)
        [call_id] = [each for each in self.board.call_ids() if each != self.call_id]
        self._bridge(call_id, AgentId(agent))
        return call_id

    def _bridge(self, call_id: CallId, agent: AgentId) -> LegId:
        self.board.answer(call_id)
        self.board.ring_agent(call_id, agent, OfferId(f"o-{agent}"), auto_answer=False)
        leg = self.sip.last_leg("dial")
        self.board.on_sip(sip.Answered(leg, b"v=0 agent"))
        self.board.record(call_id, RecordingId(f"r-{agent}"), f"/tmp/{agent}.wav")
        self.board.bridge(call_id)
        return leg

    def ring(self, mode: MonitorMode, phone: str = "boss") -> LegId:
        self.board.monitor(self.call_id, PhoneId(phone), mode, by="sue")
        return self.sip.last_leg("dial")

    def listen(self, mode: MonitorMode, phone: str = "boss") -> LegId:
        """Ring a supervisor's phone, which is picked up."""
        leg = self.ring(mode, phone)
        self.board.on_sip(sip.Answered(leg, b"v=0 supervisor"))
        return leg

    def change(self, mode: MonitorMode, phone: str = "boss") -> None:
        self.board.monitor(self.call_id, PhoneId(phone), mode, by="sue")

    @property
    def hearing(self) -> dict[str, list[str]]:
        """Whom each leg hears now by the last `Hear`; who has only the bridge is not listed."""
        heard: dict[str, list[str]] = {}
        for request in self.media.asked:
            match request:
                case media.Hear(leg=leg, sources=sources):
                    heard[leg] = [source.leg for source in sources]
                case media.Release(leg=leg):
                    heard.pop(leg, None)
                case _:
                    pass
        return {leg: sources for leg, sources in heard.items() if sources}

    @property
    def news(self) -> list[object]:
        """What was told since the talk began, phones' states left out."""
        return [e for e in self.told[self.before :] if type(e).__name__ != "PhoneChanged"]

    def names(self) -> list[str]:
        return [type(event).__name__ for event in self.news]

    def asked(self, leg: LegId) -> list[str]:
        """The kinds of what media was asked for a leg."""
        return [
            type(request).__name__
            for request in self.media.asked
            if getattr(request, "leg", None) == leg
        ]
