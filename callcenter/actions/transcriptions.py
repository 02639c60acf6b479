"""What people want of transcripts: one sooner than others, or once more what was given up."""

from collections.abc import Callable

from callcenter.asks import IndexTranscript, RaiseTranscript, RetryTranscripts
from callcenter.events import ActionTaken
from foundation.journal import Journal
from recordings.searching.search_store import SearchStore
from recordings.transcribing.transcription import Transcription
from wallboard.commands import Done

MOST_AT_ONCE = 1000
"Dead letters that one command takes up again."
ALL = "all"
"Instead of a recording's id, in the journal."


class TranscriptionActions:
    """Each is in the journal before it is answered."""

    def __init__(
        self,
        transcription: Transcription,
        search: SearchStore,
        journal: Journal,
        tell: Callable[[ActionTaken], None],
    ) -> None:
        self._transcription = transcription
        self._search = search
        self._journal = journal
        self._tell = tell

    async def raise_priority(self, ask: RaiseTranscript) -> Done:
        """NotFound for a recording that does not wait."""
        await self._transcription.raise_priority(ask.recording_id, ask.priority)
        return await self._noted(
            ActionTaken(ask.by, "transcript raised", ask.recording_id, str(ask.priority))
        )

    async def retry(self, ask: RetryTranscripts) -> int:
        """Conflict for one that was not given up."""
        if ask.recording_id is None:
            count = await self._transcription.retry_all(MOST_AT_ONCE)
        else:
            count = 1
            await self._transcription.retry(ask.recording_id)
        await self._noted(ActionTaken(ask.by, "transcript retried", ask.recording_id or ALL))
        return count

    async def index(self, ask: IndexTranscript) -> None:
        await self._search.put(ask.recording_id, ask.sides)

    async def _noted(self, action: ActionTaken) -> Done:
        self._tell(action)
        seq = self._journal.last_seq
        await self._journal.settled(seq)
        return Done(seq)
