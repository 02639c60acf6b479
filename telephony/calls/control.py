"""The small protocol by which upper parts command calls.

All verbs are fire-and-forget: they return at once, their outcome comes as an event
(`telephony.calls.events`). A verb for a call that is already over is silently nothing: its
`CallEnded` is on the way or was told already.
"""

from collections.abc import Sequence
from typing import Protocol

from foundation.ids import AgentId, CallId, OfferId, PhoneId, RecordingId
from telephony.calls.events import EndedBy, MonitorMode


class CallControl(Protocol):
    """What the switchboard can be told to do."""

    def answer(self, call_id: CallId) -> None:
        """Send 200 to the caller; `CallAnswered` follows."""

    def answer_early(self, call_id: CallId) -> None:
        """Send 183 with SDP, so that `play` is heard before, or instead of, a 200."""

    def refuse(self, call_id: CallId, status: int, rule: str) -> None:
        """Final answer other than 200; `CallRefused` and `CallEnded` follow."""

    def play(self, call_id: CallId, items: Sequence[str], *, loop: bool = False) -> None:
        """Play WAV files (absolute paths, 8 kHz mono) to the caller; `PromptEnded` follows.

        It follows at once when there is nothing to play, and when media cannot play it.
        """

    def stop_playing(self, call_id: CallId) -> None:
        """Cut what is being played to the caller; no `PromptEnded` comes."""

    def ring_agent(
        self, call_id: CallId, agent_id: AgentId, offer_id: OfferId, *, auto_answer: bool
    ) -> None:
        """INVITE the agent's newest binding; AgentRinging, AgentPickedUp or AgentRefused follow."""

    def stop_ringing(self, call_id: CallId, offer_id: OfferId) -> None:
        """CANCEL (or ACK and BYE when the 200 crossed it); no further event of this offer comes."""

    def play_to_agent(self, call_id: CallId, items: Sequence[str]) -> None:
        """A tone or whisper for the agent alone before the bridge; no event comes."""

    def bridge(self, call_id: CallId) -> None:
        """Stop all playing and connect caller and agent, both up; `CallBridged` follows.

        When media cannot connect them the call ends as a fault.
        """

    def echo(self, call_id: CallId) -> None:
        """Let the caller hear himself; nothing while an agent is there."""

    def record(self, call_id: CallId, recording_id: RecordingId, file: str) -> None:
        """Record both sides from now on; `TalkRecorded` comes at the end.

        Also when nothing can be recorded, because a side is gone: with 0 frames, not complete.
        """

    def hang_up(self, call_id: CallId, by: EndedBy, reason: str) -> None:
        """End all legs of the call; `CallEnded` follows.

        A caller without a 200 gets a final answer: 500 for a fault, else 480; `CallRefused` too.
        """

    def release_agent(self, call_id: CallId) -> None:
        """End the agent's leg only; `AgentHungUp` follows and the caller stays."""

    def monitor(self, call_id: CallId, phone: PhoneId, mode: MonitorMode, *, by: str) -> None:
        """Ring a supervisor's phone into the talk; `MonitorStarted` or `MonitorEnded` follows.

        For a phone that is in this talk already: change its mode, `MonitorChanged` follows. Nothing
        happens where nobody talks, nor to a phone that is in the house already.
        """

    def stop_monitor(self, call_id: CallId, phone: PhoneId, reason: str) -> None:
        """Hang up a supervisor's phone; `MonitorEnded` follows and the talk goes on."""
