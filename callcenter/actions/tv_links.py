"""TV links made and revoked: kept in the database, audited, told to the web process."""

from collections.abc import Callable, Collection

from callcenter.asks import ListTvLinks, MadeTvLink, MakeTvLink, RevokeTvLink, TvLinkEntry
from callcenter.events import ActionTaken, HouseEvent
from foundation import clock
from foundation.errors import NotFound
from foundation.ids import TvLinkId, new_tv_link_id
from foundation.journal import Journal
from foundation.yaml_lines import nearest
from wallboard.commands import Done
from wallboard.events import TvLinkMade, TvLinkRevoked
from wallboard.screens.store import TvLinkStore
from wallboard.screens.tv_links import TvLink, hash_of, new_token


class TvActions:
    """One method for each ask."""

    def __init__(
        self,
        store: TvLinkStore,
        journal: Journal,
        tell: Callable[[HouseEvent], None],
        boards: Callable[[], Collection[str]],
    ) -> None:
        """`boards`: names of those that there are now."""
        self._store = store
        self._journal = journal
        self._tell = tell
        self._boards = boards

    async def make(self, ask: MakeTvLink) -> MadeTvLink:
        known = self._boards()
        if ask.board not in known:
            raise NotFound(f"There is no board {ask.board!r}; {nearest(ask.board, known)}")
        token, link_id = new_token(), new_tv_link_id()
        await self._store.add(
            TvLink(
                link_id=link_id,
                name=ask.name,
                board=ask.board,
                hides_names=ask.hides_names,
                made_by=ask.by,
                made_at=clock.utc_now(),
                token_hash=hash_of(token),
            )
        )
        await self._told(ActionTaken(ask.by, "tv link made", link_id, ask.name))
        await self._told(TvLinkMade(link_id, ask.board))
        return MadeTvLink(link_id, token)

    async def revoke(self, ask: RevokeTvLink) -> Done:
        link_id = TvLinkId(ask.link_id)
        await self._store.remove(link_id)
        await self._told(ActionTaken(ask.by, "tv link revoked", link_id))
        return Done(await self._told(TvLinkRevoked(link_id)))

    async def list(self, _: ListTvLinks) -> list[TvLinkEntry]:
        return [
            TvLinkEntry(
                link.link_id,
                link.name,
                link.board,
                link.hides_names,
                link.made_by,
                link.made_at,
            )
            for link in await self._store.all()
        ]

    async def _told(self, event: HouseEvent) -> int:
        """The record's number, when it is on disk."""
        self._tell(event)
        seq = self._journal.last_seq
        await self._journal.settled(seq)
        return seq
