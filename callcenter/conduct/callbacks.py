"""Callbacks: who asks for one, and how the promise is kept when the turn has come.

    ask, ask_by_caller ─▶ number rule ─▶ floor QueueCallback, LeaveForCallback ─▶ CallbackQueued
    CallbackDue ─▶ number rule ─▶ place_call ─▶ CallPlaced … CallAnswered ─▶ floor PartyReached
                        │                          └ CallEnded ─▶ floor PartyUnreached
                        └ refused ─▶ floor PartyUnreached NOT_ALLOWED ─▶ CallbackGivenUp
    CallbackReached ─▶ CallQueued, AgentOffered: a call like any other (`conduct.journey`)
    CallbackUnreached, CallbackGivenUp while it rings ─▶ hang_up

Rule 1: the floor says whom to dial, when, and for how long; here nobody is dialled unasked.
Rule 2: a number rule is asked when the promise is made and again before each try: rules change.
Rule 3: the number comes from the party table at the moment of dialling. Who was erased is not
        called back; events have the party's id.
"""

from collections.abc import Callable

from acd import events as acd
from acd import inputs as floor
from acd.events import CallbackFailure
from callcenter.conduct.contact import Contact, Stage, Try
from callcenter.conduct.destinations import NumberRules
from callcenter.conduct.house import Callers, Floor, HouseRules, Limits
from callcenter.conduct.limits import Arrival
from callcenter.events import HouseEvent
from foundation.errors import NotAllowed, NotFound
from foundation.ids import CallbackId, CallId, PartyId, QueueId, new_call_id
from telephony.calls.control import CallControl, OutsideTarget
from telephony.calls.events import EndedBy
from telephony.calls.number_rules import Purpose, Refusal, Route
from telephony.calls.numbers import ANONYMOUS

ERASED = "number erased"
"Rule of `CallbackGivenUp`, beside those of numbers outside."
NO_ANSWER = frozenset({408, 480, 487})
BUSY = frozenset({486, 600, 603})
NOT_WAITED_FOR = "the callback is over"
"Reason of the end of a call that rings in vain."


class Callbacks:
    """Part of the journey, whose contacts it adds to."""

    def __init__(
        self,
        rules: HouseRules,
        control: CallControl,
        floor_: Floor,
        callers: Callers,
        numbers: NumberRules,
        limits: Limits,
        begin: Callable[[Contact], None],
    ) -> None:
        """`begin`: the journey conducts this contact from now on."""
        self._rules = rules
        self._control = control
        self._floor = floor_
        self._callers = callers
        self._numbers = numbers
        self._limits = limits
        self._begin = begin
        self._dialled: dict[CallbackId, CallId] = {}

    # -- promises --------------------------------------------------------------------------------

    def check(self, number: str, queue: QueueId, in_s: float = 0.0) -> None:
        """Raises `NotFound` for a queue that there is not, `NotAllowed` with the number rule,
        `Conflict` as the floor does (`acd.inputs.QueueCallback`), `RemoteError` for what is
        further ahead than the queue allows."""
        if queue not in self._rules.queues:
            raise NotFound(f"There is no queue {queue!r}.")
        self._floor.check_callback(self._allowed_party(number), queue, in_s)

    def check_pending(self, callback_id: CallbackId) -> None:
        """Raises `NotFound` for one that is over."""
        if not self._floor.has_callback(callback_id):
            raise NotFound(f"There is no callback {callback_id!r} now.")

    def ask(
        self, callback_id: CallbackId, number: str, queue: QueueId, *, in_s: float = 0.0
    ) -> None:
        """`number`: as somebody wrote it; `in_s`: not before so many seconds from now.

        Raises as `check`.
        """
        party_id = self._allowed_party(number)
        self._floor.feed(floor.QueueCallback(callback_id, party_id, queue, waited_s=-in_s))

    def ask_by_caller(
        self,
        callback_id: CallbackId,
        contact: Contact,
        queue: QueueId,
        number: str = "",
        priority: int | None = None,
    ) -> None:
        """The caller of `contact` wants to be called back; what he hears and when he is hung up
        on is for whoever asks.

        Of a caller who waits, the place is kept (`queue` is then his), and he waits no more: the
        contact is as in a menu. `number`: another one than he calls from; `priority`: instead of
        the contact's, for who does not wait. Raises as `ask`; also `NotAllowed` for who withholds
        his number.
        """
        own = self._callers.find_caller_number(contact.call_id) or ANONYMOUS
        if not number and own == ANONYMOUS:
            raise NotAllowed("Who withholds his number cannot be called back.")
        party_id = self._allowed_party(number or own, contact.call_id)
        if contact.stage is Stage.WAITING:
            self._floor.feed(floor.LeaveForCallback(contact.call_id, callback_id, party_id))
            contact.stage, contact.queue = Stage.IVR, None
            self._control.stop_playing(contact.call_id)
            return
        urgency = contact.priority if priority is None else priority
        self._floor.feed(
            floor.QueueCallback(
                callback_id, party_id, queue, urgency, contact.tier, contact.requires
            )
        )

    def cancel(self, callback_id: CallbackId) -> None:
        """Raises `NotFound` for one that is over."""
        self._floor.feed(floor.CancelCallback(callback_id))

    def _allowed_party(self, number: str, call_id: CallId | None = None) -> PartyId:
        decided = self._numbers.decide(number, Purpose.CALLBACK, call_id)
        if isinstance(decided, Refusal):
            raise NotAllowed(f"That number may not be called back: {decided.rule}.")
        party_id = self._callers.party_of(number)
        if self._callers.find_number(party_id) in self._rules.blocked:
            raise NotAllowed("That number may not be called back: it is blocked.")
        return party_id

    # -- the turn --------------------------------------------------------------------------------

    def step(self, event: HouseEvent) -> None:
        """Of all events those that are about callbacks."""
        match event:
            case acd.CallbackDue():
                self._dial(event)
            case acd.CallbackReached(callback_id):
                self._dialled.pop(callback_id, None)
            case acd.CallbackUnreached(callback_id) | acd.CallbackGivenUp(callback_id):
                call_id = self._dialled.pop(callback_id, None)
                if call_id is not None:
                    self._control.hang_up(call_id, EndedBy.CENTRE, NOT_WAITED_FOR)
            case _:
                pass

    def _dial(self, due: acd.CallbackDue) -> None:
        number = self._callers.find_number(due.party_id)
        decided: Route | Refusal = Refusal(ERASED)
        if number is not None:
            decided = self._numbers.decide(number, Purpose.CALLBACK)
        if number is None or isinstance(decided, Refusal):
            rule = decided.rule if isinstance(decided, Refusal) else ERASED
            self._unreached(due.callback_id, due, CallbackFailure.NOT_ALLOWED, rule)
            return
        call_id = new_call_id()
        tried = Try(due.callback_id, due.party_id, due.offer_id, due.queue)
        self._dialled[due.callback_id] = call_id
        self._begin(Contact(call_id, "", Stage.DIALLED, is_placed=True, called_for=tried))
        target = OutsideTarget(
            due.party_id, due.offer_id, decided.number, decided.trunk, decided.show
        )
        self._control.place_call(call_id, target, "", number)

    def adopt(self, contact: Contact) -> None:
        """One that an earlier process dialled, and who has answered since."""
        if contact.called_for is not None and contact.stage is Stage.DIALLED:
            self._dialled[contact.called_for.callback_id] = contact.call_id

    def answered(self, contact: Contact) -> None:
        tried = contact.called_for
        assert tried is not None
        party_id = tried.party_id
        contact.stage, contact.queue = Stage.WAITING, tried.queue
        # Its trunk counts it as a call of ours already.
        self._limits.take_in(Arrival(call_id=contact.call_id, party_id=party_id, line=""))
        self._floor.feed(floor.PartyReached(tried.callback_id, contact.call_id))

    def ended(self, contact: Contact, by: EndedBy) -> None:
        """Before anybody answered."""
        tried = contact.called_for
        if tried is None or self._dialled.get(tried.callback_id) != contact.call_id:
            return
        del self._dialled[tried.callback_id]
        why = failure_of(contact.status, by)
        self._unreached(tried.callback_id, tried, why)

    def _unreached(
        self,
        callback_id: CallbackId,
        tried: acd.CallbackDue | Try,
        why: CallbackFailure,
        rule: str = "",
    ) -> None:
        self._floor.feed(floor.PartyUnreached(callback_id, tried.offer_id, why, rule))


def failure_of(status: int, by: EndedBy) -> CallbackFailure:
    """What the final answer to our INVITE says of the party; 0: there was none.

    5xx is the network's or our own lack of a channel, and no try of the party's.
    """
    if status in BUSY:
        return CallbackFailure.BUSY
    if status in NO_ANSWER or (status == 0 and by is not EndedBy.FAULT):
        return CallbackFailure.NO_ANSWER
    if status == 0 or 500 <= status < 600:
        return CallbackFailure.FAULT
    return CallbackFailure.UNREACHABLE
