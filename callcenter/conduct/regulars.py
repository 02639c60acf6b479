"""Who calls again: VIPs by their number, and the agent whom a caller talked with last.

    AgentAnswered, TalkTaken ─▶ last talk of the party ─▶ Enqueue.prefer, for `sticky_s`

What was before this core's start is read from the journal beside the calls, once and bounded; what
happens meanwhile is newer and stays. Callers are known by party id, so who was erased is nobody;
callers without a number are nobody, too. The least lately heard of are forgotten first.
"""

from collections import OrderedDict
from collections.abc import AsyncIterable, Callable
from dataclasses import dataclass

from acd.events import AgentAnswered, TalkTaken
from callcenter.conduct.house import Callers, HouseRules
from foundation.ids import AgentId, CallId, PartyId, QueueId
from foundation.record import Record
from telephony.calls.events import CallArrived, CallEnded
from telephony.calls.numbers import ANONYMOUS

MOST = 100_000
"Parties whose last talk is remembered, about 20 MB."
KINDS = (CallArrived, AgentAnswered, TalkTaken, CallEnded)
TALKS = (AgentAnswered, TalkTaken)
"What the past is learnt from."


@dataclass(frozen=True, slots=True)
class Talk:
    """The last one of a party."""

    agent_id: AgentId
    at_s: float
    "Seconds since 1970: days matter here, and reboots between them do not."


class Regulars:
    """Implements `conduct.house.Regulars`."""

    def __init__(
        self, rules: HouseRules, callers: Callers, now: Callable[[], float], most: int = MOST
    ) -> None:
        """`now`: seconds since 1970."""
        self._rules = rules
        self._callers = callers
        self._now = now
        self._most = most
        self._last: OrderedDict[PartyId, Talk] = OrderedDict()
        "The longest ago first."

    def tier_of(self, call_id: CallId) -> str:
        """'' for who is no VIP."""
        number = self._callers.find_caller_number(call_id)
        return self._rules.vips.get(number, "") if number else ""

    def prefer(self, call_id: CallId, queue: QueueId) -> AgentId | None:
        """Who talked with the caller last, if that counts in this queue."""
        party_id, within_s = self._party_of(call_id), self._rules.queues[queue].sticky_within_s
        talk = self._last.get(party_id) if party_id is not None else None
        if talk is None or self._now() - talk.at_s > within_s:
            return None
        return talk.agent_id

    def last_agent(self, call_id: CallId) -> AgentId | None:
        """Who talked with the caller last, however long ago we know of."""
        party_id = self._party_of(call_id)
        talk = self._last.get(party_id) if party_id is not None else None
        return None if talk is None else talk.agent_id

    def on_event(self, event: object) -> None:
        if isinstance(event, TALKS):
            party_id = self._party_of(event.call_id)
            if party_id is not None:
                self._remember(party_id, Talk(event.agent_id, self._now()))

    def _party_of(self, call_id: CallId) -> PartyId | None:
        number = self._callers.find_caller_number(call_id)
        return None if number in (None, "", ANONYMOUS) else self._callers.party_of(str(number))

    def _remember(self, party_id: PartyId, talk: Talk) -> None:
        self._last[party_id] = talk
        self._last.move_to_end(party_id)
        if len(self._last) > self._most:
            self._last.popitem(last=False)

    # -- the past --------------------------------------------------------------------------------

    @property
    def reach_s(self) -> float:
        """How far back the past matters; 0: not at all."""
        return max((rule.sticky_within_s for rule in self._rules.queues.values()), default=0.0)

    async def learn(self, records: AsyncIterable[Record[object]]) -> None:
        """Of records of `KINDS`, in order, some of which may be told to `on_event` as well."""
        nobody = self._callers.party_of(ANONYMOUS)
        parties: dict[CallId, PartyId] = {}
        past: OrderedDict[PartyId, Talk] = OrderedDict()
        async for record in records:
            match record.event:
                case CallArrived(call_id, party_id):
                    parties[call_id] = party_id
                case CallEnded(call_id):
                    parties.pop(call_id, None)
                case AgentAnswered(call_id, _, agent_id) | TalkTaken(call_id, _, agent_id):
                    party = parties.get(call_id, nobody)
                    if party != nobody:
                        past[party] = Talk(agent_id, record.utc.timestamp())
                        past.move_to_end(party)
                        if len(past) > self._most:
                            past.popitem(last=False)
                case _:
                    pass
        recent, self._last = self._last, past
        for party, talk in recent.items():
            self._remember(party, talk)


class Strangers:
    """Nobody is known."""

    def tier_of(self, call_id: CallId) -> str:
        return ""

    def prefer(self, call_id: CallId, queue: QueueId) -> AgentId | None:
        return None

    def last_agent(self, call_id: CallId) -> AgentId | None:
        return None
