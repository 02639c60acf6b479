"""Listening, whispering and barging in by command: what may be done, and the audit's line of it."""

from collections.abc import Callable, Collection

from acd.events import AgentState
from callcenter.conduct.drivers import FloorDriver
from callcenter.events import ActionTaken
from foundation.errors import Conflict, NotFound
from foundation.ids import AgentId, CallId, PhoneId
from telephony.calls.monitor import Monitor
from telephony.calls.switchboard import Switchboard
from wallboard.commands import MonitorCall, StopMonitor

AT_WORK = (AgentState.RINGING, AgentState.TALKING)
"States of an agent whose phone must not ring for anything else."


class MonitorActions:
    """Checks all that the switchboard would silently pass over."""

    def __init__(
        self,
        floor: FloorDriver,
        switchboard: Switchboard,
        tell: Callable[[ActionTaken], None],
        phones: Collection[str],
    ) -> None:
        """`phones`: accounts beside the agents' own."""
        self._floor = floor
        self._switchboard = switchboard
        self._tell = tell
        self._phones = frozenset(phones)

    def monitor(self, command: MonitorCall) -> None:
        """Raises NotFound or Conflict before anything is done."""
        call_id, phone = CallId(command.call_id), PhoneId(command.phone)
        if self._find(call_id, phone) is None:
            self.check(call_id, phone)
        else:
            self._check_talk(call_id, phone)
        self._tell(ActionTaken(command.by, f"monitor {command.mode}", call_id, phone))
        self._switchboard.monitor(call_id, phone, command.mode, by=command.by)

    def stop(self, command: StopMonitor) -> None:
        """Raises NotFound when nobody is to be stopped."""
        call_id = CallId(command.call_id)
        if not self._switchboard.has_call(call_id):
            raise NotFound(f"There is no call {call_id!r} now.")
        wanted = [each for each in self._at(call_id) if _is_meant(each, command)]
        if not wanted:
            which = command.phone or "that you brought in"
            raise NotFound(f"No phone {which} is in the call {call_id!r}.")
        for each in wanted:
            self._tell(ActionTaken(command.by, "stop monitor", call_id, each.phone))
            self._switchboard.stop_monitor(call_id, each.phone, f"stopped by {command.by}")

    def check(self, call_id: CallId, phone: PhoneId) -> None:
        """Raises NotFound or Conflict when the phone can't come to the talk."""
        self._check_talk(call_id, phone)
        self._check_phone(phone)
        self._check_room(call_id)

    def _check_talk(self, call_id: CallId, phone: PhoneId) -> None:
        if not self._switchboard.has_call(call_id):
            raise NotFound(f"There is no call {call_id!r} now.")
        agents_phone = self._switchboard.find_talk(call_id)
        if agents_phone is None:
            raise Conflict(f"Nobody talks in the call {call_id!r} now.")
        if agents_phone == phone:
            raise Conflict(f"{phone} is the phone that talks in this call.")

    def _check_phone(self, phone: PhoneId) -> None:
        agent = next((a for a in self._floor.floor.agents() if a.agent_id == AgentId(phone)), None)
        if agent is None and phone not in self._phones:
            raise NotFound(f"There is no phone {phone!r}; see agents and phones.")
        if not self._switchboard.is_registered(phone):
            raise Conflict(f"The phone {phone} is not registered.")
        if agent is not None and agent.state in AT_WORK:
            raise Conflict(f"{phone} has a call of the queue: the agent is {agent.state}.")
        if any(each.phone == phone for each in self._switchboard.monitors()):
            raise Conflict(f"The phone {phone} is in another talk.")

    def _check_room(self, call_id: CallId) -> None:
        most = self._switchboard.max_monitors
        if len(self._at(call_id)) >= most:
            raise Conflict(f"There are {most} supervisors in this talk already; no more fit in.")

    def _at(self, call_id: CallId) -> list[Monitor]:
        return [each for each in self._switchboard.monitors() if each.call_id == call_id]

    def _find(self, call_id: CallId, phone: PhoneId) -> Monitor | None:
        return next((each for each in self._at(call_id) if each.phone == phone), None)


def _is_meant(monitor: Monitor, command: StopMonitor) -> bool:
    return monitor.phone == command.phone if command.phone else monitor.by == command.by
