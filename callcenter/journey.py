"""A call's path through the house, told once: each event, and what it makes the others do.

    CallArrived ─▶ answer ─▶ CallAnswered ─▶ ivr ─▶ EnterQueue ─▶ CallQueued ─▶ music
        AgentOffered ─▶ ring ─▶ AgentPickedUp ─▶ AgentAnswered ─▶ (agent's number) ─▶ record, bridge
        CallBridged … AgentHungUp / CallEnded ─▶ TalkEnded ─▶ wrap-up
        AgentHungUp before the bridge ─▶ EnterQueue at the front

Nothing here waits or knows a clock: events come in, commands go down. Whoever tells events
(`callcenter.conductor`) does so one after the other, never nested. A fault of ours in one call's
step ends that call, and no other.
"""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias, get_args

from acd import events as acd
from acd import inputs as floor
from callcenter.contact import Contact, Stage
from callcenter.events import ActionTaken
from callcenter.limits import MAX_LENGTH, Arrival, Refusal, TimeUp
from foundation.ids import AgentId, CallId, OfferId, QueueId, RecordingId
from foundation.tasks import contain
from ivr import engine as ivr
from ivr.events import IvrEvent
from ivr.spoken import Prompt
from recordings.events import RecordingEvent
from telephony.calls import events as calls
from telephony.calls.control import CallControl
from telephony.calls.numbers import ANONYMOUS
from telephony.lines.events import LineEvent

log = logging.getLogger(__name__)

HouseEvent: TypeAlias = (
    calls.CallEvent | acd.AcdEvent | IvrEvent | RecordingEvent | LineEvent | ActionTaken
)

IVR_EVENTS = get_args(IvrEvent)

LINE_FAULT = "line_fault"
"Prompt for blocked numbers: neutral, so that nobody learns of the block."
ALL_BUSY = "all_busy"
"Prompt before the BYE when `max_wait_s` is over."
ONE_MOMENT = "one_moment"
"Prompt for a caller whose agent was lost before the talk began."
MAX_RETURNS = 2
"Agents lost in this way before the caller is told that all are busy."
BLOCKED = "blocked number"
"The rule that refuses them."
BLOCKED_STATUS = 480
"Temporarily unavailable: what a faulty line would say."
AGENT_TONE = "tone:880:150"
"Tells an agent whose phone answers by itself that a caller comes now."


class Floor(Protocol):
    """The ACD's floor under its driver."""

    def feed(self, given: floor.AcdInput) -> None: ...
    def is_current(self, offer_id: OfferId) -> bool: ...


class Ivr(Protocol):
    """The callers' ways through the flows under their timer; effects come to `Journey.do_ivr`."""

    def start(self, call_id: CallId, flow: str, languages: tuple[str, ...]) -> None: ...
    def digit(self, call_id: CallId, digit: str) -> None: ...
    def prompt_ended(self, call_id: CallId) -> None: ...
    def caller_left(self, call_id: CallId) -> None: ...


class Prompts(Protocol):
    """Files to play, ready on disk."""

    def named(self, name: str, languages: Sequence[str]) -> list[str]: ...
    def position(self, position: int, languages: Sequence[str]) -> list[str]: ...
    def agent_number(self, number: str, languages: Sequence[str]) -> list[str]: ...


class Recorder(Protocol):
    """Opens a recording (`RecordingStarted` is told) and closes it when its tap has ended."""

    def start(
        self, call_id: CallId, agent_id: AgentId, queue: QueueId, languages: tuple[str, str]
    ) -> tuple[RecordingId, str]: ...
    def end(self, recording_id: RecordingId, frames: int, complete: bool) -> None: ...


class Limits(Protocol):
    """Counts the living calls (`callcenter.limits`) under its timer; time that is up comes to
    `Journey.time_up`."""

    def admit(self, arrival: Arrival) -> Refusal | None: ...
    def take_in(self, arrival: Arrival) -> None: ...
    def answered(self, call_id: CallId) -> None: ...
    def ended(self, call_id: CallId) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRule:
    """What a dialled number leads to; `languages` are those its prompts are played in."""

    flow: str
    languages: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRule:
    """What the journey must know of a queue beside what the floor knows."""

    music: str
    announce_agent: bool
    languages: tuple[str, ...]
    "What prompts in the queue are played in, and what its talks may be spoken in."


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRule:
    number: str
    auto_answer: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseRules:
    lines: Mapping[str, LineRule]
    queues: Mapping[QueueId, QueueRule]
    agents: Mapping[AgentId, AgentRule]
    blocked: Collection[str]
    "E.164 numbers that are refused."


class Journey:
    """Conducts all calls; holds one `Contact` for each."""

    def __init__(
        self,
        rules: HouseRules,
        control: CallControl,
        ivr_: Ivr,
        floor_: Floor,
        prompts: Prompts,
        recorder: Recorder,
        caller_number: Callable[[CallId], str | None],
        tell: Callable[[HouseEvent], None],
        limits: Limits,
    ) -> None:
        self._rules = rules
        self._limits = limits
        self._control = control
        self._ivr = ivr_
        self._floor = floor_
        self._prompts = prompts
        self._recorder = recorder
        self._caller_number = caller_number
        self._tell = tell
        self._contacts: dict[CallId, Contact] = {}

    # -- events ----------------------------------------------------------------------------------

    def on_event(self, event: HouseEvent) -> None:
        """One step of one call; events that nobody need act on are passed over."""
        call_id = getattr(event, "call_id", None)
        self._guard(call_id, type(event).__name__, lambda: self._step(event))

    def adopt(self, contact: Contact) -> None:
        """Conduct a call that an earlier process began; what it missed follows by `on_event`."""
        self._contacts[contact.call_id] = contact

    def count(self, arrival: Arrival) -> None:
        """An adopted call that was answered before; the limits know it from now on."""
        self._limits.take_in(arrival)

    def do_ivr(self, call_id: CallId, effect: ivr.Effect) -> None:
        """What the caller's flow wants done."""
        self._guard(call_id, type(effect).__name__, lambda: self._ivr_step(call_id, effect))

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
                self._recorder.end(RecordingId(recording_id), frames, complete)
            case calls.CallArrived():
                self._arrived(event)
            case calls.CallEnded(call_id, by):
                self._ended(call_id, by)
            case calls.AgentPickedUp() | calls.AgentRefused() | calls.AgentHungUp():
                self._agents_phone(event)
            case calls.CallAnswered() | calls.DigitPressed() | calls.PromptEnded():
                self._caller_step(event)
            case (
                acd.CallQueued()
                | acd.PositionTold()
                | acd.AgentOffered()
                | acd.OfferFailed()
                | acd.AgentAnswered()
                | acd.CallOverflowed()
            ):
                self._floor_step(event)
            case _:
                pass

    def _ivr_step(self, call_id: CallId, effect: ivr.Effect) -> None:
        contact = self._contacts.get(call_id)
        if contact is None:
            return
        match effect:
            case ivr.PlayPrompts(said, languages):
                names = [item.name for item in said if isinstance(item, Prompt)]
                items = [file for name in names for file in self._prompts.named(name, languages)]
                self._control.play(call_id, items)
            case ivr.StopPrompts():
                self._control.stop_playing(call_id)
            case ivr.EnterQueue(queue):
                contact.stage = Stage.WAITING
                contact.queue = queue
                self._floor.feed(floor.Enqueue(call_id, queue))
            case ivr.HangUp(reason):
                contact.stage = Stage.LEAVING
                self._control.hang_up(call_id, calls.EndedBy.CENTRE, reason)
            case ivr.Echo():
                contact.stage = Stage.ECHO
                self._control.echo(call_id)
            case _:
                if isinstance(effect, IVR_EVENTS):
                    self._tell(effect)

    # -- the caller ------------------------------------------------------------------------------

    def _arrived(self, event: calls.CallArrived) -> None:
        call_id, line = event.call_id, event.line
        number = self._caller_number(call_id)
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
        contact = self._contacts[call_id] = Contact(call_id, line)
        if number in self._rules.blocked:
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
        self, event: calls.CallAnswered | calls.DigitPressed | calls.PromptEnded
    ) -> None:
        contact = self._contacts.get(event.call_id)
        if contact is None:
            return
        match event:
            case calls.CallAnswered(call_id):
                self._limits.answered(call_id)
                rule = self._rules.lines[contact.line]
                self._ivr.start(call_id, rule.flow, rule.languages)
            case calls.DigitPressed(call_id, calls.Side.CALLER, digit):
                if contact.stage is Stage.IVR:
                    self._ivr.digit(call_id, digit)
            case calls.PromptEnded():
                self._prompt_ended(contact)
            case _:
                pass

    def _prompt_ended(self, contact: Contact) -> None:
        match contact.stage:
            case Stage.IVR:
                self._ivr.prompt_ended(contact.call_id)
            case Stage.BLOCKED:
                self._control.refuse(contact.call_id, BLOCKED_STATUS, BLOCKED)
            case Stage.WAITING:
                self._play_music(contact)
            case Stage.ANNOUNCING:
                self._bridge(contact)
            case Stage.LEAVING:
                self._control.hang_up(
                    contact.call_id, calls.EndedBy.CENTRE, "waited longer than the queue allows"
                )
            case Stage.TALKING | Stage.ECHO:
                pass

    def _ended(self, call_id: CallId, by: calls.EndedBy) -> None:
        self._limits.ended(call_id)
        contact = self._contacts.pop(call_id, None)
        if contact is None:
            return
        self._ivr.caller_left(call_id)
        if contact.queue is not None:
            # Only who hangs up has abandoned; a caller whom we lost is our failure, not his choice.
            left = floor.CallerLeft if by is calls.EndedBy.CALLER else floor.Lose
            self._floor.feed(left(call_id))

    # -- the agent's phone -----------------------------------------------------------------------

    def _phone_changed(self, event: calls.PhoneChanged) -> None:
        """Every account may register; the floor knows agents only."""
        if event.agent_id in self._rules.agents:
            changed = floor.PhoneChanged(
                event.agent_id, registered=event.registered, busy=event.busy
            )
            self._floor.feed(changed)

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
                failure = _failure(status)
                self._floor.feed(floor.Decline(call_id, agent_id, offer_id, failure))
            case calls.AgentHungUp(call_id, agent_id):
                self._floor.feed(floor.AgentLeft(call_id, agent_id))
                self._agent_left(event)

    def _agent_left(self, event: calls.AgentHungUp) -> None:
        """After a talk the call is over; before it the caller has waited and is served next."""
        call_id = event.call_id
        contact = self._contacts.get(call_id)
        if contact is None or contact.stage is not Stage.ANNOUNCING or contact.queue is None:
            reason = f"the agent's phone: {event.why}" if event.why else "the agent's part is over"
            self._control.hang_up(call_id, event.by, reason)
            return
        contact.agent_id = None
        contact.returns += 1
        if contact.returns > MAX_RETURNS:
            self._say_all_busy(contact)
        else:
            contact.stage = Stage.WAITING
            self._floor.feed(floor.Enqueue(call_id, contact.queue, contact.returns))

    # -- the floor -------------------------------------------------------------------------------

    def _floor_step(
        self,
        event: acd.CallQueued
        | acd.PositionTold
        | acd.AgentOffered
        | acd.OfferFailed
        | acd.AgentAnswered
        | acd.CallOverflowed,
    ) -> None:
        contact = self._contacts.get(event.call_id)
        if contact is None:
            return
        match event:
            case acd.CallQueued():
                self._begin_waiting(contact)
            case acd.PositionTold(position=position):
                languages = self._queue_rule(contact).languages
                self._control.play(contact.call_id, self._prompts.position(position, languages))
            case acd.AgentOffered(call_id, _, agent_id, offer_id):
                auto_answer = self._rules.agents[agent_id].auto_answer
                self._control.ring_agent(call_id, agent_id, offer_id, auto_answer=auto_answer)
            case acd.OfferFailed(call_id, offer_id=offer_id):
                self._control.stop_ringing(call_id, offer_id)
            case acd.AgentAnswered(_, _, agent_id):
                self._agent_answered(contact, agent_id)
            case acd.CallOverflowed():
                self._say_all_busy(contact)

    def _agent_answered(self, contact: Contact, agent_id: AgentId) -> None:
        contact.agent_id = agent_id
        agent = self._rules.agents[agent_id]
        rule = self._queue_rule(contact)
        if agent.auto_answer:
            self._control.play_to_agent(contact.call_id, [AGENT_TONE])
        if rule.announce_agent:
            contact.stage = Stage.ANNOUNCING
            items = self._prompts.agent_number(agent.number, rule.languages)
            self._control.play(contact.call_id, items)
        else:
            self._bridge(contact)

    def _bridge(self, contact: Contact) -> None:
        contact.stage = Stage.TALKING
        if contact.queue is None or contact.agent_id is None:
            return
        # Who speaks which of the queue's languages is for the transcriber to hear.
        language = "|".join(self._queue_rule(contact).languages)
        recording_id, file = self._recorder.start(
            contact.call_id, contact.agent_id, contact.queue, (language, language)
        )
        self._control.record(contact.call_id, recording_id, file)
        self._control.bridge(contact.call_id)

    def _begin_waiting(self, contact: Contact) -> None:
        if contact.returns:
            languages = self._queue_rule(contact).languages
            self._control.play(contact.call_id, self._prompts.named(ONE_MOMENT, languages))
        else:
            self._play_music(contact)

    def _say_all_busy(self, contact: Contact) -> None:
        contact.stage = Stage.LEAVING
        languages = self._queue_rule(contact).languages
        self._control.play(contact.call_id, self._prompts.named(ALL_BUSY, languages))

    def _play_music(self, contact: Contact) -> None:
        rule = self._queue_rule(contact)
        self._control.play(
            contact.call_id, self._prompts.named(rule.music, rule.languages), loop=True
        )

    def _queue_rule(self, contact: Contact) -> QueueRule:
        assert contact.queue is not None
        return self._rules.queues[contact.queue]


def _failure(status: int) -> acd.OfferFailure:
    """An agent's phone that says busy or no has declined; anything else was out of reach.

    One that redirects the call (3xx) has declined too: we never follow, it could lead anywhere.
    """
    declined = 300 <= status < 400 or status in (480, 486, 600, 603)
    return acd.OfferFailure.DECLINED if declined else acd.OfferFailure.UNREACHABLE
