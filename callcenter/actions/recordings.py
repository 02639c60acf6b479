"""What is done about a talk's recording by command: allowed or not, and the audit's line of it."""

from collections.abc import Callable
from typing import TypeAlias

from callcenter.conduct.contact import Contact
from callcenter.conduct.journey import Journey
from callcenter.events import ActionTaken
from foundation.errors import Conflict, NotFound
from foundation.ids import CallId
from wallboard.commands import HandleRecording, RecordingVerb

Check: TypeAlias = Callable[[Contact], None]
Do: TypeAlias = Callable[[Contact, str], None]


class RecordingActions:
    """Doing it again changes nothing: a paused recording stays paused."""

    def __init__(self, journey: Journey, tell: Callable[[ActionTaken], None]) -> None:
        self._journey = journey
        self._tell = tell
        taping = journey.taping
        self._steps: dict[RecordingVerb, tuple[Check, Do]] = {
            RecordingVerb.START: (taping.check_start, taping.start),
            RecordingVerb.STOP: (taping.check_stop, taping.stop),
            RecordingVerb.PAUSE: (taping.check_recorded, taping.pause),
            RecordingVerb.RESUME: (taping.check_recorded, taping.resume),
            RecordingVerb.TAKE_CARD: (taping.check_card, taping.begin_card),
            RecordingVerb.CANCEL_CARD: (taping.check_cancel, taping.cancel_card),
        }

    def handle(self, command: HandleRecording) -> None:
        """Raises NotFound, or Conflict with what forbids it, before anything is done."""
        contact = self._journey.find(CallId(command.call_id))
        if contact is None:
            raise NotFound(f"There is no call {command.call_id!r} now.")
        if contact.agent_id != command.agent_id:
            raise Conflict(f"{command.agent_id} does not talk in this call any more.")
        check, do = self._steps[command.verb]
        check(contact)
        self._tell(ActionTaken(command.by, command.verb.value, command.call_id))
        do(contact, command.by)
