"""A core died: which of its calls go on, where each stands, and what ends instead. Pure.

    journal ─▶ History ─┐
                        ├─▶ make_plan ─▶ Plan: facts, floor, calls and their next steps, ends
    media's sessions ───┘
      with dialog records              `revival.stand` says where each call stands

Rule 1: a call goes on when media kept its caller's session and dialog record. Everything else that
        the journal shows as open is ended, each visit, talk and call exactly once: as media was
        told that it ended, or else as a fault.
Rule 2: media may be ahead of the journal by what a kill costs (50 ms of events), never behind: what
        media shows and the journal does not is written down now (`Plan.facts`).
Rule 3: nobody loses the place or the age; an agent's phone that rings goes on ringing for the rest
        of its time; an agent's leg that belongs to no open offer or talk is ended.
Rule 4: an agent without a call whose registration has run out has gone home.
Rule 5: what conducts a call comes back with it: music and prompts that play are waited for, what
        was over is followed by its next step (`Revived.missed`). Only a menu begins again from its
        start.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from acd.agent import Assignment
from acd.events import (
    AgentChanged,
    AgentState,
    CallLost,
    OfferFailed,
    OfferFailure,
    ReservationFailed,
    TalkEnded,
)
from acd.inputs import CallerLeft, Lose
from acd.kept import KeptAgent, KeptCaller, KeptGuest
from acd.requirement import parse_requirement
from callcenter.revival.history import History
from callcenter.revival.past import AgentPast, CallPast, GuestPast, VisitPast
from callcenter.revival.settle import OpenEnds, gone_home, settle
from callcenter.revival.stand import House, Revived, Stand
from foundation.ids import AgentId, CallId, OfferId, PartyId, QueueId
from recordings.events import RecordingStarted
from telephony.calls.events import (
    CallAnswered,
    CallArrived,
    CallEnded,
    CallPlaced,
    EndedBy,
    GuestLeft,
    Side,
)
from telephony.calls.kept import KeptSide


@dataclass(slots=True)
class Plan:
    """What core does at its start, in the order of the fields."""

    facts: list[object] = field(default_factory=list)
    "For the journal alone: nobody is to act on them."
    agents: list[AgentPast] = field(default_factory=list)
    "Not OFF, or sent there, or there for a reason."
    registered: set[AgentId] = field(default_factory=set)
    "Of these, who has a phone."
    visits: list[tuple[CallId, VisitPast]] = field(default_factory=list)
    "In the order in which the callers came to their queues."
    guests: list[GuestPast] = field(default_factory=list)
    "Agents in a talk of another's."
    surging: frozenset[QueueId] = frozenset()
    "Queues that have called in their backup agents."
    talks: Mapping[QueueId, Sequence[float]] = field(default_factory=dict)
    "How long the latest of each queue took, in seconds."
    calls: list[Revived] = field(default_factory=list)
    running: list[RecordingStarted] = field(default_factory=list)
    "Recordings that media goes on writing."
    left: list[CallerLeft | Lose] = field(default_factory=list)
    "For the floor: callers whose end is written already."
    lost: list[CallId] = field(default_factory=list)
    "Open calls that can't go on; the floor ends their visits and talks."
    over: list[CallEnded] = field(default_factory=list)
    "Calls that ended in the core's last moment, which it did not come to write down."
    strays: list[KeptSide] = field(default_factory=list)
    "Legs of nobody: ended by BYE, CANCEL or a final answer."

    def kept_agents(self, offset_s: float) -> list[KeptAgent]:
        """`offset_s`: the journal's clock minus the floor's."""
        busy = {aor for revived in self.calls for aor in revived.own_phones}
        return [
            KeptAgent(
                agent_id=agent.agent_id,
                state=agent.state,
                reason=agent.reason,
                since=agent.since - offset_s,
                idle_since=agent.idle_since - offset_s,
                assignment=agent.assignment,
                after_talk=agent.after_talk,
                wrap_up_s=agent.wrap_up_s,
                wrap_up_code=agent.wrap_up_code,
                is_overdue=agent.is_overdue,
                registered=agent.agent_id in self.registered,
                busy=agent.agent_id in busy,
            )
            for agent in self.agents
        ]

    def kept_callers(self, offset_s: float) -> list[KeptCaller]:
        return [
            KeptCaller(
                call_id=call_id,
                queue=visit.queue,
                priority=visit.priority,
                entered_at=visit.entered_at - offset_s,
                offers=visit.offers,
                is_answered=visit.is_answered,
                answered_at=visit.answered_at - offset_s,
                tried=frozenset(visit.tried),
                told_s=visit.told_s,
                front=visit.front,
                tier=visit.tier,
                requires=parse_requirement(visit.requires),
                waited_s=visit.waited_s,
                claimed_by=visit.claimed_by,
                claimed_until=visit.claimed_until - offset_s,
            )
            for call_id, visit in self.visits
        ]

    def kept_guests(self) -> list[KeptGuest]:
        return [
            KeptGuest(
                call_id=guest.call_id,
                queue=guest.queue,
                agent_id=guest.agent_id,
                offer_id=guest.offer_id,
                has_joined=guest.has_joined,
            )
            for guest in self.guests
        ]


def make_plan(
    history: History, sides: Iterable[KeptSide], house: House, ends: Iterable[CallEnded] = ()
) -> Plan:
    """`history` is brought into order by this: it agrees with the plan's facts afterwards.

    ends: what media was told of calls that are over; the journal may know of it, too.
    """
    return _Planner(history, list(sides), house, ends).make()


def plan_after_reboot(
    history: History, open_ends: OpenEnds, sides: Iterable[KeptSide], house: House
) -> Plan:
    """Nothing can have outlived the machine's own end; what was learnt is as true as before, and
    who has gone home, or was sent there, is there. `history` agrees with the facts afterwards."""
    plan = Plan(facts=settle(open_ends), talks=history.talks, strays=list(sides))
    for fact in plan.facts:
        if isinstance(fact, AgentChanged):
            agent = history.agents.of(fact.agent_id)
            agent.enter(fact, agent.since)
    _keep_agents(plan, history, house)
    return plan


def _keep_agents(plan: Plan, history: History, house: House) -> None:
    """Of those without a phone one may have come in the last moment."""
    for agent in history.agents.values():
        is_kept = agent.state is not AgentState.OFF or agent.is_sent_off or agent.reason
        if is_kept and agent.agent_id in house.agents:
            plan.agents.append(agent)
            if house.is_registered(agent.agent_id):
                plan.registered.add(agent.agent_id)


class _Planner:
    def __init__(
        self, history: History, sides: list[KeptSide], house: House, ends: Iterable[CallEnded]
    ) -> None:
        self._ends = {ended.call_id: ended for ended in ends}
        self._history = history
        self._house = house
        self._plan = Plan(strays=sides)
        self._callers: dict[CallId, KeptSide] = {}
        self._others: dict[CallId, list[KeptSide]] = {}
        for side in sides:
            call_id = CallId(side.session.call)
            if side.note.side is Side.CALLER:
                self._callers[call_id] = side
            else:
                self._others.setdefault(call_id, []).append(side)
        self._stand = Stand(house, self._plan.facts, self._plan.running)

    def make(self) -> Plan:
        plan = self._plan
        plan.surging = frozenset(self._history.surging)
        plan.talks = self._history.talks
        plan.facts += self._history.complete()
        self._take_unknown_calls()
        for call in self._history.calls.values():
            talks_with = self._find_talk(call)
            if talks_with is not None:
                plan.facts += self._history.answer(call, talks_with)
        for call in self._history.calls.values():
            self._check_visit(call)
        self._check_guests()
        self._check_agents()
        for call in self._history.calls.values():
            self._place(call)
        plan.visits = sorted(
            (
                (call.call_id, call.visit)
                for call in self._history.calls.values()
                if call.visit is not None
            ),
            key=lambda pair: pair[1].number,
        )
        return plan

    # -- the journal in order --------------------------------------------------------------------

    def _take_unknown_calls(self) -> None:
        """Calls that came in the last moment, of which the journal knows nothing."""
        known = {*self._history.calls, *self._history.ended}
        for call_id, side in self._callers.items():
            if call_id not in known:
                note = side.note
                party_id = PartyId(note.party) or self._house.find_party(side.dialog.peer)
                told = CallPlaced if note.is_placed else CallArrived
                self._history.calls[call_id] = CallPast(call_id, party_id, note.line)
                self._plan.facts.append(told(call_id, party_id, note.line, note.trunk))

    def _find_talk(self, call: CallPast) -> AgentId | None:
        """Who of those who were rung hears the caller and is heard: told again, the answer would
        begin the talk anew."""
        visit, caller = call.visit, self._callers.get(call.call_id)
        if visit is None or visit.is_answered or caller is None:
            return None
        connected = [
            side.note.offer
            for side in self._others.get(call.call_id, ())
            if not side.dialog.is_early and side.leg_id == caller.session.connected_to
        ]
        offers = visit.offers.items()
        return next((agent_id for agent_id, offer in offers if offer in connected), None)

    def _check_visit(self, call: CallPast) -> None:
        """A visit to a queue that is no more, or to an agent who does not know of it."""
        visit = call.visit
        if visit is None:
            return
        if visit.queue not in self._house.queues:
            self._undo_visit(call, visit)
            return
        loose = [each for each in visit.offers if not self._is_bound(call.call_id, visit, each)]
        if loose and visit.is_answered:
            self._undo_visit(call, visit)
        elif not visit.is_answered:
            self._undo_offers(call.call_id, visit, loose)

    def _is_bound(self, call_id: CallId, visit: VisitPast, agent_id: AgentId) -> bool:
        if agent_id not in self._house.agents:
            return False
        agent = self._history.agents.get(agent_id)
        state = AgentState.TALKING if visit.is_answered else AgentState.RINGING
        return (
            agent is not None
            and agent.state is state
            and agent.assignment == Assignment(call_id, visit.queue, visit.offers[agent_id])
        )

    def _undo_visit(self, call: CallPast, visit: VisitPast) -> None:
        call.visit = None
        call.is_over = True
        if visit.is_answered and visit.agent_id is not None:
            self._plan.facts.append(TalkEnded(call.call_id, visit.queue, visit.agent_id))
            return
        self._undo_offers(call.call_id, visit, [*visit.offers])
        self._plan.facts.append(CallLost(call.call_id, visit.queue))

    def _undo_offers(self, call_id: CallId, visit: VisitPast, agent_ids: Iterable[AgentId]) -> None:
        for agent_id in agent_ids:
            why, offer_id = OfferFailure.WITHDRAWN, visit.offers.pop(agent_id)
            self._plan.facts.append(OfferFailed(call_id, visit.queue, agent_id, offer_id, why))

    def _check_agents(self) -> None:
        """Who is bound to a call that is not there, or is there no more."""
        bound = {
            agent_id: call.call_id
            for call in self._history.calls.values()
            if call.visit is not None
            for agent_id in call.visit.offers
        }
        bound |= {guest.agent_id: guest.call_id for guest in self._history.guests.values()}
        for agent in self._history.agents.values():
            if not self._is_sound(agent, bound.get(agent.agent_id)):
                self._change(agent, AgentChanged(agent.agent_id, AgentState.READY))
            if self._is_away(agent) and agent.state is not AgentState.OFF:
                was = AgentChanged(agent.agent_id, agent.state, agent.reason)
                self._change(agent, gone_home(was))
        _keep_agents(self._plan, self._history, self._house)

    def _change(self, agent: AgentPast, changed: AgentChanged) -> None:
        if agent.state is not changed.state:
            agent.enter(changed, agent.since)
            self._plan.facts.append(changed)

    def _is_away(self, agent: AgentPast) -> bool:
        if agent.agent_id not in self._house.agents:
            return True
        is_free = agent.state in (AgentState.READY, AgentState.PAUSED)
        return is_free and not self._house.is_present(agent.agent_id)

    def _is_sound(self, agent: AgentPast, bound_to: CallId | None) -> bool:
        match agent.state:
            case AgentState.RINGING | AgentState.TALKING:
                return agent.assignment is not None and agent.assignment.call_id == bound_to
            case AgentState.WRAP_UP:
                had = agent.assignment
                return had is not None and had.queue in self._house.queues
            case _:
                return True

    # -- each call -------------------------------------------------------------------------------

    def _place(self, call: CallPast) -> None:
        if call.ended_by is not None:
            left = CallerLeft if call.ended_by is EndedBy.CALLER else Lose
            self._plan.left.append(left(call.call_id))
            return
        caller = self._callers.get(call.call_id)
        if caller is None or call.is_over or _has_left(call):
            self._lose(call)
            return
        if not caller.dialog.is_early and not call.is_answered:
            self._plan.facts.append(CallAnswered(call.call_id))
        others = self._others.get(call.call_id, [])
        if caller.note.is_placed and not (call.visit or call.last_visit):
            called_for = self._history.callbacks.find_try(OfferId(caller.note.offer))
            revived = self._stand.of_placed(call, caller, called_for)
        else:
            revived = self._stand.of_call(call, caller, others)
        if revived is None:
            self._lose(call)
            return
        self._plan.calls.append(revived)
        known = {side.leg_id for side in revived.kept.sides}
        self._plan.strays = [each for each in self._plan.strays if each.leg_id not in known]

    def _lose(self, call: CallPast) -> None:
        ended = self._ends.get(call.call_id)
        if ended is not None:
            self._plan.over.append(ended)
        else:
            self._plan.lost.append(call.call_id)
        if call.guest is not None:
            self._plan.facts.append(GuestLeft(call.call_id, call.guest.offer_id))

    # -- guests ----------------------------------------------------------------------------------

    def _check_guests(self) -> None:
        """Agents who are kept for a talk that is no more, or in which nobody has rung them."""
        for guest in [*self._history.guests.values()]:
            if not self._is_expected(guest):
                self._undo_guest(guest)
        self._plan.guests = [*self._history.guests.values()]

    def _is_expected(self, guest: GuestPast) -> bool:
        call = self._history.calls.get(guest.call_id)
        third = None if call is None else call.guest
        agent = self._history.agents.of(guest.agent_id)
        is_known = guest.agent_id in self._house.agents and guest.queue in self._house.queues
        is_at_work = agent.state in (AgentState.RINGING, AgentState.TALKING)
        return (
            is_known
            and is_at_work
            and third is not None
            and third.offer_id == guest.offer_id
            and (agent.state is AgentState.TALKING) is guest.has_joined
        )

    def _undo_guest(self, guest: GuestPast) -> None:
        del self._history.guests[guest.agent_id]
        if not guest.has_joined:
            why = OfferFailure.WITHDRAWN
            self._plan.facts.append(
                ReservationFailed(guest.call_id, guest.queue, guest.agent_id, guest.offer_id, why)
            )


def _has_left(call: CallPast) -> bool:
    """The visit ended because the call did, which the journal did not come to say."""
    last = call.last_visit
    return last is not None and not last.is_answered and call.overflowed is None
