"""Who is to be called back, as the list of callbacks shows it: no numbers, the journal has none."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from acd.events import (
    CallbackDue,
    CallbackEvent,
    CallbackGivenUp,
    CallbackQueued,
    CallbackReached,
    CallbackUnreached,
)
from foundation.ids import AgentId, CallbackId, QueueId


class CallbackState(StrEnum):
    PENDING = "pending"
    "The turn has not come, or must not yet."
    DUE = "due"
    "Is being dialled; an agent is reserved."


@dataclass(slots=True)
class CallbackLine:
    callback_id: CallbackId
    queue: QueueId
    since: datetime
    "From when the place counts: the original entry, or the time that was wished."
    not_before: datetime
    tries: int
    state: CallbackState = CallbackState.PENDING
    agent_id: AgentId | None = None
    "Who is reserved."


class CallbackLines(dict[CallbackId, CallbackLine]):
    """Those that are open, in the order of the promises."""

    def fold(self, event: CallbackEvent, utc: datetime) -> None:
        match event:
            case CallbackQueued(callback_id, queue=queue, tries=tries):
                since = utc - timedelta(seconds=event.waited_s)
                not_before = utc + timedelta(seconds=event.rest_s)
                self[callback_id] = CallbackLine(callback_id, queue, since, not_before, tries)
            case CallbackReached(callback_id) | CallbackGivenUp(callback_id):
                self.pop(callback_id, None)
            case CallbackDue(callback_id, agent_id=agent_id):
                self._enter(callback_id, CallbackState.DUE, agent_id)
            case CallbackUnreached(callback_id, tries=tries):
                self._enter(callback_id, CallbackState.PENDING, None)
                if callback_id in self:
                    self[callback_id].tries = tries

    def _enter(
        self, callback_id: CallbackId, state: CallbackState, agent_id: AgentId | None
    ) -> None:
        line = self.get(callback_id)
        if line is not None:
            line.state, line.agent_id = state, agent_id
