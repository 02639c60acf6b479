"""Any input in any state at any time, and now and then the floor's process dies.

What a floor is restored from is the fold over what it told; all that must hold on a floor must
hold on the one that follows it.
"""

from dataclasses import replace
from itertools import count

from hypothesis import HealthCheck, settings
from hypothesis.stateful import initialize, rule

from acd.events import AcdEvent, AgentState
from acd.floor import Floor
from acd.options import AgentOptions
from acd.views import AgentView
from callcenter.revival.history import History
from callcenter.revival.revive import Plan
from foundation.ids import AgentId, CallId, OfferId, PartyId
from foundation.journal.rows import EPOCH
from foundation.record import Record
from telephony.calls.events import CallArrived
from tests.acd.test_floor_any_interleaving import CARDS, QUEUES, AnyInterleaving
from tests.support.effort import tries

CALLS = [CallId(f"c-{n}") for n in range(6)]


class FloorComesBack(AnyInterleaving):
    @initialize()
    def the_calls_arrive(self) -> None:
        self.history = History()
        self.floors = 0
        for call_id in CALLS:
            self._write(CallArrived(call_id, PartyId("p-1"), "8000"))

    @rule()
    def the_process_dies(self) -> None:
        assert self.history.complete() == [], "no step was cut"
        before = self.floor
        plan = Plan(
            agents=[a for a in self.history.agents.values() if a.state is not AgentState.OFF],
            registered={view.agent_id for view in before.agents() if view.registered},
            visits=[
                (call.call_id, call.visit)
                for call in self.history.calls.values()
                if call.visit is not None
            ],
        )
        plan.guests = [*self.history.guests.values()]
        plan.visits.sort(key=lambda visit: visit[1].number)
        self.floors += 1
        options = AgentOptions(auto_ready=self.auto_ready)
        offer_ids = (OfferId(f"o-{self.floors}-{n}") for n in count())
        self.floor = Floor(QUEUES, CARDS, options, offer_ids.__next__)
        agents = [
            replace(kept, busy=before.agent(kept.agent_id).busy) for kept in plan.kept_agents(0.0)
        ]
        surging = self.history.surging
        self.floor.restore(agents, plan.kept_callers(0.0), self.now, plan.kept_guests(), surging)

        assert present(self.floor) == present(before)
        for queue in QUEUES:
            assert self.floor.waiting(queue) == before.waiting(queue)

    def _take(self, events: list[AcdEvent]) -> None:
        super()._take(events)
        for event in events:
            self._write(event)

    def _write(self, event: object) -> None:
        self.history.take(Record(1, self.now, EPOCH, event))


def present(floor: Floor) -> dict[AgentId, AgentView]:
    return {v.agent_id: v for v in floor.agents() if v.state is not AgentState.OFF}


TestFloorComesBack = FloorComesBack.TestCase
TestFloorComesBack.settings = settings(
    max_examples=tries(30),
    stateful_step_count=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
