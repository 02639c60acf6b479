"""The supervisors at all talks: each talk's `Monitoring`, found by call and by leg."""

from collections.abc import Callable

from foundation.ids import AgentId, CallId, LegId, PhoneId, new_leg_id
from foundation.tasks import contain
from telephony.calls.call import Call
from telephony.calls.effects import Effect, Tell
from telephony.calls.events import EndedBy, MonitorMode, PhoneChanged
from telephony.calls.monitor import Monitor, Monitoring
from telephony.calls.options import CallOptions


class Supervision:
    """Stands beside the calls; what fails here costs no call."""

    def __init__(self, options: CallOptions, phone: Callable[[AgentId], PhoneChanged]) -> None:
        """`phone`: how a phone stands, told when a supervisor's place begins or ends."""
        self._options = options
        self._phone = phone
        self._by_call: dict[CallId, Monitoring] = {}
        self._by_leg: dict[LegId, Monitoring] = {}

    @property
    def is_empty(self) -> bool:
        return not self._by_call and not self._by_leg

    @property
    def monitors(self) -> list[Monitor]:
        """The supervisors' phones at all talks, those that still ring included."""
        return [each for desk in self._by_call.values() for each in desk.monitors]

    def find(self, leg_id: LegId) -> Monitoring | None:
        return self._by_leg.get(leg_id)

    def find_at(self, call_id: CallId) -> Monitoring | None:
        return self._by_call.get(call_id)

    def begin(self, call: Call, phone: PhoneId) -> Monitoring | None:
        """Where the phone may listen; None where nobody talks, or for one that is elsewhere."""
        if call.talk is None:
            return None
        if any(each.phone == phone and each.call_id != call.call_id for each in self.monitors):
            return None
        return self._by_call.setdefault(
            call.call_id, Monitoring(call.call_id, call.talk, self._options)
        )

    def monitor(
        self, monitoring: Monitoring, phone: PhoneId, mode: MonitorMode, by: str, prefer: str
    ) -> list[Effect]:
        """`prefer`: the caller's codec."""
        wanted = Monitor(monitoring.call_id, phone, by, mode)
        leg_id = new_leg_id()
        return self.step(monitoring, lambda: monitoring.monitor(leg_id, wanted, prefer))

    def join(
        self, monitoring: Monitoring, leg_id: LegId, phone: PhoneId, mode: MonitorMode, offer: bytes
    ) -> list[Effect]:
        """The phone dials itself in; it is who asks, too."""
        wanted = Monitor(monitoring.call_id, phone, phone, mode)
        return self.step(monitoring, lambda: monitoring.join(leg_id, wanted, offer))

    def step(self, monitoring: Monitoring, step: Callable[[], list[Effect]]) -> list[Effect]:
        """One step of a talk's supervisors; a fault of ours in it costs them and no call."""
        before = {each.phone for each in monitoring.monitors}
        effects: list[Effect] = []
        if not contain(f"a monitor of {monitoring.call_id}", lambda: effects.extend(step())):
            effects = monitoring.hang_up(EndedBy.FAULT, "internal error")
        for leg_id in monitoring.leg_ids:
            self._by_leg[leg_id] = monitoring
        changed = before ^ {each.phone for each in monitoring.monitors}
        return [*effects, *(Tell(self._phone(AgentId(phone))) for phone in sorted(changed))]

    def forget(self, monitoring: Monitoring) -> None:
        """If it is finished."""
        if monitoring.is_finished and self._by_call.get(monitoring.call_id) is monitoring:
            del self._by_call[monitoring.call_id]
            for leg_id, desk in list(self._by_leg.items()):
                if desk is monitoring:
                    del self._by_leg[leg_id]
