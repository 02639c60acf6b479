"""What the web role needs of its link to core; the link itself is built elsewhere."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from wallboard.commands import Command, Done
from wallboard.fold.board import BoardRecord


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """History is told; what follows happens now. Comes once for each call of `records`.

    Until it comes the screens say that core is away: half a history would be wrong figures.
    """


@dataclass(frozen=True, slots=True)
class StartOver:
    """Forget all records: some of them were told by a core that died before it had written them.

    History is told again from its start.
    """


class CoreLink(Protocol):
    """One client's view of core: its journal and its ear."""

    def records(self, after_seq: int) -> AsyncIterator[BoardRecord | CaughtUp | StartOver]:
        """The journal's records with a `seq` above `after_seq`: history first, `CaughtUp`,
        then live ones. `StartOver` may come first of all.

        Ends, or raises `foundation.errors.Unavailable`, when core goes away; the caller comes back
        with the last `seq` it has seen. For `after_seq` 0 history need not reach further back than
        two days: enough for today's counts and for who is signed in or in a call since yesterday.
        """
        ...

    async def ask(self, command: Command) -> Done:
        """Returns when core has done it; raises the `foundation.errors` that core answered."""
        ...
