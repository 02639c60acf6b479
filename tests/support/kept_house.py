"""A house that is killed: its journal, and what media would have kept of its calls.

`Lines` plays the switchboard's part below a `House`: it does what the journey commands, tells what
follows, and keeps for each leg what a media worker and the dialog record would show.
"""

from dataclasses import dataclass, field, replace
from datetime import timedelta

from acd.options import Strategy
from callcenter.conductor import JOURNALED
from callcenter.events import HouseEvent
from callcenter.revival.revive import Plan
from callcenter.revival.stand import House as Configured
from foundation.ids import AgentId, CallId, LegId, OfferId, PartyId
from foundation.journal.rows import EPOCH
from foundation.record import Record
from telephony.calls import events as calls
from telephony.calls.control import OutsideTarget
from telephony.calls.events import GuestWay
from telephony.calls.kept import KeptSide, Note
from telephony.calls.number_rules import Purpose, Refusal, Route
from telephony.media import protocol as media
from telephony.sip.events import CallerIdentity, KeptLeg
from tests.support.fake_house import EVA, ORDERS, REPAIRS, TOM, House

PARTY = PartyId("p-1")
OFFERS_OF_A_LIFE = 10_000
"More than any story has."


@dataclass
class Leg:
    """One leg as media and SIP keep it."""

    call_id: CallId
    note: Note
    is_early: bool = True
    connected_to: str = ""
    taps: list[str] = field(default_factory=list)
    playing: str = ""
    is_looping: bool = False
    way: GuestWay | None = None
    "Of a guest: what picking up means now."

    @property
    def leg_id(self) -> LegId:
        return LegId(f"l-{self.note.offer or self.call_id}")

    def side(self) -> KeptSide:
        peer = CallerIdentity("13900000001", "", "")
        session = media.Session(
            leg=self.leg_id,
            call=self.call_id,
            port=30000,
            ssrc=1,
            connected_to=self.connected_to,
            taps=list(self.taps),
            codec="" if self.is_early and self.note.side is calls.Side.AGENT else "PCMA",
            playing=self.playing,
            is_looping=self.is_looping,
        )
        return KeptSide(KeptLeg(self.leg_id, self.is_early, peer, b"", b""), session, self.note)


class Lines:
    """A house with its lines; every fact is stamped for the journal."""

    def __init__(
        self, house: House, journal: list[Record[object]] | None = None, life: int = 0
    ) -> None:
        """life: how many cores died before; ids are never the same again."""
        self.house = house
        self.house.offers = life * OFFERS_OF_A_LIFE
        self.life = life
        self.journal: list[Record[object]] = [] if journal is None else journal
        self.callers: dict[CallId, Leg] = {}
        self.agents: dict[OfferId, Leg] = {}
        "Who faces the caller, guests who have the talk among them."
        self.guests: dict[OfferId, Leg] = {}
        self._done = 0
        self._calls = 0
        house.conductor.listen(self.write)

    def write(self, event: object) -> None:
        if isinstance(event, JOURNALED):
            seq, at_s = len(self.journal) + 1, self.house.now
            self.journal.append(Record(seq, at_s, EPOCH + timedelta(seconds=at_s), event))

    def tell(self, event: HouseEvent) -> None:
        self.house.tell(event)
        self.obey()

    def wait(self, seconds: float) -> None:
        self.house.wait(seconds)
        self.obey()

    # -- what people do --------------------------------------------------------------------------

    def arrive(self) -> CallId:
        self._calls += 1
        call_id = CallId(f"c-{self.life}-{self._calls}")
        note = Note(call=call_id, side=calls.Side.CALLER, line="8000")
        self.callers[call_id] = Leg(call_id, note)
        self.house.arrive(call_id)
        self.obey()
        return call_id

    def press(self, call_id: CallId) -> None:
        self.tell(calls.DigitPressed(call_id, calls.Side.CALLER, "1"))

    def prompt_ended(self, call_id: CallId) -> None:
        leg = self.callers[call_id]
        if leg.playing and not leg.is_looping:
            leg.playing = ""
            self.tell(calls.PromptEnded(call_id))

    def hang_up(self, call_id: CallId) -> None:
        self._end(call_id, calls.EndedBy.CALLER)

    def pick_up(self, offer_id: OfferId) -> None:
        leg = self.agents[offer_id]
        if leg.is_early:
            leg.is_early = False
            agent_id = AgentId(leg.note.agent)
            self.tell(calls.AgentPickedUp(leg.call_id, agent_id, offer_id))

    def refuse(self, offer_id: OfferId) -> None:
        """Or hang up."""
        leg = self.agents[offer_id]
        agent_id, guest = AgentId(leg.note.agent), self._guest_of(leg.call_id)
        if leg.is_early:
            del self.agents[offer_id]
            self.tell(calls.AgentRefused(leg.call_id, agent_id, offer_id, 486))
        elif not agent_id:
            self._end(leg.call_id, calls.EndedBy.AGENT)
        elif guest is not None and not guest.is_early:
            self._transferred(guest)
        else:
            del self.agents[offer_id]
            self._part(leg.call_id)
            if guest is not None:
                guest.way = GuestWay.TRANSFER
            self.tell(calls.AgentHungUp(leg.call_id, agent_id, calls.EndedBy.AGENT))

    # -- guests ----------------------------------------------------------------------------------

    def refer(self, offer_id: OfferId, target: str) -> None:
        """The phone of whoever talks wants the caller handed over."""
        leg = self.agents[offer_id]
        if not leg.is_early and leg.note.agent:
            self.tell(calls.TransferAsked(leg.call_id, AgentId(leg.note.agent), target))

    def consult(self, offer_id: OfferId, target: str) -> None:
        leg = self.agents[offer_id]
        if not leg.is_early and leg.note.agent:
            self.tell(calls.ConsultAsked(leg.call_id, AgentId(leg.note.agent), target))

    def guest_picks_up(self, offer_id: OfferId) -> None:
        leg = self.guests[offer_id]
        if not leg.is_early:
            return
        leg.is_early = False
        self.tell(calls.GuestJoined(leg.call_id, offer_id))
        if leg.way is GuestWay.TRANSFER and offer_id in self.guests:
            self._transferred(leg)

    def guest_leaves(self, offer_id: OfferId) -> None:
        """Or refuses."""
        leg = self.guests.pop(offer_id)
        self._meet_again(leg.call_id)
        self.tell(calls.GuestLeft(leg.call_id, offer_id, 486 if leg.is_early else 0))

    def _guest_of(self, call_id: CallId) -> Leg | None:
        return next((leg for leg in self.guests.values() if leg.call_id == call_id), None)

    def _transferred(self, guest: Leg) -> None:
        call_id, offer_id = guest.call_id, OfferId(guest.note.offer)
        self._drop_agents(call_id)
        self.agents[offer_id] = self.guests.pop(offer_id)
        caller = self.callers[call_id]
        caller.connected_to, guest.connected_to = guest.leg_id, caller.leg_id
        self.tell(calls.TalkTransferred(call_id, offer_id))

    def _drop_agents(self, call_id: CallId) -> None:
        for offer_id in [o for o, leg in self.agents.items() if leg.call_id == call_id]:
            del self.agents[offer_id]
        self._part(call_id)

    def _meet_again(self, call_id: CallId) -> None:
        for leg in self.agents.values():
            if leg.call_id == call_id and call_id in self.callers:
                self.callers[call_id].connected_to = leg.leg_id
                leg.connected_to = self.callers[call_id].leg_id

    def _invite(self, call_id: CallId, way: GuestWay, whom: object) -> None:
        offer_id = self.house.control.guests[call_id]
        agent = whom if isinstance(whom, str) else ""
        party = whom.party_id if isinstance(whom, OutsideTarget) else ""
        note = Note(
            call=call_id, side=calls.Side.AGENT, agent=agent, offer=offer_id, way=way, party=party
        )
        self.guests[offer_id] = Leg(call_id, note, way=way)
        self.callers[call_id].connected_to = ""
        self.tell(
            calls.GuestInvited(
                call_id,
                offer_id,
                way,
                AgentId(agent) if agent else None,
                PartyId(party) if party else None,
            )
        )

    def _complete(self, call_id: CallId) -> None:
        guest = self._guest_of(call_id)
        if guest is None:
            return
        if guest.is_early:
            guest.way = GuestWay.TRANSFER
            self._drop_agents(call_id)
        else:
            self._transferred(guest)

    def _take_back(self, call_id: CallId) -> None:
        guest = self._guest_of(call_id)
        if guest is not None:
            del self.guests[OfferId(guest.note.offer)]
            self._meet_again(call_id)
            self.tell(calls.GuestLeft(call_id, OfferId(guest.note.offer)))

    # -- what the journey commands ---------------------------------------------------------------

    def obey(self) -> None:
        done = self.house.control.done
        while self._done < len(done):
            verb, target, detail = done[self._done]
            self._done += 1
            self._obey(verb, target, detail)

    def _obey(self, verb: str, target: str, detail: object) -> None:
        call_id = CallId(target)
        caller = self.callers.get(call_id)
        match verb:
            case "ring":
                self._ring(OfferId(target), AgentId(str(detail)))
            case "stop_ringing":
                self.agents.pop(OfferId(target), None)
            case _ if caller is None:
                pass
            case "answer" if caller.is_early:
                caller.is_early = False
                self.tell(calls.CallAnswered(call_id))
            case "play" | "loop":
                caller.playing, caller.is_looping = f"{target}.{self._done}", verb == "loop"
            case "record":
                caller.taps = [f"r-{call_id}"]
            case "bridge":
                self._bridge(caller)
            case "hang_up" | "refuse":
                self._end(call_id, calls.EndedBy.CENTRE)
            case _:
                self._obey_of_guests(verb, call_id, detail)

    def _obey_of_guests(self, verb: str, call_id: CallId, detail: object) -> None:
        match verb:
            case "consult" | "transfer":
                self._invite(call_id, GuestWay(verb), detail)
            case "complete_transfer":
                self._complete(call_id)
            case "take_back":
                self._take_back(call_id)
            case "release_for_transfer":
                self._drop_agents(call_id)

    def _ring(self, offer_id: OfferId, agent_id: AgentId) -> None:
        offered = [
            each.event for each in self.journal if getattr(each.event, "offer_id", None) == offer_id
        ]
        call_id = CallId(getattr(offered[0], "call_id", ""))
        note = Note(call=call_id, side=calls.Side.AGENT, agent=agent_id, offer=offer_id)
        self.agents[offer_id] = Leg(call_id, note)

    def _bridge(self, caller: Leg) -> None:
        for leg in self.agents.values():
            if leg.call_id == caller.call_id and not leg.is_early:
                caller.playing, caller.connected_to = "", leg.leg_id
                leg.connected_to = caller.leg_id
                self.tell(calls.CallBridged(caller.call_id, AgentId(leg.note.agent)))
                return

    def _part(self, call_id: CallId) -> None:
        self.callers[call_id].connected_to = ""
        self.callers[call_id].taps = []

    def _end(self, call_id: CallId, by: calls.EndedBy) -> None:
        if self.callers.pop(call_id, None) is None:
            return
        for offer_id in [o for o, leg in self.agents.items() if leg.call_id == call_id]:
            del self.agents[offer_id]
        guest = self._guest_of(call_id)
        self.house.over.add(call_id)
        if guest is not None:
            del self.guests[OfferId(guest.note.offer)]
            self.tell(calls.GuestLeft(call_id, OfferId(guest.note.offer)))
        self.tell(calls.CallEnded(call_id, by, "bye"))

    # -- the kill --------------------------------------------------------------------------------

    def sides(self) -> list[KeptSide]:
        legs = (*self.callers.values(), *self.agents.values(), *self.guests.values())
        return [leg.side() for leg in legs]


class AllNumbers:
    """Rules under which every number may be dialled."""

    def decide(
        self, number: str, purpose: Purpose, call_id: CallId | None = None
    ) -> Route | Refusal:
        return Route("all", "carrier", number)


def open_house(strategy: Strategy = Strategy.LONGEST_IDLE) -> House:
    return House(numbers=AllNumbers(), strategy=strategy)


CONFIGURED = Configured(
    queues={ORDERS: "en", REPAIRS: "en"},
    agents=frozenset({EVA, TOM}),
    is_present=lambda agent_id: True,
    is_registered=lambda agent_id: True,
    find_party=lambda caller: PARTY,
)


def revive(
    plan: Plan,
    journal: list[Record[object]],
    now: float,
    life: int = 1,
    strategy: Strategy = Strategy.LONGEST_IDLE,
) -> Lines:
    """As `callcenter.revival.take_over` does, with a house that has just been built."""
    house = open_house(strategy)
    house.now = now
    lines = Lines(house, journal, life)
    for fact in plan.facts:
        lines.write(fact)
    agents, callers = plan.kept_agents(0.0), plan.kept_callers(0.0)
    house.floor.restore(agents, callers, now, plan.kept_guests(), plan.surging)
    for revived in plan.calls:
        caller, agent = revived.kept.caller, revived.kept.agent
        lines.callers[revived.kept.call_id] = _leg(caller)
        for phone in revived.kept.rung:
            lines.agents[phone.offer_id] = _leg(phone)
        guest = revived.kept.guest
        if agent is not None:
            lines.agents[agent.offer_id] = _leg(agent)
        if guest is not None:
            way = guest.way if agent is not None else GuestWay.TRANSFER
            lines.guests[guest.offer_id] = replace(_leg(guest), way=way)
        house.journey.adopt(revived.contact)
    for revived in plan.calls:
        for event in revived.missed:
            house.journey.on_event(event)
        if revived.kept.recording_id is not None and not revived.kept.is_bridged:
            house.control.bridge(revived.kept.call_id)
    return lines


def _leg(side: KeptSide) -> Leg:
    session = side.session
    return Leg(
        CallId(session.call),
        side.note,
        side.dialog.is_early,
        session.connected_to,
        list(session.taps),
        session.playing,
        session.is_looping,
    )
