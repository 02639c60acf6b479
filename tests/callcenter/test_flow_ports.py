"""Who is known, what is kept of messages, and the counts of ways through a flow."""

from datetime import UTC, datetime
from pathlib import Path

from callcenter.acquaintance import Acquaintance
from callcenter.path_counts import PathCounts
from callcenter.voicemail import Messages
from foundation.ids import AgentId, CallId, QueueId, RecordingId
from ivr.events import FlowEnded, VoicemailLeft

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


def test_message_is_told_with_its_file_and_length(tmp_path: Path) -> None:
    told: list[VoicemailLeft] = []
    messages = Messages(tmp_path, told.append, lambda: NOW)
    recording_id, file = messages.begin(C1, "sales")
    Path(file).write_bytes(b"")
    assert Path(file).parent == tmp_path / "sales"
    assert messages.owns(recording_id)
    assert not messages.owns(RecordingId("r-1"))
    messages.end(recording_id, 8000 * 3)
    assert told == [VoicemailLeft(C1, "sales", f"sales/{Path(file).stem}", 3.0)]
    assert Path(file).exists()


def test_click_is_no_message_and_its_file_is_deleted(tmp_path: Path) -> None:
    told: list[VoicemailLeft] = []
    messages = Messages(tmp_path, told.append, lambda: NOW)
    recording_id, file = messages.begin(C1, "sales")
    Path(file).write_bytes(b"")
    messages.end(recording_id, 100)
    messages.end(recording_id, 80_000)
    assert told == []
    assert not Path(file).exists()


def test_ways_are_counted_also_of_a_flow_that_was_called() -> None:
    main, sub = PathCounts("main"), PathCounts("sub")
    for counts in (main, sub):
        counts.on_event(FlowEnded(C1, "main", "c", ("a", "b", "sub/x", "sub/y", "c")))
        counts.on_event(FlowEnded(C2, "main", "b", ("a", "b")))
        counts.on_event(FlowEnded(C2, "other", "b", ("a", "b")))
    assert main.edges == {("a", "b"): 2, ("b", "c"): 1}
    assert sub.edges == {("x", "y"): 1}
