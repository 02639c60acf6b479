"""Who was refused is in the audit, once for a while, and nothing that says nothing."""

import pytest

from callcenter.actions.refusals import ACTION, MOST_OF_ONE, ONCE_IN_S, RefusalDesk, is_audited
from callcenter.asks import NoteRefused
from callcenter.events import ActionTaken

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


def test_who_tries_everything_fills_no_journal() -> None:
    told: list[ActionTaken] = []
    now = 0.0
    desk = RefusalDesk(told.append, lambda: now)

    for number in range(1000):
        desk.note(NoteRefused("ann", f"GET /api/v1/recordings/r-{number}/audio", WHY))
    desk.note(NoteRefused("bob", AUDIO, WHY))
    assert len(told) == MOST_OF_ONE + 2
    assert told[-2].detail == "more, which are not told one by one"
    now = ONCE_IN_S
    desk.note(NoteRefused("ann", AUDIO, WHY))

    assert told[-1] == ActionTaken("ann", ACTION, "r-1", f"{AUDIO}: {WHY}")


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
