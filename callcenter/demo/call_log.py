"""What became of each call: a fold over the centre's journal, call by call.

The wallboard counts; this keeps the story of every single call, for the demo's table.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from acd import events as acd
from foundation.ids import AgentId, CallId, RecordingId
from foundation.record import Record
from recordings import events as recordings
from telephony.calls import events as calls


@dataclass(slots=True)
class Story:
    """One call so far. Times are the journal's `at_s`; None: it has not come to that."""

    call_id: CallId
    arrived_s: float
    refused: int | None = None
    "The SIP status that the caller got instead of a 200."
    answered_s: float | None = None
    "By the centre: the menu begins."
    queue: str = ""
    queued_s: float | None = None
    missed_by: list[AgentId] = field(default_factory=list)
    "Agents whose phones rang in vain."
    agent_id: AgentId | None = None
    picked_up_s: float | None = None
    bridged_s: float | None = None
    abandoned_s: float | None = None
    outcome: str = ""
    "abandoned, overflowed or lost; '' for a call that an agent took, or that is under way."
    ended_s: float | None = None
    ended_by: str = ""
    recording_id: RecordingId | None = None
    recorded_s: float | None = None
    is_complete: bool = False
    is_transcribed: bool = False
    transcript_problem: str = ""

    @property
    def is_over(self) -> bool:
        return self.ended_s is not None

    @property
    def waited_s(self) -> float | None:
        """In the queue, ringing included."""
        if self.queued_s is None:
            return None
        until = self.picked_up_s or self.abandoned_s or self.ended_s
        return None if until is None else until - self.queued_s

    @property
    def is_settled(self) -> bool:
        """Nothing more is to come, transcript included."""
        if self.ended_s is None:
            return False
        if self.recording_id is None or self.recorded_s == 0:
            return True
        return self.is_transcribed or bool(self.transcript_problem)


class CallLog:
    def __init__(self) -> None:
        self.stories: dict[CallId, Story] = {}
        "In the order of arrival."
        self.last_seq = 0
        self._by_recording: dict[RecordingId, Story] = {}
        self._on: dict[type, Callable[[Story, Any, float], None]] = {
            calls.CallRefused: _refused,
            calls.CallAnswered: _answered,
            acd.CallQueued: _queued,
            acd.OfferFailed: _offer_failed,
            acd.AgentAnswered: _picked_up,
            calls.CallBridged: _bridged,
            acd.CallAbandoned: _abandoned,
            acd.CallOverflowed: _overflowed,
            acd.CallLost: _lost,
            calls.CallEnded: _ended,
            recordings.RecordingStarted: self._recording_started,
            recordings.RecordingEnded: _recording_ended,
            recordings.TranscriptReady: _transcript_ready,
            recordings.TranscriptFailed: _transcript_failed,
        }

    def fold(self, record: Record[object]) -> None:
        self.last_seq = record.seq
        event = record.event
        if isinstance(event, calls.CallArrived):
            self.stories[event.call_id] = Story(event.call_id, record.at_s)
        handler = self._on.get(type(event))
        story = self._story_of(event)
        if handler is not None and story is not None:
            handler(story, event, record.at_s)

    def talks(self, agent_id: AgentId) -> bool:
        """The agent and a caller hear each other now."""
        return any(
            story.agent_id == agent_id and story.bridged_s is not None and not story.is_over
            for story in self.stories.values()
        )

    def _story_of(self, event: object) -> Story | None:
        call_id = getattr(event, "call_id", None)
        if call_id is not None:
            return self.stories.get(call_id)
        recording_id = getattr(event, "recording_id", None)
        return self._by_recording.get(recording_id) if recording_id is not None else None

    def _recording_started(
        self, story: Story, event: recordings.RecordingStarted, at_s: float
    ) -> None:
        story.recording_id = event.recording_id
        self._by_recording[event.recording_id] = story


def _refused(story: Story, event: calls.CallRefused, at_s: float) -> None:
    story.refused = event.status


def _answered(story: Story, event: calls.CallAnswered, at_s: float) -> None:
    story.answered_s = at_s


def _queued(story: Story, event: acd.CallQueued, at_s: float) -> None:
    story.queue, story.queued_s = event.queue, at_s


def _offer_failed(story: Story, event: acd.OfferFailed, at_s: float) -> None:
    if event.why not in acd.NOBODYS_FAULT:
        story.missed_by.append(event.agent_id)


def _picked_up(story: Story, event: acd.AgentAnswered, at_s: float) -> None:
    story.agent_id, story.picked_up_s = event.agent_id, at_s


def _bridged(story: Story, event: calls.CallBridged, at_s: float) -> None:
    story.bridged_s = at_s


def _abandoned(story: Story, event: acd.CallAbandoned, at_s: float) -> None:
    story.outcome, story.abandoned_s = "abandoned", at_s


def _overflowed(story: Story, event: acd.CallOverflowed, at_s: float) -> None:
    story.outcome = "overflowed"


def _lost(story: Story, event: acd.CallLost, at_s: float) -> None:
    story.outcome = "lost"


def _ended(story: Story, event: calls.CallEnded, at_s: float) -> None:
    story.ended_s, story.ended_by = at_s, event.by.value


def _recording_ended(story: Story, event: recordings.RecordingEnded, at_s: float) -> None:
    story.recorded_s, story.is_complete = event.duration_s, event.complete


def _transcript_ready(story: Story, event: recordings.TranscriptReady, at_s: float) -> None:
    story.is_transcribed = True


def _transcript_failed(story: Story, event: recordings.TranscriptFailed, at_s: float) -> None:
    if event.final:
        story.transcript_problem = event.sentence
