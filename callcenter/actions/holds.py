"""Legal holds by command: in the journal and in the table before they are answered."""

from callcenter.asks import HoldRecording, ReleaseRecording
from foundation.ids import CallId, RecordingId
from foundation.journal import Journal
from recordings.erasing.vault import Vault
from recordings.erasing.vault_store import VaultStore
from recordings.store import RecordingStore
from wallboard.commands import Done


class HoldActions:
    def __init__(
        self, vault: Vault, held: VaultStore, recordings: RecordingStore, journal: Journal
    ) -> None:
        self._vault = vault
        self._held = held
        self._recordings = recordings
        self._journal = journal

    async def hold(self, ask: HoldRecording) -> Done:
        """Raises `NotFound`."""
        chosen = await self._chosen(ask.recording_id, whole_call=ask.whole_call)
        await self._vault.hold(chosen, ask.by, ask.reason)
        return await self._done()

    async def release(self, ask: ReleaseRecording) -> Done:
        """Raises `NotFound` for what there is not, or is not held."""
        chosen = await self._chosen(ask.recording_id, whole_call=ask.whole_call)
        await self._vault.release(chosen, ask.by)
        return await self._done()

    async def _chosen(self, recording_id: RecordingId, *, whole_call: bool) -> list[RecordingId]:
        recording = await self._recordings.get(recording_id)
        if not whole_call:
            return [recording_id]
        doomed = await self._held.of_calls([CallId(recording.call_id)])
        return [each.recording_id for each in doomed]

    async def _done(self) -> Done:
        seq = self._journal.last_seq
        await self._journal.settled(seq)
        return Done(seq)
