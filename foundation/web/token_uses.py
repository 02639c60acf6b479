"""When a token was last used: told to who keeps it, once a minute at most, and never waited for."""

import asyncio
import logging
from collections.abc import Callable

from foundation.errors import CallCentreError
from foundation.web.changes import NoteTokenUse
from foundation.web.door import Change
from foundation.web.tokens import ApiToken

log = logging.getLogger(__name__)
EVERY_S = 60.0
FINISH_WITHIN_S = 2.0


class TokenUses:
    def __init__(self, change: Change, now_s: Callable[[], float]) -> None:
        self._change = change
        self._now_s = now_s
        self._tasks: set[asyncio.Task[None]] = set()
        self._noted: dict[str, float] = {}
        "By token id; as many as there are tokens."

    def note(self, token: ApiToken) -> None:
        now_s = self._now_s()
        if now_s - self._noted.get(token.token_id, 0.0) < EVERY_S:
            return
        self._noted[token.token_id] = now_s
        task = asyncio.create_task(self._tell(token, now_s), name="note-token-use")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _tell(self, token: ApiToken, now_s: float) -> None:
        try:
            await self._change(NoteTokenUse(by="", token_id=token.token_id, used_s=now_s))
        except CallCentreError as error:
            log.info("that the token %s was used is not noted: %s", token.name, error)

    async def finish(self, within_s: float = FINISH_WITHIN_S) -> None:
        """What is being noted is waited for, but not for ever: at the end of the application."""
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=within_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
