"""What calls are about, kept for the search: keys pressed, wishes understood, wrap-up codes.

    MenuChosen, SpeechSettled ─▶ wait here until the talk ─▶ RecordingStarted ─▶ recordings
    WrapUpCoded, after it ──────────────────────────────────────────────────────▶ recordings

A call without a recording leaves nothing. A killed core forgets what callers have pressed who are
not talking yet; the journal has it.
"""

from collections.abc import Callable
from typing import TypeAlias

from acd.events import WrapUpCoded
from foundation.ids import CallId
from ivr.events import MenuChosen, SpeechSettled
from recordings.events import RecordingStarted
from telephony.calls.events import CallEnded

MENU, INTENT, WRAP_UP = "menu", "intent", "wrap_up"
"Kinds of classes."

KINDS = (MenuChosen, SpeechSettled, RecordingStarted, WrapUpCoded, CallEnded)

Classify: TypeAlias = Callable[[CallId, str, str], None]


class CallClasses:
    """A listener of the conductor's, to `KINDS`."""

    def __init__(self, classify: Classify) -> None:
        """`classify(call, kind, name)` must not wait."""
        self._classify = classify
        self._chosen: dict[CallId, list[tuple[str, str]]] = {}
        "Of living calls."

    def on_event(self, event: object) -> None:
        match event:
            case MenuChosen(call_id, flow, node, key) if key:
                self._choose(call_id, MENU, f"{flow}/{node}={key}")
            case SpeechSettled(call_id=call_id, choice=choice) if choice:
                self._choose(call_id, INTENT, choice)
            case RecordingStarted(call_id=call_id):
                for kind, name in self._chosen.pop(call_id, ()):
                    self._classify(call_id, kind, name)
            case WrapUpCoded(call_id=call_id, code=code):
                self._classify(call_id, WRAP_UP, code)
            case CallEnded(call_id=call_id):
                self._chosen.pop(call_id, None)
            case _:
                pass

    def _choose(self, call_id: CallId, kind: str, name: str) -> None:
        chosen = self._chosen.setdefault(call_id, [])
        if (kind, name) not in chosen:
            chosen.append((kind, name))
