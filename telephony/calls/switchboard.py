"""All calls: the desk where SIP, media and the upper parts' commands meet their call.

Facts come in by `on_sip`, `on_media_event` and media replies, commands by `CallControl`; each is
handed to its `Call` (telephony.calls.call), and what the call wants done is performed here, in
order and never nested: work that a told event causes waits until the present work is done.
"""

import json
import logging
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeAlias

from foundation.ids import (
    AgentId,
    CallId,
    LegId,
    OfferId,
    PartyId,
    PhoneId,
    RecordingId,
    new_call_id,
    new_leg_id,
)
from foundation.tasks import contain
from telephony.calls.call import Call
from telephony.calls.effects import (
    Accept,
    AskMedia,
    Dial,
    DialSupervisor,
    Effect,
    HangUpLeg,
    MediaAnswered,
    Progress,
    Reject,
    Tell,
)
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
from telephony.calls.trunks import UNKNOWN_TRUNK, UNKNOWN_TRUNK_STATUS
from telephony.media import protocol as media
from telephony.sip import events as sip

log = logging.getLogger(__name__)

AUTO_ANSWER_HEADERS = (
    ("Call-Info", "<sip:auto-answer>;answer-after=0"),
    ("Alert-Info", "<sip:auto-answer>;info=alert-autoanswer;delay=0"),
)
"Two spellings, because phones agree on neither (RFC 3261 20.4 and 20.9 leave both open)."


Desk: TypeAlias = Call | Monitoring
"What has legs: a call, and the supervisors at it."


class SipPort(Protocol):
    """The SIP verbs the switchboard uses; events come back by `Switchboard.on_sip`."""

    def progress(self, leg: LegId, status: int, body: bytes) -> None: ...
    def accept(self, leg: LegId, body: bytes) -> None: ...
    def reject(self, leg: LegId, status: int) -> None: ...
    def dial(
        self,
        leg: LegId,
        to: str,
        *,
        body: bytes,
        caller_user: str,
        caller_name: str,
        headers: Sequence[tuple[str, str]],
    ) -> None: ...
    def hang_up(self, leg: LegId, reason: str) -> None: ...
    def note(self, leg: LegId, extra: bytes) -> None: ...
    def is_registered(self, aor: str) -> bool: ...


class MediaPort(Protocol):
    """Asks the worker that keeps the call; the reply comes later, exactly once."""

    def ask(
        self, request: media.Request, on_reply: Callable[[media.Done | media.Failed], None]
    ) -> None: ...


class Switchboard:
    """Implements `telephony.calls.control.CallControl`."""

    def __init__(
        self,
        options: CallOptions,
        sip_port: SipPort,
        media_port: MediaPort,
        parties: PartyBook,
        tell: Callable[[CallEvent], None],
        now: Callable[[], float],
    ) -> None:
        self._options = options
        self._sip = sip_port
        self._media = media_port
        self._parties = parties
        self._tell = tell
        self._now = now
        self._calls: dict[CallId, Call] = {}
        self._by_leg: dict[LegId, Call] = {}
        self._callers: dict[CallId, sip.CallerIdentity] = {}
        self._agents_calling: dict[LegId, AgentId] = {}
        "Calls that agents' own phones have made: such a phone is busy."
        self._monitoring: dict[CallId, Monitoring] = {}
        self._by_supervisors_leg: dict[LegId, Monitoring] = {}
        self._work: deque[tuple[Desk, Effect]] = deque()
        self._is_working = False

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
        living.sort(key=lambda call: call.agent is not None)
        return [call.call_id for call in living]

    def find_caller_number(self, call_id: CallId) -> str | None:
        """E.164, ANONYMOUS, or an extension; None for a call that is over."""
        caller = self._callers.get(call_id)
        return None if caller is None else normalise(caller.user, self._options.country_code)

    def find_caller_leg(self, call_id: CallId) -> LegId | None:
        call = self._calls.get(call_id)
        return None if call is None else call.caller.leg_id

    def find_talk(self, call_id: CallId) -> PhoneId | None:
        """The agent's phone that the caller is bridged with."""
        call = self._calls.get(call_id)
        return None if call is None or call.talk is None else call.talk.agents_phone

    def monitors(self) -> list[Monitor]:
        """The supervisors' phones at all talks, those that still ring included."""
        return [each for desk in self._monitoring.values() for each in desk.monitors]

    @property
    def max_monitors(self) -> int:
        """Of one talk."""
        return self._options.max_monitors

    def is_registered(self, phone: PhoneId) -> bool:
        return self._sip.is_registered(phone)

    # -- facts -----------------------------------------------------------------------------------

    def on_sip(self, event: sip.SipEvent) -> None:
        monitoring = self._by_supervisors_leg.get(getattr(event, "leg", LegId("")))
        if monitoring is not None:
            self._attend(monitoring, lambda: monitoring.on_sip(event))
            return
        match event:
            case sip.IncomingCall():
                self._arrive(event)
            case sip.PhoneRegistered(aor) | sip.PhoneUnregistered(aor):
                self._phone_changed(AgentId(aor))
            case sip.BindingsChanged() | sip.Dropped():
                pass
            case sip.DialogKept():
                self._keep(event)
            case _:
                call = self._by_leg.get(event.leg)
                if call is not None:
                    self._take(call, lambda: call.on_sip(event, self._now()))

    def on_media_event(self, event: media.Message) -> None:
        match event:
            case media.DigitHeard(leg=leg, digit=digit, at_s=at_s):
                self._on_leg(LegId(leg), lambda call: call.on_digit(LegId(leg), digit, at_s))
            case media.PlayEnded(leg=leg, play_id=play_id):
                self._on_leg(LegId(leg), lambda call: call.on_play_ended(play_id))
            case media.MediaLost(leg=leg):
                self._lose_media(LegId(leg))
            case media.TapEnded(tap_id=tap_id, frames=frames, complete=complete):
                self._tell(TalkRecorded(tap_id, frames, complete))
                if not complete:
                    self._tell(MediaTroubled(f"Recording {tap_id}: {event.sentence}"))
            case media.TapTroubled(tap_id=tap_id, sentence=sentence):
                self._tell(MediaTroubled(f"Recording {tap_id}: {sentence}"))
            case _:
                pass

    # -- the calls of a process before us --------------------------------------------------------

    def find_party(self, caller: sip.CallerIdentity) -> PartyId:
        return self._parties.find_or_add(normalise(caller.user, self._options.country_code))

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
        )
        # Each process begins to count its plays higher than the one before has come.
        plays = int(self._now() * 1000)
        self._add(call, caller.dialog.peer)
        if caller.note.aor:
            self._agents_calling[caller.leg_id] = AgentId(caller.note.aor)
        if kept.agent is not None:
            self._by_leg[kept.agent.leg_id] = call
        self._take(call, lambda: call.resume(kept, plays))

    # -- CallControl -----------------------------------------------------------------------------

    def answer(self, call_id: CallId) -> None:
        self._on_call(call_id, lambda call: call.answer())

    def answer_early(self, call_id: CallId) -> None:
        self._on_call(call_id, lambda call: call.answer_early())

    def refuse(self, call_id: CallId, status: int, rule: str) -> None:
        self._on_call(call_id, lambda call: call.refuse(status, rule))

    def play(self, call_id: CallId, items: Sequence[str], *, loop: bool = False) -> None:
        self._on_call(call_id, lambda call: call.play(items, loop=loop))

    def stop_playing(self, call_id: CallId) -> None:
        self._on_call(call_id, lambda call: call.stop_playing())

    def ring_agent(
        self, call_id: CallId, agent_id: AgentId, offer_id: OfferId, *, auto_answer: bool
    ) -> None:
        leg_id = new_leg_id()

        def ring(call: Call) -> list[Effect]:
            effects = call.ring_agent(leg_id, agent_id, offer_id, auto_answer=auto_answer)
            if leg_id in call.leg_ids:
                self._by_leg[leg_id] = call
            return effects

        self._on_call(call_id, ring)

    def stop_ringing(self, call_id: CallId, offer_id: OfferId) -> None:
        self._on_call(call_id, lambda call: call.stop_ringing(offer_id))

    def play_to_agent(self, call_id: CallId, items: Sequence[str]) -> None:
        self._on_call(call_id, lambda call: call.play_to_agent(items))

    def bridge(self, call_id: CallId) -> None:
        self._on_call(call_id, lambda call: call.bridge())

    def echo(self, call_id: CallId) -> None:
        self._on_call(call_id, lambda call: call.echo())

    def record(self, call_id: CallId, recording_id: RecordingId, file: str) -> None:
        """For a call that is gone the recording is told closed and empty."""
        if call_id in self._calls:
            self._on_call(call_id, lambda call: call.record(recording_id, file))
        else:
            self._tell(TalkRecorded(recording_id, 0, complete=False))

    def hang_up(self, call_id: CallId, by: EndedBy, reason: str) -> None:
        self._on_call(call_id, lambda call: call.hang_up(by, reason))

    def release_agent(self, call_id: CallId) -> None:
        self._on_call(call_id, lambda call: call.release_agent())

    def monitor(self, call_id: CallId, phone: PhoneId, mode: MonitorMode, *, by: str) -> None:
        call = self._calls.get(call_id)
        if call is None or call.talk is None:
            return
        if any(each.phone == phone and each.call_id != call_id for each in self.monitors()):
            return
        monitoring = self._monitoring.setdefault(
            call_id, Monitoring(call_id, call.talk, self._options)
        )
        leg_id, wanted = new_leg_id(), Monitor(call_id, phone, by, mode)
        self._attend(monitoring, lambda: monitoring.monitor(leg_id, wanted, call.caller.codec))

    def stop_monitor(self, call_id: CallId, phone: PhoneId, reason: str) -> None:
        monitoring = self._monitoring.get(call_id)
        if monitoring is not None:
            self._attend(monitoring, lambda: monitoring.stop(phone, reason))

    # -- supervisors -----------------------------------------------------------------------------

    def _attend(self, monitoring: Monitoring, step: Callable[[], list[Effect]]) -> None:
        self._do(monitoring, self._supervise(monitoring, step))

    def _supervise(self, monitoring: Monitoring, step: Callable[[], list[Effect]]) -> list[Effect]:
        """One step of a talk's supervisors; a fault of ours in it costs them and no call."""
        before = {each.phone for each in monitoring.monitors}
        effects: list[Effect] = []
        if not contain(f"a monitor of {monitoring.call_id}", lambda: effects.extend(step())):
            effects = monitoring.hang_up(EndedBy.FAULT, "internal error")
        for leg_id in monitoring.leg_ids:
            self._by_supervisors_leg[leg_id] = monitoring
        changed = before ^ {each.phone for each in monitoring.monitors}
        return [*effects, *(Tell(self._phone(AgentId(phone))) for phone in sorted(changed))]

    def _followers(self, call: Call) -> list[tuple[Desk, Effect]]:
        """What the call's last step means to whoever listens to it."""
        monitoring = self._monitoring.get(call.call_id)
        if monitoring is None:
            return []
        effects = self._supervise(monitoring, lambda: monitoring.follow(call.talk))
        return [(monitoring, effect) for effect in effects]

    def _forget_supervisors(self, monitoring: Monitoring) -> None:
        if monitoring.is_finished and self._monitoring.get(monitoring.call_id) is monitoring:
            del self._monitoring[monitoring.call_id]
            for leg_id, desk in list(self._by_supervisors_leg.items()):
                if desk is monitoring:
                    del self._by_supervisors_leg[leg_id]

    # -- work ------------------------------------------------------------------------------------

    def _arrive(self, event: sip.IncomingCall) -> None:
        trunks = self._options.trunks
        trunk = trunks.find_account(event.agent_aor)
        # A trunk's account is no phone: nobody is busy by its calls.
        phone = event.agent_aor if trunk is None else ""
        if trunk is None and not phone:
            trunk = trunks.find(event.source.host)
        if trunks and trunk is None and not phone:
            self._turn_away(event)
            return
        party_id = self.find_party(event.caller)
        call = Call(
            new_call_id(),
            event.leg,
            party_id,
            event.to_user,
            self._options,
            trunk or "",
            event.agent_aor,
        )
        log.info("[%s] < INVITE for %s", call.call_id, event.to_user)
        self._add(call, event.caller)
        if phone:
            self._agents_calling[event.leg] = AgentId(phone)
            self._phone_changed(AgentId(phone))
        self._take(call, lambda: call.start(event.body, reliable=event.reliable))
        # After the Offer, for media keeps records of sessions that it has.
        note = Note(
            call=call.call_id,
            side=Side.CALLER,
            line=event.to_user,
            aor=phone,
            trunk=trunk or "",
        )
        self._sip.note(event.leg, write_note(note))

    def _add(self, call: Call, caller: sip.CallerIdentity) -> None:
        self._calls[call.call_id] = call
        self._callers[call.call_id] = caller
        for leg_id in call.leg_ids:
            self._by_leg[leg_id] = call

    def _keep(self, event: sip.DialogKept) -> None:
        """At once, before the work that is waiting: the record must be with media when the
        datagram leaves that the stack gives after it, or a crash in between would undo it."""
        call = self._by_leg.get(event.leg)
        if call is not None:
            for effect in call.on_sip(event, self._now()):
                self._perform(call, effect)

    def _turn_away(self, event: sip.IncomingCall) -> None:
        """Of a stranger's call nothing is kept, and the number it claims is not remembered."""
        party_id = self._parties.find_or_add(ANONYMOUS)
        call = Call(new_call_id(), event.leg, party_id, event.to_user, self._options)
        source = event.source
        log.warning("[%s] < INVITE from an unknown trunk, %s", call.call_id, source.host)
        self._do(call, call.turn_away(UNKNOWN_TRUNK_STATUS, UNKNOWN_TRUNK))

    def _phone_changed(self, agent_id: AgentId) -> None:
        self._tell(self._phone(agent_id))

    def _phone(self, agent_id: AgentId) -> PhoneChanged:
        calls = agent_id in self._agents_calling.values()
        listens = any(each.phone == PhoneId(agent_id) for each in self.monitors())
        registered = self._sip.is_registered(agent_id)
        return PhoneChanged(agent_id, registered=registered, busy=calls or listens)

    def _lose_media(self, leg_id: LegId) -> None:
        monitoring = self._by_supervisors_leg.get(leg_id)
        if monitoring is None:
            self._on_leg(leg_id, lambda call: call.on_media_lost(leg_id))
        else:
            self._attend(monitoring, lambda: monitoring.on_media_lost(leg_id))

    def _on_leg(self, leg_id: LegId, given: Callable[[Call], list[Effect]]) -> None:
        call = self._by_leg.get(leg_id)
        if call is not None:
            self._take(call, lambda: given(call))

    def _on_call(self, call_id: CallId, command: Callable[[Call], list[Effect]]) -> None:
        call = self._calls.get(call_id)
        if call is not None:
            self._take(call, lambda: command(call))

    def _take(self, call: Call, step: Callable[[], list[Effect]]) -> None:
        """One step of one call; a fault of ours in it costs this call and no other."""
        effects: list[Effect] = []
        if contain(f"a step of call {call.call_id}", lambda: effects.extend(step())):
            # First, for a supervisor's ear must be taken off a leg while the leg is there.
            self._work.extend(self._followers(call))
            self._do(call, effects)
        else:
            self._break_off(call)

    def _break_off(self, desk: Desk) -> None:
        if desk.is_over:
            return
        if isinstance(desk, Monitoring):
            self._attend(desk, lambda: desk.hang_up(EndedBy.FAULT, "internal error"))
        else:
            self._take(desk, lambda: desk.hang_up(EndedBy.FAULT, "internal error"))

    def _do(self, desk: Desk, effects: Iterable[Effect]) -> None:
        self._work.extend((desk, effect) for effect in effects)
        if self._is_working:
            return
        self._is_working = True
        try:
            while self._work:
                at, effect = self._work.popleft()
                if not contain(f"work for call {at.call_id}", self._perform, at, effect):
                    self._break_off(at)
                self._forget_finished(at)
        finally:
            self._is_working = False

    def _perform(self, desk: Desk, effect: Effect) -> None:
        match effect:
            case Progress(leg, body):
                self._sip.progress(leg, 183, body)
            case Accept(leg, body):
                self._sip.accept(leg, body)
            case Reject(leg, status):
                self._sip.reject(leg, status)
            case Dial():
                assert isinstance(desk, Call)
                self._dial(desk, effect)
            case DialSupervisor():
                self._dial_supervisor(desk.call_id, effect)
            case HangUpLeg(leg, reason):
                self._sip.hang_up(leg, reason)
            case AskMedia():
                self._ask(desk, effect)
            case Tell(event):
                self._tell(event)

    def _dial(self, call: Call, effect: Dial) -> None:
        caller = self._callers.get(call.call_id)
        log.info("[%s] > INVITE %s", call.call_id, effect.agent_id)
        self._sip.dial(
            effect.leg,
            effect.agent_id,
            body=effect.body,
            caller_user=caller.user if caller else "",
            caller_name=caller.display_name if caller else "",
            headers=AUTO_ANSWER_HEADERS if effect.auto_answer else (),
        )
        agent = call.agent
        if agent is not None:
            note = Note(
                call=call.call_id, side=Side.AGENT, agent=agent.agent_id, offer=agent.offer_id
            )
            self._sip.note(effect.leg, write_note(note))

    def _dial_supervisor(self, call_id: CallId, effect: DialSupervisor) -> None:
        caller = self._callers.get(call_id)
        log.info("[%s] > INVITE %s, who supervises", call_id, effect.phone)
        self._sip.dial(
            effect.leg,
            effect.phone,
            body=effect.body,
            caller_user=caller.user if caller else "",
            caller_name=caller.display_name if caller else "",
            headers=AUTO_ANSWER_HEADERS,
        )
        note = {"call": call_id, "side": "supervisor"}
        self._sip.note(effect.leg, json.dumps(note).encode())

    def _ask(self, desk: Desk, effect: AskMedia) -> None:
        def on_reply(reply: media.Done | media.Failed) -> None:
            if isinstance(reply, media.Failed):
                log.warning("[%s] media: %s", desk.call_id, reply.sentence)
            answered = MediaAnswered(effect, reply)
            if isinstance(desk, Monitoring):
                self._attend(desk, lambda: desk.on_media(answered))
            else:
                self._take(desk, lambda: desk.on_media(answered))
            self._forget_finished(desk)

        self._media.ask(effect.request, on_reply)

    def _forget_finished(self, desk: Desk) -> None:
        if isinstance(desk, Monitoring):
            self._forget_supervisors(desk)
        else:
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
        for leg_id in call.leg_ids:
            self._by_leg.pop(leg_id, None)
