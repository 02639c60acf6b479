"""Who is known, what is kept of messages, and the counts of ways through a flow."""

from datetime import UTC, datetime

from callcenter.conduct.acquaintance import Acquaintance
from callcenter.conduct.voicemail import Messages
from callcenter.records.path_counts import PathCounts
from foundation.ids import AgentId, CallId, QueueId, RecordingId
from foundation.record import Record
from ivr.events import FlowEnded, VoicemailLeft, VoicemailStarted
from recordings.events import RecordingEnded

C1, C2 = CallId("c-1"), CallId("c-2")
NOW = datetime(2026, 10, 12, 9, 30, tzinfo=UTC)


class Friends:
    """Knows one caller."""

    def tier_of(self, call_id: CallId) -> str:
        return "gold" if call_id == C1 else ""

    def prefer(self, call_id: CallId, queue: QueueId) -> AgentId | None:
        return None

    def last_agent(self, call_id: CallId) -> AgentId | None:
        return AgentId("agent0001") if call_id == C1 else None


def test_caller_is_known_by_number_tier_and_last_agent() -> None:
    known = Acquaintance({C1: "+8613900000001"}.get, Friends(), lambda: NOW)
    caller = known.caller(C1, "8000", "trunk1", hours="office", agent="")
    assert (caller.number, caller.tier, caller.last_agent) == (
        "+8613900000001",
        "gold",
        "agent0001",
    )
    assert (caller.trunk, caller.hours, caller.called_at) == ("trunk1", "office", NOW)


def test_caller_without_a_number_is_nobody_we_know() -> None:
    known = Acquaintance({C1: "+8613900000001"}.get, Friends(), lambda: NOW)
    caller = known.caller(C2, "8000", "", hours="", agent="")
    assert (caller.number, caller.tier, caller.last_agent) == ("anonymous", "", "")


class Recorder:
    def __init__(self) -> None:
        self.started: list[tuple[CallId, QueueId, str]] = []
        self.ended: list[tuple[RecordingId, int, bool]] = []

    def start_message(
        self, call_id: CallId, queue: QueueId, language: str
    ) -> tuple[RecordingId, str]:
        self.started.append((call_id, queue, language))
        return RecordingId(f"vm-{len(self.started)}"), "/recordings/vm.wav"

    def end(self, recording_id: RecordingId, frames: int, complete: bool) -> None:
        self.ended.append((recording_id, frames, complete))


SALES = QueueId("sales")
VM1 = RecordingId("vm-1")
STARTED, LEFT = VoicemailStarted(C1, VM1, "box", SALES), VoicemailLeft(C1, "box", VM1, 3.0, SALES)


def record(event: object) -> Record[object]:
    return Record(1, 0.0, NOW, event)


def test_message_is_a_recording_and_told_with_its_length_when_that_is_closed() -> None:
    told: list[VoicemailStarted | VoicemailLeft] = []
    messages = Messages(recorder := Recorder(), told.append)
    assert messages.begin(C1, "box", SALES, "en|zh") == (VM1, "/recordings/vm.wav")
    assert recorder.started == [(C1, SALES, "en|zh")]
    assert messages.owns(VM1)
    assert not messages.owns(RecordingId("r-1"))
    messages.end(VM1, 24_000, complete=True)
    assert recorder.ended == [(VM1, 24_000, True)]
    assert told == [STARTED]
    messages.on_event(RecordingEnded(RecordingId("r-1"), 9.0, complete=True))
    messages.on_event(RecordingEnded(VM1, 3.0, complete=True))
    assert told == [STARTED, LEFT]


def test_click_is_no_message() -> None:
    told: list[VoicemailStarted | VoicemailLeft] = []
    messages = Messages(Recorder(), told.append)
    messages.begin(C1, "box", SALES, "en")
    messages.on_event(RecordingEnded(VM1, 0.4, complete=True))
    messages.on_event(RecordingEnded(VM1, 9.0, complete=True))
    assert told == [STARTED]


def test_message_whose_core_was_killed_is_told_by_the_next_one() -> None:
    told: list[VoicemailStarted | VoicemailLeft] = []
    messages = Messages(Recorder(), told.append)
    messages.remember(record(STARTED))
    messages.restored()
    assert told == []
    messages.on_event(RecordingEnded(VM1, 3.0, complete=False))
    assert told == [LEFT]


def test_message_that_ended_in_the_last_moment_is_told_once() -> None:
    for facts, expected in (
        ([STARTED, RecordingEnded(VM1, 3.0, complete=True)], [LEFT]),
        ([STARTED, RecordingEnded(VM1, 3.0, complete=True), LEFT], []),
    ):
        told: list[VoicemailStarted | VoicemailLeft] = []
        messages = Messages(Recorder(), told.append)
        for fact in facts:
            messages.remember(record(fact))
        messages.restored()
        assert told == expected


def test_ways_are_counted_also_of_a_flow_that_was_called() -> None:
    main, sub = PathCounts("main"), PathCounts("sub")
    for counts in (main, sub):
        counts.on_event(FlowEnded(C1, "main", "c", ("a", "b", "sub/x", "sub/y", "c")))
        counts.on_event(FlowEnded(C2, "main", "b", ("a", "b")))
        counts.on_event(FlowEnded(C2, "other", "b", ("a", "b")))
    assert main.edges == {("a", "b"): 2, ("b", "c"): 1}
    assert sub.edges == {("x", "y"): 1}
