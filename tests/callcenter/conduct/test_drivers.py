"""Floor and menus on an event loop whose time jumps."""

import asyncio
from collections.abc import Awaitable, Callable

from acd import events as acd
from acd.floor import Floor
from acd.inputs import Accept, AgentLeft, Enqueue, PhoneChanged
from acd.options import AgentCard, AgentOptions, QueueOptions
from callcenter.conduct.drivers import FloorDriver, IvrDriver, LimitsDriver
from callcenter.conduct.limits import Arrival, LimitRules, Limits, LineLimits, TimeUp
from foundation.ids import AgentId, CallId, OfferId, PartyId, QueueId
from ivr.events import FlowEnded, MenuChosen
from ivr.flows.flow import parse
from ivr.service import Ivr
from ivr.speech.spoken import Prompt
from ivr.visit.engine import Effect, EnterQueue, PlayPrompts
from tests.support.virtual_time import run_virtual

FLOW = """\
start: choices
nodes:
  choices: {do: menu, prompt: choices, keys: {1: orders}, default: orders, tries: 1}
  orders: {do: queue, queue: orders}
"""
C1, C2, EVA, ORDERS, O1 = (
    CallId("c-1"),
    CallId("c-2"),
    AgentId("eva"),
    QueueId("orders"),
    OfferId("o"),
)


def with_floor(story: Callable[[FloorDriver], Awaitable[None]]) -> list[tuple[float, acd.AcdEvent]]:
    """What the floor told, and when."""
    told: list[tuple[float, acd.AcdEvent]] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        floor = Floor(
            {ORDERS: QueueOptions(ring_s=15.0, wrap_up_s=20.0, max_wait_s=60.0)},
            [AgentCard(agent_id=EVA, name="Eva", number="1001")],
            AgentOptions(auto_ready=True),
            lambda: O1,
        )
        driver = FloorDriver(floor, lambda event: told.append((loop.time(), event)))
        await story(driver)
        driver.close()

    run_virtual(main())
    return told


def test_floor_is_told_when_its_time_has_come() -> None:
    async def story(driver: FloorDriver) -> None:
        driver.feed(Enqueue(C1, ORDERS))
        await asyncio.sleep(100)

    told = with_floor(story)

    assert told[0] == (0.0, acd.CallQueued(C1, ORDERS))
    assert (60.0, acd.CallOverflowed(C1, ORDERS)) in told


def test_offer_is_current_until_it_is_answered_or_over() -> None:
    current: list[bool] = []

    async def story(driver: FloorDriver) -> None:
        driver.feed(PhoneChanged(EVA, registered=True, busy=False))
        current.append(driver.is_current(O1))
        driver.feed(Enqueue(C1, ORDERS))
        current.append(driver.is_current(O1))
        await asyncio.sleep(16)
        current.append(driver.is_current(O1))

    told = with_floor(story)

    assert current == [False, True, False]
    assert (15.0, acd.OfferFailed(C1, ORDERS, EVA, O1, acd.OfferFailure.NO_ANSWER)) in told


def test_wrap_up_of_a_talk_ends_by_itself() -> None:
    async def story(driver: FloorDriver) -> None:
        driver.feed(PhoneChanged(EVA, registered=True, busy=False))
        driver.feed(Enqueue(C1, ORDERS))
        driver.feed(Accept(C1, EVA, O1))
        await asyncio.sleep(5)
        driver.feed(AgentLeft(C1, EVA))
        await asyncio.sleep(50)

    told = with_floor(story)

    assert (5.0, acd.TalkEnded(C1, ORDERS, EVA)) in told
    assert told[-1] == (25.0, acd.AgentChanged(EVA, acd.AgentState.READY))


def with_ivr(
    story: Callable[[IvrDriver], Awaitable[None]],
) -> list[tuple[float, CallId, Effect]]:
    """What the menus wanted done, and when."""
    done: list[tuple[float, CallId, Effect]] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        ivr = Ivr({"main": parse(FLOW, "flows/main.yaml", "main")[0]})
        driver = IvrDriver(ivr, lambda call, effect: done.append((loop.time(), call, effect)))
        await story(driver)
        driver.close()

    run_virtual(main())
    return done


def test_silent_caller_gets_the_default_after_the_menus_time() -> None:
    async def story(driver: IvrDriver) -> None:
        driver.start(C1, "main", ("en",))
        await asyncio.sleep(3)
        driver.prompt_ended(C1)
        await asyncio.sleep(100)

    done = with_ivr(story)

    assert done[1] == (0.0, C1, PlayPrompts((Prompt("choices"),), ("en",)))
    assert done[-1] == (8.0, C1, EnterQueue(ORDERS))
    assert (8.0, C1, MenuChosen(C1, "main", "choices", "")) in done


def test_each_callers_time_is_kept_apart() -> None:
    async def story(driver: IvrDriver) -> None:
        driver.start(C1, "main", ("en",))
        driver.start(C2, "main", ("en",))
        driver.prompt_ended(C1)
        await asyncio.sleep(2)
        driver.prompt_ended(C2)
        await asyncio.sleep(100)

    entered = [(at, call) for at, call, effect in with_ivr(story) if effect == EnterQueue(ORDERS)]

    assert entered == [(5.0, C1), (7.0, C2)]


def test_key_is_taken_at_once_and_ends_the_waiting() -> None:
    async def story(driver: IvrDriver) -> None:
        driver.start(C1, "main", ("en",))
        await asyncio.sleep(1)
        driver.digit(C1, "1")
        await asyncio.sleep(300)

    done = with_ivr(story)

    assert done[-1] == (1.0, C1, EnterQueue(ORDERS))


def test_caller_who_leaves_is_asked_nothing_more() -> None:
    async def story(driver: IvrDriver) -> None:
        driver.start(C1, "main", ("en",))
        await asyncio.sleep(1)
        driver.caller_left(C1)
        await asyncio.sleep(300)

    done = with_ivr(story)

    assert done[-1] == (1.0, C1, FlowEnded(C1, "main", "choices"))


def test_closed_driver_lets_no_time_pass_for_its_callers() -> None:
    async def story(driver: IvrDriver) -> None:
        driver.start(C1, "main", ("en",))
        driver.close()
        await asyncio.sleep(300)

    assert {at for at, _, _ in with_ivr(story)} == {0.0}


def with_limits(story: Callable[[LimitsDriver], Awaitable[None]]) -> list[tuple[float, CallId]]:
    """Whose time was up, and when."""
    over: list[tuple[float, CallId]] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        rules = LimitRules(lines={"8000": LineLimits(channels=2, max_call_s=60)}, max_ring_s=20)

        def end(call: TimeUp) -> None:
            over.append((loop.time(), call.call_id))
            driver.ended(call.call_id)

        driver = LimitsDriver(Limits(rules), end)
        await story(driver)
        driver.close()

    run_virtual(main())
    return over


def _arrival(call_id: CallId) -> Arrival:
    return Arrival(call_id=call_id, party_id=PartyId("p"), line="8000")


def test_calls_are_ended_when_their_time_is_up() -> None:
    async def story(driver: LimitsDriver) -> None:
        assert driver.admit(_arrival(C1)) is None
        assert driver.admit(_arrival(C2)) is None
        assert driver.admit(_arrival(CallId("c-3"))) is not None
        await asyncio.sleep(5)
        driver.answered(C1)
        await asyncio.sleep(300)

    assert with_limits(story) == [(20.0, C2), (65.0, C1)]


def test_call_that_has_ended_has_no_time_left_to_be_up() -> None:
    async def story(driver: LimitsDriver) -> None:
        driver.admit(_arrival(C1))
        driver.answered(C1)
        driver.admit(_arrival(C2))
        driver.ended(C2)
        driver.ended(C1)
        await asyncio.sleep(300)

    assert with_limits(story) == []
