"""Forgetting a caller's number on request: in memory, in the table, and a line for the audit.

The journal has only the party's id, which then stands for nobody: history keeps its counts.
"""

from collections.abc import Awaitable, Callable, Sequence

from callcenter.asks import EraseParty
from callcenter.events import ActionTaken
from foundation.db import TROUBLES
from foundation.errors import NotFound, Unavailable
from foundation.ids import PartyId
from foundation.journal import Journal
from telephony.calls.numbers import normalise
from telephony.calls.options import CallOptions
from telephony.calls.parties import PartyBook
from telephony.calls.store import PartyStore
from wallboard.commands import Done

ACTION = "party erased"


class Eraser:
    """Does it in the one process that writes journal and table."""

    def __init__(
        self,
        book: PartyBook,
        store: PartyStore,
        journal: Journal,
        tell: Callable[[ActionTaken], object],
        others: Sequence[Callable[[PartyId], Awaitable[None]]] = (),
    ) -> None:
        """`others`: erase what else is kept of a party; raise `Unavailable`."""
        self._others = others
        self._book = book
        self._store = store
        self._journal = journal
        self._tell = tell

    async def erase(self, ask: EraseParty) -> Done:
        """Returns when it is on disk. `NotFound` for a number that nobody has called from."""
        number = normalise(ask.number, CallOptions().country_code)
        party_id = self._book.find_party(number)
        if party_id is None:
            raise NotFound(f"Nobody has called from {number}, or it was erased already.")
        # The table first: if that fails, the number is still known and can be erased again.
        for erase in self._others:
            await erase(party_id)
        try:
            await self._store.erase(party_id)
        except TROUBLES as error:
            raise Unavailable("The database is away; nothing was erased.") from error
        self._book.erase(party_id)
        self._tell(ActionTaken(ask.by, ACTION, party_id))
        seq = self._journal.last_seq
        await self._journal.settled(seq)
        return Done(seq)
