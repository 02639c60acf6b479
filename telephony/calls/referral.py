"""A REFER of the agent's phone: it wants the caller handed over, and wants to know how that goes.

    Referred ─▶ TransferAsked ─┬ transfer ─▶ 202 ─▶ NOTIFY 180 … 200 or the failure
                               ├ complete_transfer, release_for_transfer ─▶ 202, NOTIFY 200, BYE
                               └ refuse_transfer ─▶ that status

Rule 1: one at a time in a call, whichever line of the phone it comes by: another one gets 491.
Rule 2: each one that is not refused at once has its last word before we end the phone's leg.
"""

from foundation.ids import LegId
from telephony.calls.effects import AcceptRefer, Effect, NotifyRefer, RefuseRefer, Tell
from telephony.calls.events import TransferAsked
from telephony.calls.seats import Seats
from telephony.sip.events import Referred

PENDING = 491
FORBIDDEN = 403
NO_DIALOG = 481
BAD_REQUEST = 400


class Referral:
    """The one that goes on."""

    def __init__(self, seats: Seats) -> None:
        self._seats = seats
        self._leg: LegId | None = None
        self._is_accepted = False

    def on_referred(self, event: Referred) -> list[Effect]:
        """Who faces the caller for us may hand the caller over, by either line; nobody else: no
        caller, no guest before he has the talk, nobody outside."""
        seats, leg = self._seats, event.leg
        agent = seats.agent
        is_agents = seats.agent_on(leg) is not None or seats.second_on(leg) is not None
        if not is_agents or agent is None or agent.agent_id is None:
            return [RefuseRefer(leg, FORBIDDEN)]
        status = self._refusal_of(event)
        if status:
            return [RefuseRefer(leg, status)]
        self._leg, self._is_accepted = leg, False
        target = event.target if event.replaces is None else ""
        return [Tell(TransferAsked(agent.call_id, agent.agent_id, target))]

    def _refusal_of(self, event: Referred) -> int:
        """0 for what can be done: with Replaces there must be a guest, without there must not."""
        seats = self._seats
        if not seats.is_bridged or self._leg is not None:
            return PENDING
        if event.is_replaces_unknown:
            return NO_DIALOG
        if event.replaces is not None:
            named = seats.find(event.replaces)
            may = seats.guest is not None and named is not None and named is not seats.caller
            return 0 if may else FORBIDDEN
        if seats.guest is not None:
            return PENDING
        return 0 if event.target else BAD_REQUEST

    def accept(self) -> list[Effect]:
        if self._leg is None or self._is_accepted:
            return []
        self._is_accepted = True
        return [AcceptRefer(self._leg)]

    def ringing(self) -> list[Effect]:
        return [NotifyRefer(self._leg, 180)] if self._leg is not None and self._is_accepted else []

    def succeed(self) -> list[Effect]:
        """Also of one that was not accepted before."""
        if self._leg is None:
            return []
        effects: list[Effect] = [*self.accept(), NotifyRefer(self._leg, 200)]
        self._leg = None
        return effects

    def fail(self, status: int) -> list[Effect]:
        if self._leg is None:
            return []
        word = NotifyRefer if self._is_accepted else RefuseRefer
        effects: list[Effect] = [word(self._leg, status)]
        self._leg = None
        return effects

    def fail_of(self, leg: LegId, status: int) -> list[Effect]:
        """Before we end this leg."""
        return self.fail(status) if self._leg == leg else []

    def leg_gone(self, leg: LegId) -> None:
        """The phone has ended the dialog: nobody waits for a word any more."""
        if self._leg == leg:
            self._leg = None
