"""Whether and when a talk is recorded: by rule, on demand, paused, and not while a card is keyed.

    a talk begins ─▶ record ─▶ always: begun at once; on demand: by `start`; never, declined: not
    pause, resume (agent's keys, API) ─┐
    begin_card ─▶ card digits ─▶ over ─┴▶ silence in the file for as long as any of them wants it

    keys of the agent's phone ─▶ `conduct.agent_keys` ─▶ a command, or on to the other side
    keys of the caller, while a card is taken ─▶ `conduct.card_entry` ─▶ the server that charges

Rule 1: a recording is paused while there is any reason; each reason is told when it begins and
        ends.
Rule 2: what is keyed while a card is taken goes nowhere but to `card.post_to`.
Rule 3: the end of a talk ends its card, its keys and its pauses.
"""

import logging
from collections.abc import Callable, Mapping
from functools import partial

from callcenter.conduct.agent_keys import AgentKeys, KeyEffect, Passed, Pressed
from callcenter.conduct.card_entry import CardEntry, CardStep, Complete, Over
from callcenter.conduct.contact import Contact, Stage
from callcenter.conduct.house import Alarms, HouseRules, KeyCommand, RecordingMode, strictest
from callcenter.conduct.menu_ports import Lookups
from callcenter.conduct.steps import Steps
from callcenter.conduct.talk_checks import check_no_guest, check_talk
from callcenter.events import HouseEvent
from foundation.errors import Conflict, RemoteError
from foundation.ids import AgentId, QueueId, RecordingId
from ivr.effects import StartLookup
from ivr.inputs import Input, LookupDone
from recordings.events import (
    CardEntryEnded,
    CardEntryStarted,
    CardOutcome,
    PauseReason,
    RecordingDeclined,
    RecordingPaused,
    RecordingResumed,
)
from telephony.calls import events as calls
from telephony.calls.control import CallControl

log = logging.getLogger(__name__)

SIGNALS: Mapping[str, tuple[str, ...]] = {
    "paused": ("tone:600:120", "silence:60", "tone:600:120"),
    "resumed": ("tone:900:120",),
    "taking": ("tone:600:120", "silence:60", "tone:900:120"),
    "taken": ("tone:900:120", "silence:60", "tone:1200:200"),
    "failed": ("tone:400:400",),
}
"What the agent alone hears of a command."
KEYS_ALARM, CARD_ALARM = "keys", "card"
LOOKUP = 0
"Its number says nothing: there is one at a time."


class Taping:
    """For all talks; what it remembers of one is in its `Contact`."""

    def __init__(
        self,
        rules: HouseRules,
        control: CallControl,
        steps: Steps,
        lookups: Lookups | None,
        alarms: Alarms,
        tell: Callable[[HouseEvent], None],
        guard: Callable[[Contact, str, Callable[[], None]], None],
    ) -> None:
        """`guard`: does what comes by itself (a timer, an answer) as a step of the call."""
        self._rules = rules
        self._control = control
        self._steps = steps
        self._lookups = lookups
        self._alarms = alarms
        self._tell = tell
        self._guard = guard
        self._recorded: dict[RecordingId, Contact] = {}

    # -- by rule ---------------------------------------------------------------------------------

    def record(self, contact: Contact, queue: QueueId, agent_id: AgentId) -> None:
        """A talk begins; `agent_id` is who answers for it."""
        self.talk_over(contact)
        self._let_go(contact)
        if self.mode(contact) is RecordingMode.ALWAYS:
            self._begin(contact, queue, agent_id)

    def mode(self, contact: Contact) -> RecordingMode:
        """The strictest of line, queue and caller."""
        if contact.declined:
            return RecordingMode.NEVER
        line = self._rules.lines.get(contact.line)
        return strictest(
            RecordingMode.ALWAYS if line is None else line.recording,
            self._steps.queue_rule(contact).recording,
        )

    def decline(self, contact: Contact) -> None:
        """The caller does not want to be recorded."""
        contact.declined = True
        self._tell(RecordingDeclined(contact.call_id, contact.line))

    def ended(self, recording_id: RecordingId) -> None:
        """Media has closed the file, whoever wanted it."""
        contact = self._recorded.pop(recording_id, None)
        if contact is not None and contact.recording_id == recording_id:
            contact.recording_id = None
            contact.pauses.clear()

    def adopt(self, contact: Contact) -> None:
        """Of an earlier process; what was paused is, and stays so."""
        if contact.recording_id is not None:
            self._recorded[contact.recording_id] = contact
            if contact.pauses:
                self._control.pause_recording(contact.call_id, on=True)
        if contact.takes_card:
            rule = self._rules.recording.card
            if rule is None:
                contact.takes_card = False
                self._control.take_card(contact.call_id, on=False)
                return
            contact.card = CardEntry(rule, self._alarms.now(), interrupted=True)
            self._arm_card(contact)

    # -- on demand -------------------------------------------------------------------------------

    def check_start(self, contact: Contact) -> None:
        check_talk(contact)
        if contact.declined:
            raise Conflict("The caller has declined to be recorded.")
        if self.mode(contact) is RecordingMode.NEVER:
            raise Conflict("Talks of this line or queue are never recorded.")
        if contact.card is not None:
            raise Conflict("Card digits are being taken.")

    def start(self, contact: Contact, by: str = "") -> None:
        """Nothing for a talk that is recorded already."""
        self.check_start(contact)
        if contact.recording_id is None:
            assert contact.queue is not None
            assert contact.agent_id is not None
            self._begin(contact, contact.queue, contact.agent_id)

    def check_stop(self, contact: Contact) -> None:
        check_talk(contact)
        if self.mode(contact) is RecordingMode.ALWAYS:
            raise Conflict("Talks of this queue are always recorded; pause the recording instead.")

    def stop(self, contact: Contact, by: str = "") -> None:
        """Of one that was begun on demand."""
        self.check_stop(contact)
        if contact.recording_id is not None:
            # Another may be begun before media has closed this one.
            self._let_go(contact)
            contact.pauses.clear()
            self._control.stop_recording(contact.call_id)

    def _begin(self, contact: Contact, queue: QueueId, agent_id: AgentId) -> None:
        recording_id, file = self._steps.open_recording(contact, queue, agent_id)
        contact.recording_id = recording_id
        self._recorded[recording_id] = contact
        self._control.record(contact.call_id, recording_id, file)

    # -- pause -----------------------------------------------------------------------------------

    def pause(self, contact: Contact, by: str) -> None:
        self.check_recorded(contact)
        self._add_reason(contact, PauseReason.AGENT, by)

    def resume(self, contact: Contact, by: str) -> None:
        self.check_recorded(contact)
        self._drop_reason(contact, PauseReason.AGENT, by)

    def check_recorded(self, contact: Contact) -> None:
        check_talk(contact)
        if contact.recording_id is None:
            raise Conflict(f"The call {contact.call_id!r} is not being recorded.")

    def _add_reason(self, contact: Contact, why: PauseReason, by: str) -> None:
        if contact.recording_id is None or why in contact.pauses:
            return
        is_first = not contact.pauses
        contact.pauses.add(why)
        if is_first:
            self._control.pause_recording(contact.call_id, on=True)
        self._tell(RecordingPaused(contact.recording_id, contact.call_id, why, by))

    def _drop_reason(self, contact: Contact, why: PauseReason, by: str) -> None:
        if contact.recording_id is None or why not in contact.pauses:
            return
        contact.pauses.discard(why)
        if not contact.pauses:
            self._control.pause_recording(contact.call_id, on=False)
        self._tell(RecordingResumed(contact.recording_id, contact.call_id, why, by))

    # -- cards -----------------------------------------------------------------------------------

    def check_card(self, contact: Contact) -> None:
        check_talk(contact)
        check_no_guest(contact)
        if self._rules.recording.card is None or self._lookups is None:
            raise Conflict("No server takes card digits; see recordings.card in the configuration.")
        if contact.card is not None:
            raise Conflict("Card digits are being taken already.")

    def begin_card(self, contact: Contact, by: str) -> None:
        """From now on the caller's digits are the centre's, and nobody hears him."""
        self.check_card(contact)
        rule = self._rules.recording.card
        assert rule is not None
        assert contact.agent_id is not None
        contact.card, contact.takes_card = CardEntry(rule, self._alarms.now()), True
        # First the file, then the ear: what comes in between is in neither.
        self._add_reason(contact, PauseReason.CARD, by)
        self._control.take_card(contact.call_id, on=True)
        self._tell(CardEntryStarted(contact.call_id, contact.agent_id, by))
        self._signal(contact, "taking")
        self._arm_card(contact)

    def check_cancel(self, contact: Contact) -> None:
        check_talk(contact)
        if contact.card is None:
            raise Conflict("No card digits are being taken.")

    def cancel_card(self, contact: Contact, by: str) -> None:
        self.check_cancel(contact)
        assert contact.card is not None
        self._card_step(contact, contact.card.end(CardOutcome.CANCELLED), by)

    def caller_key(self, contact: Contact, digit: str) -> None:
        if contact.card is not None:
            self._card_step(contact, contact.card.feed(digit, self._alarms.now()))
            self._arm_card(contact)

    def _card_step(self, contact: Contact, step: CardStep | None, by: str = "") -> None:
        match step:
            case Complete():
                self._hand_over(contact, step)
            case Over(outcome):
                self._end_card(contact, outcome, by)
            case None:
                pass

    def _hand_over(self, contact: Contact, complete: Complete) -> None:
        rule = self._rules.recording.card
        assert rule is not None
        assert self._lookups is not None
        asked = StartLookup(
            lookup_id=LOOKUP,
            url=rule.post_to,
            method="POST",
            query={},
            body={
                "call_id": contact.call_id,
                "agent_id": contact.agent_id,
                "digits": complete.digits,
            },
            timeout_s=rule.timeout_s,
        )
        entry = contact.card

        def answer(_call_id: object, given: Input) -> None:
            self._guard(contact, "card answer", lambda: self._answered(contact, entry, given))

        self._lookups.start(contact.call_id, asked, answer)

    def _answered(self, contact: Contact, entry: CardEntry | None, given: Input) -> None:
        if entry is None or contact.card is not entry:
            return
        self._card_step(contact, entry.answered(is_taken=isinstance(given, LookupDone)))

    def _end_card(self, contact: Contact, outcome: CardOutcome, by: str) -> None:
        contact.card, contact.takes_card = None, False
        self._alarms.cancel(contact.call_id, CARD_ALARM)
        self._control.take_card(contact.call_id, on=False)
        self._drop_reason(contact, PauseReason.CARD, by)
        self._tell(CardEntryEnded(contact.call_id, outcome, by))
        self._signal(contact, "taken" if outcome is CardOutcome.TAKEN else "failed")

    def _arm_card(self, contact: Contact) -> None:
        if contact.card is not None and contact.card.deadline is not None:
            self._arm(contact, CARD_ALARM, contact.card.deadline, self._card_time)

    def _card_time(self, contact: Contact) -> None:
        if contact.card is not None:
            self._card_step(contact, contact.card.tick(self._alarms.now()))
            self._arm_card(contact)

    # -- the agent's keys ------------------------------------------------------------------------

    def agent_key(self, contact: Contact, event: calls.DigitPressed) -> None:
        if contact.stage is not Stage.TALKING or not self._rules.recording.keys:
            return
        if contact.keys is None:
            contact.keys = AgentKeys(self._rules.recording.keys.keys())
        contact.keys_are_held = event.is_held
        self._do_keys(contact, contact.keys.feed(event.digit, self._alarms.now()))

    def _do_keys(self, contact: Contact, effects: list[KeyEffect]) -> None:
        for effect in effects:
            match effect:
                case Passed(digits):
                    if contact.keys_are_held:
                        self._control.send_digits(contact.call_id, digits)
                case Pressed(code):
                    self._command(contact, self._rules.recording.keys[code])
        if contact.keys is not None and contact.keys.deadline is not None:
            self._arm(contact, KEYS_ALARM, contact.keys.deadline, self._keys_time)

    def _keys_time(self, contact: Contact) -> None:
        if contact.keys is not None:
            self._do_keys(contact, contact.keys.tick(self._alarms.now()))

    def _command(self, contact: Contact, command: KeyCommand) -> None:
        by = contact.agent_id or ""
        try:
            match command:
                case KeyCommand.PAUSE if PauseReason.AGENT in contact.pauses:
                    self.resume(contact, by)
                    self._signal(contact, "resumed")
                case KeyCommand.PAUSE:
                    self.pause(contact, by)
                    self._signal(contact, "paused")
                case KeyCommand.RECORD if contact.recording_id is not None:
                    self.stop(contact)
                    self._signal(contact, "paused")
                case KeyCommand.RECORD:
                    self.start(contact)
                    self._signal(contact, "resumed")
                case KeyCommand.CARD if contact.card is not None:
                    self.cancel_card(contact, by)
                case KeyCommand.CARD:
                    self.begin_card(contact, by)
        except RemoteError as error:
            log.info("[%s] - the agent's keys: %s", contact.call_id, error)
            self._signal(contact, "failed")

    def _signal(self, contact: Contact, name: str) -> None:
        self._control.signal_agent(contact.call_id, SIGNALS[name])

    # -- ends ------------------------------------------------------------------------------------

    def talk_over(self, contact: Contact) -> None:
        """Of this agent: the next talk, if there is one, begins anew."""
        if contact.card is not None:
            self._card_step(contact, contact.card.end(CardOutcome.CANCELLED))
        contact.pauses.clear()
        contact.keys = None
        self._alarms.cancel(contact.call_id, KEYS_ALARM)

    def call_over(self, contact: Contact) -> None:
        """Of a card nothing more can come."""
        self.talk_over(contact)
        self._let_go(contact)
        self._alarms.cancel(contact.call_id)

    def _let_go(self, contact: Contact) -> None:
        """Of what media has yet to close."""
        if contact.recording_id is not None:
            self._recorded.pop(contact.recording_id, None)
            contact.recording_id = None

    def _arm(
        self, contact: Contact, what: str, at_s: float, ring: Callable[[Contact], None]
    ) -> None:
        step = partial(ring, contact)
        self._alarms.set(contact.call_id, what, at_s, lambda: self._guard(contact, what, step))
