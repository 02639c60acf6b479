"""Erasing a caller on request: number, recordings, messages, transcripts, tasks, callbacks; with a
certificate, and a line for the audit.

The journal has only the party's id, which then stands for nobody: history keeps its counts.
"""

from collections.abc import Awaitable, Callable, Sequence

from callcenter.actions.callers_data import CallersData, CallersDataFinder
from callcenter.asks import Erased, EraseParty
from callcenter.events import ActionTaken
from foundation.db import TROUBLES, Sessions, forget_deleted
from foundation.errors import NotFound, Unavailable
from foundation.ids import CallbackId, PartyId
from foundation.journal import Journal
from foundation.record import Record
from recordings.erasing.vault import Vault, counts, hold_sentence
from recordings.erasing.vault_store import VaultStore
from recordings.events import DeletedFor
from recordings.searching.search_store import SearchStore
from telephony.calls.numbers import normalise
from telephony.calls.options import CallOptions
from telephony.calls.parties import PartyBook
from telephony.calls.store import PartyStore

ACTION = "party erased"


def no_callbacks(_: CallbackId) -> bool:
    """While no core runs, nobody is called; the next core gives up who has no number."""
    return False


async def nothing_more() -> None:
    """The database has no files of ours."""


def forgetting(sessions: Sessions) -> Callable[[], Awaitable[None]]:
    """What was deleted is overwritten; here it leaves the search's index and the log, too."""

    async def forget() -> None:
        await SearchStore(sessions).forget_deleted()
        await forget_deleted(sessions)

    return forget


class Eraser:
    """Does it in the one process that writes journal and table."""

    def __init__(
        self,
        book: PartyBook,
        store: PartyStore,
        journal: Journal,
        tell: Callable[[ActionTaken], object],
        finder: CallersDataFinder,
        vault: Vault,
        holds: VaultStore,
        cancel_callback: Callable[[CallbackId], bool] = no_callbacks,
        others: Sequence[Callable[[PartyId], Awaitable[None]]] = (),
        forget_deleted: Callable[[], Awaitable[None]] = nothing_more,
    ) -> None:
        """`cancel_callback`: False for one that is over; `others`: erase what else is kept of a
        party; raise `Unavailable`. `forget_deleted`: from the files of the database."""
        self._others = others
        self._forget_deleted = forget_deleted
        self._book = book
        self._store = store
        self._journal = journal
        self._tell = tell
        self._finder = finder
        self._vault = vault
        self._holds = holds
        self._cancel_callback = cancel_callback

    async def erase(self, ask: EraseParty) -> Erased:
        """Returns when it is on disk. `NotFound` for a number that nobody has called from,
        `Conflict` with the reason when a recording is held, or is being made: nothing is erased
        then. A dry run deletes nothing and names the holds."""
        number = normalise(ask.number, CallOptions().country_code)
        party_id = self._book.find_party(number)
        if party_id is None:
            raise NotFound(f"Nobody has called from {number}, or it was erased already.")
        # What was told a moment ago is to be found, too.
        await self._journal.settled(self._journal.last_seq)
        data = await self._finder.find(party_id)
        if ask.dry_run:
            return await self._show(data)
        # The number last: if anything fails before, it is still known and can be erased again.
        try:
            # Callers' numbers that wait for the disk are on it first, or nothing is begun.
            if not await self._store.flush():
                raise Unavailable("The database is away; nothing was erased.")
            certificate = await self._vault.delete(
                data.recordings,
                DeletedFor.ERASURE,
                ask.by,
                {"party_id": party_id, "calls": len(data.calls)},
            )
            for erase in self._others:
                await erase(party_id)
            await self._store.erase(party_id)
            await self._forget_deleted()
        except TROUBLES as error:
            raise Unavailable("The database is away; not all was erased: do it again.") from error
        return await self._finish(ask, party_id, data, certificate)

    async def _finish(
        self, ask: EraseParty, party_id: PartyId, data: CallersData, certificate: str
    ) -> Erased:
        self._book.erase(party_id)
        cancelled = sum(map(self._cancel_callback, sorted(data.callbacks)))
        self._tell(ActionTaken(ask.by, ACTION, party_id, certificate))
        seq = self._journal.last_seq
        await self._journal.settled(seq)
        return Erased(seq, certificate, _counts(data) | {"callbacks": cancelled}, [])

    async def _show(self, data: CallersData) -> Erased:
        held = await self._holds.holds([each.recording_id for each in data.recordings])
        return Erased(self._journal.last_seq, "", _counts(data), list(map(hold_sentence, held)))


class ErasedLately:
    """Implements `callcenter.take_over.Remembers`: a new core takes nothing of an erased party up
    again, though the journal tells of it."""

    def __init__(self, forget: Callable[[PartyId], None]) -> None:
        self._forget = forget

    def remember(self, record: Record[object]) -> None:
        match record.event:
            case ActionTaken(action=action, target=party_id) if action == ACTION:
                self._forget(PartyId(party_id))

    def restored(self) -> None:
        """Others restore what is left."""


def _counts(data: CallersData) -> dict[str, int]:
    found = counts(data.recordings)
    return {
        "calls": len(data.calls),
        "recordings": found["recordings"],
        "transcripts": found["transcripts"],
    }
