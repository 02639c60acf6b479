"""Read-only links to a board, for a screen on a wall that nobody signs in at.

    /wallboard?tv=TOKEN

The token is random and shown once; only its hash is kept (SHA-256 is enough: there is nothing to
guess a random token of 256 bits by). It opens the board and its socket, and nothing else.
"""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from foundation.ids import TvLinkId

TOKEN_BYTES = 32
MOST_LINKS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class TvLink:
    link_id: TvLinkId
    name: str
    "For people: where the screen hangs."
    board: str
    hides_names: bool
    "Agents have none on it."
    made_by: str
    made_at: datetime
    token_hash: str


def new_token() -> str:
    return secrets.token_urlsafe(TOKEN_BYTES)


def hash_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


class TvLinks:
    """All links that hold, by the hash of their token."""

    def __init__(self, links: Iterable[TvLink] = ()) -> None:
        self._by_hash = {link.token_hash: link for link in links}

    def find(self, token: str) -> TvLink | None:
        return self._by_hash.get(hash_of(token))

    def ids(self) -> set[TvLinkId]:
        return {link.link_id for link in self._by_hash.values()}

    def forget(self, link_id: TvLinkId) -> None:
        self._by_hash = {
            token_hash: link
            for token_hash, link in self._by_hash.items()
            if link.link_id != link_id
        }
