"""What the journal says of the callbacks that are promised still, for a core that starts again.

Times are UTC, for a promise outlives a reboot, and the journal's clock does not.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from acd.events import (
    CallbackDue,
    CallbackGivenUp,
    CallbackQueued,
    CallbackReached,
    CallbackUnreached,
)
from acd.inputs import QueueCallback
from acd.requirement import parse_requirement
from callcenter.conduct.contact import Try
from foundation.ids import CallbackId, OfferId, QueueId

RESTARTED_S = 10.0
"Nobody is dialled sooner after a start: phones register first, and calls are taken over."


@dataclass(slots=True)
class CallbackPast:
    queued: CallbackQueued
    queued_at: datetime
    tries: int
    due: CallbackDue | None = None
    "Dialled, and nothing is told of how it came out."
    tried_at: datetime | None = None
    "End of the last try."


class CallbacksPast:
    """Fed with the facts in order; then asked."""

    def __init__(self) -> None:
        self._pending: dict[CallbackId, CallbackPast] = {}

    def take(self, event: object, utc: datetime) -> None:
        match event:
            case CallbackQueued(callback_id, tries=tries):
                self._pending[callback_id] = CallbackPast(event, utc, tries)
            case CallbackReached(callback_id) | CallbackGivenUp(callback_id):
                self._pending.pop(callback_id, None)
            case CallbackDue(callback_id) if callback_id in self._pending:
                self._pending[callback_id].due = event
            case CallbackUnreached(callback_id, tries=tries) if callback_id in self._pending:
                past = self._pending[callback_id]
                past.due, past.tried_at, past.tries = None, utc, tries
            case _:
                pass

    def find_try(self, offer_id: OfferId) -> Try | None:
        """For whom a call that we have placed was, if that is open still."""
        for past in self._pending.values():
            due = past.due
            if due is not None and due.offer_id == offer_id:
                return Try(due.callback_id, due.party_id, due.offer_id, due.queue)
        return None

    def again(
        self, utc: datetime, retry_after_s: Callable[[QueueId], float]
    ) -> list[QueueCallback]:
        """What the new floor is to be fed, in the order of the promises. A try that was under way
        costs none, and the phone that may have rung is left in peace for `retry_after_s`."""
        return [_again(past, utc, retry_after_s) for past in self._pending.values()]


def _again(
    past: CallbackPast, utc: datetime, retry_after_s: Callable[[QueueId], float]
) -> QueueCallback:
    queued = past.queued
    gone_s = (utc - past.queued_at).total_seconds()
    rest_s = max(RESTARTED_S, queued.rest_s - gone_s)
    if past.due is not None:
        rest_s = max(rest_s, retry_after_s(queued.queue))
    elif past.tried_at is not None:
        tried_s = (utc - past.tried_at).total_seconds()
        rest_s = max(rest_s, retry_after_s(queued.queue) - tried_s)
    return QueueCallback(
        queued.callback_id,
        queued.party_id,
        queued.queue,
        queued.priority,
        queued.tier,
        parse_requirement(queued.requires),
        waited_s=queued.waited_s + gone_s,
        rest_s=rest_s,
        tries=past.tries,
        is_promised=True,
        give_up_in_s=None if queued.give_up_in_s is None else queued.give_up_in_s - gone_s,
    )
