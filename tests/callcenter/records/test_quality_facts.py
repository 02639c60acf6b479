"""What the journal tells of a talk: holds within it, and who ended it."""

from datetime import UTC, datetime

import pytest

from acd.events import AgentAnswered, TalkTaken
from callcenter.records.quality_facts import circumstances_of, is_with_outsider
from foundation.ids import AgentId, CallId, OfferId, PartyId, QueueId, RecordingId
from foundation.record import Record
from recordings.events import RecordingEnded, RecordingStarted
from recordings.quality.store import Circumstances
from telephony.calls import events as calls
from telephony.calls.events import EndedBy, Side

CALL, TALK, AGENT = CallId("c-1"), RecordingId("r-1"), AgentId("agent0001")
GUEST = OfferId("o-1")
BEGAN = RecordingStarted(TALK, CALL, AGENT, QueueId("orders"), "r-1.wav", ("zh", "zh"))
ENDED = RecordingEnded(TALK, 60.0, True)
HELD, RESUMED = calls.CallHeld(CALL, Side.AGENT), calls.CallResumed(CALL, Side.AGENT)
OUTSIDER = calls.GuestInvited(CALL, GUEST, calls.GuestWay.TRANSFER, None, PartyId("p-2"))
GIVEN = calls.TalkTransferred(CALL, GUEST)
CONSULTS = calls.GuestInvited(CALL, GUEST, calls.GuestWay.CONSULT, AgentId("agent0002"))


def known(*told: tuple[float, object]) -> Circumstances:
    records = [
        Record(seq, at_s, datetime(2026, 3, 1, tzinfo=UTC), event)
        for seq, (at_s, event) in enumerate(told, 1)
    ]
    return circumstances_of(TALK, records)


def test_holds_count_from_the_recordings_first_sample() -> None:
    found = known((100, BEGAN), (110, HELD), (125, RESUMED), (140, HELD), (150, ENDED))

    assert found.holds == ((10, 25), (40, 50))


def test_callers_own_hold_is_none_of_the_agents() -> None:
    assert known((100, BEGAN), (110, calls.CallHeld(CALL, Side.CALLER)), (150, ENDED)).holds == ()


def test_consultation_within_a_hold_is_one_hold() -> None:
    left = calls.GuestLeft(CALL, GUEST)

    found = known(
        (100, BEGAN), (110, HELD), (112, CONSULTS), (120, RESUMED), (130, left), (150, ENDED)
    )

    assert found.holds == ((10, 30),)


@pytest.mark.parametrize("by", [EndedBy.CALLER, EndedBy.AGENT])
def test_who_hung_up_is_told_by_the_calls_end(by: EndedBy) -> None:
    assert known((100, BEGAN), (150, ENDED), (150.1, calls.CallEnded(CALL, by, ""))).ended_by is by


def test_agent_who_left_a_caller_in_the_survey_hung_up_and_the_caller_later_did_not() -> None:
    left = calls.AgentHungUp(CALL, AGENT, EndedBy.AGENT)
    survey_over = calls.CallEnded(CALL, EndedBy.CALLER, "")

    assert known((100, BEGAN), (149.9, left), (150, ENDED), (190, survey_over)).ended_by is (
        EndedBy.AGENT
    )


def test_talk_that_was_handed_over_has_no_end_of_its_own() -> None:
    over = calls.CallEnded(CALL, EndedBy.CALLER, "")

    assert known(
        (100, BEGAN), (150, calls.TalkTransferred(CALL, GUEST)), (150, ENDED)
    ).ended_by is (None)
    assert known((100, BEGAN), (150, ENDED), (400, over)).ended_by is None


@pytest.mark.parametrize("way", [calls.GuestWay.TRANSFER, calls.GuestWay.CONSULT])
@pytest.mark.parametrize("picks_up", [True, False])
def test_agent_who_leaves_while_the_next_ones_phone_rings_has_hung_up_on_nobody(
    way: calls.GuestWay, picks_up: bool
) -> None:
    invited = calls.GuestInvited(CALL, GUEST, way, AgentId("agent0002"))
    left = calls.AgentHungUp(CALL, AGENT, EndedBy.AGENT)
    then = calls.TalkTransferred(CALL, GUEST) if picks_up else calls.GuestLeft(CALL, GUEST, 486)

    assert known(
        (100, BEGAN), (148, invited), (149.9, left), (150, ENDED), (160, then)
    ).ended_by is (None)


@pytest.mark.parametrize(
    ("told", "is_outside"),
    [
        ((OUTSIDER, GIVEN), True),
        ((CONSULTS, GIVEN), False),
        ((OUTSIDER, calls.GuestLeft(CALL, GUEST), CONSULTS, GIVEN), False),
        ((OUTSIDER, GIVEN, AgentAnswered(CALL, QueueId("orders"), AGENT)), False),
        ((OUTSIDER, GIVEN, TalkTaken(CALL, QueueId("orders"), AGENT)), False),
        ((OUTSIDER,), False),
    ],
)
def test_talk_with_somebody_outside_is_the_one_after_he_was_given_the_caller(
    told: tuple[object, ...], is_outside: bool
) -> None:
    records = [
        Record(seq, float(seq), datetime(2026, 3, 1, tzinfo=UTC), event)
        for seq, event in enumerate((*told, BEGAN, ENDED), 1)
    ]
    assert is_with_outsider(TALK, records) is is_outside


def test_agent_who_hangs_up_after_the_guest_has_gone_has_hung_up() -> None:
    left = calls.AgentHungUp(CALL, AGENT, EndedBy.AGENT)

    assert known(
        (100, BEGAN),
        (110, CONSULTS),
        (120, calls.GuestLeft(CALL, GUEST)),
        (150, left),
        (150, ENDED),
    ).ended_by is (EndedBy.AGENT)


def test_without_its_beginning_nothing_is_known_of_a_talk() -> None:
    assert known((110, HELD), (150, ENDED)) == Circumstances()
