"""Keys that an agent presses within a talk: commands to the centre, or digits for the other side.

          first key of a command             its last key
(nothing) ───────────────────────▶ HELD BACK ─────────────▶ Pressed
    │ any other                        │ a key that no command goes on with, wait_s over
    └──────▶ Passed                    └──▶ Passed, all that was held back
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import TypeAlias

WAIT_S = 2.0
"After a key that may begin a command."


@dataclass(frozen=True, slots=True)
class Pressed:
    code: str


@dataclass(frozen=True, slots=True)
class Passed:
    """No command: the other side is to hear it."""

    digits: str


KeyEffect: TypeAlias = Pressed | Passed


class AgentKeys:
    """Of one talk. Of two codes the one may not begin as the other (the configuration's check)."""

    def __init__(self, codes: Collection[str], wait_s: float = WAIT_S) -> None:
        self._codes = codes
        self._wait_s = wait_s
        self._held = ""
        self.deadline: float | None = None

    def feed(self, digit: str, now: float) -> list[KeyEffect]:
        typed = self._held + digit
        if typed in self._codes:
            self._hold("", now)
            return [Pressed(typed)]
        if any(code.startswith(typed) for code in self._codes):
            self._hold(typed, now)
            return []
        if not self._held:
            return [Passed(digit)]
        # What was held back is none; the new key may begin one.
        given_up = Passed(self._held)
        self._hold("", now)
        return [given_up, *self.feed(digit, now)]

    def tick(self, now: float) -> list[KeyEffect]:
        if self.deadline is None or now < self.deadline:
            return []
        given_up = Passed(self._held)
        self._hold("", now)
        return [given_up]

    def _hold(self, held: str, now: float) -> None:
        self._held = held
        self.deadline = now + self._wait_s if held else None
