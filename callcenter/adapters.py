"""Small joints between the journey's ports and the parts that do the work."""

from collections.abc import Sequence

from foundation.ids import AgentId, CallId, QueueId, RecordingId
from ivr.prompts import Prompts
from recordings.service import RecordingService


class PromptPort:
    """Implements `callcenter.journey.Prompts`."""

    def __init__(self, prompts: Prompts) -> None:
        self._prompts = prompts

    def named(self, name: str, languages: Sequence[str]) -> list[str]:
        return self._prompts.items([name], languages)

    def position(self, position: int, languages: Sequence[str]) -> list[str]:
        return self._prompts.position(position, languages)

    def agent_number(self, number: str, languages: Sequence[str]) -> list[str]:
        return self._prompts.agent(number, languages)


class RecorderPort:
    """Implements `callcenter.journey.Recorder`."""

    def __init__(self, recordings: RecordingService) -> None:
        self._recordings = recordings

    def start(
        self, call_id: CallId, agent_id: AgentId, queue: QueueId, languages: tuple[str, str]
    ) -> tuple[RecordingId, str]:
        started = self._recordings.start(call_id, agent_id, queue, languages)
        return started.recording_id, str(started.path)

    def end(self, recording_id: RecordingId, frames: int, complete: bool) -> None:
        self._recordings.ended(recording_id, frames, complete)
