"""What supervisors do from the board: checked, audited, done, and acknowledged when on disk."""

from collections.abc import Callable, Collection
from typing import assert_never

from acd.events import AgentState
from acd.inputs import Pause, Ready, SignIn, SignOut
from callcenter.actions.alarms import AlarmActions
from callcenter.actions.callbacks import CallbackActions
from callcenter.actions.monitors import MonitorActions
from callcenter.actions.recordings import RecordingActions
from callcenter.actions.talks import TalkActions
from callcenter.actions.tasks import TaskActions
from callcenter.actions.waits import WaitActions
from callcenter.asks import BoardAsks
from callcenter.conduct.drivers import FloorDriver
from callcenter.events import ActionTaken
from foundation.errors import Conflict, NotFound, RemoteError
from foundation.ids import AgentId, CallId
from foundation.journal import Journal
from telephony.calls.events import EndedBy
from telephony.calls.switchboard import Switchboard
from wallboard.commands import (
    AcknowledgeAlarm,
    AskCallback,
    CallBackForTask,
    CancelCallback,
    ClearAlarm,
    Done,
    FinishTask,
    GiveBackCall,
    HandleRecording,
    HandleTalk,
    HangUpCall,
    MonitorCall,
    MoveCall,
    NoteAlarmSent,
    PromoteCall,
    RaiseAlarm,
    ReleaseTask,
    SetAgentState,
    StopMonitor,
    TakeCall,
    TakeTask,
    WantedState,
    WrapUpWish,
)


class Actions:
    """One method for each command of `wallboard.commands`."""

    def __init__(
        self,
        floor: FloorDriver,
        switchboard: Switchboard,
        journal: Journal,
        tell: Callable[[ActionTaken], None],
        talks: TalkActions,
        waits: WaitActions,
        callbacks: CallbackActions,
        recordings: RecordingActions,
        alarms: AlarmActions,
        tasks: TaskActions,
        *,
        pause_reasons: Collection[str],
        auto_ready: bool,
        phones: Collection[str] = (),
    ) -> None:
        """
        pause_reasons: what an agent may be paused for.
        phones: accounts beside the agents' own; a supervisor may be rung there.
        auto_ready: who has no phone is off, whatever a supervisor wants (`acd.floor`, rule 6).
        """
        self._floor = floor
        self._switchboard = switchboard
        self._journal = journal
        self._tell = tell
        self._pause_reasons = pause_reasons
        self._auto_ready = auto_ready
        self._talks = talks
        self._waits = waits
        self._callbacks = callbacks
        self._recordings = recordings
        self._alarms = alarms
        self._tasks = tasks
        self._monitors = MonitorActions(floor, switchboard, tell, phones)

    async def perform(self, ask: BoardAsks) -> Done:
        """Raises RemoteError, NotFound or Conflict before anything is done."""
        match ask.command:
            case SetAgentState() as command:
                self._set_agent_state(command)
            case HangUpCall() as command:
                self._hang_up(command)
            case MonitorCall() as command:
                self._monitors.monitor(command)
            case StopMonitor() as command:
                self._monitors.stop(command)
            case HandleTalk() | HandleRecording() as command:
                self._handle(command)
            case (
                PromoteCall() | MoveCall() | TakeCall() | GiveBackCall() | WrapUpWish()
            ) as command:
                self._waits.perform(command)
            case AskCallback() | CancelCallback() as command:
                self._perform_callback(command)
            case RaiseAlarm() | ClearAlarm() | AcknowledgeAlarm() | NoteAlarmSent() as command:
                self._alarms.perform(command)
            case TakeTask() | ReleaseTask() | FinishTask() | CallBackForTask() as command:
                await self._tasks.perform(command)
            case _:
                assert_never(ask.command)
        seq = self._journal.last_seq
        await self._journal.settled(seq)
        return Done(seq)

    def _handle(self, command: HandleTalk | HandleRecording) -> None:
        if isinstance(command, HandleTalk):
            self._talks.handle(command)
        else:
            self._recordings.handle(command)

    def _perform_callback(self, command: AskCallback | CancelCallback) -> None:
        if isinstance(command, AskCallback):
            self._callbacks.ask(command)
        else:
            self._callbacks.cancel(command)

    def _set_agent_state(self, command: SetAgentState) -> None:
        agent_id = AgentId(command.agent_id)
        was_off = self._floor.floor.state_of(agent_id) is AgentState.OFF
        self._check(agent_id, command)
        self._tell(ActionTaken(command.by, f"agent {command.state}", agent_id, command.reason))
        if command.state is WantedState.OFF:
            self._floor.feed(SignOut(agent_id))
            return
        if was_off:
            self._floor.feed(SignIn(agent_id))
        if command.state is WantedState.READY:
            self._floor.feed(Ready(agent_id))
        else:
            self._floor.feed(Pause(agent_id, command.reason))

    def _check(self, agent_id: AgentId, command: SetAgentState) -> None:
        """Everything that the floor would refuse, so that the audit has only what was done."""
        if command.state is WantedState.OFF:
            return
        if command.state is WantedState.PAUSED and command.reason not in self._pause_reasons:
            known = ", ".join(self._pause_reasons) or "none; see pause_reasons in the configuration"
            raise RemoteError(f"{command.reason!r} is no reason for a pause; known: {known}.")
        self._floor.floor.check(Ready(agent_id))
        if self._auto_ready and not self._floor.floor.agent(agent_id).registered:
            raise Conflict(f"{agent_id} has no registered phone and stays off (auto_ready).")

    def _hang_up(self, command: HangUpCall) -> None:
        call_id = CallId(command.call_id)
        if not self._switchboard.has_call(call_id):
            raise NotFound(f"There is no call {call_id!r} now.")
        self._tell(ActionTaken(command.by, "hang up", call_id))
        self._switchboard.hang_up(call_id, EndedBy.CENTRE, f"hung up by {command.by}")
