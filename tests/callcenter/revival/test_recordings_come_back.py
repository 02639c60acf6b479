"""A core dies while a recording is paused or card digits are keyed: what is silent stays silent."""

from dataclasses import replace

import msgspec
import pytest

from callcenter.revival.history import History
from callcenter.revival.revive import Plan, make_plan
from callcenter.revival.stand import Revived
from foundation.ids import RecordingId
from recordings.events import (
    PauseReason,
    RecordingDeclined,
    RecordingPaused,
    RecordingResumed,
    RecordingStarted,
)
from telephony.calls.events import Side
from telephony.calls.kept import KeptSide
from telephony.media import protocol as media
from tests.callcenter.revival.test_revive import talking
from tests.support.fake_house import EVA, ORDERS, House
from tests.support.kept_house import CONFIGURED, Lines

AGENT, CARD = PauseReason.AGENT, PauseReason.CARD


class Died:
    """A talk that is recorded, until core dies."""

    def __init__(self) -> None:
        self.lines = Lines(House())
        self.call_id, _ = talking(self.lines)
        self.recording_id = RecordingId(f"r-{self.call_id}")

    def paused(self, *reasons: PauseReason) -> None:
        for why in reasons:
            self.lines.write(RecordingPaused(self.recording_id, self.call_id, why, "eva"))

    def resumed(self, why: PauseReason) -> None:
        self.lines.write(RecordingResumed(self.recording_id, self.call_id, why, "eva"))

    def revived(self, *, is_paused: bool, takes_card: bool = False) -> tuple[Revived, Plan]:
        """`is_paused`, `takes_card`: as media has it."""
        history = History()
        for record in self.lines.journal:
            history.take(record)
        sides = [self._kept(side, is_paused, takes_card) for side in self.lines.sides()]
        plan = make_plan(history, sides, CONFIGURED)
        (revived,) = plan.calls
        return revived, plan

    def _kept(self, side: KeptSide, is_paused: bool, takes_card: bool) -> KeptSide:
        hides = takes_card and side.note.side is Side.CALLER
        session = msgspec.structs.replace(
            side.session,
            paused_taps=side.session.taps if is_paused else [],
            hidden=media.Hidden.ALL if hides else media.Hidden.NOTHING,
        )
        return replace(side, session=session)


@pytest.mark.parametrize(
    ("journal", "is_paused", "takes_card", "stands", "facts"),
    [
        ((), False, False, set(), []),
        ((AGENT,), True, False, {AGENT}, []),
        ((AGENT, CARD), True, True, {AGENT, CARD}, []),
        # Core died before the journal had it, or before media did.
        ((), True, False, {AGENT}, [(RecordingPaused, AGENT)]),
        ((), True, True, {CARD}, [(RecordingPaused, CARD)]),
        ((AGENT,), False, False, {AGENT}, []),
        # While a card's end was being done: who talks takes the pause off.
        ((CARD,), True, False, {AGENT}, [(RecordingPaused, AGENT), (RecordingResumed, CARD)]),
        ((CARD,), False, False, set(), [(RecordingResumed, CARD)]),
    ],
)
def test_recording_is_as_silent_as_the_more_careful_of_journal_and_media(
    journal: tuple[PauseReason, ...],
    is_paused: bool,
    takes_card: bool,
    stands: set[PauseReason],
    facts: list[tuple[type, PauseReason]],
) -> None:
    died = Died()
    died.paused(*journal)

    revived, plan = died.revived(is_paused=is_paused, takes_card=takes_card)

    contact = revived.contact
    assert contact.recording_id == died.recording_id
    assert (contact.pauses, contact.takes_card) == (stands, takes_card)
    told = [
        (type(fact), fact.why)
        for fact in plan.facts
        if isinstance(fact, RecordingPaused | RecordingResumed)
    ]
    assert told == facts
    assert revived.kept.takes_card is takes_card


def test_pause_that_is_over_is_over() -> None:
    died = Died()
    died.paused(AGENT)
    died.resumed(AGENT)

    revived, _ = died.revived(is_paused=False)

    assert revived.contact.pauses == set()


def test_caller_who_has_declined_is_not_recorded_by_the_next_core_either() -> None:
    lines = Lines(House())
    call_id = lines.arrive()
    lines.write(RecordingDeclined(call_id, "8000"))
    history = History()
    for record in lines.journal:
        history.take(record)

    (revived,) = make_plan(history, lines.sides(), CONFIGURED).calls

    assert revived.contact.declined


def test_pause_ends_with_its_recording() -> None:
    died, history = Died(), History()
    died.paused(AGENT)
    next_id = RecordingId("r-next")
    started = RecordingStarted(next_id, died.call_id, EVA, ORDERS, "day/r.wav", ("en", "en"))
    died.lines.write(started)
    for record in died.lines.journal:
        history.take(record)

    assert history.calls[died.call_id].pauses == set()
