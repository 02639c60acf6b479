"""Who was refused is in the audit, once for a while, and nothing that says nothing."""

import pytest

from callcenter.asks import NoteRefused
from callcenter.events import ActionTaken
from callcenter.refusals import ACTION, ONCE_IN_S, RefusalDesk, is_audited

AUDIO = "GET /api/v1/recordings/r-1/audio"
WHY = "This recording is of an agent whom you may not hear."


def test_refusal_is_told_with_who_what_and_why_and_once_as_long_as_it_goes_on() -> None:
    told: list[ActionTaken] = []
    now = 0.0
    desk = RefusalDesk(told.append, lambda: now)

    desk.note(NoteRefused("ann", AUDIO, WHY))
    desk.note(NoteRefused("ann", AUDIO, WHY))
    desk.note(NoteRefused("bob", AUDIO, WHY))
    now = ONCE_IN_S
    desk.note(NoteRefused("ann", AUDIO, WHY))

    line = ActionTaken("ann", ACTION, "r-1", f"{AUDIO}: {WHY}")
    assert told == [line, ActionTaken("bob", ACTION, "r-1", f"{AUDIO}: {WHY}"), line]


@pytest.mark.parametrize(
    ("path", "is_so"),
    [
        ("/api/v1/recordings/r-1/audio", True),
        ("/api/v1/recordings/r-1/hold", True),
        ("/api/v1/tasks/t-1/audio", True),
        ("/api/v1/records.csv", True),
        ("/api/v1/agents/a-1/state", False),
        ("/recordings", False),
    ],
)
def test_what_has_voices_and_numbers_is_audited(path: str, is_so: bool) -> None:
    assert is_audited(path) is is_so
