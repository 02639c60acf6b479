"""Supervisors at a talk: silent listening, whispering to the agent, barging in.

A supervisor's phone is rung as an agent's is, and stands beside the call, never in its way: the
call knows nothing of it, and its legs stay connected as they are.

    monitor() ─▶ media Offer ─▶ INVITE ─▶ 200 ─▶ media Answer ─▶ Hear … ─▶ MonitorStarted
    a phone dials itself in: join() ─▶ media Offer ─▶ our 200 ─▶ Hear … ─▶ MonitorStarted
    monitor() again, or key 1, 2, 3 on its phone ─▶ Hear … ─▶ MonitorChanged
    BYE, refusal, stop, a fault, the end of the talk ─▶ MonitorEnded

               the supervisor hears      is heard by
    LISTEN     caller, agent             nobody
    WHISPER    caller, agent             the agent
    BARGE      caller, agent             both
    Supervisors hear those of their kind who are heard by anybody.

Rule 1: what fails here costs the supervisor the place and nobody else anything.
Rule 2: nobody hears a supervisor whose phone is on hold: that would be the phone's music.
Rule 3: no phone outlives the talk. The end is told before `AgentHungUp` or `CallEnded`, and media
        is told before the talk's own legs are released.
Rule 4: each phone that was asked for has one `MonitorEnded`; `MonitorStarted` comes at most once.
Rule 5: a consultation and a conference are no end of the talk: supervisors go on hearing caller
        and agent, and the agent them. After a transfer it is another talk, to be asked for anew.
Rule 6: recordings are of caller and agent alone; who whispers or barges in is not recorded.
"""

from dataclasses import dataclass

from foundation.ids import CallId, LegId, PhoneId
from telephony.calls.effects import (
    AskMedia,
    Effect,
    MediaAnswered,
    Purpose,
    RefuseRefer,
    Reject,
    Tell,
)
from telephony.calls.events import (
    EndedBy,
    MonitorChanged,
    MonitorEnded,
    MonitorMode,
)
from telephony.calls.options import CallOptions
from telephony.calls.sound import Heard
from telephony.calls.supervisor_leg import AtTalk, JoiningLeg, SupervisorLeg
from telephony.media import protocol as media
from telephony.sip import events as sip

TALK_OVER = "the talk is over"
BUSY_HERE = 486
MODES = {"1": MonitorMode.LISTEN, "2": MonitorMode.WHISPER, "3": MonitorMode.BARGE}
"By the keys of the supervisor's own phone."


@dataclass(frozen=True, slots=True)
class Talk:
    """Who talks, and whom each of the two hears without supervisors."""

    caller: LegId
    agent: LegId
    agents_phone: PhoneId
    caller_hears: Heard
    agent_hears: Heard

    def is_same(self, other: "Talk | None") -> bool:
        """The same two people, maybe by another phone of the agent's or with a guest."""
        return other is not None and (self.caller, self.agents_phone) == (
            other.caller,
            other.agents_phone,
        )


@dataclass(frozen=True, slots=True)
class Monitor:
    """One supervisor's phone, as others may see it."""

    call_id: CallId
    phone: PhoneId
    by: str
    mode: MonitorMode


class Monitoring:
    """All supervisors at one talk."""

    def __init__(self, call_id: CallId, talk: Talk, options: CallOptions) -> None:
        self.call_id = call_id
        self.legs: dict[LegId, AtTalk] = {}
        self._talk = talk
        self._options = options
        self._heard: dict[LegId, list[LegId]] = {}
        "Whom media was last asked to let each leg hear, beside or instead of its bridge."
        self._releasing: set[LegId] = set()

    @property
    def is_over(self) -> bool:
        return not self.legs

    @property
    def is_finished(self) -> bool:
        return not self.legs and not self._releasing

    @property
    def leg_ids(self) -> set[LegId]:
        """All that something may still be told of."""
        return self.legs.keys() | self._releasing

    @property
    def monitors(self) -> list[Monitor]:
        return [Monitor(self.call_id, leg.phone, leg.by, leg.mode) for leg in self.legs.values()]

    # -- commands --------------------------------------------------------------------------------

    def monitor(self, leg_id: LegId, wanted: Monitor, prefer: str) -> list[Effect]:
        """Ring the phone, or change the mode of one that is here; `prefer`: the caller's codec."""
        known = self._find(wanted.phone)
        if known is not None:
            return self._change(known, wanted)
        if len(self.legs) >= self._options.max_monitors:
            return []
        leg = SupervisorLeg(
            self.call_id, leg_id, wanted.phone, wanted.by, wanted.mode, self._options
        )
        self._seat(leg)
        return leg.prepare(prefer)

    def join(self, leg_id: LegId, wanted: Monitor, offer: bytes) -> list[Effect]:
        """The phone has dialled itself in by this leg."""
        if self._find(wanted.phone) or len(self.legs) >= self._options.max_monitors:
            return [Reject(leg_id, BUSY_HERE)]
        leg = JoiningLeg(self.call_id, leg_id, wanted.phone, wanted.by, wanted.mode, self._options)
        self._seat(leg)
        return leg.begin(offer)

    def _seat(self, leg: AtTalk) -> None:
        self.legs[leg.leg_id] = leg
        self._releasing.add(leg.leg_id)

    def stop(self, phone: PhoneId, reason: str) -> list[Effect]:
        leg = self._find(phone)
        return [] if leg is None else self._drop(leg, reason)

    def leave(self, talk: Talk | None) -> list[Effect]:
        """What the call has come to, before that is done: the end of the talk is the end here.

        `talk` is None when it is bridged no more.
        """
        return [] if self._talk.is_same(talk) else self._drop_all(TALK_OVER)

    def follow(self, talk: Talk | None) -> list[Effect]:
        """The same, when it has been done: who hears whom may have changed."""
        if talk is None:
            return []
        self._talk = talk
        return [*self._attune()]

    def hang_up(self, by: EndedBy, reason: str) -> list[Effect]:
        """The way out after a fault of ours (`by`), for all of them."""
        return self._drop_all(f"{by}: {reason}")

    def on_digit(self, leg_id: LegId, digit: str) -> list[Effect]:
        """A key of a supervisor's phone; those that mean nothing are passed over."""
        leg, mode = self.legs.get(leg_id), MODES.get(digit)
        if leg is None or mode is None:
            return []
        return self._change(leg, Monitor(self.call_id, leg.phone, leg.by, mode))

    def _change(self, leg: AtTalk, wanted: Monitor) -> list[Effect]:
        """A phone that is not picked up yet simply starts in the other mode."""
        if leg.mode is wanted.mode:
            return []
        leg.mode = wanted.mode
        told = MonitorChanged(self.call_id, leg.phone, wanted.by, leg.mode)
        return [*self._attune(), Tell(told)] if leg.is_up else []

    # -- SIP's facts -----------------------------------------------------------------------------

    def on_sip(self, event: sip.SipEvent) -> list[Effect]:
        """Facts about a supervisor's leg."""
        leg = self.legs.get(event.leg) if isinstance(event, _OF_A_LEG) else None
        if leg is None:
            return [Reject(event.leg, 481)] if isinstance(event, sip.Reoffered) else []
        match event:
            case sip.Referred():
                return [RefuseRefer(leg.leg_id, 403)]
            case sip.Answered(body=body):
                return leg.on_answered(body)
            case sip.Refused(status=status):
                return self._remove(leg, f"the phone answered {status}")
            case sip.Reoffered(body=body):
                return leg.on_reoffered(body)
            case sip.Confirmed(body=body):
                return leg.on_ack(body)
            case sip.InfoDigit(digit=digit):
                return self.on_digit(leg.leg_id, digit)
            case sip.Cancelled() | sip.Gone():
                return self._remove(leg, _why_gone(event))
            case _:
                return []

    # -- media's facts ---------------------------------------------------------------------------

    def on_media(self, given: MediaAnswered) -> list[Effect]:
        purpose, reply = given.asked.purpose, given.reply
        if purpose is Purpose.RELEASE:
            self._releasing.discard(given.asked.leg)
            return []
        leg = self.legs.get(given.asked.leg)
        if isinstance(reply, media.Failed):
            return self._on_failed(given, leg, reply)
        if leg is None:
            return []
        match purpose:
            case Purpose.PREPARE_SUPERVISOR:
                effects = leg.on_prepared(reply)
            case Purpose.ANSWER_SUPERVISOR:
                effects = leg.on_connectable(reply)
            case Purpose.REOFFER:
                effects = leg.on_reoffer_media(reply)
            case Purpose.REOFFER_ANSWER:
                effects = leg.note_terms(reply)
            case _:
                return []
        return [*self._attune(), *effects]

    def on_media_lost(self, leg_id: LegId, is_silent: bool) -> list[Effect]:
        leg = self.legs.get(leg_id)
        if leg is None or (is_silent and leg.forgive_silence()):
            return []
        return self._drop(leg, "no audio came any more")

    def _on_failed(
        self, given: MediaAnswered, leg: AtTalk | None, reply: media.Failed
    ) -> list[Effect]:
        match given.asked.purpose:
            case Purpose.REOFFER if leg is not None:
                return leg.on_reoffer_media(reply)
            case Purpose.PREPARE_SUPERVISOR | Purpose.ANSWER_SUPERVISOR | Purpose.HEAR if leg:
                return self._drop(leg, reply.sentence)
            case Purpose.HEAR if given.asked.leg in (self._talk.caller, self._talk.agent):
                # Caller or agent can't hear whom they should; the bridge between them stands.
                unheard = [each for each in self.legs.values() if each.speaks]
                return [effect for each in unheard for effect in self._drop(each, reply.sentence)]
            case _:
                return []

    # -- who hears whom --------------------------------------------------------------------------

    def _attune(self) -> list[Effect]:
        """Ask media for whatever is not yet as it should be."""
        wanted = self._hearing()
        changed = [leg for leg, sources in wanted.items() if self._heard.get(leg, []) != sources]
        self._heard = wanted
        return [_ask_hear(leg, wanted[leg]) for leg in changed]

    def _hearing(self) -> dict[LegId, list[LegId]]:
        """Nothing for caller and agent means: what the bridge gives them."""
        talk = self._talk
        caller, agent = talk.caller, talk.agent
        speaking = [leg for leg in self.legs.values() if leg.speaks]
        heard = [leg.leg_id for leg in speaking]
        barging = [leg.leg_id for leg in speaking if leg.mode is MonitorMode.BARGE]
        hearing = {
            # During a consultation the caller hears nobody, so no supervisor either.
            caller: _beside(talk.caller_hears, barging if talk.caller_hears.legs else []),
            agent: _beside(talk.agent_hears, heard),
        }
        for leg in self.legs.values():
            if leg.is_up:
                others = [each for each in heard if each != leg.leg_id]
                hearing[leg.leg_id] = [caller, agent, *others]
        return hearing

    # -- endings ---------------------------------------------------------------------------------

    def _drop(self, leg: AtTalk, reason: str) -> list[Effect]:
        """We end it."""
        return [*leg.leave(reason), *self._remove(leg, reason)]

    def _drop_all(self, reason: str) -> list[Effect]:
        return [effect for leg in [*self.legs.values()] for effect in self._drop(leg, reason)]

    def _remove(self, leg: AtTalk, reason: str) -> list[Effect]:
        """Its dialog is over; nobody must hear it when its session goes."""
        del self.legs[leg.leg_id]
        attuned = self._attune()
        return [*attuned, leg.release(), Tell(MonitorEnded(self.call_id, leg.phone, reason))]

    def _find(self, phone: PhoneId) -> AtTalk | None:
        return next((leg for leg in self.legs.values() if leg.phone == phone), None)


_OF_A_LEG = (
    sip.Answered,
    sip.Cancelled,
    sip.InfoDigit,
    sip.Refused,
    sip.Reoffered,
    sip.Confirmed,
    sip.Gone,
    sip.Referred,
)


def _why_gone(event: sip.Cancelled | sip.Gone) -> str:
    if isinstance(event, sip.Gone) and event.why is not sip.GoneWhy.BYE:
        return event.why.value
    return "the supervisor hung up"


def _beside(heard: Heard, supervisors: list[LegId]) -> list[LegId]:
    """Nothing means: whom the leg is connected with."""
    return [*heard.legs, *supervisors] if supervisors or heard.is_mixed else []


def _ask_hear(leg_id: LegId, sources: list[LegId]) -> AskMedia:
    heard = [media.Source(leg=source) for source in sources]
    return AskMedia(leg_id, Purpose.HEAR, media.Hear(rid=0, leg=leg_id, sources=heard))
