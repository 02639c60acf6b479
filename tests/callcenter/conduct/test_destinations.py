"""What an agent writes or dials, and who is meant."""

import pytest

from callcenter.conduct.destinations import (
    Destination,
    Destinations,
    NoNumbers,
    NumberForbidden,
    ToAgent,
    ToLine,
    ToOutside,
    ToQueue,
)
from callcenter.conduct.house import AgentRule, HouseRules, LineRule, QueueRule
from foundation.errors import NotFound
from foundation.ids import AgentId, CallId, QueueId
from telephony.calls.number_rules import Purpose, Refusal, Route

CALL = CallId("c-1")
ORDERS = QueueId("orders")
QUEUE = QueueRule(music="music", announce_agent=False, languages=("en",))
RULES = HouseRules(
    lines={"8000": LineRule(flow="main", languages=("en",))},
    queues={
        ORDERS: QueueRule(music="", announce_agent=False, languages=("en",), number="7001"),
        QueueId("repairs"): QUEUE,
    },
    agents={
        AgentId("agent0001"): AgentRule(number="1001", auto_answer=False),
        AgentId("silent"): AgentRule(number="", auto_answer=False),
    },
    blocked=(),
)
ROUTE = Route("all", "carrier", "as the trunk wants it")


class AllNumbers:
    def __init__(self) -> None:
        self.asked: list[tuple[str, Purpose]] = []

    def decide(
        self, number: str, purpose: Purpose, call_id: CallId | None = None
    ) -> Route | Refusal:
        self.asked.append((number, purpose))
        return ROUTE


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("agent0001", ToAgent(AgentId("agent0001"))),
        ("1001", ToAgent(AgentId("agent0001"))),
        ("queue:orders", ToQueue(ORDERS)),
        ("orders", ToQueue(ORDERS)),
        ("7001", ToQueue(ORDERS)),
        ("8000", ToLine("8000")),
    ],
)
def test_what_is_ours_never_leads_out_of_the_house(wanted: str, found: Destination) -> None:
    numbers = AllNumbers()
    assert Destinations(RULES, numbers).find(wanted, Purpose.CONSULT, CALL) == found
    assert numbers.asked == []


@pytest.mark.parametrize("dialled", ["+8613912345678", "110", "0086139*2#"])
def test_any_other_number_is_for_the_number_rules(dialled: str) -> None:
    numbers = AllNumbers()
    found = Destinations(RULES, numbers).find(dialled, Purpose.AGENTS, CALL)
    assert found == ToOutside(dialled, ROUTE)
    assert numbers.asked == [(dialled, Purpose.AGENTS)]


@pytest.mark.parametrize("wanted", ["", "nobody", "sip:eve@evil.example", "1", "+", "9" * 50])
def test_what_is_no_number_is_not_found_and_not_told_back(wanted: str) -> None:
    numbers = AllNumbers()
    with pytest.raises(NotFound) as refused:
        Destinations(RULES, numbers).find(wanted, Purpose.CONSULT, CALL)
    assert "no agent, queue, line or number" in str(refused.value)
    assert numbers.asked == []


def test_without_rules_no_number_outside_is_dialled() -> None:
    with pytest.raises(NumberForbidden) as refused:
        Destinations(RULES, NoNumbers()).find("110", Purpose.CONSULT, CALL)
    assert refused.value.rule == "outbound: no rule"
    assert refused.value.sip_status == 403
