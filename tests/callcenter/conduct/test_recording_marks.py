"""Which marks a talk's events leave in its recording."""

from dataclasses import dataclass, field

from callcenter.conduct.contact import Contact, Guest, Stage
from callcenter.conduct.recording_marks import RecordingMarks
from callcenter.events import HouseEvent
from foundation.ids import AgentId, CallId, OfferId, PartyId, PhoneId, QueueId, RecordingId
from recordings.events import (
    PauseReason,
    RecordingPaused,
    RecordingResumed,
    RecordingStarted,
)
from recordings.marks import MarkKind
from telephony.calls import events as calls
from telephony.calls.control import AgentTarget

CALL, REC = CallId("c-1"), RecordingId("r-1")
OFFER, BOSS = OfferId("o-2"), PhoneId("boss01")
STARTED = RecordingStarted(REC, CALL, AgentId("eva"), QueueId("orders"), "f", ("en", "en"))


@dataclass
class Desk:
    """Writes down what it is told."""

    done: list[str] = field(default_factory=list)

    def begin(self, recording_id: RecordingId) -> None:
        self.done.append(f"begin {recording_id}")

    def open(
        self, recording_id: RecordingId, kind: MarkKind, side: str = "", party: str = ""
    ) -> None:
        self.done.append(" ".join(word for word in ("open", kind, side, party) if word))

    def close(
        self, recording_id: RecordingId, kind: MarkKind, side: str = "", party: str = ""
    ) -> None:
        self.done.append(" ".join(word for word in ("close", kind, side, party) if word))

    def point(self, recording_id: RecordingId, kind: MarkKind, party: str = "") -> None:
        self.done.append(f"point {kind} {party}")

    def end(self, recording_id: RecordingId) -> None:
        self.done.append(f"end {recording_id}")


def left_by(*events: HouseEvent) -> list[str]:
    desk = Desk()
    marks = RecordingMarks(desk)
    for event in (STARTED, *events):
        marks.on_event(event)
    return desk.done[1:]


def test_hold_is_marked_with_who_holds() -> None:
    side = calls.Side.CALLER
    assert left_by(calls.CallHeld(CALL, side), calls.CallResumed(CALL, side)) == [
        "open hold caller",
        "close hold caller",
    ]


def test_pause_and_card_are_marks_of_their_own() -> None:
    agent, card = PauseReason.AGENT, PauseReason.CARD
    assert left_by(
        RecordingPaused(REC, CALL, agent, "eva"),
        RecordingPaused(REC, CALL, card, "eva"),
        RecordingResumed(REC, CALL, card, ""),
        RecordingResumed(REC, CALL, agent, "eva"),
    ) == ["open pause", "open card", "close card", "close pause"]


def test_consultation_that_becomes_a_conference_and_a_transfer() -> None:
    invited = calls.GuestInvited(CALL, OFFER, calls.GuestWay.CONSULT, AgentId("tom"))
    assert left_by(
        invited,
        calls.GuestJoined(CALL, OFFER),
        calls.ConferenceStarted(CALL, OFFER),
        calls.TalkTransferred(CALL, OFFER),
        calls.TalkRecorded(REC, 8000, complete=True),
    ) == [
        "open consultation tom",
        "close consultation",
        "open conference tom",
        "close consultation",
        "close conference",
        "point transfer tom",
        "end r-1",
    ]


def test_guest_from_outside_is_a_party_and_no_number() -> None:
    invited = calls.GuestInvited(
        CALL, OFFER, calls.GuestWay.CONSULT, party_id=PartyId("p-7"), trunk="carrier"
    )
    joined = left_by(invited, calls.GuestJoined(CALL, OFFER), calls.GuestLeft(CALL, OFFER))

    assert joined == ["open consultation p-7", "close consultation", "close conference"]


def test_supervisor_is_marked_while_he_is_heard() -> None:
    mode = calls.MonitorMode
    assert left_by(
        calls.MonitorStarted(CALL, BOSS, "sue", mode.BARGE),
        calls.MonitorChanged(CALL, BOSS, "sue", mode.LISTEN),
        calls.MonitorEnded(CALL, BOSS, ""),
    ) == ["open supervisor boss01", "close supervisor boss01", "close supervisor boss01"]


def test_talk_that_is_not_recorded_has_no_marks() -> None:
    desk = Desk()
    marks = RecordingMarks(desk)
    marks.on_event(calls.CallHeld(CALL, calls.Side.AGENT))

    assert desk.done == []


def test_marks_of_an_earlier_core_s_talk_go_on() -> None:
    desk = Desk()
    marks = RecordingMarks(desk)
    contact = Contact(CALL, "8000", recording_id=REC, pauses={PauseReason.CARD})
    marks.adopt(contact)
    marks.on_event(RecordingResumed(REC, CALL, PauseReason.CARD, ""))
    marks.on_event(calls.GuestLeft(CALL, OFFER))

    assert desk.done == ["open card", "close card", "close consultation", "close conference"]


def test_recording_that_begins_in_the_middle_has_what_goes_on() -> None:
    desk = Desk()
    marks = RecordingMarks(desk)
    side = calls.Side.CALLER
    for event in (
        calls.CallBridged(CALL, AgentId("eva")),
        calls.CallHeld(CALL, calls.Side.AGENT),
        calls.CallResumed(CALL, calls.Side.AGENT),
        calls.CallHeld(CALL, side),
        STARTED,
        calls.CallResumed(CALL, side),
    ):
        marks.on_event(event)

    assert desk.done == ["begin r-1", "open hold caller", "close hold caller"]


def test_what_goes_on_in_a_talk_of_an_earlier_core_is_marked_when_a_recording_is_begun() -> None:
    """On demand, in the middle of a hold."""
    desk = Desk()
    marks = RecordingMarks(desk)
    marks.adopt(Contact(CALL, "8000", Stage.TALKING), {calls.Side.AGENT})
    marks.on_event(STARTED)
    marks.on_event(calls.CallResumed(CALL, calls.Side.AGENT))
    assert desk.done == ["begin r-1", "open hold agent", "close hold agent"]


def test_guest_of_a_talk_of_an_earlier_core_has_his_marks() -> None:
    desk = Desk()
    marks = RecordingMarks(desk)
    contact = Contact(CALL, "8000", Stage.TALKING)
    contact.guest = Guest(
        AgentTarget(AgentId("tom"), OFFER), calls.GuestWay.CONSULT, has_joined=True
    )
    marks.adopt(contact)
    for event in (STARTED, calls.TalkTransferred(CALL, OFFER)):
        marks.on_event(event)
    assert desk.done[1:] == [
        "open consultation tom",
        "close consultation",
        "close conference",
        "point transfer tom",
    ]


def test_hold_of_who_waits_is_in_no_recording() -> None:
    desk = Desk()
    marks = RecordingMarks(desk)
    marks.adopt(Contact(CALL, "8000", Stage.WAITING), {calls.Side.CALLER})
    marks.on_event(STARTED)
    assert desk.done == ["begin r-1"]
