"""Who calls, apart from what happened: events carry a party id, this book the number behind it.

All known numbers are held in memory, because a call must not wait for the disk. Erasing a party
removes the number here and in the table; history keeps its counts.
"""

from collections.abc import Callable, Mapping

from foundation.ids import PartyId, new_party_id

MAX_PARTIES = 2_000_000
"About 300 MB; beyond it new callers are counted under ids of their own that are not remembered."


class PartyBook:
    """Numbers in E.164 and the ids that stand for them."""

    def __init__(
        self,
        known: Mapping[str, PartyId],
        save: Callable[[PartyId, str], None],
        new_id: Callable[[], PartyId] = new_party_id,
    ) -> None:
        """`save(party_id, number)` keeps a new party; it must not block."""
        self._ids = dict(known)
        self._numbers = {party_id: number for number, party_id in known.items()}
        self._save = save
        self._new_id = new_id

    def find_or_add(self, number: str) -> PartyId:
        party_id = self._ids.get(number)
        if party_id is None:
            party_id = self._new_id()
            if len(self._ids) < MAX_PARTIES:
                self._ids[number] = party_id
                self._numbers[party_id] = number
                self._save(party_id, number)
        return party_id

    def find_party(self, number: str) -> PartyId | None:
        return self._ids.get(number)

    def find_number(self, party_id: PartyId) -> str | None:
        return self._numbers.get(party_id)

    def erase(self, party_id: PartyId) -> None:
        number = self._numbers.pop(party_id, None)
        if number is not None:
            del self._ids[number]
