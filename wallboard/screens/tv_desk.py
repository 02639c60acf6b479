"""Keeps the TV links of the web process as core has them; drops screens whose link is revoked."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from foundation.errors import Unavailable
from wallboard.events import TvLinkMade, TvLinkRevoked
from wallboard.screens.screens import REVOKED, Drop, Screens
from wallboard.screens.tv_links import TvLink, TvLinks

log = logging.getLogger(__name__)

AGAIN_S = 60.0
"The links are read so often without being told of a change: one may be made while core restarts."
RETRY_S = 2.0
WHY = Drop(REVOKED, "This link has been revoked.")


class TvDesk:
    def __init__(self, screens: Screens, read: Callable[[], Awaitable[list[TvLink]]]) -> None:
        self._screens = screens
        self._read = read
        self._stale = asyncio.Event()
        self.links = TvLinks()

    def find(self, token: str) -> TvLink | None:
        return self.links.find(token)

    def on_event(self, event: object) -> None:
        match event:
            case TvLinkRevoked(link_id):
                self.links.forget(link_id)
                self._screens.drop_link(link_id, WHY)
                self._stale.set()  # a reading that began before it would bring it back
            case TvLinkMade():
                self._stale.set()
            case _:
                pass

    async def refresh(self) -> None:
        self._stale.clear()
        links = TvLinks(await self._read())
        for gone in self.links.ids() - links.ids():
            self._screens.drop_link(gone, WHY)
        self.links = links

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            wait_s = AGAIN_S
            try:
                await self.refresh()
            except Unavailable as error:
                log.warning("TV links cannot be read: %s", error)
                wait_s = RETRY_S
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._stale.wait()
