"""The guest's side of the call machine: consultation, transfer, conference, take-back, own calls.

                    consult                          picks up
          TALK ────────────────▶ CONSULT, rings ───────────────▶ CONSULT, joined
           ▲ │                        │   │                        │   │   │ conference
           │ │ transfer     complete, │   │ refused, taken back    │   │   ▼
           │ ▼              agent gone│   │                        │   │ CONFERENCE
           │ TRANSFER, rings ◀────────┘   │                        │   │   │
           │    │      │ picks up         │    guest gone,         │   │   │ agent gone
           │    │      ▼                  │    taken back          │   │   ▼
           ├────┘   TALK of caller and guest ◀─────────────────────┼───┴── complete, agent gone
           └──────────────────────────────┴────────────────────────┘
    own call (a phone of ours has dialled, nobody is agent):
          dial ─▶ DIAL, rings ── picks up ─▶ joined ── either gone ─▶ the call's end
                       └ refused ─▶ the phone gets that status

    way, stage          agent hangs up                     caller hangs up
    CONSULT, rings      AgentHungUp; TRANSFER, rings       GuestLeft, CallEnded
    CONSULT, joined     TalkTransferred                    GuestLeft, CallEnded
    CONFERENCE          TalkTransferred                    GuestLeft, CallEnded
    TRANSFER, rings     AgentHungUp; goes on ringing       GuestLeft, CallEnded

"Agent hangs up" is the first line; the second line's end sends the guest away, whatever the stage.
That a phone's hang-up in a consultation hands the caller over is what many desk phones do by
themselves, and costs nobody the caller.

Rule 1: each GuestInvited has exactly one of GuestLeft and TalkTransferred, before CallEnded.
Rule 2: who has the talk after a transfer is in the agent's seat (`Seats.agent`), for all verbs.
        One from outside asks nobody in, and when he ends it there, the call is over: nobody is left
        who works for us.
Rule 3: the recording ends with the agent's part; it goes on during consultation and conference.
Rule 4: the agent's phone is told before its leg is ended.
"""

from collections.abc import Callable

from foundation.ids import LegId, OfferId
from telephony.calls.agent_leg import ENDED_EARLY
from telephony.calls.agent_side import AgentSide
from telephony.calls.caller_leg import CallerLeg
from telephony.calls.control import GuestTarget
from telephony.calls.effects import Effect, MediaAnswered, Progress, Purpose, Tell
from telephony.calls.events import (
    ConferenceStarted,
    EndedBy,
    GuestJoined,
    GuestLeft,
    GuestWay,
    TalkTransferred,
)
from telephony.calls.guest_leg import GuestLeg
from telephony.calls.hold import Hold
from telephony.calls.kept import KeptCall
from telephony.calls.leg import LegState
from telephony.calls.options import CallOptions
from telephony.calls.referral import Referral
from telephony.calls.ringing import AGENT_THERE, NO_MEDIA
from telephony.calls.seats import Seats
from telephony.calls.second_line import SecondLine
from telephony.calls.sound import Sound
from telephony.media import protocol as media

HANDED_OVER = "the caller was handed over"
UNAVAILABLE = 480
"Final answer to a phone whose guest gave none that can be passed on."


class GuestSide:
    """At most one guest beside caller and agent."""

    def __init__(
        self,
        seats: Seats,
        agents: AgentSide,
        second: SecondLine,
        referral: Referral,
        hold: Hold,
        sound: Sound,
        options: CallOptions,
        answer: Callable[[], list[Effect]],
        end: Callable[[EndedBy, str, int], list[Effect]],
    ) -> None:
        """`answer`: 200 to the caller. `end` ends the call; by the status, before a 200."""
        self._seats = seats
        self._agents = agents
        self._second = second
        self._referral = referral
        self._hold = hold
        self._sound = sound
        self._options = options
        self._answer = answer
        self._end = end
        self._call_id = seats.caller.call_id

    def resume(self, kept: KeptCall, plays: int) -> list[Effect]:
        """One who rings goes on ringing, one who is spoken with is; who has picked up and not
        come further, joins now. Without an agent the caller waits for him as by `transfer`."""
        seats, side = self._seats, kept.guest
        if side is None:
            return []
        seats.expect(side.leg_id)
        way = side.way
        if kept.agent is None and way is not GuestWay.DIAL:
            way = GuestWay.TRANSFER
        guest = GuestLeg(self._call_id, side.leg_id, side.target, side.way, self._options)
        seats.guest, seats.way, seats.is_conference = guest, way, kept.is_conference
        return guest.resume(side, bridged=True, plays=plays)

    def rejoin(self) -> list[Effect]:
        """Who had picked up before the kill: whatever of the rest was done is not done again."""
        seats = self._seats
        guest = seats.guest
        if guest is None or not guest.is_up:
            return []
        partner = self._sound.partner(guest.leg_id)
        if partner is seats.caller and seats.way is not GuestWay.DIAL:
            agent = seats.agent
            return self._take_over([] if agent is None else agent.drop(HANDED_OVER))
        return [] if seats.is_conference or partner is not None else self._join(guest, [])

    # -- commands --------------------------------------------------------------------------------

    def invite(self, leg_id: LegId, target: GuestTarget, way: GuestWay) -> list[Effect]:
        seats = self._seats
        if not seats.caller.is_alive:
            return []
        if not self._may_invite(way):
            told = Tell(GuestLeft(self._call_id, target.offer_id, AGENT_THERE))
            return [*self._referral.fail(AGENT_THERE), told]
        begun = [*self._hold.end(), *self._agents.stop_move(), *self._begin(way)]
        guest = GuestLeg(self._call_id, leg_id, target, way, self._options)
        seats.guest, seats.way, seats.is_conference = guest, way, False
        seats.expect(leg_id)
        return [*begun, Tell(guest.invited()), *guest.prepare(seats.caller.codec)]

    def _may_invite(self, way: GuestWay) -> bool:
        seats = self._seats
        if way is GuestWay.DIAL:
            return not seats.has_agent and seats.guest is None
        agent = seats.agent
        is_ours = agent is not None and agent.agent_id is not None
        return is_ours and seats.is_bridged and seats.guest is None

    def _begin(self, way: GuestWay) -> list[Effect]:
        """The phone's wishes: a second line is for a consultation, a REFER for a transfer."""
        if way is GuestWay.CONSULT:
            return self._second.begin()
        return [*self._second.end(AGENT_THERE, "a transfer was wanted"), *self._referral.accept()]

    def complete(self) -> list[Effect]:
        seats = self._seats
        guest, agent = seats.guest, seats.agent
        if guest is None or agent is None:
            return self._referral.fail(481)
        told = self._referral.succeed()
        if guest.is_up:
            return [*told, *self._take_over(agent.drop(HANDED_OVER))]
        seats.way = GuestWay.TRANSFER
        return [*told, *self._lose_lines(agent.drop(HANDED_OVER), HANDED_OVER)]

    def conference(self) -> list[Effect]:
        seats = self._seats
        guest = seats.guest
        is_consultation = seats.way is GuestWay.CONSULT and not seats.is_conference
        if guest is None or not guest.is_up or not is_consultation:
            return []
        seats.is_conference = True
        return [*self._sound.follow(), Tell(ConferenceStarted(self._call_id, guest.offer_id))]

    def take_back(self, reason: str = "taken back") -> list[Effect]:
        guest = self._seats.guest
        return [] if guest is None else self._part(guest.drop(reason), 0, reason, EndedBy.CENTRE)

    def withdraw(self, offer_id: OfferId) -> list[Effect]:
        guest = self._seats.guest
        if guest is None or guest.offer_id != offer_id:
            return []
        return self.take_back("the offer was withdrawn")

    def release_agent(self) -> list[Effect]:
        """`release_for_transfer`: the caller stays, alone."""
        agent = self._seats.agent
        if agent is None or not self._seats.is_bridged:
            return self._referral.fail(481)
        told = self._referral.succeed()
        away = self.take_back("the caller goes elsewhere")
        return [*told, *away, *self._lose_lines(agent.drop(HANDED_OVER), HANDED_OVER)]

    # -- facts about the guest -------------------------------------------------------------------

    def on_media(self, given: MediaAnswered) -> list[Effect]:
        guest, reply = self._seats.guest_on(given.asked.leg), given.reply
        if guest is None:
            return []
        if given.asked.purpose is Purpose.EARLY_ANSWER:
            return self._on_early_media(guest) if isinstance(reply, media.Done) else []
        if isinstance(reply, media.Failed):
            ending = guest.drop(reply.sentence)
            return self._part(ending, reply.status, reply.sentence, EndedBy.FAULT)
        if given.asked.purpose is Purpose.PREPARE_GUEST:
            return guest.on_prepared(reply)
        return self._join(guest, guest.connectable(reply))

    def on_progress(self, leg_id: LegId, status: int, sdp: bytes) -> list[Effect]:
        guest = self._seats.guest_on(leg_id)
        if guest is None:
            return []
        ringing = [] if status != 180 or guest.has_rung else self._ring(guest)
        return [*ringing, *guest.on_early_media(sdp)]

    def _ring(self, guest: GuestLeg) -> list[Effect]:
        """Whoever waits by SIP is told; who waits by ear hears it anyway."""
        guest.has_rung = True
        waiting = self._waiting()
        told: list[Effect] = []
        if waiting is not None and waiting.state is LegState.ARRIVED:
            told.append(Progress(waiting.leg_id, b"", 180))
        return [*told, *self._referral.ringing()]

    def _on_early_media(self, guest: GuestLeg) -> list[Effect]:
        guest.heard_early()
        waiting = self._waiting()
        return [] if waiting is None else waiting.answer_early()

    def _waiting(self) -> CallerLeg | None:
        """Whose INVITE is answered as the guest answers ours."""
        seats = self._seats
        return seats.caller if seats.way is GuestWay.DIAL else seats.second

    def on_peer_ended(self, leg_id: LegId, by: EndedBy, status: int, reason: str) -> list[Effect]:
        guest = self._seats.guest_on(leg_id)
        if guest is None:
            return []
        never = 0 if guest.is_up else status
        return self._part([guest.release()], never, reason, by)

    def on_bad_media(self, leg_id: LegId, sentence: str) -> list[Effect]:
        guest = self._seats.guest_on(leg_id)
        if guest is None:
            return []
        status = 0 if guest.is_up else NO_MEDIA
        return self._part(guest.drop(sentence), status, sentence, EndedBy.FAULT)

    def on_mix_failed(self, sentence: str) -> list[Effect]:
        """Of a conference: it can't be without one who does not hear the others."""
        guest = self._seats.guest
        if guest is None or not self._seats.is_conference:
            return []
        return self._part(guest.drop(sentence), 0, sentence, EndedBy.FAULT)

    def on_link_failed(self, a: str, b: str, sentence: str) -> list[Effect]:
        """Of two that should hear each other one is gone."""
        caller, guest = self._seats.caller, self._seats.guest
        if not self._sound.is_connected(a, b):
            return []
        if guest is not None and guest.leg_id in (a, b):
            return self.on_bad_media(guest.leg_id, sentence)
        return self._end(EndedBy.FAULT, sentence, 500) if caller.is_alive else []

    # -- facts about the others ------------------------------------------------------------------

    def on_agent_leaves(self, ending: list[Effect], news: list[Effect]) -> list[Effect]:
        """The agent's first line goes by `ending`; `news` say so, unless that hands over."""
        guest = self._seats.guest
        if guest is not None and guest.is_up:
            return self._take_over(ending)
        self._seats.way = GuestWay.TRANSFER
        return self._lose_lines([*ending, *news], "the agent's part is over")

    def on_second_ended(self, ending: list[Effect]) -> list[Effect]:
        """The agent has hung up the second line."""
        self._seats.second = None
        return [*ending, *self.take_back("the agent hung up on the guest")]

    def on_call_ends(self, reason: str) -> list[Effect]:
        """Before the caller's leg and the agent's are ended."""
        guest = self._seats.guest
        told = self._referral.fail(ENDED_EARLY)
        if guest is None:
            return [*told, *self._second.end(ENDED_EARLY, reason)]
        self._seats.guest = None
        left = Tell(GuestLeft(self._call_id, guest.offer_id))
        return [*told, *guest.drop(reason), *self._second.end(ENDED_EARLY, reason), left]

    # -- how it comes out ------------------------------------------------------------------------

    def _join(self, guest: GuestLeg, noted: list[Effect]) -> list[Effect]:
        joined = Tell(GuestJoined(self._call_id, guest.offer_id))
        match self._seats.way:
            case GuestWay.CONSULT:
                return [*noted, *self._second.accept(), *self._sound.follow(), joined]
            case GuestWay.DIAL:
                guest.has_joined = True
                quiet = self._seats.caller.hearing.quiet()
                return [*noted, *self._answer(), *quiet, *self._sound.follow(), joined]
            case GuestWay.TRANSFER:
                agent = self._seats.agent
                ending = [] if agent is None else agent.drop(HANDED_OVER)
                told = self._referral.succeed()
                return [*noted, *told, joined, *self._take_over(ending)]

    def _take_over(self, ending: list[Effect]) -> list[Effect]:
        """The guest takes the agent's seat, whose leg goes by `ending`."""
        seats = self._seats
        guest = seats.guest
        assert guest is not None
        resumed = self._hold.end_of_agent()
        lost = self._lose_lines(ending, HANDED_OVER)
        seats.agent, seats.guest, seats.is_bridged = guest, None, True
        seats.is_conference = False
        quiet = seats.caller.hearing.quiet()
        told = Tell(TalkTransferred(self._call_id, guest.offer_id))
        return [*resumed, *lost, *quiet, *self._sound.follow(), told]

    def _lose_lines(self, ending: list[Effect], reason: str) -> list[Effect]:
        """Both lines of the agent's phone; the first goes by `ending`."""
        told = self._referral.fail(ENDED_EARLY)
        second = self._second.end(UNAVAILABLE, reason)
        return [*told, *second, *self._agents.leave(ending)]

    def _part(self, ending: list[Effect], status: int, reason: str, by: EndedBy) -> list[Effect]:
        """The guest goes by `ending`; who is left is together again."""
        seats = self._seats
        guest = seats.guest
        assert guest is not None
        seats.guest, seats.is_conference = None, False
        refusal = status if status >= 400 else UNAVAILABLE
        told = Tell(GuestLeft(self._call_id, guest.offer_id, status))
        over: list[Effect] = []
        if seats.way is GuestWay.DIAL and (guest.has_joined or seats.caller.is_unanswered):
            over = self._end(by, reason, refusal)
        lines = [*self._referral.fail(refusal), *self._second.end(refusal, reason)]
        return [*ending, *lines, *self._sound.follow(), told, *over]
