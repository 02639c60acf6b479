"""A call's path through the house, told once: each event, and what it makes the others do.

    CallArrived ─▶ answer ─▶ CallAnswered ─▶ ivr ─▶ EnterQueue ─▶ CallQueued ─▶ music
        AgentOffered ─▶ ring ─▶ AgentPickedUp ─▶ AgentAnswered ─▶ (agent's number) ─▶ record, bridge
        CallBridged … AgentHungUp / CallEnded ─▶ TalkEnded ─▶ wrap-up
        AgentHungUp before the bridge ─▶ EnterQueue at the front
        TransferAsked … GuestJoined … TalkTransferred: `conduct.handover`
    CallbackDue ─▶ place_call ─▶ CallAnswered ─▶ CallQueued: `conduct.callbacks`
    CallAnswered while an emergency announcement is on: `conduct.emergency`, then the ivr
    CallArrived of an agent's own phone, for no line of ours: `conduct.own_calls`

Nothing here waits or knows a clock: events come in, commands go down. Whoever tells events
(`callcenter.conductor`) does so one after the other, never nested. A fault of ours in one call's
step ends that call, and no other.
"""

import logging
from collections.abc import Callable
from typing import TypeAlias

from acd import events as acd
from acd import inputs as floor
from callcenter.conduct.callbacks import Callbacks
from callcenter.conduct.contact import Contact, Stage
from callcenter.conduct.destinations import Destinations
from callcenter.conduct.emergency import Emergency
from callcenter.conduct.handover import GuestStep, Handover
from callcenter.conduct.house import HouseRules
from callcenter.conduct.limits import MAX_LENGTH, Arrival, TimeUp
from callcenter.conduct.menus import Menus
from callcenter.conduct.offers import failure_of
from callcenter.conduct.own_calls import OwnCalls
from callcenter.conduct.parts import Parts
from callcenter.conduct.steps import Steps
from callcenter.conduct.taping import Taping
from callcenter.events import CallSentOn, HouseEvent
from foundation.ids import AgentId, CallId, OfferId, QueueId, RecordingId
from foundation.tasks import contain
from ivr import effects as ivr
from telephony.calls import events as calls
from telephony.calls.numbers import ANONYMOUS

log = logging.getLogger(__name__)

FloorStep: TypeAlias = (
    acd.CallQueued
    | acd.PositionTold
    | acd.AgentOffered
    | acd.OfferFailed
    | acd.AgentAnswered
    | acd.CallOverflowed
    | acd.CallPromoted
)

LINE_FAULT = "line_fault"
"Prompt for blocked numbers: neutral, so that nobody learns of the block."
MAX_RETURNS = 2
"Agents lost before the talk began, before the caller is told that all are busy."
BLOCKED = "blocked number"
"The rule that refuses them."
BLOCKED_STATUS = 480
"Temporarily unavailable: what a faulty line would say."
NO_LINE = "unknown line"
"The rule that refuses what only agents' phones may dial."
NO_LINE_STATUS = 404
AGENT_TONE = "tone:880:150"
"Tells an agent whose phone answers by itself that a caller comes now."


class Journey:
    """Conducts all calls; holds one `Contact` for each."""

    def __init__(self, rules: HouseRules, parts: Parts, tell: Callable[[HouseEvent], None]) -> None:
        self._rules = rules
        self._limits = parts.limits
        self._control = control = parts.control
        self._ivr = parts.ivr
        self._floor = parts.floor
        self._prompts = parts.prompts
        self._recorder = parts.recorder
        self._callers = parts.callers
        self._tell = tell
        self._contacts: dict[CallId, Contact] = {}
        self._regulars = parts.regulars
        self._steps = Steps(
            rules,
            control,
            parts.ivr,
            parts.floor,
            parts.prompts,
            parts.recorder,
            parts.regulars,
            parts.menus.known,
        )
        where = Destinations(rules, parts.numbers)
        self.taping = Taping(
            rules,
            control,
            self._steps,
            parts.menus.lookups,
            parts.alarms,
            tell,
            lambda contact, what, step: self._guard(contact.call_id, what, step),
        )
        self.handover = Handover(
            rules,
            control,
            parts.floor,
            self._steps,
            self.taping,
            where,
            parts.callers,
            parts.ring_times,
            tell,
        )
        self.callbacks = Callbacks(
            rules, control, parts.floor, parts.callers, parts.numbers, parts.limits, self._begin
        )
        self._own_calls = OwnCalls(
            rules, control, parts.floor, where, parts.callers, parts.ring_times, tell
        )
        self._menus = Menus(rules, parts, self._steps, where, self._own_calls, self.callbacks, tell)

        self.emergency = Emergency(control, self._steps, parts.prompts, parts.utc_now)

    def announce(self) -> None:
        """The emergency announcement was just switched on: who waits hears it."""
        self.emergency.tell(self._contacts.values())

    def find(self, call_id: CallId) -> Contact | None:
        return self._contacts.get(call_id)

    def has_queue(self, queue: str) -> bool:
        return QueueId(queue) in self._rules.queues

    def speaks_of(self, queue: QueueId) -> bool:
        """Some call may still need the queue's rule, or be led there."""
        announcement = self.emergency.current
        is_led_there = announcement is not None and announcement.queue == queue
        if is_led_there or self._ivr.leads_to(queue):
            return True
        return any(each.queue == queue for each in self._contacts.values())

    # -- events ----------------------------------------------------------------------------------

    def on_event(self, event: HouseEvent) -> None:
        """One step of one call; events that nobody need act on are passed over."""
        call_id = getattr(event, "call_id", None)
        self._guard(call_id, type(event).__name__, lambda: self._step(event))

    def adopt(self, contact: Contact) -> None:
        """Conduct a call that an earlier process began; what it missed follows by `on_event`."""
        self._contacts[contact.call_id] = contact
        if contact.stage is Stage.OWN:
            self._own_calls.adopt(contact)
        else:
            self.handover.adopt(contact)
            self.callbacks.adopt(contact)

    def _begin(self, contact: Contact) -> None:
        self._contacts[contact.call_id] = contact

    def count(self, arrival: Arrival) -> None:
        """An adopted call that was answered before; the limits know it from now on."""
        self._limits.take_in(arrival)

    def do_ivr(self, call_id: CallId, effect: ivr.Effect) -> None:
        """What the caller's flow wants done."""
        self._guard(call_id, type(effect).__name__, lambda: self._ivr_step(call_id, effect))

    def ring_time_over(self, call_id: CallId, offer_id: OfferId) -> None:
        """Somebody whom no queue's `ring_s` is for has rung for as long as he may."""
        self._guard(call_id, "ring time", lambda: self._end_ringing(call_id, offer_id))

    def time_up(self, over: TimeUp) -> None:
        """A call has lasted or rung for as long as it may."""
        self._guard(over.call_id, "TimeUp", lambda: self._end_in_time(over))

    def _guard(self, call_id: CallId | None, what: str, step: Callable[[], None]) -> None:
        if not contain(f"{what} of call {call_id}", step) and call_id is not None:
            self._control.hang_up(call_id, calls.EndedBy.FAULT, "internal error")

    def _step(self, event: HouseEvent) -> None:
        match event:
            case calls.PhoneChanged():
                self._phone_changed(event)
            case calls.TalkRecorded(recording_id, frames, complete):
                self.taping.ended(RecordingId(recording_id))
                if not self._menus.recorded(RecordingId(recording_id), frames, complete):
                    self._recorder.end(RecordingId(recording_id), frames, complete)
            case calls.CallArrived():
                self._arrived(event)
            case calls.CallEnded(call_id, by):
                self._ended(call_id, by)
            case calls.AgentPickedUp() | calls.AgentRefused() | calls.AgentHungUp():
                self._agents_phone(event)
            case (
                calls.CallAnswered()
                | calls.CallNotReached()
                | calls.DigitPressed()
                | calls.PromptEnded()
            ):
                self._caller_step(event)
            case (
                calls.TransferAsked()
                | calls.ConsultAsked()
                | calls.GuestJoined()
                | calls.GuestLeft()
                | calls.ConferenceStarted()
                | calls.TalkTransferred()
                | acd.AgentReserved()
                | acd.ReservationFailed()
                | acd.TalkTaken()
                | CallSentOn()
            ):
                self._guest_step(event)
            case (
                acd.CallQueued()
                | acd.PositionTold()
                | acd.AgentOffered()
                | acd.OfferFailed()
                | acd.AgentAnswered()
                | acd.CallOverflowed()
                | acd.CallPromoted()
            ):
                self._floor_step(event)
            case _:
                self.callbacks.step(event)

    def _ivr_step(self, call_id: CallId, effect: ivr.Effect) -> None:
        contact = self._contacts.get(call_id)
        if contact is None:
            return
        self._menus.do(contact, effect)

    # -- the caller ------------------------------------------------------------------------------

    def _arrived(self, event: calls.CallArrived) -> None:
        call_id, line = event.call_id, event.line
        number = self._callers.find_caller_number(call_id)
        if number is None:
            return  # it was over before we were told, as a stranger's call is
        arrival = Arrival(
            call_id=call_id,
            party_id=event.party_id,
            line=line,
            trunk=event.trunk,
            is_anonymous=number == ANONYMOUS,
        )
        refusal = self._limits.admit(arrival)
        if refusal is not None:
            self._control.refuse(call_id, refusal.status, refusal.rule)
            return
        contact = self._contacts[call_id] = Contact(call_id, line, trunk=event.trunk)
        agent_id = None if line in self._rules.lines else self._callers.find_calling_agent(call_id)
        if agent_id is not None:
            self._own_calls.arrived(contact, agent_id)
        elif line not in self._rules.lines:
            self._control.refuse(call_id, NO_LINE_STATUS, NO_LINE)
        elif number in self._rules.blocked:
            contact.stage = Stage.BLOCKED
            self._control.answer_early(call_id)
            languages = self._rules.lines[line].languages
            self._control.play(call_id, self._prompts.named(LINE_FAULT, languages))
        else:
            self._control.answer(call_id)

    def _end_in_time(self, over: TimeUp) -> None:
        if over.refusal is None:
            self._control.hang_up(over.call_id, calls.EndedBy.CENTRE, MAX_LENGTH)
        else:
            self._control.refuse(over.call_id, over.refusal.status, over.refusal.rule)

    def _caller_step(
        self,
        event: calls.CallAnswered | calls.CallNotReached | calls.DigitPressed | calls.PromptEnded,
    ) -> None:
        contact = self._contacts.get(event.call_id)
        if contact is None:
            return
        match event:
            case calls.CallAnswered(call_id):
                self._limits.answered(call_id)
                if contact.stage is Stage.OWN:
                    self._own_calls.answered(contact)
                elif contact.stage is Stage.DIALLED:
                    self.callbacks.answered(contact)
                else:
                    self._menus.forget_guest(contact)
                    contact.tier = self._regulars.tier_of(call_id)
                    if not (self.emergency.greet(contact) or self._steps.ask_consent(contact)):
                        self._steps.start_flow(contact, contact.line)
            case calls.CallNotReached(status=status):
                contact.status = status
            case calls.DigitPressed(_, calls.Side.CALLER, digit):
                self._caller_key(contact, digit)
            case calls.DigitPressed():
                self.taping.agent_key(contact, event)
            case calls.PromptEnded():
                self._prompt_ended(contact)
            case _:
                pass

    def _caller_key(self, contact: Contact, digit: str) -> None:
        match contact.stage:
            case Stage.IVR:
                self._ivr.digit(contact.call_id, digit)
            case Stage.CONSENT if self._steps.is_decline(contact, digit):
                self.taping.decline(contact)
                self._steps.start_flow(contact, contact.line)
            case Stage.ANNOUNCING if contact.hears_consent:
                if not contact.declined and self._steps.is_decline(contact, digit):
                    self.taping.decline(contact)
            case Stage.TALKING:
                self.taping.caller_key(contact, digit)
            case _:
                pass

    def _prompt_ended(self, contact: Contact) -> None:
        match contact.stage:
            case Stage.CONSENT:
                self._steps.start_flow(contact, contact.line)
            case Stage.IVR:
                self._ivr.prompt_ended(contact.call_id)
            case Stage.EMERGENCY:
                self.emergency.spoken(contact)
            case Stage.BLOCKED:
                self._control.refuse(contact.call_id, BLOCKED_STATUS, BLOCKED)
            case Stage.WAITING:
                self._steps.play_music(contact)
            case Stage.ANNOUNCING:
                self._bridge(contact)
            case Stage.LEAVING:
                self._control.hang_up(
                    contact.call_id, calls.EndedBy.CENTRE, "waited longer than the queue allows"
                )
            case Stage.DIALLED | Stage.TALKING | Stage.HANDED | Stage.OUTSIDE:
                pass
            case Stage.OWN | Stage.ECHO:
                pass

    def _ended(self, call_id: CallId, by: calls.EndedBy) -> None:
        self._limits.ended(call_id)
        self.handover.ended(call_id)
        self._own_calls.ended(call_id)
        self._menus.ended(call_id)
        contact = self._contacts.get(call_id)
        if contact is None:
            return
        if contact.stage is Stage.DIALLED:
            del self._contacts[call_id]
            self.callbacks.ended(contact, by)
            return
        self.taping.call_over(contact)
        # The flow's last facts are still this contact's.
        self._ivr.caller_left(call_id)
        del self._contacts[call_id]
        if contact.queue is not None:
            # Only who hangs up has abandoned; a caller whom we lost is our failure, not his choice.
            left = floor.CallerLeft if by is calls.EndedBy.CALLER else floor.Lose
            self._floor.feed(left(call_id))

    # -- the agent's phone -----------------------------------------------------------------------

    def _phone_changed(self, event: calls.PhoneChanged) -> None:
        """Every account may register; the floor knows agents only."""
        if event.agent_id in self._rules.agents:
            self._own_calls.phone_changed(event)

    def _agents_phone(
        self, event: calls.AgentPickedUp | calls.AgentRefused | calls.AgentHungUp
    ) -> None:
        match event:
            case calls.AgentPickedUp(call_id, agent_id, offer_id):
                if self._floor.is_current(offer_id):
                    self._floor.feed(floor.Accept(call_id, agent_id, offer_id))
                else:
                    self._control.stop_ringing(call_id, offer_id)
            case calls.AgentRefused(call_id, agent_id, offer_id, status):
                failure = failure_of(status)
                self._floor.feed(floor.Decline(call_id, agent_id, offer_id, failure))
            case calls.AgentHungUp(call_id, agent_id):
                self._floor.feed(floor.AgentLeft(call_id, agent_id))
                self._agent_left(event)

    def _agent_left(self, event: calls.AgentHungUp) -> None:
        """After a talk the call is over, unless a guest is to have it; before it the caller has
        waited and is served next."""
        call_id = event.call_id
        contact = self._contacts.get(call_id)
        if contact is not None:
            self.taping.talk_over(contact)
        if contact is not None and self.handover.agent_left(contact):
            return
        if contact is not None and self._wants_survey(contact, event):
            return
        if contact is None or contact.stage is not Stage.ANNOUNCING or contact.queue is None:
            reason = f"the agent's phone: {event.why}" if event.why else "the agent's part is over"
            self._control.hang_up(call_id, event.by, reason)
            return
        contact.agent_id = None
        contact.returns += 1
        if contact.returns > MAX_RETURNS:
            self._steps.say_all_busy(contact)
        else:
            self._steps.enqueue(contact, contact.queue, front=True)

    def _wants_survey(self, contact: Contact, event: calls.AgentHungUp) -> bool:
        """A talk that the agent has ended; a fault is followed by nothing."""
        is_end_of_talk = contact.stage is Stage.TALKING and event.by is calls.EndedBy.AGENT
        return is_end_of_talk and self._steps.start_survey(contact)

    # -- guests ----------------------------------------------------------------------------------

    def _guest_step(self, event: GuestStep) -> None:
        contact = self._contacts.get(event.call_id)
        if contact is None:
            self.handover.too_late(event)
        elif contact.stage is Stage.OWN:
            self._own_calls.guest_step(contact, event)
        elif self._menus.has_rung(contact):
            self._menus.guest_step(contact, event)
        else:
            self.handover.step(contact, event)

    def _end_ringing(self, call_id: CallId, offer_id: OfferId) -> None:
        contact = self._contacts.get(call_id)
        if contact is None:
            return
        if contact.stage is Stage.OWN:
            self._own_calls.ring_time_over(contact)
        elif self._menus.has_rung(contact):
            self._menus.ring_time_over(contact)
        else:
            self.handover.ring_time_over(contact, offer_id)

    # -- the floor -------------------------------------------------------------------------------

    def _floor_step(self, event: FloorStep) -> None:
        contact = self._contacts.get(event.call_id)
        if contact is None:
            return
        match event:
            case acd.CallQueued(front=front):
                has_waited = front or contact.returns > 0 or contact.is_placed
                self._steps.begin_waiting(contact, has_waited=has_waited)
            case acd.PositionTold(position=position, expected_s=expected_s, is_longer=is_longer):
                languages = self._steps.languages(contact)
                place = self._prompts.position(position, languages)
                wait = self._prompts.wait(expected_s, is_longer, languages)
                self._control.play(contact.call_id, [*place, *wait])
            case acd.AgentOffered(call_id, _, agent_id, offer_id):
                auto_answer = self._rules.agents[agent_id].auto_answer
                self._control.ring_agent(call_id, agent_id, offer_id, auto_answer=auto_answer)
            case acd.OfferFailed(call_id, offer_id=offer_id, why=why):
                taken = why is acd.OfferFailure.TAKEN
                self._control.stop_ringing(call_id, offer_id, taken=taken)
            case acd.AgentAnswered(_, _, agent_id):
                self._agent_answered(contact, agent_id)
            case acd.CallOverflowed():
                self._steps.overflow(contact, event)
            case acd.CallPromoted(priority=priority, tier=tier):
                contact.priority, contact.tier = priority, tier

    def _agent_answered(self, contact: Contact, agent_id: AgentId) -> None:
        contact.agent_id = agent_id
        agent = self._rules.agents[agent_id]
        rule = self._steps.queue_rule(contact)
        if agent.auto_answer:
            self._control.play_to_agent(contact.call_id, [AGENT_TONE])
        items = self._steps.consent_items(contact) if contact.is_placed else []
        contact.hears_consent = bool(items)
        if rule.announce_agent:
            items += self._prompts.agent_number(agent.number, self._steps.languages(contact))
        if items:
            contact.stage = Stage.ANNOUNCING
            self._control.play(contact.call_id, items)
        else:
            self._bridge(contact)

    def _bridge(self, contact: Contact) -> None:
        contact.stage = Stage.TALKING
        if contact.queue is None or contact.agent_id is None:
            return
        self.taping.record(contact, contact.queue, contact.agent_id)
        self._control.bridge(contact.call_id)
