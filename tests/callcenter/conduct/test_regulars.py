"""Who calls again: VIPs by number, and the agent who talked with the caller last."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from acd.events import AgentAnswered, AgentOffered, CallQueued, TalkTaken
from callcenter.codec import CODEC
from callcenter.conduct.house import HouseRules, QueueRule
from callcenter.conduct.regulars import KINDS, Regulars
from callcenter.configuration.settings import load
from callcenter.rules.house import house_rules
from foundation.errors import ConfigurationError
from foundation.ids import AgentId, CallId, OfferId, PartyId, QueueId
from foundation.journal import Journal
from foundation.record import Record
from telephony.calls import events as calls
from telephony.calls.numbers import ANONYMOUS
from tests.callcenter.configuration.test_queue_checks import centre
from tests.support.fake_house import EVA, ORDERS, TOM, House

DAY_S = 86_400.0
LI, WANG = "+8613800000001", "+8613800000002"


def call(house: House, name: str, number: str) -> CallId:
    call_id = house.arrive(name, number)
    house.tell(calls.CallAnswered(call_id))
    house.tell(calls.DigitPressed(call_id, calls.Side.CALLER, "1"))
    return call_id


def offers(house: House) -> list[tuple[CallId, AgentId]]:
    return [(e.call_id, e.agent_id) for e in house.events if isinstance(e, AgentOffered)]


def house_after_a_talk(number: str, *, within_s: float = 7 * DAY_S) -> House:
    """Eva has talked with `number` and is ready again; Tom is idle for longer than she is."""
    house = House(sticky_s=30.0, sticky_within_s=within_s, announce_agent=False)
    house.phone(EVA)
    call_id = call(house, "c-0", number)
    house.tell(calls.AgentPickedUp(call_id, EVA, OfferId("o-1")))
    house.phone(TOM)
    house.tell(calls.AgentHungUp(call_id, EVA, calls.EndedBy.AGENT))
    house.tell(calls.CallEnded(call_id, calls.EndedBy.AGENT, "bye"))
    house.wait(20.0)
    return house


def test_who_calls_again_is_offered_to_the_agent_of_the_last_talk() -> None:
    house = house_after_a_talk(LI)
    call_id = call(house, "c-1", LI)
    assert offers(house)[1:] == [(call_id, EVA)], "and not Tom, who is longer idle"


def test_somebody_else_is_offered_to_who_is_longest_idle() -> None:
    house = house_after_a_talk(LI)
    call_id = call(house, "c-1", WANG)
    assert offers(house)[1:] == [(call_id, TOM)]


@pytest.mark.parametrize("number", [ANONYMOUS, ""])
def test_callers_without_a_number_are_nobody(number: str) -> None:
    house = house_after_a_talk(number)
    call_id = call(house, "c-1", number)
    assert offers(house)[1:] == [(call_id, TOM)]


def test_talk_that_is_too_long_ago_counts_no_more() -> None:
    house = house_after_a_talk(LI, within_s=100.0)
    house.now += 101.0
    call_id = call(house, "c-1", LI)
    assert offers(house)[1:] == [(call_id, TOM)]


def test_last_agent_is_waited_for_a_while_then_anybody_will_do() -> None:
    house = house_after_a_talk(LI)
    other = call(house, "c-w", WANG)
    house.tell(calls.AgentPickedUp(other, TOM, OfferId("o-2")))
    busy = call(house, "c-1", LI)
    assert offers(house)[-1] == (busy, EVA)
    house.pause(EVA)
    assert offers(house)[-1] == (busy, EVA), "Eva was withdrawn, and nobody else is free"
    house.tell(calls.AgentHungUp(other, TOM, calls.EndedBy.AGENT))
    house.wait(20.0)
    assert offers(house)[-1] == (busy, EVA), "Tom is free, and the 30 s are not over"
    house.wait(11.0)
    assert offers(house)[-1] == (busy, TOM)


def test_vips_tier_goes_with_the_call_into_the_queue() -> None:
    house = House(vips={LI: "gold"})
    call(house, "c-1", LI)
    call(house, "c-2", WANG)
    queued = [event.tier for event in house.events if isinstance(event, CallQueued)]
    assert queued == ["gold", ""]


# -- the past


class Callers:
    """Each call's number is in its id: `+86138…/1`."""

    def find_caller_number(self, call_id: CallId) -> str | None:
        return call_id.partition("/")[0]

    def party_of(self, number: str) -> PartyId:
        return PartyId(f"p-{number}")

    def find_number(self, party_id: PartyId) -> str | None:
        return party_id.removeprefix("p-")

    def has_call(self, call_id: CallId) -> bool:
        return True

    def find_calling_agent(self, call_id: CallId) -> AgentId | None:
        return None

    def find_dialled(self, call_id: CallId) -> str:
        return ""


def regulars(*, most: int = 100, within_s: float = 1000.0) -> Regulars:
    rule = QueueRule(music="", announce_agent=False, languages=("en",), sticky_within_s=within_s)
    rules = HouseRules(lines={}, queues={ORDERS: rule}, agents={}, blocked=())
    return Regulars(rules, Callers(), lambda: 1000.0, most)


async def records(*events: object) -> AsyncIterator[Record[object]]:
    for seq, event in enumerate(events):
        at_s = 900.0 + seq
        yield Record(seq, at_s, datetime.fromtimestamp(at_s, UTC), event)


def talked(number: str, agent: AgentId, call_number: int = 0) -> tuple[object, ...]:
    call_id = CallId(f"{number}/{call_number}")
    return (
        calls.CallArrived(call_id, PartyId(f"p-{number}"), "8000"),
        AgentAnswered(call_id, ORDERS, agent),
        calls.CallEnded(call_id, calls.EndedBy.CALLER, "BYE"),
    )


def preferred(known: Regulars, number: str) -> AgentId | None:
    return known.prefer(CallId(f"{number}/9"), ORDERS)


async def test_past_is_learnt_and_the_last_talk_counts() -> None:
    known = regulars()
    taken = TalkTaken(CallId(f"{WANG}/0"), ORDERS, TOM)
    arrived, answered, ended = talked(WANG, EVA)
    await known.learn(
        records(*talked(LI, EVA), *talked(LI, TOM, 1), arrived, answered, taken, ended)
    )

    assert preferred(known, LI) == TOM
    assert preferred(known, WANG) == TOM
    assert preferred(known, "+86139") is None


async def test_what_happened_while_the_past_was_read_is_newer() -> None:
    known = regulars()
    known.on_event(AgentAnswered(CallId(f"{LI}/7"), ORDERS, TOM))
    await known.learn(records(*talked(LI, EVA)))

    assert preferred(known, LI) == TOM


async def test_memory_is_bounded_and_the_longest_ago_is_forgotten_first() -> None:
    known = regulars(most=2)
    await known.learn(records(*talked("a", EVA), *talked("b", EVA), *talked("c", EVA)))
    assert [preferred(known, number) for number in "abc"] == [None, EVA, EVA]

    known.on_event(AgentAnswered(CallId("d/1"), ORDERS, TOM))
    assert [preferred(known, number) for number in "bcd"] == [None, EVA, TOM]


async def test_anonymous_callers_of_the_past_are_nobody() -> None:
    known = regulars()
    await known.learn(records(*talked(ANONYMOUS, EVA)))
    assert preferred(known, ANONYMOUS) is None


def test_queues_without_sticky_seconds_have_nothing_learnt() -> None:
    assert regulars(within_s=0.0).reach_s == 0
    assert regulars().reach_s == 1000.0


async def test_past_is_read_from_the_journal_by_kind_and_bounded(tmp_path: Path) -> None:
    journal = await Journal.open(tmp_path / "journal.db", CODEC)
    for number, agent in ((LI, EVA), (WANG, TOM)):
        for event in talked(number, agent):
            journal.publish(event)
            journal.publish(CallQueued(CallId("c-other"), ORDERS))
    await journal.settled(journal.last_seq)
    since = datetime.now(UTC) - timedelta(days=1)
    everything = [record.event async for record in journal.reader.of_kinds(KINDS, since, 1000)]
    lately = [record.event async for record in journal.reader.of_kinds(KINDS, since, 6)]
    later = since + timedelta(days=2)
    nothing = [record async for record in journal.reader.of_kinds(KINDS, later, 1000)]
    await journal.close()

    assert everything == [*talked(LI, EVA), *talked(WANG, TOM)]
    assert lately == list(talked(WANG, TOM))
    assert nothing == []


# -- the configuration

VIPS = """
order: {tiers: {gold: 600, silver: 300}}
vip:
  gold: ["13800000001", "008613800000003"]
  silver: ["+8613800000002"]
queues: {orders: {sticky_s: 20, sticky_days: 2}, other: {}}
"""


def test_vips_and_days_of_the_file_reach_the_journey(tmp_path: Path) -> None:
    rules = house_rules(load(centre(tmp_path, VIPS)))

    assert rules.vips == {LI: "gold", "+8613800000003": "gold", WANG: "silver"}
    assert rules.queues[ORDERS].sticky_within_s == 2 * DAY_S
    assert rules.queues[QueueId("other")].sticky_within_s == 0


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("  silver: [", "  sliver: [", "order.tiers has no such tier; did you mean 'silver'"),
        ("order: {tiers: {gold: 600, silver: 300}}", "", "write order: {tiers: {gold: 300}}"),
        ('"+8613800000002"', '"13800000001"', "'13800000001' is gold already"),
        ('"+8613800000002"', '"1001"', "'1001' is no whole number"),
        ('"008613800000003"', '"call me"', "vip"),
    ],
)
def test_vips_that_cannot_be_meant_are_refused_with_the_place(
    tmp_path: Path, old: str, new: str, sentence: str
) -> None:
    text = VIPS.replace(old, new)
    with pytest.raises(ConfigurationError) as refused:
        load(centre(tmp_path, text))
    assert any(sentence in problem for problem in refused.value.problems), refused.value.problems
