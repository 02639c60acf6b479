"""What a supervisor may do from the board, on a real floor and switchboard."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from acd.events import AcdEvent, AgentState
from acd.floor import Floor
from acd.inputs import PhoneChanged
from acd.options import AgentCard, AgentOptions, QueueOptions
from callcenter.actions.alarms import AlarmActions
from callcenter.actions.callbacks import CallbackActions
from callcenter.actions.recordings import RecordingActions
from callcenter.actions.supervision import Actions
from callcenter.actions.talks import TalkActions
from callcenter.actions.tasks import TaskActions
from callcenter.actions.waits import WaitActions
from callcenter.asks import BoardAsks
from callcenter.codec import CODEC
from callcenter.conduct.drivers import FloorDriver
from callcenter.events import ActionTaken
from desk.events import TaskEvent
from desk.options import TaskOptions
from desk.service import TaskService
from desk.store import TaskStore
from foundation.clock import utc_now
from foundation.db import make_engine, make_sessions
from foundation.errors import Conflict, NotFound, RemoteError
from foundation.ids import AgentId, QueueId
from foundation.journal import Journal
from telephony.calls.events import CallEnded, EndedBy
from tests.support.fake_house import House
from tests.support.fake_lines import Lines
from wallboard.commands import (
    Command,
    Done,
    HangUpCall,
    SetAgentState,
    WantedState,
)
from wallboard.events import AlarmEvent

EVA = AgentId("eva")


class Office:
    """A floor with Eva, a switchboard, a journal that keeps what both tell."""

    def __init__(
        self, journal: Journal, reasons: tuple[str, ...], *, auto_ready: bool = False
    ) -> None:
        self.journal = journal
        self.told: list[ActionTaken | AcdEvent | AlarmEvent | TaskEvent] = []
        self.lines = Lines()
        no_database = make_sessions(make_engine("sqlite:///:memory:"))
        self.tasks = TaskService(TaskOptions(), TaskStore(no_database), self._tell, utc_now)
        floor = Floor(
            {QueueId("orders"): QueueOptions()},
            [AgentCard(agent_id=EVA, name="Eva", number="1001")],
            AgentOptions(auto_ready=auto_ready),
        )
        self.floor = FloorDriver(floor, self._tell)
        self.floor.feed(PhoneChanged(EVA, registered=True, busy=False))
        self.actions = Actions(
            self.floor,
            self.lines.switchboard,
            journal,
            self._tell,
            TalkActions(House().journey, self._tell),
            WaitActions(self.floor, House().journey.find, self._tell),
            CallbackActions(House().journey.callbacks, self._tell),
            RecordingActions(House().journey, self._tell),
            AlarmActions(self._tell),
            TaskActions(self.tasks, House().journey.callbacks, self.lines.switchboard, self._tell),
            pause_reasons=reasons,
            auto_ready=auto_ready,
        )

    def _tell(self, event: ActionTaken | AcdEvent | AlarmEvent | TaskEvent) -> None:
        self.told.append(event)
        self.journal.publish(event)

    @property
    def state(self) -> tuple[AgentState, str]:
        view = self.floor.floor.agent(EVA)
        return view.state, view.reason

    @property
    def audit(self) -> list[ActionTaken]:
        return [event for event in self.told if isinstance(event, ActionTaken)]

    async def perform(self, command: Command) -> Done:
        return await self.actions.perform(BoardAsks(command))

    async def make(self, state: WantedState, reason: str = "", agent: str = "eva") -> Done:
        command = SetAgentState(by="sue", agent_id=agent, state=state, reason=reason)
        return await self.perform(command)


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    journal = await Journal.open(tmp_path / "journal.db", CODEC)
    yield journal
    await journal.close()


@pytest.fixture
async def office(journal: Journal) -> AsyncIterator[Office]:
    office = Office(journal, ("meal", "training"))
    yield office
    office.floor.close()


async def test_agent_who_is_off_is_signed_in_and_made_ready(office: Office) -> None:
    await office.make(WantedState.READY)

    assert office.state == (AgentState.READY, "")


async def test_agent_is_paused_for_a_known_reason_and_signed_off(office: Office) -> None:
    await office.make(WantedState.READY)
    await office.make(WantedState.PAUSED, "meal")
    assert office.state == (AgentState.PAUSED, "meal")

    await office.make(WantedState.OFF)
    assert office.state == (AgentState.OFF, "")


@pytest.mark.parametrize("reason", ["", "nap", "rona", "MEAL"])
async def test_unknown_reason_for_a_pause_is_refused_with_the_known_ones(
    office: Office, reason: str
) -> None:
    await office.make(WantedState.READY)
    with pytest.raises(RemoteError) as refused:
        await office.make(WantedState.PAUSED, reason)

    assert refused.value.http_status == 422
    assert str(refused.value) == f"{reason!r} is no reason for a pause; known: meal, training."
    assert office.state == (AgentState.READY, "")
    assert len(office.audit) == 1, "what was not done is not in the audit"


async def test_where_no_reason_is_configured_the_sentence_says_so(journal: Journal) -> None:
    office = Office(journal, ())
    with pytest.raises(RemoteError, match="see pause_reasons in the configuration"):
        await office.make(WantedState.PAUSED, "meal")
    office.floor.close()


async def test_reason_matters_for_pauses_only(office: Office) -> None:
    await office.make(WantedState.READY, "because")

    assert office.state == (AgentState.READY, "")


async def test_action_is_on_disk_with_its_author_and_before_its_effects(
    office: Office, journal: Journal
) -> None:
    done = await office.make(WantedState.PAUSED, "training")

    kept = [record async for record in journal.reader.read()]
    assert done.seq == kept[-1].seq
    written = [record.event for record in kept]
    audit = written.index(ActionTaken("sue", "agent paused", "eva", "training"))
    assert [type(event).__name__ for event in written[audit + 1 :]] == ["AgentChanged"] * 2


async def test_agent_who_does_not_exist_is_named(office: Office) -> None:
    with pytest.raises(NotFound, match="nobody"):
        await office.make(WantedState.READY, agent="nobody")

    assert office.audit == []


async def test_call_is_hung_up_by_the_centre_in_the_supervisors_name(office: Office) -> None:
    call_id = office.lines.invite()
    office.lines.switchboard.answer(call_id)

    await office.perform(HangUpCall(by="sue", call_id=call_id))

    [ended] = [event for event in office.lines.told if isinstance(event, CallEnded)]
    assert (ended.by, ended.reason) == (EndedBy.CENTRE, "hung up by sue")
    assert office.audit == [ActionTaken("sue", "hang up", call_id)]


async def test_call_that_is_over_cannot_be_hung_up(office: Office) -> None:
    with pytest.raises(NotFound, match="There is no call 'c-9' now"):
        await office.perform(HangUpCall(by="sue", call_id="c-9"))

    assert office.audit == []


@pytest.mark.parametrize("state", [WantedState.READY, WantedState.PAUSED])
async def test_agent_without_a_phone_stays_off_where_the_phone_decides(
    journal: Journal, state: WantedState
) -> None:
    office = Office(journal, ("meal",), auto_ready=True)
    office.floor.feed(PhoneChanged(EVA, registered=False, busy=False))
    with pytest.raises(Conflict, match="eva has no registered phone"):
        await office.make(state, "meal")

    assert office.state[0] is AgentState.OFF
    assert office.audit == []
    office.floor.close()


async def test_agent_without_a_phone_may_be_signed_in_where_people_decide(office: Office) -> None:
    office.floor.feed(PhoneChanged(EVA, registered=False, busy=False))
    await office.make(WantedState.READY)

    assert office.state == (AgentState.READY, "")
