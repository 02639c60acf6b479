"""Guests of a talk: consultation, conference, and the caller's way from one agent to the next.

    TransferAsked, ConsultAsked, or a supervisor's command ─▶ where to? (`conduct.destinations`)
        an agent    ─▶ floor Reserve ─▶ AgentReserved ─▶ ring ─▶ GuestJoined ─▶ floor Accept
        outside     ─▶ ring, for `outside_ring_s`
        a queue     ─▶ the agent's part ends ─▶ CallQueued at the front
        a line      ─▶ the agent's part ends ─▶ its flow begins
    GuestLeft ─▶ floor Dismiss or Decline ─▶ the talk goes on; to the queue's front without an agent
    TalkTransferred ─▶ floor TakeTalk, or AgentLeft for a guest outside ─▶ a new recording

Rule 1: whoever wants something is told why not before anything is done: the phone by a SIP status,
        a supervisor by an error. What is refused is in the journal with its rule.
Rule 2: a caller is never lost: where guest and agent are both gone he goes to the front of the
        queue whose talk it was, with the priority that he had there.
Rule 3: who rings too long is sent away: an agent by the floor, a number outside by our timer.
"""

from collections.abc import Callable
from typing import TypeAlias

from acd import events as acd
from acd import inputs as floor
from callcenter.conduct.contact import Contact, Guest, Stage
from callcenter.conduct.destinations import (
    Busy,
    Destination,
    Destinations,
    ToAgent,
    ToLine,
    ToOutside,
    ToQueue,
    rule_of,
    told,
)
from callcenter.conduct.house import Callers, Floor, HouseRules, RingTimes
from callcenter.conduct.offers import failure_of
from callcenter.conduct.steps import Steps
from callcenter.conduct.talk_checks import check_complete, check_invite, get_guest
from callcenter.conduct.taping import Taping
from callcenter.events import CallSentOn, HandoverRefused, HouseEvent, Wish
from foundation.errors import Conflict, NotAllowed, RemoteError
from foundation.ids import AgentId, CallId, OfferId, QueueId, new_offer_id
from telephony.calls import events as calls
from telephony.calls.control import AgentTarget, CallControl, GuestTarget, OutsideTarget
from telephony.calls.number_rules import Purpose

Asked: TypeAlias = calls.TransferAsked | calls.ConsultAsked
GuestStep: TypeAlias = (
    calls.TransferAsked
    | calls.ConsultAsked
    | calls.GuestJoined
    | calls.GuestLeft
    | calls.ConferenceStarted
    | calls.TalkTransferred
    | acd.AgentReserved
    | acd.ReservationFailed
    | acd.TalkTaken
    | CallSentOn
)
NO_TALK_STATUS = 481
"To a phone that wants something of a talk that is over."
WAYS = {Wish.CONSULT: calls.GuestWay.CONSULT, Wish.TRANSFER: calls.GuestWay.TRANSFER}


class Handover:
    """Conducts the guests of all talks; what it remembers of one is in its `Contact`."""

    def __init__(
        self,
        rules: HouseRules,
        control: CallControl,
        floor_: Floor,
        steps: Steps,
        taping: Taping,
        destinations: Destinations,
        callers: Callers,
        ring_times: RingTimes,
        tell: Callable[[HouseEvent], None],
    ) -> None:
        self._rules = rules
        self._control = control
        self._floor = floor_
        self._steps = steps
        self._taping = taping
        self._destinations = destinations
        self._callers = callers
        self._ring_times = ring_times
        self._tell = tell

    def adopt(self, contact: Contact) -> None:
        """Of an earlier process: who rings outside has his whole time again."""
        guest = contact.guest
        if guest is not None and guest.agent_id is None and not guest.has_joined:
            ring_s = self._rules.outside_ring_s
            self._ring_times.set(contact.call_id, guest.offer_id, ring_s)

    # -- what phones and supervisors want --------------------------------------------------------

    def asked(self, contact: Contact, event: Asked) -> None:
        """By the agent's phone, which gets its answer."""
        is_transfer = isinstance(event, calls.TransferAsked)
        wish = Wish.TRANSFER if is_transfer else Wish.CONSULT
        try:
            if contact.agent_id != event.agent_id:
                raise NotAllowed(f"{event.agent_id} does not talk in this call.")
            if is_transfer and not event.target:
                check_complete(contact)
                self.complete(contact)
            else:
                self.begin(contact, wish, self.find(contact, wish, event.target))
        except RemoteError as error:
            refuse = self._control.refuse_transfer if is_transfer else self._control.refuse_consult
            refuse(contact.call_id, error.sip_status)
            rule, status = rule_of(error), error.sip_status
            self._tell(HandoverRefused(contact.call_id, event.agent_id, wish, status, rule))

    def find(self, contact: Contact, wish: Wish, wanted: str) -> Destination:
        """Where `wanted` is, and whether it can be done now.

        Raises NotFound, NotAllowed with the rule, Conflict and Busy with what forbids it.
        """
        check_invite(contact)
        destination = self._destinations.find(wanted, Purpose.CONSULT, contact.call_id)
        match destination:
            case ToAgent(agent_id):
                why_not = self._floor.why_unavailable(agent_id)
                if why_not:
                    raise Busy(f"The agent cannot be rung: {why_not}.")
            case ToQueue() | ToLine() if wish is Wish.CONSULT:
                raise NotAllowed("Only an agent or a number outside can be consulted.")
            case _:
                pass
        return destination

    def begin(self, contact: Contact, wish: Wish, destination: Destination) -> None:
        """Do what `find` has found to be possible."""
        match destination:
            case ToAgent(agent_id):
                self._reserve(contact, WAYS[wish], agent_id)
            case ToOutside():
                self._ring_outside(contact, WAYS[wish], destination)
            case ToQueue() | ToLine():
                assert contact.agent_id is not None
                self._tell(CallSentOn(contact.call_id, contact.agent_id, told(destination)))

    # -- done to a talk, when `conduct.talk_checks` allows it ----------------------------------

    def hold(self, contact: Contact) -> None:
        contact.is_held = True
        self._control.hold(contact.call_id)

    def resume(self, contact: Contact) -> None:
        contact.is_held = False
        self._control.resume(contact.call_id)

    def complete(self, contact: Contact) -> None:
        guest = get_guest(contact)
        guest.way = calls.GuestWay.TRANSFER
        self._control.complete_transfer(contact.call_id)
        if not guest.has_joined:
            self._hand_over(contact)

    def conference(self, contact: Contact) -> None:
        get_guest(contact).in_conference = True
        self._control.conference(contact.call_id)

    def take_back(self, contact: Contact) -> None:
        self._send_away(contact, get_guest(contact))

    # -- what becomes of it ----------------------------------------------------------------------

    def too_late(self, event: GuestStep) -> None:
        """The call is over; but a phone that asks for something must have its answer."""
        match event:
            case calls.TransferAsked(call_id):
                self._control.refuse_transfer(call_id, NO_TALK_STATUS)
            case calls.ConsultAsked(call_id):
                self._control.refuse_consult(call_id, NO_TALK_STATUS)
            case _:
                pass

    def step(self, contact: Contact, event: GuestStep) -> None:
        match event:
            case calls.TransferAsked() | calls.ConsultAsked():
                self.asked(contact, event)
            case CallSentOn():
                self._sent_on(contact, event)
            case acd.TalkTaken(queue=queue, agent_id=agent_id):
                contact.stage, contact.agent_id = Stage.TALKING, agent_id
                self._taping.record(contact, queue, agent_id)
            case _ if contact.guest is not None and contact.guest.offer_id == event.offer_id:
                self._guest_step(contact, contact.guest, event)
            case _:
                pass  # of a guest who is gone

    def _guest_step(self, contact: Contact, guest: Guest, event: GuestStep) -> None:
        match event:
            case acd.AgentReserved():
                self._ring(contact, guest)
            case acd.ReservationFailed():
                self._send_away(contact, guest)
            case calls.GuestJoined():
                self._joined(contact, guest)
            case calls.GuestLeft(status=status):
                self._left(contact, guest, status)
            case calls.TalkTransferred():
                self._transferred(contact, guest)
            case calls.ConferenceStarted():
                guest.in_conference = True
            case _:
                pass

    def _sent_on(self, contact: Contact, event: CallSentOn) -> None:
        """The agent's part ends before the caller is somewhere else."""
        self._taping.talk_over(contact)
        self._control.release_for_transfer(contact.call_id)
        self._floor.feed(floor.AgentLeft(contact.call_id, event.agent_id))
        contact.agent_id, contact.is_held = None, False
        kind, _, name = event.to.partition(":")
        if kind == "line":
            self._steps.start_flow(contact, name)
        else:
            self._steps.enqueue(contact, QueueId(name), front=True)

    def agent_left(self, contact: Contact) -> bool:
        """The agent has hung up: whether a guest is rung who is to have the caller.

        Also one who was to be consulted: the caller is lost to nobody (`telephony.calls`).
        """
        if contact.guest is None:
            return False
        contact.guest.way = calls.GuestWay.TRANSFER
        self._hand_over(contact)
        return True

    def ring_time_over(self, contact: Contact, offer_id: OfferId) -> None:
        guest = contact.guest
        if guest is not None and guest.offer_id == offer_id and not guest.has_joined:
            self._send_away(contact, guest)

    def ended(self, call_id: CallId) -> None:
        self._ring_times.cancel(call_id)

    # -- steps -----------------------------------------------------------------------------------

    def _reserve(self, contact: Contact, way: calls.GuestWay, agent_id: AgentId) -> None:
        auto_answer = self._rules.agents[agent_id].auto_answer
        target = AgentTarget(agent_id, new_offer_id(), auto_answer=auto_answer)
        wanted = floor.Reserve(contact.call_id, _queue_of(contact), agent_id, target.offer_id)
        # First, for what follows from it may be told before `feed` returns.
        contact.guest = Guest(target, way)
        try:
            self._floor.feed(wanted)
        except Conflict as error:
            contact.guest = None
            raise Busy(f"The agent cannot be rung: {error}.") from error

    def _ring_outside(self, contact: Contact, way: calls.GuestWay, to: ToOutside) -> None:
        route, party_id = to.route, self._callers.party_of(to.dialled)
        target = OutsideTarget(party_id, new_offer_id(), route.number, route.trunk, route.show)
        contact.guest = Guest(target, way)
        self._ring_times.set(contact.call_id, target.offer_id, self._rules.outside_ring_s)
        self._ring(contact, contact.guest)

    def _ring(self, contact: Contact, guest: Guest) -> None:
        contact.is_held = False
        by: dict[calls.GuestWay, Callable[[CallId, GuestTarget], None]] = {
            calls.GuestWay.CONSULT: self._control.consult,
            calls.GuestWay.TRANSFER: self._control.transfer,
        }
        by[guest.way](contact.call_id, guest.target)

    def _hand_over(self, contact: Contact) -> None:
        """The agent is out of it before the guest has the caller."""
        assert contact.agent_id is not None
        contact.stage = Stage.HANDED
        self._floor.feed(floor.AgentLeft(contact.call_id, contact.agent_id))

    def _send_away(self, contact: Contact, guest: Guest) -> None:
        guest.is_sent_away = True
        self._control.take_back(contact.call_id)

    def _joined(self, contact: Contact, guest: Guest) -> None:
        guest.has_joined = True
        self._ring_times.cancel(contact.call_id)
        if guest.agent_id is not None:
            self._floor.feed(floor.Accept(contact.call_id, guest.agent_id, guest.offer_id))

    def _left(self, contact: Contact, guest: Guest, status: int) -> None:
        contact.guest = None
        self._ring_times.cancel(contact.call_id)
        if guest.agent_id is not None:
            self._floor.feed(_end_of(contact.call_id, guest.agent_id, guest, status))
        if contact.stage is Stage.HANDED and self._callers.has_call(contact.call_id):
            self._steps.enqueue(contact, _queue_of(contact), front=True)

    def _transferred(self, contact: Contact, guest: Guest) -> None:
        if not guest.has_joined:
            self._joined(contact, guest)
        contact.guest, contact.is_held = None, False
        if guest.agent_id is not None:
            self._floor.feed(floor.TakeTalk(contact.call_id, guest.offer_id))
            return
        assert contact.agent_id is not None
        contact.stage = Stage.OUTSIDE
        self._floor.feed(floor.AgentLeft(contact.call_id, contact.agent_id))
        # Somebody of ours answers for what is recorded: who gave the caller away.
        self._taping.record(contact, _queue_of(contact), contact.agent_id)


def _end_of(
    call_id: CallId, agent_id: AgentId, guest: Guest, status: int
) -> floor.Dismiss | floor.Decline:
    """What it means to the floor that an agent's part as guest is over."""
    if guest.has_joined or guest.is_sent_away or not status:
        return floor.Dismiss(agent_id, guest.offer_id)
    return floor.Decline(call_id, agent_id, guest.offer_id, failure_of(status))


def _queue_of(contact: Contact) -> QueueId:
    assert contact.queue is not None, "only a talk of a queue has guests"
    return contact.queue
