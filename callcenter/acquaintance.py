"""What the house knows of who calls: number, tier, time, and who talked with him last."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import datetime

from acd.events import AgentAnswered
from foundation.ids import AgentId, CallId, PartyId
from ivr.caller import Caller
from telephony.calls.events import CallArrived, CallEnded
from telephony.calls.numbers import ANONYMOUS

MOST_PARTIES = 20_000


class Acquaintance:
    """Learns from the house's events; the parties heard of last are kept."""

    def __init__(
        self,
        find_number: Callable[[CallId], str | None],
        tiers: Mapping[str, str],
        now: Callable[[], datetime],
    ) -> None:
        """`tiers`: by E.164 number; `now` is local."""
        self._find_number = find_number
        self._tiers = tiers
        self._now = now
        self._parties: dict[CallId, PartyId] = {}
        self._last_agents: OrderedDict[PartyId, AgentId] = OrderedDict()

    def on_event(self, event: object) -> None:
        match event:
            case CallArrived(call_id, party_id):
                self._parties[call_id] = party_id
            case AgentAnswered(call_id=call_id, agent_id=agent_id):
                self._talked(call_id, agent_id)
            case CallEnded(call_id):
                self._parties.pop(call_id, None)

    def _talked(self, call_id: CallId, agent_id: AgentId) -> None:
        party_id = self._parties.get(call_id)
        if party_id is None:
            return
        self._last_agents[party_id] = agent_id
        self._last_agents.move_to_end(party_id)
        if len(self._last_agents) > MOST_PARTIES:
            self._last_agents.popitem(last=False)

    def caller(self, call_id: CallId, line: str, trunk: str, *, hours: str, agent: str) -> Caller:
        number = self._find_number(call_id) or ANONYMOUS
        party_id = self._parties.get(call_id)
        last = None if party_id is None or number == ANONYMOUS else self._last_agents.get(party_id)
        return Caller(
            number=number,
            tier=self._tiers.get(number, ""),
            line=line,
            trunk=trunk,
            called_at=self._now(),
            last_agent=last or "",
            hours=hours,
            agent_id=agent,
        )
