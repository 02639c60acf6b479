"""All that the centre has of one caller, wherever it is.

    party id ─▶ journal: calls, callbacks ─▶ recordings' rows ─▶ their files

The journal itself has no number and no name: it stays, and with it every count.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from acd.events import CallbackQueued
from foundation.ids import CallbackId, CallId, PartyId
from foundation.journal import JournalReader
from recordings.erasing.vault_store import Doomed, VaultStore
from telephony.calls.events import CallArrived, CallPlaced


@dataclass(frozen=True, slots=True)
class CallersData:
    calls: frozenset[CallId]
    recordings: list[Doomed]
    "Of talks, and the messages that he left."
    callbacks: frozenset[CallbackId]
    "That were ever asked for; most are over."


class CallersDataFinder:
    def __init__(self, reader: JournalReader, store: VaultStore) -> None:
        self._reader = reader
        self._store = store

    async def find(self, party_id: PartyId) -> CallersData:
        """Reads all calls of the journal."""
        calls: set[CallId] = set()
        callbacks: set[CallbackId] = set()
        async for event in self._of_party(party_id):
            if isinstance(event, CallArrived | CallPlaced):
                calls.add(event.call_id)
            elif isinstance(event, CallbackQueued):
                callbacks.add(event.callback_id)
        return CallersData(
            calls=frozenset(calls),
            recordings=await self._store.of_calls(calls),
            callbacks=frozenset(callbacks),
        )

    async def _of_party(self, party_id: PartyId) -> AsyncIterator[object]:
        kinds = (CallArrived, CallPlaced, CallbackQueued)
        async for record in self._reader.all_of_kinds(kinds):
            event = record.event
            if isinstance(event, kinds) and event.party_id == party_id:
                yield event
