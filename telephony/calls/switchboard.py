"""All calls: the desk where SIP, media and the upper parts' commands meet their call.

Facts come in by `on_sip`, `on_media_event` and media replies, commands by `CallControl`
(`commands`); each is handed to its `Call` (telephony.calls.call), and what the call wants done is
performed by `work`.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from foundation.errors import RemoteError
from foundation.ids import (
    AgentId,
    CallId,
    LegId,
    OfferId,
    PartyId,
    PhoneId,
    new_call_id,
    new_leg_id,
)
from foundation.tasks import contain
from telephony.calls.agent_leg import AgentLeg
from telephony.calls.call import Call
from telephony.calls.commands import CallCommands
from telephony.calls.control import OutsideTarget
from telephony.calls.effects import Effect
from telephony.calls.events import (
    CallEvent,
    EndedBy,
    MediaTroubled,
    MonitorMode,
    PhoneChanged,
    Side,
    TalkRecorded,
)
from telephony.calls.kept import KeptCall, Note, write_note
from telephony.calls.monitor import Monitor, Monitoring
from telephony.calls.numbers import ANONYMOUS, normalise
from telephony.calls.options import CallOptions
from telephony.calls.parties import PartyBook
from telephony.calls.ports import MediaPort, SipPort
from telephony.calls.referral import FORBIDDEN
from telephony.calls.second_line import BUSY_HERE
from telephony.calls.supervision import Supervision
from telephony.calls.trunks import UNKNOWN_TRUNK, UNKNOWN_TRUNK_STATUS
from telephony.calls.work import Desk, Work, supervisors_note
from telephony.media import protocol as media
from telephony.sip import events as sip

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Joining:
    """The talk that a supervisor's phone has dialled itself into, and how."""

    call_id: CallId
    mode: MonitorMode


FindJoining: TypeAlias = Callable[[PhoneId, str], Joining | None]
"""What a phone has dialled, as a talk to be joined; None: it is no such thing. Raises a RemoteError
with the answer for a phone that may not, or cannot now."""


class Switchboard(CallCommands):
    """Implements `telephony.calls.control.CallControl`."""

    def __init__(
        self,
        options: CallOptions,
        sip_port: SipPort,
        media_port: MediaPort,
        parties: PartyBook,
        tell: Callable[[CallEvent], None],
        now: Callable[[], float],
        is_line: Callable[[str], bool] = lambda dialled: True,
        find_joining: FindJoining = lambda phone, dialled: None,
    ) -> None:
        """`is_line`: what is dialled leads to a line of ours; with what does not, the phone of an
        agent who talks wants to consult. `find_joining`: with it, a supervisor dials himself in."""
        self._is_line = is_line
        self._find_joining = find_joining
        self._options = options
        self._sip = sip_port
        self._media = media_port
        self._parties = parties
        self._tell = tell
        self._now = now
        self._calls: dict[CallId, Call] = {}
        self._by_leg: dict[LegId, Call] = {}
        self._callers: dict[CallId, sip.CallerIdentity] = {}
        self._dialled: dict[CallId, str] = {}
        self._agents_calling: dict[LegId, AgentId] = {}
        "Calls that agents' own phones have made: such a phone is busy."
        self._supervision = Supervision(options, self._phone)
        self._work = Work(
            sip_port,
            media_port,
            tell,
            self._callers,
            self._take_step,
            self._break_off,
            self._forget_finished,
        )

    # -- questions -------------------------------------------------------------------------------

    def count(self) -> int:
        return sum(not call.is_over for call in self._calls.values())

    def has_call(self, call_id: CallId) -> bool:
        call = self._calls.get(call_id)
        return call is not None and not call.is_over

    def calls_of_trunk(self, trunk: str) -> list[CallId]:
        return [c.call_id for c in self._calls.values() if c.trunk == trunk and not c.is_over]

    def call_ids(self) -> list[CallId]:
        """Those without an agent first: ended in this order, no freed agent is offered the next."""
        living = [call for call in self._calls.values() if not call.is_over]
        living.sort(key=lambda call: call.has_agent)
        return [call.call_id for call in living]

    def find_caller_number(self, call_id: CallId) -> str | None:
        """E.164, ANONYMOUS, or an extension; None for a call that is over."""
        caller = self._callers.get(call_id)
        return None if caller is None else normalise(caller.user, self._options.country_code)

    def find_caller_leg(self, call_id: CallId) -> LegId | None:
        call = self._calls.get(call_id)
        return None if call is None else call.caller.leg_id

    def find_calling_agent(self, call_id: CallId) -> AgentId | None:
        """Whose own phone has made the call."""
        call = self._calls.get(call_id)
        return None if call is None else self._agents_calling.get(call.caller.leg_id)

    def find_dialled(self, call_id: CallId) -> str:
        """What the caller dialled, a line of ours or not; '' for a call that is over."""
        return self._dialled.get(call_id, "")

    def party_of(self, number: str) -> PartyId:
        """Who stands behind a number that somebody dials."""
        return self._parties.find_or_add(normalise(number, self._options.country_code))

    def find_number(self, party_id: PartyId) -> str | None:
        """In E.164; None for a party that was erased."""
        return self._parties.find_number(party_id)

    def find_talk_legs(self, call_id: CallId) -> tuple[LegId, LegId] | None:
        """The caller's and the agent's while they are bridged."""
        call = self._calls.get(call_id)
        talk = None if call is None else call.talk
        return None if talk is None else (talk.caller, talk.agent)

    def find_talk(self, call_id: CallId) -> PhoneId | None:
        """The agent's phone that the caller is bridged with."""
        call = self._calls.get(call_id)
        return None if call is None or call.talk is None else call.talk.agents_phone

    def monitors(self) -> list[Monitor]:
        """The supervisors' phones at all talks, those that still ring included."""
        return self._supervision.monitors

    @property
    def max_monitors(self) -> int:
        """Of one talk."""
        return self._options.max_monitors

    def is_registered(self, phone: PhoneId) -> bool:
        return self._sip.is_registered(phone)

    @property
    def is_empty(self) -> bool:
        """Nothing is kept of any call, nor is anything still to be done."""
        tables = (self._calls, self._by_leg, self._callers, self._dialled, self._agents_calling)
        return not any(tables) and self._supervision.is_empty and self.is_idle

    @property
    def is_idle(self) -> bool:
        return self._work.is_idle

    # -- facts -----------------------------------------------------------------------------------

    def on_sip(self, event: sip.SipEvent) -> None:
        if isinstance(event, sip.DialogKept):
            self._keep(event)
            return
        monitoring = self._supervision.find(getattr(event, "leg", LegId("")))
        if monitoring is not None:
            self._take_step(monitoring, lambda: monitoring.on_sip(event))
            return
        match event:
            case sip.IncomingCall() if event.replaces is not None:
                self._replace(event, event.replaces)
            case sip.IncomingCall():
                self._arrive(event)
            case sip.Referred(leg) if leg not in self._by_leg:
                self._sip.refuse_refer(leg, 481)
            case sip.PhoneRegistered(aor) | sip.PhoneUnregistered(aor):
                self._phone_changed(AgentId(aor))
            case sip.BindingsChanged() | sip.Dropped():
                pass
            case _:
                self._on_leg(event.leg, lambda call: call.on_sip(event, self._now()))

    def on_media_event(self, event: media.Message) -> None:
        match event:
            case media.DigitHeard(leg=leg):
                self._take_digit(event)
            case media.PlayEnded(leg=leg, play_id=play_id):
                self._on_leg(LegId(leg), lambda call: call.on_play_ended(play_id))
            case media.MediaLost(leg=leg, is_silent=is_silent):
                self._lose_media(LegId(leg), is_silent)
            case media.TapEnded(tap_id=tap_id, frames=frames, complete=complete):
                self._tell(TalkRecorded(tap_id, frames, complete))
                if not complete:
                    self._tell(MediaTroubled(f"Recording {tap_id}: {event.sentence}"))
            case media.TapTroubled(tap_id=tap_id, sentence=sentence):
                self._tell(MediaTroubled(f"Recording {tap_id}: {sentence}"))
            case _:
                pass

    def _take_digit(self, event: media.DigitHeard) -> None:
        leg_id = LegId(event.leg)
        monitoring = self._supervision.find(leg_id)
        if monitoring is None:
            self._on_leg(leg_id, lambda call: call.on_digit(leg_id, event.digit, event.at_s))
        else:
            self._take_step(monitoring, lambda: monitoring.on_digit(leg_id, event.digit))

    def _lose_media(self, leg_id: LegId, is_silent: bool) -> None:
        monitoring = self._supervision.find(leg_id)
        if monitoring is None:
            self._on_leg(leg_id, lambda call: call.on_media_lost(leg_id, is_silent))
        else:
            self._take_step(monitoring, lambda: monitoring.on_media_lost(leg_id, is_silent))

    def _keep(self, event: sip.DialogKept) -> None:
        """At once, before the work that is waiting: the record must be with media when the
        datagram leaves that the stack gives after it, or a crash in between would undo it."""
        call = self._by_leg.get(event.leg)
        is_of_call = call is not None and call.parts.seats.find(event.leg) is not None
        if is_of_call or self._supervision.find(event.leg) is not None:
            self._media.keep(event.leg, event.record, is_urgent=event.is_urgent)

    # -- the calls of a process before us --------------------------------------------------------

    def find_party(self, caller: sip.CallerIdentity) -> PartyId:
        return self.party_of(caller.user)

    def adopt(self, kept: KeptCall) -> None:
        """Go on with a call whose dialogs the SIP side has adopted; nothing is told of it."""
        caller = kept.caller
        call = Call(
            kept.call_id,
            caller.leg_id,
            kept.party_id,
            kept.line,
            self._options,
            caller.note.trunk,
            caller.note.aor,
            _placed_target(kept),
        )
        # Each process begins to count its plays higher than the one before has come.
        plays = int(self._now() * 1000)
        self._add(call, caller.dialog.peer, caller.note.dialled or kept.line)
        if caller.note.aor:
            self._agents_calling[caller.leg_id] = AgentId(caller.note.aor)
        for side in kept.sides:
            self._by_leg[side.leg_id] = call
        self._take(call, lambda: call.resume(kept, plays))

    # -- supervisors -----------------------------------------------------------------------------

    def monitor(self, call_id: CallId, phone: PhoneId, mode: MonitorMode, *, by: str) -> None:
        call = self._calls.get(call_id)
        monitoring = None if call is None else self._supervision.begin(call, phone)
        if call is not None and monitoring is not None:
            prefer = call.caller.codec
            effects = self._supervision.monitor(monitoring, phone, mode, by, prefer)
            self._work.do(monitoring, effects)

    def stop_monitor(self, call_id: CallId, phone: PhoneId, reason: str) -> None:
        monitoring = self._supervision.find_at(call_id)
        if monitoring is not None:
            self._take_step(monitoring, lambda: monitoring.stop(phone, reason))

    def _join_talk(self, event: sip.IncomingCall) -> bool:
        """Whether it is a supervisor's phone that dials itself into a talk."""
        phone = PhoneId(event.agent_aor)
        if not phone:
            return False
        try:
            joining = self._find_joining(phone, event.to_user)
        except RemoteError as error:
            log.info("%s may not join a talk: %s", phone, error)
            self._sip.reject(event.leg, error.sip_status)
            return True
        if joining is None:
            return False
        call = self._calls.get(joining.call_id)
        monitoring = None if call is None else self._supervision.begin(call, phone)
        if monitoring is None:
            self._sip.reject(event.leg, BUSY_HERE)
            return True
        log.info("[%s] < INVITE of %s, who joins: %s", joining.call_id, phone, joining.mode)
        effects = self._supervision.join(monitoring, event.leg, phone, joining.mode, event.body)
        self._work.do(monitoring, effects)
        self._sip.note(event.leg, supervisors_note(joining.call_id))
        return True

    # -- new calls -------------------------------------------------------------------------------

    def _replace(self, event: sip.IncomingCall, replaced: LegId) -> None:
        """RFC 3891: an agent's other phone may take over the agent's leg of a talk."""
        call, agent_id = self._by_leg.get(replaced), AgentId(event.agent_aor)
        if not agent_id or call is None or not call.parts.agents.may_move(replaced, agent_id):
            self._sip.reject(event.leg, FORBIDDEN)
            return
        self._by_leg[event.leg] = call
        log.info("[%s] < INVITE of %s, who takes another phone", call.call_id, agent_id)
        self._take(call, lambda: call.parts.agents.move(event.leg, agent_id, event.body))
        successor = call.parts.seats.find(event.leg)
        if isinstance(successor, AgentLeg):
            self._sip.note(event.leg, write_note(successor.note()))

    def _consult(self, event: sip.IncomingCall) -> bool:
        """Whether it is the second line of an agent's phone that is in a talk."""
        agent_id = AgentId(event.agent_aor)
        if not agent_id or self._is_line(event.to_user):
            return False
        talks = (each for each in self._calls.values() if each.parts.second.is_of(agent_id))
        call = next(talks, None)
        if call is None:
            return False
        if not call.parts.second.may_ask(agent_id):
            self._sip.reject(event.leg, BUSY_HERE)
            return True
        self._by_leg[event.leg] = call
        log.info("[%s] < INVITE of %s on a second line", call.call_id, agent_id)
        self._take(
            call,
            lambda: call.parts.second.ask(
                event.leg, agent_id, event.to_user, event.body, reliable=event.reliable
            ),
        )
        note = Note(
            call=call.call_id,
            side=Side.AGENT,
            dialled=event.to_user,
            agent=agent_id,
            is_second=True,
        )
        self._sip.note(event.leg, write_note(note))
        return True

    def _arrive(self, event: sip.IncomingCall) -> None:
        if self._join_talk(event) or self._consult(event):
            return
        trunks = self._options.trunks
        trunk = trunks.find_account(event.agent_aor)
        # A trunk's account is no phone: nobody is busy by its calls.
        phone = event.agent_aor if trunk is None else ""
        if trunk is None and not phone:
            trunk = event.trunk or trunks.find(event.source.host)
        if trunks and trunk is None and not phone:
            self._turn_away(event)
            return
        party_id = self.find_party(event.caller)
        is_own = bool(phone) and not self._is_line(event.to_user)
        line = "" if is_own else event.to_user
        call = Call(new_call_id(), event.leg, party_id, line, self._options, trunk or "", phone)
        log.info("[%s] < INVITE for %s", call.call_id, line or "none of our lines")
        self._add(call, event.caller, event.to_user)
        if phone:
            self._agents_calling[event.leg] = AgentId(phone)
            self._phone_changed(AgentId(phone))
        self._take(call, lambda: call.start(event.body, reliable=event.reliable))
        # After the Offer, for media keeps records of sessions that it has.
        note = Note(
            call=call.call_id,
            side=Side.CALLER,
            line=line,
            dialled=event.to_user if is_own else "",
            aor=phone,
            trunk=trunk or "",
        )
        self._sip.note(event.leg, write_note(note))

    def place_call(self, call_id: CallId, target: OutsideTarget, line: str, number: str) -> None:
        leg_id, trunk = new_leg_id(), target.trunk
        call = Call(call_id, leg_id, target.party_id, line, self._options, trunk, target=target)
        self._add(call, sip.CallerIdentity(number, "", ""), line)
        self._take(call, call.place)

    def _add(self, call: Call, caller: sip.CallerIdentity, dialled: str) -> None:
        self._calls[call.call_id] = call
        self._dialled[call.call_id] = dialled
        self._callers[call.call_id] = caller
        for leg_id in call.leg_ids:
            self._by_leg[leg_id] = call

    def _turn_away(self, event: sip.IncomingCall) -> None:
        """Of a stranger's call nothing is kept, and the number it claims is not remembered."""
        party_id = self._parties.find_or_add(ANONYMOUS)
        call = Call(new_call_id(), event.leg, party_id, event.to_user, self._options)
        source = event.source
        log.warning("[%s] < INVITE from an unknown trunk, %s", call.call_id, source.host)
        self._work.do(call, call.turn_away(UNKNOWN_TRUNK_STATUS, UNKNOWN_TRUNK))

    def _phone_changed(self, agent_id: AgentId) -> None:
        self._tell(self._phone(agent_id))

    def _phone(self, agent_id: AgentId) -> PhoneChanged:
        calls = agent_id in self._agents_calling.values()
        listens = any(each.phone == PhoneId(agent_id) for each in self.monitors())
        registered = self._sip.is_registered(agent_id)
        return PhoneChanged(agent_id, registered=registered, busy=calls or listens)

    # -- steps -----------------------------------------------------------------------------------

    def _on_leg(self, leg_id: LegId, given: Callable[[Call], list[Effect]]) -> None:
        call = self._by_leg.get(leg_id)
        if call is not None:
            self._take(call, lambda: given(call))

    def _take(self, call: Call, step: Callable[[], list[Effect]]) -> None:
        """One step of one call; a fault of ours in it costs this call and no other."""
        effects: list[Effect] = []

        def settled() -> None:
            effects.extend(step())
            effects.extend(call.settle())

        if contain(f"a step of call {call.call_id}", settled):
            monitoring, talk = self._supervision.find_at(call.call_id), call.talk
            if monitoring is not None:
                # First, for a supervisor's ear must be taken off a leg while the leg is there.
                leaving = self._supervision.step(monitoring, lambda: monitoring.leave(talk))
                self._work.add(monitoring, leaving)
                self._work.add(call, effects)
                self._take_step(monitoring, lambda: monitoring.follow(talk))
            else:
                self._work.do(call, effects)
        else:
            self._break_off(call)

    def _take_step(self, desk: Desk, step: Callable[[], list[Effect]]) -> None:
        if isinstance(desk, Monitoring):
            self._work.do(desk, self._supervision.step(desk, step))
        elif isinstance(desk, Call):
            self._take(desk, step)

    def _break_off(self, desk: Desk) -> None:
        if not desk.is_over:
            self._take_step(desk, lambda: desk.hang_up(EndedBy.FAULT, "internal error"))

    def _forget_finished(self, desk: Desk) -> None:
        if isinstance(desk, Monitoring):
            self._supervision.forget(desk)
        elif isinstance(desk, Call):
            self._forget_call(desk)

    def _forget_call(self, call: Call) -> None:
        if call.is_over:
            agent_id = self._agents_calling.pop(call.caller.leg_id, None)
            if agent_id is not None:
                self._phone_changed(agent_id)
        if not call.is_finished or call.call_id not in self._calls:
            return
        del self._calls[call.call_id]
        self._callers.pop(call.call_id, None)
        self._dialled.pop(call.call_id, None)
        for leg_id in call.leg_ids:
            self._by_leg.pop(leg_id, None)


def _placed_target(kept: KeptCall) -> OutsideTarget | None:
    """Whom an earlier process has called; the number has been dialled and is not needed again."""
    note = kept.caller.note
    if not note.is_placed:
        return None
    return OutsideTarget(PartyId(note.party), OfferId(""), number="", trunk=note.trunk)
