"""That a token was used is noted beside the requests, and not lost at the application's end."""

import asyncio

from foundation.web.changes import AccountChange, NoteTokenUse
from foundation.web.token_uses import TokenUses
from foundation.web.tokens import ApiToken
from foundation.web.users import Role

TOKEN = ApiToken(
    token_id="t-1", name="cron", token_hash="", role=Role.AGENT, made_by="root", made_s=0.0,
    expires_s=1e9,
)  # fmt: skip


class Keeper:
    """Takes a turn of the loop, or for ever."""

    def __init__(self, *, is_stuck: bool = False) -> None:
        self.noted: list[AccountChange] = []
        self.is_stuck = is_stuck
        self.ended = 0

    async def change(self, wanted: AccountChange) -> None:
        try:
            await asyncio.sleep(0)
            if self.is_stuck:
                await asyncio.Event().wait()
            self.noted.append(wanted)
        finally:
            self.ended += 1


async def test_use_that_is_being_noted_is_noted_before_the_end() -> None:
    keeper = Keeper()
    uses = TokenUses(keeper.change, lambda: 100.0)
    uses.note(TOKEN)
    uses.note(TOKEN)
    await uses.finish()
    assert keeper.noted == [NoteTokenUse(by="", token_id="t-1", used_s=100.0)]


async def test_who_does_not_take_it_delays_the_end_for_a_moment_only() -> None:
    keeper = Keeper(is_stuck=True)
    uses = TokenUses(keeper.change, lambda: 100.0)
    uses.note(TOKEN)
    await uses.finish(within_s=0.01)
    assert (keeper.noted, keeper.ended) == ([], 1)
