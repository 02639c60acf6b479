"""Core's side of accesses that were refused: the audit has who wanted what in vain.

A page that asks again and again is one line for ten minutes, as in listening
(`recordings.following.hearing_desk`). Somebody who tries everything is `MOST_OF_ONE` lines in that
time, and then one that says so: nobody fills the journal by asking.
"""

from collections.abc import Callable

from callcenter.asks import NoteRefused
from callcenter.events import ActionTaken

ACTION = "access refused"
ONCE_IN_S = 600.0
MOST_OF_ONE = 100
AUDITED = (
    "recordings", "tasks", "records", "history", "search", "calls", "inspections", "quality",
    "triage",
)  # fmt: skip
"Below `/api/v1/`: whatever has voices, words or numbers of callers."
PREFIX = "/api/v1/"


def is_audited(path: str) -> bool:
    return path.startswith(PREFIX) and path.removeprefix(PREFIX).startswith(AUDITED)


class RefusalDesk:
    """Tells who was refused."""

    def __init__(
        self, tell: Callable[[ActionTaken], object], monotonic_s: Callable[[], float]
    ) -> None:
        self._tell = tell
        self._monotonic_s = monotonic_s
        self._told: dict[tuple[str, str], float] = {}
        "When, the oldest first."

    def note(self, ask: NoteRefused) -> None:
        now, key = self._monotonic_s(), (ask.by, ask.what)
        self._forget(now)
        if key in self._told:
            return
        count = sum(by == ask.by for by, _ in self._told)
        if count < MOST_OF_ONE:
            detail = f"{ask.what}: {ask.why}"
            self._tell(ActionTaken(ask.by, ACTION, target_of(ask.what), detail))
        elif count == MOST_OF_ONE:
            self._tell(ActionTaken(ask.by, ACTION, "", "more, which are not told one by one"))
        else:
            return
        self._told[key] = now

    def _forget(self, now: float) -> None:
        """What is so old that it would be told again."""
        while self._told and now - next(iter(self._told.values())) >= ONCE_IN_S:
            del self._told[next(iter(self._told))]


def target_of(what: str) -> str:
    """`r-1` of `GET /api/v1/recordings/r-1/audio`; the path where it is about no one thing."""
    path = what.partition(" ")[2]
    parts = path.removeprefix(PREFIX).split("/")
    return parts[1] if len(parts) > 1 else path
