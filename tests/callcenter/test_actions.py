"""What the API may have done to agents, and what it is told when it may not."""

from typing import cast

import pytest

from acd.events import AgentState
from acd.floor import Floor
from acd.options import AgentCard, AgentOptions
from callcenter.actions import Actions
from callcenter.asks import BoardAsks
from callcenter.drivers import FloorDriver
from callcenter.events import ActionTaken
from foundation.errors import RemoteError
from foundation.ids import AgentId
from foundation.journal import Journal
from telephony.calls.switchboard import Switchboard
from wallboard.commands import Done, SetAgentState, WantedState

EVA = AgentId("eva")


class FakeJournal:
    """Everything is on disk at once."""

    last_seq = 7

    async def settled(self, seq: int) -> None:
        assert seq == self.last_seq


@pytest.fixture
async def floor() -> FloorDriver:
    card = AgentCard(agent_id=EVA, name="Eva", number="1001", skills={})
    return FloorDriver(Floor({}, [card], AgentOptions()), lambda event: None)


@pytest.fixture
def told() -> list[ActionTaken]:
    return []


@pytest.fixture
def actions(floor: FloorDriver, told: list[ActionTaken]) -> Actions:
    nobody_calls = cast(Switchboard, None)
    return Actions(
        floor, nobody_calls, cast(Journal, FakeJournal()), told.append, ("meal", "training")
    )


def pause(reason: str) -> BoardAsks:
    return BoardAsks(SetAgentState(agent_id=EVA, state=WantedState.PAUSED, reason=reason, by="sue"))


@pytest.mark.parametrize("reason", ["meal", ""])
async def test_a_pause_for_a_configured_reason_or_for_none_is_made(
    actions: Actions, floor: FloorDriver, told: list[ActionTaken], reason: str
) -> None:
    assert await actions.perform(pause(reason)) == Done(7)

    assert floor.floor.state_of(EVA) is AgentState.PAUSED
    assert told == [ActionTaken("sue", "agent paused", EVA, reason)]


async def test_a_made_up_reason_is_refused_before_anything_is_done(
    actions: Actions, floor: FloorDriver, told: list[ActionTaken]
) -> None:
    with pytest.raises(RemoteError, match=r"'golf' is no reason for a pause; .* meal, training"):
        await actions.perform(pause("golf"))

    assert floor.floor.state_of(EVA) is AgentState.OFF
    assert told == []
