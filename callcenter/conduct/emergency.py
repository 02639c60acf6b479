"""The emergency announcement: what every caller hears before anything else, while it is on.

    CallAnswered ─▶ greet ─▶ (words) ─▶ PromptEnded ─▶ spoken ─┬─ continue ─▶ the line's flow
                                                               ├─ queue ────▶ waits there
                                                               └─ hang up
    switched on ─▶ tell ─▶ who waits already hears it between the music, if it is for them too

Nothing here waits: the words were made before it went on (`changes.emergency_desk`).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from callcenter.conduct.contact import Contact, Stage
from callcenter.conduct.house import Prompts
from callcenter.conduct.steps import Steps
from foundation.ids import QueueId
from ivr.speech.emergency import prompt_name
from telephony.calls.control import CallControl
from telephony.calls.events import EndedBy

REASON = "emergency announcement"


class Then(StrEnum):
    """What comes after the words."""

    CONTINUE = "continue"
    HANG_UP = "hang_up"
    QUEUE = "queue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """What is said, to whom, and what comes then; core keeps it in a file over restarts."""

    name: str = ""
    "In the configuration; '' for words that were given with the command."
    text: Mapping[str, str]
    "The words by language."
    prompt: str = ""
    "Of a recorded prompt, which wins over the words."
    lines: tuple[str, ...] = ()
    "Dialled numbers; none: all lines."
    then: Then = Then.CONTINUE
    queue: str = ""
    "Of `Then.QUEUE`."
    to_waiting: bool = False
    "Who waits already hears it, too."
    until: datetime | None = None
    "Aware; None: until somebody switches it off."
    since: datetime
    by: str

    @property
    def prompt_name(self) -> str:
        return self.prompt or prompt_name(self.text)

    def covers(self, line: str) -> bool:
        return not self.lines or line in self.lines


class Emergency:
    """Of all lines; at most one announcement is on."""

    def __init__(
        self,
        control: CallControl,
        steps: Steps,
        prompts: Prompts,
        utc_now: Callable[[], datetime],
    ) -> None:
        self.current: Announcement | None = None
        self._control = control
        self._steps = steps
        self._prompts = prompts
        self._utc_now = utc_now

    def words(self) -> Mapping[str, str] | None:
        """By language, of what is on; of a recording that has no words, its name."""
        current = self.current
        if current is None:
            return None
        return current.text or {"": current.prompt}

    def greet(self, contact: Contact) -> bool:
        """Before the flow of who was just answered; False when there is nothing to be said."""
        announcement = self._on(contact)
        if announcement is None:
            return False
        contact.stage = Stage.EMERGENCY
        languages = self._steps.line_languages(contact)
        self._control.play(
            contact.call_id, self._prompts.named(announcement.prompt_name, languages)
        )
        return True

    def spoken(self, contact: Contact) -> None:
        """The words are over; what was switched off meanwhile leads on as if it never was."""
        announcement = self._on(contact)
        match Then.CONTINUE if announcement is None else announcement.then:
            case Then.HANG_UP:
                self._control.hang_up(contact.call_id, EndedBy.CENTRE, REASON)
            case Then.QUEUE if announcement is not None:
                self._steps.enqueue(contact, QueueId(announcement.queue))
            case _:
                self._steps.start_flow(contact, contact.line)

    def tell(self, contacts: Iterable[Contact]) -> None:
        """It was just switched on: who waits hears it instead of music, once."""
        for contact in contacts:
            announcement = self._on(contact)
            if announcement is None or not announcement.to_waiting:
                continue
            if contact.stage is Stage.WAITING:
                languages = self._steps.languages(contact)
                files = self._prompts.named(announcement.prompt_name, languages)
                self._control.play(contact.call_id, files)

    def _on(self, contact: Contact) -> Announcement | None:
        current = self.current
        if current is None or not current.covers(contact.line):
            return None
        is_over = current.until is not None and current.until <= self._utc_now()
        return None if is_over else current
