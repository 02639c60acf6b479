"""Does what a caller's flow wants: says, looks up, listens, records, sends him elsewhere.

    PlayPrompts ─▶ named prompts at once, sentences when the speaker has made them
    StartLookup, HandOverCard, AskSpeech, RecordVoicemail
                ─▶ the port; its answer goes back into the flow
    OfferCallback ─▶ `conduct.callbacks`; whether it is promised goes back into the flow
    Transfer ─▶ a queue or a line: the flow is over
             └▶ an agent's phone or a number outside is rung while the caller waits
                   GuestJoined ─▶ they talk, and the call ends with either
                   GuestLeft, ring time over ─▶ back into the flow

Nothing here waits or knows a clock. What belongs to a call ends with it (`ended`).
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import get_args

from acd.events import Priority
from acd.requirement import parse_requirement
from callcenter.conduct.callbacks import Callbacks
from callcenter.conduct.contact import Contact, Guest, Stage
from callcenter.conduct.destinations import (
    Destinations,
    ToAgent,
    ToLine,
    ToOutside,
    ToQueue,
    rule_of,
)
from callcenter.conduct.handover import GuestStep
from callcenter.conduct.house import HouseRules
from callcenter.conduct.menu_ports import Stoppable
from callcenter.conduct.own_calls import OwnCalls
from callcenter.conduct.parts import Parts
from callcenter.conduct.steps import Steps
from callcenter.events import HouseEvent
from foundation.errors import Conflict, RemoteError
from foundation.ids import AgentId, CallId, QueueId, RecordingId, new_callback_id, new_offer_id
from ivr import effects as ivr
from ivr.events import CallbackAsked, IvrEvent, LanguageChosen
from ivr.inputs import (
    CallbackPromised,
    CallbackRefused,
    LookupFailed,
    SpeechFailed,
    TransferDone,
    TransferFailed,
    VoicemailEnded,
)
from ivr.spoken import Prompt
from telephony.calls import events as calls
from telephony.calls.control import AgentTarget, GuestTarget, OutsideTarget
from telephony.calls.number_rules import Purpose

log = logging.getLogger(__name__)

FACTS = get_args(IvrEvent)
TONE = "tone:880:300"
"Before a message."
MAX_SENDS = 10
"To lines, in one call: two that lead to each other must come to an end."
NOBODY = AgentId("")
"No phone of ours calls."


class Menus:
    """For all callers in flows; what it remembers of one is in its `Contact`."""

    def __init__(
        self,
        rules: HouseRules,
        parts: Parts,
        steps: Steps,
        destinations: Destinations,
        own_calls: OwnCalls,
        callbacks: Callbacks,
        tell: Callable[[HouseEvent], None],
    ) -> None:
        self._rules = rules
        self._control = parts.control
        self._ivr = parts.ivr
        self._floor = parts.floor
        self._prompts = parts.prompts
        self._callers = parts.callers
        self._ring_times = parts.ring_times
        self._ports = parts.menus
        self._steps = steps
        self._destinations = destinations
        self._own_calls = own_calls
        self._callbacks = callbacks
        self._tell = tell
        self._recording: dict[RecordingId, CallId] = {}

    # -- effects ---------------------------------------------------------------------------------

    def do(self, contact: Contact, effect: ivr.Effect) -> None:
        call_id = contact.call_id
        match effect:
            case ivr.PlayPrompts():
                self._say(call_id, effect)
            case ivr.StopPrompts():
                self._hush(call_id)
            case ivr.SetLanguage(language):
                contact.language = language
                self._tell(LanguageChosen(call_id, language))
            case ivr.EnterQueue():
                self._enqueue(contact, effect)
            case ivr.HangUp(reason):
                contact.stage = Stage.LEAVING
                self._control.hang_up(call_id, calls.EndedBy.CENTRE, reason)
            case ivr.Echo():
                contact.stage = Stage.ECHO
                self._control.echo(call_id)
            case ivr.OfferCallback():
                self._promise(contact, effect)
            case ivr.Transfer(to):
                self._send(contact, to)
            case ivr.StopTransfer():
                self._send_away(contact)
            case _:
                self._use_port(contact, effect)

    def _use_port(self, contact: Contact, effect: ivr.Effect) -> None:
        call_id = contact.call_id
        match effect:
            case ivr.StartLookup():
                self._look_up(call_id, effect)
            case ivr.StopLookup():
                self._stop(self._ports.lookups, call_id)
            case ivr.HandOverCard():
                self._hand_over_card(call_id, effect)
            case ivr.RecordVoicemail():
                self._record(contact, effect)
            case ivr.StopVoicemail():
                self._control.end_message(call_id)
            case _:
                self._use_ears(call_id, effect)

    def _use_ears(self, call_id: CallId, effect: ivr.Effect) -> None:
        match effect:
            case ivr.AskSpeech():
                self._listen(call_id, effect)
            case ivr.KeepHeard():
                if self._ports.learner is not None:
                    self._ports.learner.keep(call_id, effect)
            case ivr.QuestionOver():
                if self._ports.listener is not None:
                    self._ports.listener.question_over(call_id)
            case ivr.StopSpeech():
                self._stop(self._ports.listener, call_id)
            case _:
                if isinstance(effect, FACTS):
                    self._tell(effect)

    def _enqueue(self, contact: Contact, wish: ivr.EnterQueue) -> None:
        contact.priority = Priority.P3 if wish.priority is None else Priority[f"P{wish.priority}"]
        contact.tier = wish.tier or contact.tier
        # What cannot be read was refused when the flow was.
        contact.requires = parse_requirement(wish.requires)
        contact.prefer = AgentId(wish.prefer) if wish.prefer else None
        self._steps.enqueue(contact, wish.queue)

    def _promise(self, contact: Contact, offer: ivr.OfferCallback) -> None:
        """A caller who is called back at the number he calls from keeps its country."""
        own = self._callers.find_caller_number(contact.call_id) or ""
        number = own if own.lstrip("+") == offer.number else offer.number
        asked = CallbackAsked(
            contact.call_id,
            offer.flow,
            offer.node,
            offer.queue,
            self._callers.party_of(number),
            offer.priority,
        )
        priority = None if offer.priority is None else Priority[f"P{offer.priority}"]
        try:
            self._callbacks.ask_by_caller(new_callback_id(), contact, offer.queue, number, priority)
        except RemoteError as error:
            # He has been promised one already, or the number may not be dialled.
            log.warning("[%s] - no callback: %s", contact.call_id, error)
            self._tell(replace(asked, refused=str(error)))
            self._ivr.answer(contact.call_id, CallbackRefused())
        else:
            self._tell(asked)
            self._ivr.answer(contact.call_id, CallbackPromised())

    # -- what is heard ---------------------------------------------------------------------------

    def _say(self, call_id: CallId, wanted: ivr.PlayPrompts) -> None:
        speaker = self._ports.speaker
        if speaker is None or all(isinstance(item, Prompt) for item in wanted.items):
            self._stop(speaker, call_id)
            named = [item.name for item in wanted.items if isinstance(item, Prompt)]
            files = [file for name in named for file in self._prompts.named(name, wanted.languages)]
            self._control.play(call_id, files)
            return
        # What was said before is over; the next sentence may need a moment to be made.
        self._control.stop_playing(call_id)
        speaker.say(
            call_id,
            wanted.items,
            wanted.languages,
            lambda files: self._control.play(call_id, files),
        )

    def _hush(self, call_id: CallId) -> None:
        self._stop(self._ports.speaker, call_id)
        self._control.stop_playing(call_id)

    # -- ports -----------------------------------------------------------------------------------

    def _look_up(self, call_id: CallId, asked: ivr.StartLookup) -> None:
        if self._ports.lookups is None:
            self._ivr.answer(call_id, LookupFailed(asked.lookup_id))
        else:
            self._ports.lookups.start(call_id, asked, self._ivr.answer)

    def _hand_over_card(self, call_id: CallId, card: ivr.HandOverCard) -> None:
        """To the server that takes those of talks, and in the same form; nobody has asked."""
        rule = self._rules.recording.card
        if rule is None:
            self._ivr.answer(call_id, LookupFailed(card.lookup_id))
            return
        body = {"call_id": call_id, "agent_id": "", "digits": card.digits}
        asked = ivr.StartLookup(
            card.lookup_id, rule.post_to, "POST", {}, body, min(card.timeout_s, rule.timeout_s)
        )
        self._look_up(call_id, asked)

    def _listen(self, call_id: CallId, asked: ivr.AskSpeech) -> None:
        if self._ports.listener is None:
            self._ivr.answer(call_id, SpeechFailed(asked.ask_id))
        else:
            self._ports.listener.start(call_id, asked, self._ivr.answer)

    def _record(self, contact: Contact, wanted: ivr.RecordVoicemail) -> None:
        call_id, messages = contact.call_id, self._ports.messages
        if messages is None:
            self._ivr.answer(call_id, VoicemailEnded())
            return
        # A box that is called like a queue is that queue's.
        own = wanted.queue or (wanted.box if wanted.box in self._rules.queues else "")
        language = "|".join(wanted.languages)
        recording_id, file = messages.begin(call_id, wanted.box, QueueId(own), language)
        self._recording[recording_id] = call_id
        self._control.play(call_id, [TONE])
        self._control.record_message(call_id, recording_id, file, wanted.silence_s)

    def recorded(self, recording_id: RecordingId, frames: int, complete: bool) -> bool:
        """A tap has ended; whether it was a message."""
        messages = self._ports.messages
        if messages is None or not messages.owns(recording_id):
            return False
        messages.end(recording_id, frames, complete)
        call_id = self._recording.pop(recording_id, None)
        if call_id is not None and call_id not in self._recording.values():
            self._ivr.answer(call_id, VoicemailEnded())
        return True

    def ended(self, call_id: CallId) -> None:
        """The call is over; a message of it is closed by media and told then."""
        for port in (self._ports.lookups, self._ports.listener, self._ports.speaker):
            self._stop(port, call_id)

    def _stop(self, port: Stoppable | None, call_id: CallId) -> None:
        if port is not None:
            port.stop(call_id)

    # -- transfers -------------------------------------------------------------------------------

    def _send(self, contact: Contact, wanted: str) -> None:
        call_id = contact.call_id
        try:
            destination = self._destinations.find(wanted, Purpose.FLOWS, call_id)
            match destination:
                case ToQueue(queue):
                    self._ivr.answer(call_id, TransferDone())
                    self._steps.enqueue(contact, queue)
                case ToLine(line):
                    contact.sends += 1
                    if contact.sends > MAX_SENDS:
                        raise Conflict(f"The caller was sent to lines {MAX_SENDS} times.")
                    self._ivr.answer(call_id, TransferDone())
                    self._steps.start_flow(contact, line)
                case ToAgent(agent_id):
                    self._ring(contact, self._agent(call_id, agent_id))
                case ToOutside(dialled, route):
                    party_id = self._callers.party_of(dialled)
                    number, trunk, show = route.number, route.trunk, route.show
                    target = OutsideTarget(party_id, new_offer_id(), number, trunk, show)
                    self._ring(contact, target)
        except RemoteError as error:
            log.info("[%s] - the flow cannot send the caller on: %s", call_id, rule_of(error))
            self._ivr.answer(call_id, TransferFailed())

    def _agent(self, call_id: CallId, agent_id: AgentId) -> AgentTarget:
        self._own_calls.check_free(NOBODY, agent_id)
        self._own_calls.occupy(call_id, agent_id)
        auto_answer = self._rules.agents[agent_id].auto_answer
        return AgentTarget(agent_id, new_offer_id(), auto_answer=auto_answer)

    def _ring(self, contact: Contact, target: GuestTarget) -> None:
        contact.guest = Guest(target, calls.GuestWay.DIAL)
        self._ring_times.set(contact.call_id, target.offer_id, self._rules.outside_ring_s)
        self._control.dial_guest(contact.call_id, target)

    def _send_away(self, contact: Contact) -> None:
        self._stop_ringing(contact)
        self._control.take_back(contact.call_id)

    def _stop_ringing(self, contact: Contact) -> None:
        contact.guest = None
        self._ring_times.cancel(contact.call_id)
        self._own_calls.free(contact.call_id)

    def ring_time_over(self, contact: Contact) -> None:
        self._send_away(contact)
        self._ivr.answer(contact.call_id, TransferFailed())

    def forget_guest(self, contact: Contact) -> None:
        """A flow begins: whom an earlier process had rung for the caller is not wanted any more."""
        if self.has_rung(contact):
            self._send_away(contact)

    def has_rung(self, contact: Contact) -> bool:
        """Somebody is rung by the caller's flow, not by an agent."""
        guest = contact.guest
        in_flow = contact.stage is Stage.IVR
        return in_flow and guest is not None and guest.way is calls.GuestWay.DIAL

    def guest_step(self, contact: Contact, event: GuestStep) -> None:
        guest = contact.guest
        if guest is None or getattr(event, "offer_id", None) != guest.offer_id:
            return
        match event:
            case calls.GuestJoined(call_id):
                self._ring_times.cancel(call_id)
                guest.has_joined = True
                self._ivr.answer(call_id, TransferDone())
                contact.stage = Stage.OWN
            case calls.GuestLeft(call_id):
                self._stop_ringing(contact)
                self._ivr.answer(call_id, TransferFailed())
            case _:
                pass
