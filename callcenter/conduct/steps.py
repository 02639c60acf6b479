"""Steps of a caller's path that several parts of the journey take.

Each is one thing that happens to a caller: a flow begins, a queue is entered, music is heard, a
talk is recorded. When it happens is told in `conduct.journey` and `conduct.handover`.
"""

from acd import events as acd
from acd import inputs as floor
from callcenter.conduct.contact import Contact, Stage
from callcenter.conduct.house import (
    Consent,
    Floor,
    HouseRules,
    Ivr,
    LineRule,
    Prompts,
    QueueRule,
    Recorder,
    Regulars,
)
from callcenter.conduct.menu_ports import Known
from foundation.ids import AgentId, QueueId, RecordingId
from ivr.caller import Caller
from telephony.calls.control import CallControl

ALL_BUSY = "all_busy"
"Prompt before the BYE when `max_wait_s` is over."
ONE_MOMENT = "one_moment"
"Prompt for a caller who goes to the front of a queue, for an agent was lost or sent him on."

ANSWER_PAUSE = "silence:3000"
"After the question whether the call may be recorded."


class Steps:
    """Shared by the parts of the journey."""

    def __init__(
        self,
        rules: HouseRules,
        control: CallControl,
        ivr: Ivr,
        floor_: Floor,
        prompts: Prompts,
        recorder: Recorder,
        regulars: Regulars,
        known: Known,
    ) -> None:
        self._rules = rules
        self._control = control
        self._ivr = ivr
        self._floor = floor_
        self._prompts = prompts
        self._recorder = recorder
        self._regulars = regulars
        self._known = known

    def queue_rule(self, contact: Contact) -> QueueRule:
        assert contact.queue is not None
        return self._rules.queues[contact.queue]

    def languages(self, contact: Contact) -> tuple[str, ...]:
        """What the caller has chosen, else those of the queue."""
        if contact.language:
            return (contact.language,)
        is_waiting = contact.queue is not None
        return self.queue_rule(contact).languages if is_waiting else self.line_languages(contact)

    def line_languages(self, contact: Contact) -> tuple[str, ...]:
        """What the line's callers hear before they have chosen anything."""
        rule = self._rules.lines.get(contact.line)
        return () if rule is None else rule.languages

    def start_flow(self, contact: Contact, line: str) -> None:
        contact.stage, contact.queue = Stage.IVR, None
        rule = self._rules.lines[line]
        caller = self._caller(contact, line)
        self._ivr.start(contact.call_id, rule.flow, rule.languages, caller)

    def start_survey(self, contact: Contact) -> bool:
        """After a talk whose agent has hung up; False where the queue has none."""
        survey, agent = self.queue_rule(contact).survey, contact.agent_id
        if not survey or agent is None:
            return False
        languages = self.languages(contact)
        contact.stage, contact.queue, contact.agent_id = Stage.IVR, None, None
        caller = self._caller(contact, contact.line, agent)
        self._ivr.start(contact.call_id, survey, languages, caller)
        return True

    def _caller(self, contact: Contact, line: str, agent: str = "") -> Caller:
        rule = self._rules.lines.get(line)
        hours = "" if rule is None else rule.hours
        return self._known.caller(contact.call_id, line, contact.trunk, hours=hours, agent=agent)

    def enqueue(
        self, contact: Contact, queue: QueueId, *, front: bool = False, waited_s: float = 0.0
    ) -> None:
        if queue not in self._rules.queues:
            # A caller's flow is as it was when he came; the queue has been removed since.
            contact.queue = None
            self.say_all_busy(contact)
            return
        contact.stage = Stage.WAITING
        contact.queue, contact.agent_id = queue, None
        # Who comes back to the front has just lost his agent, or was sent on by him.
        prefer = None if front else self._regulars.prefer(contact.call_id, queue)
        self._floor.feed(
            floor.Enqueue(
                contact.call_id,
                queue,
                contact.priority,
                front,
                contact.tier,
                contact.requires,
                contact.prefer or prefer,
                waited_s=waited_s,
            )
        )

    def overflow(self, contact: Contact, event: acd.CallOverflowed) -> None:
        """To where somebody moved the caller or the queue sends him on; else he is told."""
        if event.to is not None:
            self.enqueue(contact, event.to, waited_s=event.waited_s)
            return
        target = self.queue_rule(contact).overflow_to
        if target is None:
            self.say_all_busy(contact)
        else:
            self.enqueue(contact, target)

    def begin_waiting(self, contact: Contact, *, has_waited: bool) -> None:
        if has_waited:
            languages = self.languages(contact)
            self._control.play(contact.call_id, self._prompts.named(ONE_MOMENT, languages))
        else:
            self.play_music(contact)

    def play_music(self, contact: Contact) -> None:
        rule = self.queue_rule(contact)
        files = self._prompts.named(rule.music, self.languages(contact))
        self._control.play(contact.call_id, files, loop=True)

    def say_all_busy(self, contact: Contact) -> None:
        contact.stage = Stage.LEAVING
        languages = self.languages(contact)
        self._control.play(contact.call_id, self._prompts.named(ALL_BUSY, languages))

    def open_recording(
        self, contact: Contact, queue: QueueId, agent_id: AgentId
    ) -> tuple[RecordingId, str]:
        """Its id, and the file that is to be written; `agent_id` is who answers for it."""
        # Who speaks which of the queue's languages is for the transcriber to hear.
        language = "|".join(self.languages(contact))
        return self._recorder.start(contact.call_id, agent_id, queue, (language, language))

    def ask_consent(self, contact: Contact) -> bool:
        """Whether the caller's line wants anything said before its flow."""
        items = self.consent_items(contact)
        if items:
            contact.stage = Stage.CONSENT
            self._control.play(contact.call_id, items)
        return bool(items)

    def _consent_rule(self, contact: Contact) -> LineRule | None:
        """Whom we call back has dialled no line: he is asked as on the one that asks most."""
        if not contact.is_placed:
            return self._rules.lines.get(contact.line)
        asks_most = [*Consent]
        lines = self._rules.lines.values()
        return max(lines, key=lambda line: asks_most.index(line.consent), default=None)

    def consent_items(self, contact: Contact) -> list[str]:
        """With a pause for the answer, where there may be one."""
        rule = self._consent_rule(contact)
        if rule is None or rule.consent is Consent.NONE:
            return []
        files = self._prompts.named(rule.consent_prompt, rule.languages)
        return [*files, ANSWER_PAUSE] if rule.consent is Consent.ASK else files

    def is_decline(self, contact: Contact, digit: str) -> bool:
        rule = self._consent_rule(contact)
        is_asked = rule is not None and rule.consent is Consent.ASK
        return is_asked and rule is not None and digit == rule.decline_key
