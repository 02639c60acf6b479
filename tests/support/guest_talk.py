"""A talk between fake SIP and fake media, with guests that are rung into it."""

from collections.abc import Mapping

from foundation.ids import AgentId, LegId, OfferId, PartyId, RecordingId
from telephony.calls.control import AgentTarget, OutsideTarget
from telephony.calls.options import CallOptions
from telephony.sip import events as sip
from tests.support.ears import Ears, ears
from tests.support.fake_lines import Lines

EVA, TOM = AgentId("eva"), AgentId("tom")
CALLER = LegId("l-1")
SECOND = LegId("l-second")
TAP = RecordingId("r-1")
OFFER = OfferId("o-guest")
TO_TOM = AgentTarget(TOM, OFFER)
OUTSIDE = OutsideTarget(PartyId("p-9"), OFFER, number="01012345678", trunk="carrier", show="8000")
MUSIC, RING_BACK, SILENCE = "music.wav", "tone:450:1000", "silence:1000"


class GuestTalk:
    """Caller and Eva, bridged and recorded."""

    def __init__(self, *, agent_keys: bool = False, refuse: Mapping[type, int] = {}) -> None:
        """`refuse`: what media does not do, and its status."""
        options = CallOptions(hold_music=(MUSIC,), agent_keys=agent_keys)
        self.lines = Lines(options, is_line=lambda dialled: dialled.startswith("8"))
        self.sip, self.media, self.told = self.lines.sip, self.lines.media, self.lines.told
        self.board = self.lines.switchboard
        self.media.refuse = dict(refuse)
        self.call_id = self.lines.invite(CALLER)
        self.board.answer(self.call_id)
        self.board.ring_agent(self.call_id, EVA, OfferId("o-eva"), auto_answer=False)
        self.agent = self.sip.last_leg("dial")
        self.board.on_sip(sip.Answered(self.agent, b"v=0 agent"))
        self.board.record(self.call_id, TAP, "/tmp/r-1.wav")
        self.board.bridge(self.call_id)
        self._told, self._done = len(self.told), len(self.sip.done)

    # -- what happened ---------------------------------------------------------------------------

    @property
    def news(self) -> list[object]:
        """Told since the talk began, phones' states and legs' figures left out."""
        quiet = ("PhoneChanged", "LegEnded")
        return [e for e in self.told[self._told :] if type(e).__name__ not in quiet]

    def names(self) -> list[str]:
        return [type(event).__name__ for event in self.news]

    @property
    def said(self) -> list[tuple[str, str, object]]:
        """SIP verbs since the talk began."""
        return self.sip.done[self._done :]

    def verbs(self, leg: str) -> list[str]:
        return [verb for verb, at, _ in self.said if at == leg]

    @property
    def ears(self) -> Ears:
        return ears(self.media.asked)

    def hears(self, leg: str) -> list[str]:
        return self.ears.of(leg)

    # -- what people do --------------------------------------------------------------------------

    def ringing(self, *, outside: bool = False) -> LegId:
        """A consultation whose guest's phone rings."""
        self.board.consult(self.call_id, OUTSIDE if outside else TO_TOM)
        return self.rings()

    def rings(self) -> LegId:
        """The guest's phone that was dialled last."""
        dials = [leg for verb, leg, _ in self.said if verb in ("dial", "dial_outside")]
        guest = LegId(dials[-1])
        self.board.on_sip(sip.Progressed(guest, 180, b""))
        return guest

    def pick_up(self, guest: LegId) -> LegId:
        self.board.on_sip(sip.Answered(guest, b"v=0 guest"))
        return guest

    def consulting(self, *, outside: bool = False) -> LegId:
        return self.pick_up(self.ringing(outside=outside))

    def transferring(self, *, outside: bool = False) -> LegId:
        self.board.transfer(self.call_id, OUTSIDE if outside else TO_TOM)
        return self.rings()

    def hang_up(self, leg: LegId) -> None:
        self.board.on_sip(sip.Gone(leg, sip.GoneWhy.BYE))

    def holds(self, leg: LegId, *, on: bool) -> None:
        """By a re-INVITE of the phone."""
        self.media.direction = "sendonly" if on else "sendrecv"
        self.board.on_sip(sip.Reoffered(leg, b"v=0 again"))
        self.media.direction = "sendrecv"

    def refer(self, leg: LegId, target: str = "", *, replaces: LegId | None = None) -> None:
        self.board.on_sip(sip.Referred(leg, target, "127.0.0.1", replaces))

    def second_line(self, target: str = "tom", *, aor: str = EVA) -> LegId:
        """Eva's phone dials on another line."""
        self.board.on_sip(incoming(SECOND, target, aor))
        return SECOND

    def other_phone(self, replaces: LegId, *, aor: str = EVA) -> LegId:
        leg = LegId("l-other")
        self.board.on_sip(incoming(leg, "8000", aor, replaces))
        return leg


def incoming(leg: LegId, to: str, aor: str = "", replaces: LegId | None = None) -> sip.IncomingCall:
    identity = sip.CallerIdentity(aor or "1390", "", f"sip:{aor}@h")
    source = sip.HostPort("127.0.0.1", 5062)
    return sip.IncomingCall(leg, to, identity, b"v=0", source, f"sip-{leg}", aor, replaces=replaces)


class OwnCall:
    """Eva's phone has dialled by itself; she is in no talk."""

    def __init__(self, to: str = "tom") -> None:
        self.lines = Lines(CallOptions(hold_music=(MUSIC,)), is_line=lambda dialled: False)
        self.sip, self.media, self.told = self.lines.sip, self.lines.media, self.lines.told
        self.board = self.lines.switchboard
        self.board.on_sip(incoming(CALLER, to, EVA))
        [self.call_id] = self.board.call_ids()
        self._told = len(self.told)

    def dial(self, target: AgentTarget | OutsideTarget = TO_TOM) -> LegId:
        self.board.dial_guest(self.call_id, target)
        dials = [leg for verb, leg, _ in self.sip.done if verb in ("dial", "dial_outside")]
        return LegId(dials[-1])

    def names(self) -> list[str]:
        quiet = ("PhoneChanged", "LegEnded")
        told = [type(event).__name__ for event in self.told[self._told :]]
        return [name for name in told if name not in quiet]

    def hears(self, leg: str) -> list[str]:
        return ears(self.media.asked).of(leg)
