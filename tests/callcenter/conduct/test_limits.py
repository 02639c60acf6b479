"""Which call is taken in and which rule refuses the next one; time is a number."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from callcenter.conduct import limits
from callcenter.conduct.limits import (
    Arrival,
    LimitRules,
    Limits,
    LineLimits,
    Refusal,
    Rule,
    TimeUp,
    TrunkLimits,
)
from foundation.ids import CallId, PartyId


def call(
    name: str, line: str = "8000", trunk: str = "", party: str = "", anonymous: bool = False
) -> Arrival:
    """By default each call has a caller of its own."""
    return Arrival(
        call_id=CallId(name),
        party_id=PartyId(party or f"p-{name}"),
        line=line,
        trunk=trunk,
        is_anonymous=anonymous,
    )


def refused(house: Limits, arrival: Arrival, now: float = 0.0) -> tuple[int, str] | None:
    refusal = house.admit(arrival, now)
    return None if refusal is None else (refusal.status, refusal.rule)


def test_without_rules_nothing_is_refused_and_nothing_ends() -> None:
    house = Limits(LimitRules())
    assert all(house.admit(call(str(n), party="p"), 0.0) is None for n in range(1000))
    assert house.deadline is None


def test_busy_line_is_486_and_free_again_when_a_call_has_ended() -> None:
    house = Limits(LimitRules(lines={"8000": LineLimits(channels=2)}))
    assert refused(house, call("a")) is None
    assert refused(house, call("b")) is None
    assert refused(house, call("c")) == (486, "line channels: 8000 has 2")
    assert refused(house, call("d", line="8001")) is None
    house.ended(CallId("a"))
    assert refused(house, call("e")) is None


def test_full_trunk_is_503_and_others_are_not() -> None:
    house = Limits(LimitRules(trunks={"north": TrunkLimits(channels=1)}))
    assert refused(house, call("a", trunk="north")) is None
    assert refused(house, call("b", trunk="north")) == (503, "trunk channels: north has 1")
    assert refused(house, call("c", trunk="south")) is None
    assert refused(house, call("d")) is None


def test_calls_out_take_a_trunks_channels_too() -> None:
    out = 1
    rules = LimitRules(trunks={"north": TrunkLimits(channels=2)})
    house = Limits(rules, lambda trunk: out if trunk == "north" else 0)
    assert refused(house, call("a", trunk="north")) is None
    assert house.count_on_trunk("north") == 1
    assert refused(house, call("b", trunk="north")) == (503, "trunk channels: north has 2")
    out = 0
    assert refused(house, call("c", trunk="north")) is None


def test_trunk_that_may_not_call_a_line_gets_403() -> None:
    house = Limits(LimitRules(trunks={"north": TrunkLimits(numbers=frozenset({"8000"}))}))
    assert refused(house, call("a", trunk="north")) is None
    assert refused(house, call("b", "9196", trunk="north")) == (
        403,
        "trunk number: north may not call 9196",
    )


def test_full_house_is_503_whatever_else_would_refuse() -> None:
    rules = LimitRules(calls=1, lines={"8000": LineLimits(channels=1)}, calls_per_caller=1)
    house = Limits(rules)
    assert refused(house, call("a", party="p")) is None
    assert refused(house, call("b", party="p")) == (503, "calls of the house")


def test_caller_with_too_many_calls_at_once_gets_486() -> None:
    house = Limits(LimitRules(calls_per_caller=2))
    for name in "ab":
        assert refused(house, call(name, party="p")) is None
    assert refused(house, call("c", party="p")) == (486, "calls per caller")
    assert refused(house, call("d", party="q")) is None
    house.ended(CallId("b"))
    assert refused(house, call("e", party="p")) is None


def test_caller_who_calls_too_often_is_let_in_when_the_oldest_is_a_minute_old() -> None:
    house = Limits(LimitRules(calls_per_caller_per_minute=2))
    for at, name in enumerate("ab"):
        assert refused(house, call(name, party="p"), 10.0 * at) is None
        house.ended(CallId(name))
    assert refused(house, call("c", party="p"), 59.9) == (486, "calls per caller per minute")
    assert refused(house, call("d", party="q"), 59.9) is None
    assert refused(house, call("e", party="p"), 60.0) is None
    assert refused(house, call("f", party="p"), 69.9) == (486, "calls per caller per minute")


def test_anonymous_callers_are_exempt_or_one_caller_as_configured() -> None:
    exempt = Limits(LimitRules(calls_per_caller=1, calls_per_caller_per_minute=1))
    as_one = Limits(LimitRules(calls_per_caller=1, anonymous_as_one=True))
    for name, answer in (("a", None), ("b", (486, "calls per caller"))):
        nobody = call(name, party="p-anonymous", anonymous=True)
        assert refused(exempt, nobody) is None
        assert refused(as_one, nobody) == answer


def test_answered_call_is_over_after_max_call_s_and_an_earlier_end_stops_the_clock() -> None:
    house = Limits(LimitRules(lines={"8000": LineLimits(max_call_s=60)}))
    for name in "ab":
        house.admit(call(name), 0.0)
        house.answered(CallId(name), 5.0)
    house.ended(CallId("a"))
    house.answered(CallId("b"), 20.0)  # is not counted anew
    assert house.deadline == 65.0
    assert house.tick(64.9) == []
    assert house.tick(65.0) == [TimeUp(CallId("b"), None)]
    assert house.deadline is None
    assert house.tick(1000.0) == []


def test_call_that_is_not_answered_in_time_is_refused() -> None:
    house = Limits(LimitRules(max_ring_s=30))
    for name in "ab":
        house.admit(call(name), 0.0)
    house.answered(CallId("a"), 29.0)
    assert house.tick(30.0) == [TimeUp(CallId("b"), Refusal(480, Rule.RING))]
    assert house.deadline is None


def test_call_that_outlived_a_crash_is_counted_whatever_the_limits_say() -> None:
    house = Limits(LimitRules(calls=1, lines={"8000": LineLimits(max_call_s=60)}))
    for name in "ab":
        house.take_in(call(name), 100.0, is_answered=True)
    assert refused(house, call("c"), 101.0) == (503, "calls of the house")
    assert house.deadline == 160.0


def test_flood_of_invented_numbers_forgets_the_oldest_callers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "MAX_CALLERS", 50)
    house = Limits(LimitRules(calls_per_caller_per_minute=1))
    for n in range(500):
        assert house.admit(call(str(n)), n / 1000) is None
        house.ended(CallId(str(n)))
    assert house.callers_remembered == 50
    house.admit(call("late"), 100.0)
    assert house.callers_remembered == 1


def test_timers_of_calls_that_are_over_do_not_pile_up() -> None:
    house = Limits(LimitRules(lines={"8000": LineLimits(max_call_s=80_000)}))
    for n in range(1000):
        house.admit(call(str(n)), float(n))
        house.answered(CallId(str(n)), float(n))
        if n:
            house.ended(CallId(str(n)))
    assert house.timers_kept <= limits.SPARE_TIMERS + 4
    assert house.deadline == 80_000.0


class AnyCalls(RuleBasedStateMachine):
    """Any calls in any order: no limit is ever passed, and an empty house refuses nobody."""

    RULES = LimitRules(
        lines={"8000": LineLimits(channels=2, max_call_s=50), "8001": LineLimits()},
        trunks={"north": TrunkLimits(channels=2), "south": TrunkLimits(numbers=frozenset("8"))},
        calls=4,
        calls_per_caller=2,
        max_ring_s=20,
    )

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.count = 0
        self.house = Limits(self.RULES)
        self.living: dict[CallId, Arrival] = {}

    @rule(
        line=st.sampled_from(["8000", "8001"]),
        trunk=st.sampled_from(["", "north", "south"]),
        party=st.sampled_from("pq"),
    )
    def arrive(self, line: str, trunk: str, party: str) -> None:
        self.count += 1
        arrival = call(str(self.count), line, trunk, party)
        refusal = self.house.admit(arrival, self.now)
        if refusal is None:
            self.living[arrival.call_id] = arrival
        else:
            assert self.living or trunk == "south"

    @rule(which=st.integers(0, 5))
    def answer(self, which: int) -> None:
        for call_id in list(self.living)[which : which + 1]:
            self.house.answered(call_id, self.now)

    @rule(which=st.integers(0, 5))
    def end(self, which: int) -> None:
        for call_id in list(self.living)[which : which + 1]:
            del self.living[call_id]
            self.house.ended(call_id)
            self.house.ended(call_id)

    @rule(seconds=st.floats(0, 60))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        for over in self.house.tick(self.now):
            del self.living[over.call_id]
            self.house.ended(over.call_id)

    @invariant()
    def no_limit_is_passed(self) -> None:
        calls = list(self.living.values())
        assert len(calls) <= 4
        assert sum(arrival.line == "8000" for arrival in calls) <= 2
        assert sum(arrival.trunk == "north" for arrival in calls) <= 2
        assert not any(arrival.trunk == "south" for arrival in calls)
        assert all(sum(c.party_id == party for c in calls) <= 2 for party in "pq")

    @invariant()
    def deadline_is_never_in_the_past(self) -> None:
        assert self.house.deadline is None or self.house.deadline > self.now


TestAnyCalls = AnyCalls.TestCase
TestAnyCalls.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


@given(st.lists(st.floats(0, 30), max_size=60), st.integers(1, 5))
def test_no_minute_holds_more_calls_of_one_caller_than_allowed(
    pauses: list[float], most: int
) -> None:
    house = Limits(LimitRules(calls_per_caller_per_minute=most))
    now, taken = 0.0, []
    for n, pause in enumerate(pauses):
        now += pause
        if house.admit(call(str(n), party="p"), now) is None:
            taken.append(now)
        else:
            assert sum(at > now - 60 for at in taken) == most, "refused for nothing"
    for at in taken:
        assert sum(at - 60 < other <= at for other in taken) <= most
