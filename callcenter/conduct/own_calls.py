"""Calls that agents make by their own phones: to a colleague, a queue, a number outside.

    CallArrived ─▶ a colleague: dial_guest; his phone counts as busy until the call is over
               ├─▶ a number outside that a rule allows: dial_guest
               ├─▶ a queue: answered, and queued as a caller is
               └─▶ else refused: 404, 403 with the rule, 486

A line's number is not in here: who dials it is a caller like any other. Neither side of such a call
is on the floor, which does not offer calls to phones that are busy; nothing of it is recorded.
"""

from collections.abc import Callable

from acd import inputs as floor
from acd.events import AgentState
from callcenter.conduct.contact import Contact, Stage
from callcenter.conduct.destinations import (
    Busy,
    Destinations,
    ToAgent,
    ToLine,
    ToOutside,
    ToQueue,
    rule_of,
)
from callcenter.conduct.handover import GuestStep
from callcenter.conduct.house import Callers, Floor, HouseRules, RingTimes
from callcenter.conduct.limits import Rule
from callcenter.events import HandoverRefused, HouseEvent, Wish
from foundation.errors import NotAllowed, NotFound, RemoteError
from foundation.ids import AgentId, CallId, new_offer_id
from telephony.calls import events as calls
from telephony.calls.control import AgentTarget, CallControl, GuestTarget, OutsideTarget
from telephony.calls.number_rules import Purpose

AT_WORK = (AgentState.RINGING, AgentState.TALKING)
NO_ANSWER = 480
NOT_ALLOWED = 403
"Only the talks of queues can be sent on."


class OwnCalls:
    """Knows which phones are busy by it."""

    def __init__(
        self,
        rules: HouseRules,
        control: CallControl,
        floor_: Floor,
        destinations: Destinations,
        callers: Callers,
        ring_times: RingTimes,
        tell: Callable[[HouseEvent], None],
    ) -> None:
        self._rules = rules
        self._control = control
        self._floor = floor_
        self._destinations = destinations
        self._callers = callers
        self._ring_times = ring_times
        self._tell = tell
        self._called: dict[CallId, AgentId] = {}
        self._phones: dict[AgentId, calls.PhoneChanged] = {}
        "What was told of each last."

    # -- phones ----------------------------------------------------------------------------------

    def phone_changed(self, event: calls.PhoneChanged) -> None:
        """The floor hears of it, with what only we know: who is called by a colleague."""
        self._phones[event.agent_id] = event
        is_called = event.agent_id in self._called.values()
        changed = floor.PhoneChanged(
            event.agent_id, registered=event.registered, busy=event.busy or is_called
        )
        self._floor.feed(changed)

    # -- the call --------------------------------------------------------------------------------

    def arrived(self, contact: Contact, agent_id: AgentId) -> None:
        contact.stage = Stage.OWN
        dialled = self._callers.find_dialled(contact.call_id)
        try:
            self._connect(contact, agent_id, dialled)
        except RemoteError as error:
            rule, status = rule_of(error), error.sip_status
            self._tell(HandoverRefused(contact.call_id, agent_id, Wish.CALL, status, rule))
            self._control.refuse(contact.call_id, status, rule)

    def answered(self, contact: Contact) -> None:
        """Only what dialled a queue has more before it."""
        if contact.queue is not None:
            contact.stage = Stage.WAITING
            self._floor.feed(floor.Enqueue(contact.call_id, contact.queue))

    def guest_step(self, contact: Contact, event: GuestStep) -> None:
        match event:
            case calls.GuestJoined(call_id):
                self._ring_times.cancel(call_id)
            case calls.TransferAsked(call_id):
                self._control.refuse_transfer(call_id, NOT_ALLOWED)
            case calls.ConsultAsked(call_id):
                self._control.refuse_consult(call_id, NOT_ALLOWED)
            case _:
                pass  # the switchboard ends the call with its guest

    def ring_time_over(self, contact: Contact) -> None:
        self._control.refuse(contact.call_id, NO_ANSWER, Rule.RING)

    def adopt(self, contact: Contact) -> None:
        """Of an earlier process; its phones are told later."""
        guest = contact.guest
        if guest is None:
            return
        if guest.agent_id is not None:
            self._called[contact.call_id] = guest.agent_id
        if not guest.has_joined:
            ring_s = self._rules.outside_ring_s
            self._ring_times.set(contact.call_id, guest.offer_id, ring_s)

    def ended(self, call_id: CallId) -> None:
        self._ring_times.cancel(call_id)
        self.free(call_id)

    def occupy(self, call_id: CallId, called: AgentId) -> None:
        """His phone is rung by this call, and is busy by it, until `free`."""
        self._called[call_id] = called
        self.phone_changed(self._phones[called])

    def free(self, call_id: CallId) -> None:
        called = self._called.pop(call_id, None)
        if called is not None and called in self._phones:
            self.phone_changed(self._phones[called])

    # -- steps -----------------------------------------------------------------------------------

    def _connect(self, contact: Contact, agent_id: AgentId, dialled: str) -> None:
        match self._destinations.find(dialled, Purpose.AGENTS, contact.call_id):
            case ToAgent(called):
                self.check_free(agent_id, called)
                self.occupy(contact.call_id, called)
                auto_answer = self._rules.agents[called].auto_answer
                self._dial(contact, AgentTarget(called, new_offer_id(), auto_answer=auto_answer))
            case ToOutside() if agent_id not in self._rules.agents:
                raise NotAllowed("Only agents' phones may dial numbers outside.")
            case ToOutside(dialled, route):
                party_id = self._callers.party_of(dialled)
                self._dial(
                    contact,
                    OutsideTarget(party_id, new_offer_id(), route.number, route.trunk, route.show),
                )
            case ToQueue(queue):
                contact.queue = queue
                self._control.answer(contact.call_id)
            case ToLine():
                raise NotFound("A line's number is no extension.")

    def check_free(self, caller: AgentId, called: AgentId) -> None:
        """Raises Busy where ringing would disturb or be of no use."""
        view = self._floor.agent(called)
        if called == caller:
            raise Busy(f"{called} calls himself.")
        if not view.registered or called not in self._phones:
            raise Unreachable(f"{called} has no registered phone.")
        if view.state in AT_WORK:
            raise Busy(f"{called} is {view.state}.")
        if view.busy:
            raise Busy(f"The phone of {called} is busy.")

    def _dial(self, contact: Contact, target: GuestTarget) -> None:
        self._ring_times.set(contact.call_id, target.offer_id, self._rules.outside_ring_s)
        self._control.dial_guest(contact.call_id, target)


class Unreachable(Busy):
    """Has no phone now."""

    sip_status = 480
