"""Waiting for what has no event of its own: another process, a count that grows."""

import asyncio
from collections.abc import Callable


async def eventually(condition: Callable[[], bool], within_s: float = 20.0) -> None:
    """Until the condition holds; TimeoutError if it does not come to that."""
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110  # that is what this helper is for
            await asyncio.sleep(0.02)
