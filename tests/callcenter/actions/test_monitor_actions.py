"""What may be listened to and by which phone: every refusal has its sentence and no audit line."""

from collections.abc import AsyncIterator

import pytest

from acd.events import AcdEvent, AgentState
from acd.floor import Floor
from acd.inputs import Enqueue, PhoneChanged, Ready, SignIn
from acd.options import AgentCard, AgentOptions, QueueOptions
from callcenter.actions.monitors import MonitorActions
from callcenter.conduct.drivers import FloorDriver
from callcenter.events import ActionTaken
from foundation.errors import Conflict, NotFound, RemoteError
from foundation.ids import AgentId, CallId, PhoneId, QueueId
from telephony.calls.events import MonitorEnded, MonitorMode
from tests.support.listened_talk import ListenedTalk
from wallboard.commands import MonitorCall, StopMonitor

LISTEN, BARGE = MonitorMode.LISTEN, MonitorMode.BARGE
TOM = AgentId("tom")


class Office:
    """A talk with Eva; Tom is an agent too; boss, chief and attic are phones."""

    def __init__(self) -> None:
        self.talk = ListenedTalk()
        self.talk.sip.registered |= {"tom", "a", "b"}
        self.told: list[ActionTaken | AcdEvent] = []
        cards = [AgentCard(agent_id=a, name=a, number="1") for a in (AgentId("eva"), TOM)]
        queues = {QueueId("orders"): QueueOptions()}
        self.floor = FloorDriver(Floor(queues, cards, AgentOptions()), self.told.append)
        phones = {"boss", "chief", "attic", "a", "b"}
        self.actions = MonitorActions(self.floor, self.talk.board, self.told.append, phones)

    def monitor(self, phone: str = "boss", mode: MonitorMode = LISTEN, call: str = "") -> None:
        call_id = call or self.talk.call_id
        self.actions.monitor(MonitorCall(by="sue", call_id=call_id, phone=phone, mode=mode))

    def stop(self, phone: str = "", by: str = "sue", call: str = "") -> None:
        call_id = call or self.talk.call_id
        self.actions.stop(StopMonitor(by=by, call_id=call_id, phone=phone))

    @property
    def audit(self) -> list[ActionTaken]:
        return [event for event in self.told if isinstance(event, ActionTaken)]

    @property
    def phones(self) -> list[str]:
        return [each.phone for each in self.talk.board.monitors()]


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    office = Office()
    yield office
    office.floor.close()


def refused(office: Office, kind: type[RemoteError], **wish: str) -> str:
    audited, phones = len(office.audit), office.phones
    with pytest.raises(kind) as refusal:
        office.monitor(**wish)  # type: ignore[arg-type]  # phone and call only
    assert len(office.audit) == audited, "what was not done is not in the audit"
    assert office.phones == phones
    return str(refusal.value)


async def test_supervisor_is_rung_and_the_mode_changed_with_a_line_for_each(office: Office) -> None:
    office.monitor()
    office.monitor(mode=BARGE)

    call_id = office.talk.call_id
    assert office.audit == [
        ActionTaken("sue", "monitor listen", call_id, "boss"),
        ActionTaken("sue", "monitor barge", call_id, "boss"),
    ]
    [monitor] = office.talk.board.monitors()
    assert (monitor.phone, monitor.mode, monitor.by) == ("boss", BARGE, "sue")


async def test_agent_who_has_no_call_may_listen_by_the_own_phone(office: Office) -> None:
    office.monitor("tom")

    assert office.phones == ["tom"]


async def test_call_that_is_over_or_in_no_talk_is_refused(office: Office) -> None:
    office.talk.lines.invite("l-9")
    waits = next(c for c in office.talk.board.call_ids() if c != office.talk.call_id)

    assert refused(office, NotFound, call="c-9") == "There is no call 'c-9' now."
    assert refused(office, Conflict, call=waits) == f"Nobody talks in the call {waits!r} now."


async def test_phone_that_cannot_be_rung_is_refused(office: Office) -> None:
    assert "no phone 'cellar'" in refused(office, NotFound, phone="cellar")
    assert refused(office, Conflict, phone="attic") == "The phone attic is not registered."
    assert "talks in this call" in refused(office, Conflict, phone="eva")


async def test_phone_of_an_agent_who_is_being_rung_is_refused(office: Office) -> None:
    for given in (PhoneChanged(TOM, registered=True, busy=False), SignIn(TOM), Ready(TOM)):
        office.floor.feed(given)
    office.floor.feed(Enqueue(CallId("c-7"), QueueId("orders")))
    assert office.floor.floor.state_of(TOM) is AgentState.RINGING

    assert refused(office, Conflict, phone="tom").endswith("the agent is ringing.")


async def test_phone_at_another_talk_is_refused(office: Office) -> None:
    office.monitor()
    talk = office.talk
    first, other = talk.call_id, talk.bridge_another("l-2", "tom")

    assert refused(office, Conflict, call=other) == "The phone boss is in another talk."
    assert [each.call_id for each in talk.board.monitors()] == [first]


async def test_a_talk_has_room_for_three_supervisors(office: Office) -> None:
    for phone in ("boss", "chief", "a"):
        office.monitor(phone)

    assert "3 supervisors" in refused(office, Conflict, phone="b")
    office.monitor("a", BARGE)
    assert office.audit[-1].action == "monitor barge"


async def test_phones_are_stopped_by_name_or_by_who_brought_them(office: Office) -> None:
    office.monitor("boss")
    office.monitor("chief")
    office.talk.board.monitor(office.talk.call_id, PhoneId("a"), LISTEN, by="tom")

    office.stop("chief", by="tom")
    assert office.phones == ["boss", "a"]
    office.stop(by="sue")
    assert office.phones == ["a"]
    reasons = [event.reason for event in office.talk.news if isinstance(event, MonitorEnded)]
    assert reasons == ["stopped by tom", "stopped by sue"]
    assert [(line.by, line.action, line.detail) for line in office.audit[2:]] == [
        ("tom", "stop monitor", "chief"),
        ("sue", "stop monitor", "boss"),
    ]


async def test_where_nobody_listens_there_is_nothing_to_stop(office: Office) -> None:
    with pytest.raises(NotFound, match="There is no call 'c-9' now"):
        office.stop(call="c-9")
    with pytest.raises(NotFound, match="No phone boss is in the call"):
        office.stop("boss")
    with pytest.raises(NotFound, match="No phone that you brought in is in the call"):
        office.stop()

    assert office.audit == []
