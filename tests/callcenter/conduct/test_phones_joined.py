"""Agents' phones come, go and are busy, on a real switchboard: who rings, where agents are."""

import pytest

from acd.events import AgentState
from acd.inputs import Pause
from acd.views import PhoneTrouble
from foundation.ids import AgentId, LegId
from telephony.sip import events as sip
from tests.support.fake_house import EVA, ORDERS, TOM
from tests.support.joined_house import JoinedHouse

S = AgentState


@pytest.fixture
def house() -> JoinedHouse:
    """Where a registered phone makes its agent ready."""
    return JoinedHouse()


def unregister(house: JoinedHouse, agent_id: AgentId) -> None:
    house.sip.registered.discard(agent_id)
    house.board.on_sip(sip.PhoneUnregistered(agent_id))


def caller_waits(house: JoinedHouse, leg: str = "caller") -> LegId:
    caller = house.invite(leg)
    house.press(caller, "1")
    return caller


def state(house: JoinedHouse, agent_id: AgentId = EVA) -> tuple[AgentState, str]:
    view = house.floor.agent(agent_id)
    return view.state, view.reason


def test_phone_that_is_gone_is_not_rung_and_the_next_registration_brings_the_caller(
    house: JoinedHouse,
) -> None:
    house.register(EVA)
    unregister(house, EVA)
    caller = caller_waits(house)
    assert house.legs_to(EVA) == []
    assert state(house)[0] is S.OFF

    house.register(EVA)
    [eva] = house.legs_to(EVA)
    house.pick_up(eva)
    assert house.hears(caller) == [eva]


def test_phone_that_goes_while_it_rings_gives_the_caller_to_the_next(house: JoinedHouse) -> None:
    house.register(EVA)
    caller = caller_waits(house)
    [eva] = house.legs_to(EVA)
    unregister(house, EVA)
    assert "hang_up" in house.verbs(eva)

    house.register(TOM)
    [tom] = house.legs_to(TOM)
    house.pick_up(tom)
    assert house.hears(caller) == [tom]
    house.register(EVA)
    assert state(house) == (S.READY, "")


def test_phone_that_goes_in_a_talk_does_not_end_it(house: JoinedHouse) -> None:
    _, caller, eva = house.talk()
    unregister(house, EVA)
    assert house.hears(caller) == [eva]
    assert state(house)[0] is S.TALKING

    house.hang_up(eva)
    caller_waits(house, "second")
    house.wait(30.0)
    assert state(house)[0] is S.OFF
    assert house.legs_to(EVA) == [eva]
    house.register(EVA)
    assert len(house.legs_to(EVA)) == 2


def test_phone_that_says_busy_is_not_rung_again_before_its_agent_says_so(
    house: JoinedHouse,
) -> None:
    house.register(EVA)
    caller_waits(house)
    [eva] = house.legs_to(EVA)
    house.refuse(eva, 486)
    assert state(house) == (S.PAUSED, "rona")
    house.register(EVA)
    assert house.legs_to(EVA) == [eva]


def test_phone_that_cannot_be_found_says_so_in_the_agents_state(house: JoinedHouse) -> None:
    house.register(EVA)
    caller_waits(house)
    [eva] = house.legs_to(EVA)
    house.refuse(eva, 404)
    assert state(house) == (S.PAUSED, "unreachable")


def test_call_that_an_agent_dials_keeps_offers_away_until_it_is_over(house: JoinedHouse) -> None:
    house.register(EVA)
    private = house.invite("private", to="+8613900000009", aor=EVA)
    caller_waits(house)
    assert house.legs_to(EVA) == []
    assert state(house) == (S.READY, "")
    assert house.floor.now().phones == {EVA: PhoneTrouble.BUSY}

    house.hang_up(private)
    assert len(house.legs_to(EVA)) == 1


def test_phone_that_reboots_in_a_pause_leaves_its_agent_in_the_pause(house: JoinedHouse) -> None:
    house.register(EVA)
    house.feed(Pause(EVA, "meal"))
    unregister(house, EVA)
    house.register(EVA)
    caller_waits(house)
    assert state(house) == (S.PAUSED, "meal")
    assert house.legs_to(EVA) == []
    assert len(house.floor.waiting(ORDERS)) == 1
