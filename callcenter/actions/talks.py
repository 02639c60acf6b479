"""What is done with a talk by command: what may be done, and the audit's line of it."""

from collections.abc import Callable

from callcenter.conduct import talk_checks
from callcenter.conduct.contact import Contact
from callcenter.conduct.destinations import told
from callcenter.conduct.journey import Journey
from callcenter.events import ActionTaken, Wish
from foundation.errors import Conflict, NotFound
from foundation.ids import CallId
from wallboard.commands import HandleTalk, TalkVerb

WISHES = {TalkVerb.TRANSFER: Wish.TRANSFER, TalkVerb.CONSULT: Wish.CONSULT}


class TalkActions:
    """Raises before anything is done, so that the audit has only what was."""

    def __init__(self, journey: Journey, tell: Callable[[ActionTaken], None]) -> None:
        self._journey = journey
        self._tell = tell
        handover = journey.handover
        self._steps: dict[TalkVerb, tuple[Callable[[Contact], None], Callable[[Contact], None]]] = {
            TalkVerb.HOLD: (talk_checks.check_hold, handover.hold),
            TalkVerb.RESUME: (talk_checks.check_resume, handover.resume),
            TalkVerb.COMPLETE: (talk_checks.check_complete, handover.complete),
            TalkVerb.CONFERENCE: (talk_checks.check_conference, handover.conference),
            TalkVerb.TAKE_BACK: (talk_checks.check_take_back, handover.take_back),
        }

    def handle(self, command: HandleTalk) -> None:
        """Raises NotFound, NotAllowed by a number rule, or Conflict with what forbids it."""
        contact = self._journey.find(CallId(command.call_id))
        if contact is None:
            raise NotFound(f"There is no call {command.call_id!r} now.")
        if contact.agent_id != command.agent_id:
            raise Conflict(f"{command.agent_id} does not talk in this call any more.")
        if command.verb in WISHES:
            self._send(contact, command, WISHES[command.verb])
            return
        check, do = self._steps[command.verb]
        check(contact)
        self._audit(command)
        do(contact)

    def _send(self, contact: Contact, command: HandleTalk, wish: Wish) -> None:
        handover = self._journey.handover
        destination = handover.find(contact, wish, command.to)
        self._audit(command, told(destination))
        handover.begin(contact, wish, destination)

    def _audit(self, command: HandleTalk, detail: str = "") -> None:
        self._tell(ActionTaken(command.by, command.verb.value, command.call_id, detail))
