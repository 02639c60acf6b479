"""A house on a real switchboard: phones and media are played, everything above them is real."""

from acd.options import Strategy
from callcenter.actions.talks import TalkActions
from callcenter.conduct.house import Callers
from foundation.ids import AgentId, CallId, LegId
from telephony.calls.control import CallControl
from telephony.calls.options import CallOptions
from telephony.calls.parties import PartyBook
from telephony.calls.switchboard import Switchboard
from telephony.media import protocol as media
from telephony.sip import events as sip
from tests.support.ears import ears
from tests.support.fake_house import EVA, House
from tests.support.fake_lines import FakeMedia, FakeSip
from tests.support.kept_house import AllNumbers
from wallboard.commands import HandleTalk, TalkVerb

MUSIC = "hold.wav"


class JoinedHouse(House):
    """Legs are named by whose they are: `caller`, `eva.1` the first INVITE to Eva's phone."""

    def __init__(self, strategy: Strategy = Strategy.LONGEST_IDLE) -> None:
        self.sip = FakeSip()
        self.media = FakeMedia()
        super().__init__(announce_agent=False, numbers=AllNumbers(), strategy=strategy)
        self.actions = TalkActions(self.journey, self.tell)

    def _control(self) -> CallControl:
        self.board = Switchboard(
            CallOptions(hold_music=(MUSIC,)),
            self.sip,
            self.media,
            PartyBook({}, lambda party, number: None),
            self.conductor.tell,
            lambda: self.now,
            lambda dialled: dialled == "8000",
        )
        return self.board

    def _callers(self) -> Callers:
        return self.board

    # what phones do

    def register(self, agent_id: AgentId) -> None:
        self.sip.registered.add(agent_id)
        self.board.on_sip(sip.PhoneRegistered(agent_id))

    def invite(self, leg: str, to: str = "8000", aor: str = "") -> LegId:
        identity = sip.CallerIdentity(aor or "13900000001", "", f"sip:{aor}@h")
        source = sip.HostPort("127.0.0.1", 5062)
        self.board.on_sip(
            sip.IncomingCall(LegId(leg), to, identity, b"v=0", source, f"sip-{leg}", aor)
        )
        return LegId(leg)

    def legs_to(self, whom: str) -> list[LegId]:
        """INVITEs to a phone of ours or a number outside, oldest first."""
        return [
            LegId(leg)
            for verb, leg, to in self.sip.done
            if (verb == "dial" and to == whom)
            or (verb == "dial_outside" and isinstance(to, tuple) and to[0] == whom)
        ]

    def pick_up(self, leg: LegId) -> None:
        self.board.on_sip(sip.Answered(leg, b"v=0"))

    def refuse(self, leg: LegId, status: int = 486) -> None:
        self.board.on_sip(sip.Refused(leg, status, ""))

    def hang_up(self, leg: LegId) -> None:
        self.board.on_sip(sip.Gone(leg, sip.GoneWhy.BYE))

    def refer(self, leg: LegId, target: str, replaces: LegId | None = None) -> None:
        self.board.on_sip(sip.Referred(leg, target, "127.0.0.1", replaces))

    def do(self, call_id: CallId, verb: TalkVerb, to: str = "", agent: AgentId = EVA) -> None:
        command = HandleTalk(by="sue", call_id=call_id, verb=verb, agent_id=agent, to=to)
        self.actions.handle(command)

    # what one sees

    def hears(self, leg: LegId) -> list[str]:
        return ears(self.media.asked).of(leg)

    def verbs(self, leg: LegId) -> list[str]:
        return [verb for verb, at, _ in self.sip.done if at == leg]

    def talk(self) -> tuple[CallId, LegId, LegId]:
        """A caller talks with Eva: the call, the caller's leg, hers."""
        self.register(EVA)
        caller = self.invite("caller")
        [call_id] = self.board.call_ids()
        self.press(caller, "1")
        [eva] = self.legs_to(EVA)
        self.pick_up(eva)
        return call_id, caller, eva

    def press(self, leg: LegId, digit: str) -> None:
        heard = media.DigitHeard(seq=1, leg=leg, digit=digit, at_s=self.now)
        self.board.on_media_event(heard)
