"""Who dials a supervisor's keys: into which talk, and every refusal."""

from collections.abc import AsyncIterator

import pytest

from acd.inputs import Enqueue, PhoneChanged, Ready, SignIn
from callcenter.actions.dialled_monitors import DialledMonitors
from callcenter.conduct.destinations import Busy
from callcenter.conduct.house import AgentRule, HouseRules
from callcenter.events import ActionTaken
from foundation.errors import Conflict, NotAllowed, NotFound, RemoteError
from foundation.ids import AgentId, PhoneId, QueueId
from telephony.calls.events import MonitorMode
from telephony.calls.switchboard import Joining
from tests.callcenter.actions.test_monitor_actions import Office

EVA, TOM = AgentId("eva"), AgentId("tom")


class Desk(Office):
    """Eva, number 1001, has the call; Tom, 1002, has none. Boss and attic may dial in."""

    def __init__(self) -> None:
        super().__init__()
        for given in (PhoneChanged(EVA, registered=True, busy=False), SignIn(EVA), Ready(EVA)):
            self.floor.feed(given)
        self.floor.feed(Enqueue(self.talk.call_id, QueueId("orders")))
        agents = {EVA: "1001", TOM: "1002"}
        rules = HouseRules(
            lines={},
            queues={},
            blocked=frozenset(),
            agents={a: AgentRule(number=number, auto_answer=False) for a, number in agents.items()},
        )
        allowed = {"boss", "attic"}
        self.dialled = DialledMonitors(rules, self.floor, self.actions, allowed, self.told.append)

    def dial(self, what: str, phone: str = "boss") -> Joining | None:
        return self.dialled.find(PhoneId(phone), what)


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    desk = Desk()
    yield desk
    desk.floor.close()


@pytest.mark.parametrize(
    ("dialled", "mode"),
    [
        ("*911001", MonitorMode.LISTEN),
        ("*921001", MonitorMode.WHISPER),
        ("*93eva", MonitorMode.BARGE),
    ],
)
async def test_keys_lead_into_the_agents_talk_with_a_line_in_the_audit(
    desk: Desk, dialled: str, mode: MonitorMode
) -> None:
    call_id = desk.talk.call_id
    assert desk.dial(dialled) == Joining(call_id, mode)
    assert desk.audit == [ActionTaken("boss", f"monitor {mode}", call_id, "boss")]


async def test_whatever_else_is_dialled_is_not_for_us(desk: Desk) -> None:
    assert [desk.dial(each) for each in ("1001", "8000", "*90", "*9", "")] == [None] * 5


@pytest.mark.parametrize(
    ("dialled", "phone", "error", "status"),
    [
        ("*911001", "chief", NotAllowed, 403),
        ("*919999", "boss", NotFound, 404),
        ("*91", "boss", NotFound, 404),
        ("*911002", "boss", Busy, 486),
        ("*911001", "attic", Conflict, 491),
    ],
    ids=["no right", "no such agent", "no agent", "no call", "not registered"],
)
async def test_what_cannot_be_is_refused_without_a_line(
    desk: Desk, dialled: str, phone: str, error: type[RemoteError], status: int
) -> None:
    with pytest.raises(error) as refusal:
        desk.dial(dialled, phone)
    assert refusal.value.sip_status == status
    assert desk.audit == []
