"""The fold and the figures, one fact at a time."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from acd.events import (
    AgentAnswered,
    AgentAway,
    AgentChanged,
    AgentState,
    CallAbandoned,
    CallLeftForCallback,
    CallLost,
    CallOverflowed,
    CallQueued,
    CallReserved,
    TalkEnded,
    TalkTaken,
)
from foundation.ids import AgentId, CallbackId, CallId, OfferId, PartyId, QueueId, RecordingId
from recordings.events import RecordingEnded, RecordingStarted, TranscriptFailed, TranscriptReady
from telephony.calls.events import (
    CallArrived,
    CallBridged,
    CallEnded,
    CallHeld,
    CallResumed,
    ConferenceStarted,
    EndedBy,
    GuestInvited,
    GuestLeft,
    GuestWay,
    MediaTroubled,
    Side,
    TalkTransferred,
)
from telephony.lines.events import LineLost
from tests.support.fake_core import MONDAY_NOON_S, record
from wallboard.board import Board, BoardEvent
from wallboard.calls import Phase
from wallboard.directory import Directory, QueueCard, ServiceTarget
from wallboard.document import agent_entry
from wallboard.figures import QueueFigures, agent_figures, queue_figures
from wallboard.notices import NoticeKind

ORDERS, REPAIRS = QueueId("orders"), QueueId("repairs")
ANN, BOB = AgentId("ann"), AgentId("bob")
C1, C2, C3 = CallId("c-1"), CallId("c-2"), CallId("c-3")
SHANGHAI = ZoneInfo("Asia/Shanghai")


class Story:
    """Feeds a board with events at seconds after noon."""

    def __init__(self, board: Board | None = None, noon_s: float = MONDAY_NOON_S) -> None:
        self.board = board or Board()
        self.noon_s = noon_s

    def at(self, offset_s: float, *events: BoardEvent) -> "Story":
        for event in events:
            self.board.fold(record(self.board.seq + 1, self.noon_s + offset_s, event))
        return self

    def house(self, offset_s: float) -> QueueFigures:
        return queue_figures(self.board.house, self.noon_s + offset_s)

    def queue(self, queue: QueueId, offset_s: float) -> QueueFigures:
        return queue_figures(self.board.queues[queue], self.noon_s + offset_s)


@pytest.fixture
def story() -> Story:
    return Story()


def test_caller_in_queue_is_offered_and_waits(story: Story) -> None:
    story.at(0, CallQueued(C1, ORDERS))

    figures = story.queue(ORDERS, 7)

    assert (figures.offered, figures.waiting, figures.longest_wait_s) == (1, 1, 7)


def test_queue_nobody_called_has_no_rates(story: Story) -> None:
    figures = story.house(0)

    assert figures.service_level is None
    assert figures.answer_rate is None
    assert figures.asa_s is None
    assert figures.longest_wait_s is None


def test_service_level_counts_a_waiting_caller_as_missed_once_t_is_over(story: Story) -> None:
    story.at(0, CallQueued(C1, ORDERS)).at(5, AgentAnswered(C1, ORDERS, ANN))
    story.at(10, CallQueued(C2, ORDERS))

    assert story.queue(ORDERS, 25).service_level == 1.0
    assert story.queue(ORDERS, 25.1).service_level == 0.5


def test_service_level_is_none_while_the_only_caller_still_has_time(story: Story) -> None:
    story.at(0, CallQueued(C1, ORDERS))

    assert story.queue(ORDERS, 15).service_level is None
    assert story.queue(ORDERS, 16).service_level == 0.0


def test_answer_at_exactly_t_is_in_time(story: Story) -> None:
    story.at(0, CallQueued(C1, ORDERS), CallQueued(C2, ORDERS))
    story.at(15, AgentAnswered(C1, ORDERS, ANN)).at(15.5, AgentAnswered(C2, ORDERS, BOB))

    assert story.queue(ORDERS, 20).service_level == 0.5


def test_t_is_that_of_the_queue() -> None:
    directory = Directory(queues={REPAIRS: QueueCard("Repairs", ServiceTarget(within_s=60.0))})
    story = Story(Board(UTC, directory))
    story.at(0, CallQueued(C1, ORDERS), CallQueued(C2, REPAIRS))
    story.at(30, AgentAnswered(C1, ORDERS, ANN), AgentAnswered(C2, REPAIRS, BOB))

    assert story.queue(ORDERS, 31).service_level == 0.0
    assert story.queue(REPAIRS, 31).service_level == 1.0
    assert story.house(31).service_level == 0.5


def test_short_abandon_is_counted_but_not_held_against_us(story: Story) -> None:
    story.at(0, CallQueued(C1, ORDERS), CallQueued(C2, ORDERS), CallQueued(C3, ORDERS))
    story.at(5, CallAbandoned(C1, ORDERS), AgentAnswered(C3, ORDERS, ANN))
    story.at(6, CallAbandoned(C2, ORDERS))

    figures = story.queue(ORDERS, 10)

    assert (figures.offered, figures.abandoned, figures.short_abandoned) == (3, 2, 1)
    assert figures.answer_rate == 0.5
    assert figures.raw_answer_rate == pytest.approx(1 / 3)
    assert figures.abandon_rate == 0.5
    assert figures.service_level == 0.5


def test_asa_is_from_queue_entry_to_the_agents_answer(story: Story) -> None:
    story.at(0, CallQueued(C1, ORDERS), CallQueued(C2, ORDERS))
    story.at(4, AgentAnswered(C1, ORDERS, ANN)).at(10, AgentAnswered(C2, ORDERS, BOB))

    assert story.queue(ORDERS, 10).asa_s == 7


def test_handling_time_is_talk_and_wrap_up(story: Story) -> None:
    story.at(0, CallQueued(C1, ORDERS)).at(5, AgentAnswered(C1, ORDERS, ANN))
    story.at(5, AgentChanged(ANN, AgentState.TALKING, "", C1))
    assert story.queue(ORDERS, 60).aht_s is None

    story.at(65, TalkEnded(C1, ORDERS, ANN), AgentChanged(ANN, AgentState.WRAP_UP))
    assert story.queue(ORDERS, 70).aht_s is None

    story.at(85, AgentChanged(ANN, AgentState.READY))
    assert story.queue(ORDERS, 90).aht_s == 80
    assert story.house(90).aht_s == 80


def test_handling_time_ends_with_the_talk_when_there_is_no_wrap_up(story: Story) -> None:
    story.at(0, CallQueued(C1, ORDERS), AgentAnswered(C1, ORDERS, ANN))
    story.at(0, AgentChanged(ANN, AgentState.TALKING, "", C1))
    story.at(30, AgentChanged(ANN, AgentState.READY), TalkEnded(C1, ORDERS, ANN))

    assert story.queue(ORDERS, 100).aht_s == 30


def test_talking_rises_with_the_answer_and_falls_with_the_end_of_talk(story: Story) -> None:
    story.at(0, CallQueued(C1, ORDERS)).at(1, AgentAnswered(C1, ORDERS, ANN))
    assert story.queue(ORDERS, 2).talking == 1

    story.at(9, TalkEnded(C1, ORDERS, ANN))
    assert story.queue(ORDERS, 9).talking == 0
    assert story.house(9).talking == 0


def test_contact_that_overflows_into_another_queue_is_one_contact_in_the_total(
    story: Story,
) -> None:
    story.at(0, CallQueued(C1, ORDERS)).at(10, CallOverflowed(C1, ORDERS))
    assert story.house(10).overflowed == 1

    story.at(10, CallQueued(C1, REPAIRS))
    assert (story.house(10).overflowed, story.house(10).waiting) == (0, 1)

    story.at(12, AgentAnswered(C1, REPAIRS, ANN))

    assert story.queue(ORDERS, 12).overflowed == 1
    assert story.queue(REPAIRS, 12).asa_s == 2
    house = story.house(12)
    assert (house.offered, house.answered, house.overflowed, house.asa_s) == (1, 1, 0, 12)


def test_longest_wait_in_the_total_is_from_the_first_queue(story: Story) -> None:
    story.at(0, CallQueued(C1, ORDERS)).at(10, CallOverflowed(C1, ORDERS), CallQueued(C1, REPAIRS))

    assert story.house(12).longest_wait_s == 12
    assert story.queue(REPAIRS, 12).longest_wait_s == 2


def test_first_outcome_of_a_visit_counts(story: Story) -> None:
    story.at(0, CallQueued(C1, ORDERS)).at(5, CallAbandoned(C1, ORDERS), CallLost(C1, ORDERS))

    figures = story.queue(ORDERS, 6)

    assert (figures.abandoned, figures.lost) == (1, 0)


def test_record_told_twice_counts_once(story: Story) -> None:
    queued = record(1, MONDAY_NOON_S, CallQueued(C1, ORDERS))
    story.board.fold(queued)
    story.board.fold(queued)

    assert story.queue(ORDERS, 0).offered == 1


def test_restart_settlement_frees_the_talk_and_counts_the_waiting_as_lost(story: Story) -> None:
    story.at(0, CallQueued(C1, ORDERS), CallQueued(C2, ORDERS), AgentAnswered(C1, ORDERS, ANN))
    story.at(0, AgentChanged(ANN, AgentState.TALKING, "", C1))
    story.at(60, TalkEnded(C1, ORDERS, ANN), CallEnded(C1, EndedBy.FAULT, "core was restarted"))
    story.at(60, CallLost(C2, ORDERS), CallEnded(C2, EndedBy.FAULT, "core was restarted"))
    story.at(60, AgentChanged(ANN, AgentState.OFF))

    figures = story.queue(ORDERS, 61)

    assert (figures.answered, figures.lost, figures.waiting, figures.talking) == (1, 1, 0, 0)
    assert [notice.kind for notice in story.board.notices] == [
        NoticeKind.CALL_LOST,
        NoticeKind.CALL_CUT,
    ]
    assert story.board.calls == {}


def test_call_lost_during_the_talk_ends_it_and_stays_answered(story: Story) -> None:
    story.at(0, CallQueued(C1, ORDERS), AgentAnswered(C1, ORDERS, ANN))
    story.at(9, CallLost(C1, ORDERS))

    assert (story.house(9).answered, story.house(9).talking, story.house(9).lost) == (1, 0, 0)


def test_events_of_calls_from_before_the_first_record_are_passed_over(story: Story) -> None:
    story.at(0, AgentAnswered(C1, ORDERS, ANN), TalkEnded(C1, ORDERS, ANN))
    story.at(0, CallAbandoned(C2, ORDERS), CallEnded(C2, EndedBy.CALLER, "BYE"))

    assert story.house(0).offered == 0
    assert story.board.calls == {}


# -- days ----------------------------------------------------------------------------------------


def _minutes_to_midnight_in_shanghai(minutes: float) -> float:
    return datetime(2026, 6, 23, tzinfo=SHANGHAI).timestamp() - minutes * 60


def test_counters_start_again_at_local_midnight() -> None:
    story = Story(Board(SHANGHAI), _minutes_to_midnight_in_shanghai(1))
    story.at(0, CallQueued(C1, ORDERS)).at(5, AgentAnswered(C1, ORDERS, ANN))
    assert story.house(59).offered == 1

    story.at(60, CallQueued(C2, ORDERS))

    assert (story.house(60).offered, story.house(60).answered) == (1, 0)
    assert story.house(60).talking == 1


def test_the_clock_alone_starts_the_day() -> None:
    story = Story(Board(SHANGHAI), _minutes_to_midnight_in_shanghai(1))
    story.at(0, CallQueued(C1, ORDERS), CallAbandoned(C1, ORDERS))

    story.board.turn_to(datetime(2026, 6, 22, 16, 0, tzinfo=UTC))

    assert story.house(60).offered == 0
    assert story.board.day.date.isoformat() == "2026-06-23"


def test_caller_who_waits_over_midnight_is_carried_over_and_counts_for_yesterday() -> None:
    story = Story(Board(SHANGHAI), _minutes_to_midnight_in_shanghai(1))
    story.at(0, CallQueued(C1, ORDERS)).at(70, CallQueued(C2, ORDERS))

    figures = story.queue(ORDERS, 71)
    assert (figures.offered, figures.waiting, figures.carried_over) == (1, 2, 1)
    assert figures.longest_wait_s == 71

    story.at(75, AgentAnswered(C1, ORDERS, ANN))
    figures = story.queue(ORDERS, 76)
    assert (figures.answered, figures.asa_s, figures.carried_over) == (0, None, 0)


def test_yesterdays_record_that_comes_after_the_clocks_midnight_counts_for_yesterday() -> None:
    story = Story(Board(SHANGHAI), _minutes_to_midnight_in_shanghai(1))
    story.board.turn_to(datetime(2026, 6, 22, 16, 0, tzinfo=UTC))

    story.at(59, CallQueued(C1, ORDERS), MediaTroubled("The disk is slow."))

    assert (story.house(60).offered, story.house(60).carried_over) == (0, 1)
    assert list(story.board.notices) == []


def test_time_in_a_state_before_midnight_is_not_of_today() -> None:
    story = Story(Board(SHANGHAI), _minutes_to_midnight_in_shanghai(1))
    story.at(0, AgentChanged(ANN, AgentState.READY))
    story.at(70, AgentChanged(ANN, AgentState.TALKING, "", C1))

    figures = agent_figures([story.board.agents[ANN]], story.noon_s + 80, story.board.day.start_s)

    assert figures.occupancy == 0.5


def test_half_hours_are_counted_by_queue_entry(story: Story) -> None:
    story.at(-1, CallQueued(C1, ORDERS)).at(1, CallQueued(C2, ORDERS))
    story.at(2, AgentAnswered(C1, ORDERS, ANN), AgentAnswered(C2, ORDERS, BOB))

    intervals = story.board.house.intervals

    assert {number: counts.answered for number, counts in intervals.items()} == {23: 1, 24: 1}


# -- agents --------------------------------------------------------------------------------------


def test_occupancy_leaves_pauses_out_and_utilisation_does_not(story: Story) -> None:
    story.at(0, AgentChanged(ANN, AgentState.READY))
    story.at(10, AgentChanged(ANN, AgentState.RINGING, "", C1))
    story.at(15, AgentChanged(ANN, AgentState.TALKING, "", C1))
    story.at(25, AgentChanged(ANN, AgentState.WRAP_UP))
    story.at(30, AgentChanged(ANN, AgentState.PAUSED, "meal"))

    figures = agent_figures([story.board.agents[ANN]], MONDAY_NOON_S + 50, 0)

    assert figures.occupancy == pytest.approx(20 / 30)
    assert figures.utilisation == pytest.approx(20 / 50)


def test_agent_who_never_signed_in_has_no_occupancy(story: Story) -> None:
    story.at(0, AgentChanged(ANN, AgentState.OFF))

    figures = agent_figures([story.board.agents[ANN]], MONDAY_NOON_S + 50, 0)

    assert (figures.occupancy, figures.utilisation) == (None, None)


def test_team_sums_its_agents(story: Story) -> None:
    story.at(0, AgentChanged(ANN, AgentState.READY), AgentChanged(BOB, AgentState.READY))
    story.at(0, CallQueued(C1, ORDERS)).at(4, AgentAnswered(C1, ORDERS, ANN))
    story.at(10, AgentChanged(BOB, AgentState.TALKING, "", C2))

    figures = agent_figures(list(story.board.agents.values()), MONDAY_NOON_S + 20, 0)

    assert (figures.answered, figures.asa_s) == (1, 4)
    assert figures.occupancy == pytest.approx(10 / 40)


# -- calls and notices ---------------------------------------------------------------------------


def test_call_is_listed_from_arrival_to_its_end(story: Story) -> None:
    story.at(0, CallArrived(C1, PartyId("p-1"), "8000"))
    assert story.board.calls[C1].phase is Phase.ARRIVED

    story.at(3, CallQueued(C1, ORDERS)).at(8, AgentAnswered(C1, ORDERS, ANN))
    assert story.board.calls[C1].phase is Phase.TALKING

    story.at(20, TalkEnded(C1, ORDERS, ANN), CallEnded(C1, EndedBy.CALLER, "BYE"))
    assert story.board.calls == {}
    ended = story.board.ended[0]
    assert (ended.phase, ended.agent_id, ended.line) == (Phase.ENDED, ANN, "8000")


def test_call_whose_end_is_told_before_its_outcome_is_kept_until_then(story: Story) -> None:
    story.at(0, CallArrived(C1, PartyId("p-1"), "8000"), CallQueued(C1, ORDERS))
    story.at(9, CallEnded(C1, EndedBy.CALLER, "CANCEL"))
    assert C1 in story.board.calls

    story.at(9, CallAbandoned(C1, ORDERS))
    assert story.board.calls == {}
    assert story.house(9).abandoned == 1


def test_incomplete_recording_and_failed_transcript_are_noticed(story: Story) -> None:
    recording = RecordingId("r-1")
    story.at(0, RecordingStarted(recording, C1, ANN, ORDERS, "r-1.wav", ("en", "en")))
    story.at(9, RecordingEnded(recording, 9.0, complete=False))
    story.at(10, TranscriptFailed(recording, "The model is missing.", final=True))
    story.at(11, TranscriptFailed(RecordingId("r-2"), "Out of memory.", final=False))
    story.at(12, MediaTroubled("A media worker was started again."), TranscriptReady(recording, 9))

    failed, incomplete = list(story.board.notices)[1:]

    assert incomplete.kind is NoticeKind.RECORDING_INCOMPLETE
    assert incomplete.call_id == C1
    assert failed.kind is NoticeKind.TRANSCRIPT_FAILED
    assert story.board.notices[0].text == "A media worker was started again."
    assert story.board.transcripts == 1


def test_line_that_its_pbx_does_not_reach_is_a_notice(story: Story) -> None:
    story.at(1, LineLost("8000", "the server does not answer"))

    (notice,) = story.board.notices
    assert notice.kind is NoticeKind.LINE_LOST
    assert notice.text == "Line 8000: the server does not answer"


def test_agent_who_is_away_for_too_long_is_a_notice(story: Story) -> None:
    story.at(1, AgentAway(ANN, "break", 905.0))

    (notice,) = story.board.notices
    assert (notice.kind, notice.text) == (NoticeKind.AGENT_AWAY, "ann: break, 15 min")


# -- transfers -----------------------------------------------------------------------------------


def talking(story: Story) -> None:
    """Ann has answered c-1 after 10 s of waiting."""
    story.at(0, CallArrived(C1, PartyId("p-1"), "8000"), CallQueued(C1, ORDERS))
    story.at(10, AgentAnswered(C1, ORDERS, ANN), AgentChanged(ANN, AgentState.TALKING, "", C1))
    story.at(12, CallBridged(C1, ANN))


def test_transfer_moves_the_talk_and_credits_each_agent_with_the_own_time(story: Story) -> None:
    talking(story)
    story.at(60, AgentChanged(BOB, AgentState.TALKING, "", C1))
    story.at(70, TalkEnded(C1, ORDERS, ANN), AgentChanged(ANN, AgentState.WRAP_UP, "", C1))
    story.at(70, TalkTaken(C1, ORDERS, BOB))
    assert (story.house(71).talking, story.queue(ORDERS, 71).talking) == (1, 1)
    call = story.board.calls[C1]
    assert (call.agent_id, call.phase) == (BOB, Phase.TALKING)

    story.at(90, AgentChanged(ANN, AgentState.READY))
    story.at(100, TalkEnded(C1, ORDERS, BOB), AgentChanged(BOB, AgentState.WRAP_UP, "", C1))
    story.at(100, CallEnded(C1, EndedBy.CALLER, "bye"))
    story.at(105, AgentChanged(BOB, AgentState.READY))

    for figures in (story.house(110), story.queue(ORDERS, 110)):
        assert (figures.offered, figures.answered, figures.talking) == (1, 1, 0)
        assert figures.asa_s == 10
        assert figures.aht_s == (60 + 20) + (30 + 5), "one contact, the time of both"
    clocks = story.board.agents
    assert [clocks[a].counts.handle_sum_s for a in (ANN, BOB)] == [80, 35]
    assert [clocks[a].counts.answered for a in (ANN, BOB)] == [1, 0]
    assert C1 not in story.board.calls


def test_talk_without_an_agent_for_a_moment_is_taken_later(story: Story) -> None:
    talking(story)
    story.at(70, TalkEnded(C1, ORDERS, ANN), AgentChanged(ANN, AgentState.WRAP_UP, "", C1))
    assert story.house(75).talking == 0
    story.at(80, TalkTaken(C1, ORDERS, BOB))
    assert story.house(80).talking == 1
    story.at(90, TalkEnded(C1, ORDERS, BOB), CallEnded(C1, EndedBy.CALLER, "bye"))
    assert story.house(95).talking == 0
    assert C1 not in story.board.calls


def test_contact_sent_to_another_queue_is_one_contact_whose_talk_is_no_waiting(
    story: Story,
) -> None:
    talking(story)
    story.at(310, TalkEnded(C1, ORDERS, ANN), AgentChanged(ANN, AgentState.READY))
    story.at(310, CallQueued(C1, REPAIRS, 0, True))
    assert story.house(320).longest_wait_s == 20, "10 s then, 10 s now"
    story.at(330, AgentAnswered(C1, REPAIRS, BOB), CallBridged(C1, BOB))
    story.at(400, TalkEnded(C1, REPAIRS, BOB), CallEnded(C1, EndedBy.CALLER, "bye"))
    house = story.house(410)
    assert (house.offered, house.answered, house.asa_s) == (1, 1, 30)
    assert house.aht_s == 300 + 70
    assert story.queue(REPAIRS, 410).asa_s == 20
    assert story.queue(ORDERS, 410).aht_s == 300


def test_agents_line_says_how_the_talk_goes_on(story: Story) -> None:
    talking(story)
    offer = OfferId("g-1")

    def manner(*events: BoardEvent) -> object:
        story.at(20, *events)
        return agent_entry(story.board, ANN, MONDAY_NOON_S + 20)["manner"]

    assert manner() == ""
    assert manner(CallHeld(C1, Side.AGENT)) == "hold"
    assert manner(CallHeld(C1, Side.CALLER)) == "hold"
    assert manner(CallResumed(C1, Side.AGENT)) == ""
    assert manner(GuestInvited(C1, offer, GuestWay.CONSULT, BOB)) == "consult"
    assert manner(ConferenceStarted(C1, offer)) == "conference"
    assert manner(GuestLeft(C1, offer)) == ""
    assert manner(GuestInvited(C1, offer, GuestWay.TRANSFER, BOB)) == "transfer"
    assert manner(AgentChanged(ANN, AgentState.WRAP_UP, "", C1)) == "", "only who talks"
    assert manner(TalkTransferred(C1, offer)) == ""


@pytest.mark.parametrize(
    "outcome",
    [
        CallOverflowed(C1, ORDERS),
        CallAbandoned(C1, ORDERS),
        CallLost(C1, ORDERS),
        CallLeftForCallback(C1, ORDERS, CallbackId("b-1")),
        AgentAnswered(C1, ORDERS, BOB),
    ],
)
def test_caller_who_waits_no_more_is_kept_for_nobody(story: Story, outcome: BoardEvent) -> None:
    story.at(0, CallArrived(C1, PartyId("p-1"), "8000"), CallQueued(C1, ORDERS))
    story.at(1, CallReserved(C1, ORDERS, ANN, 60.0))
    call = story.board.calls[C1]
    assert call.claimed_by == ANN
    story.at(2, outcome)
    assert call.claimed_by is None
