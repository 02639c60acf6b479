"""One line in the audit for each time that somebody hears a recording."""

import pytest

from foundation.errors import Conflict
from foundation.ids import RecordingId
from recordings.events import Hearing, RecordingHeard
from recordings.following.hearing_desk import MOST_KEPT, ONCE_IN_S, HearingDesk

ONE, TWO = RecordingId("r-1"), RecordingId("r-2")
LISTEN, DOWNLOAD = Hearing.LISTEN, Hearing.DOWNLOAD


class Desk:
    def __init__(self) -> None:
        self.now = 0.0
        self.told: list[RecordingHeard] = []
        self.desk = HearingDesk(self.told.append, lambda: self.now)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_pieces_of_one_listening_are_one_line(desk: Desk) -> None:
    for _ in range(50):
        desk.desk.note(ONE, "sue", LISTEN)
        desk.now += 10

    assert desk.told == [RecordingHeard(ONE, "sue", LISTEN)]


def test_it_is_told_again_when_it_is_heard_later(desk: Desk) -> None:
    desk.desk.note(ONE, "sue", LISTEN)
    desk.now = ONCE_IN_S
    desk.desk.note(ONE, "sue", LISTEN)

    assert len(desk.told) == 2


def test_other_people_recordings_and_ways_are_lines_of_their_own(desk: Desk) -> None:
    heard = [
        (ONE, "sue", LISTEN),
        (ONE, "sue", DOWNLOAD),
        (ONE, "ben", LISTEN),
        (TWO, "sue", LISTEN),
    ]
    for each in heard * 2:
        desk.desk.note(*each)

    assert desk.told == [RecordingHeard(*each) for each in heard]


def test_a_line_that_could_not_be_told_is_told_at_the_next_try() -> None:
    told: list[RecordingHeard] = []

    def tell(heard: RecordingHeard) -> None:
        told.append(heard)
        if len(told) == 1:
            raise Conflict("not now")

    desk = HearingDesk(tell, lambda: 0.0)
    with pytest.raises(Conflict):
        desk.note(ONE, "sue", LISTEN)
    desk.note(ONE, "sue", LISTEN)

    assert len(told) == 2


def test_what_is_kept_has_a_bound(desk: Desk) -> None:
    for number in range(MOST_KEPT + 1):
        desk.desk.note(RecordingId(f"r-{number}"), "sue", LISTEN)
    desk.desk.note(RecordingId("r-0"), "sue", LISTEN)

    assert len(desk.told) == MOST_KEPT + 2
    assert len(desk.desk._told) == MOST_KEPT
