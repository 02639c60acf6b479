"""Queues that come and go while calls go on: asked for, checked, and gone when nobody is in them.

    POST ─▶ served ── DELETE ─▶ leaving: closed, callers moved or waited for ─▶ removed
               ▲                   │ PUT {"closed": false}                        │
               └───────────────────┴──────────────── POST with the same id ───────┘

Rule 1: a queue goes only when nobody is in it, nobody is promised a callback from it, and no call
        may still speak of it. Until then it is closed, also after a restart.
Rule 2: what is named in flows, boards or elsewhere does not go, and never half.
Rule 3: an id is one queue for ever: brought back it is as it was, with its history.
"""

import asyncio
import logging
from collections.abc import Iterable
from typing import Any

from pydantic import TypeAdapter, ValidationError

from acd.events import (
    AgentChanged,
    CallAbandoned,
    CallbackGivenUp,
    CallbackReached,
    CallbackUnreached,
    CallLeftForCallback,
    CallLost,
    CallOverflowed,
    OfferFailed,
    TalkEnded,
)
from callcenter.asks import (
    AddQueueLive,
    ListQueues,
    QueueAdded,
    QueueRemoved,
    QueueView,
    RemoveQueueLive,
)
from callcenter.changes.live_actions import LiveActions, told
from callcenter.changes.live_house import LiveHouse
from callcenter.changes.queue_uses import uses_of
from callcenter.configuration.queue_checks import queue_doubts
from callcenter.events import ActionTaken, HouseEvent
from callcenter.sections.values import Name
from foundation.errors import Conflict, NotFound, RemoteError, Unavailable
from foundation.ids import QueueId
from ivr.events import EmergencySwitched
from telephony.calls.events import CallEnded

log = logging.getLogger(__name__)

EMPTIES: tuple[type, ...] = (
    AgentChanged,
    CallAbandoned,
    CallbackGivenUp,
    CallbackReached,
    CallbackUnreached,
    CallEnded,
    CallLeftForCallback,
    CallLost,
    CallOverflowed,
    EmergencySwitched,
    OfferFailed,
    TalkEnded,
)
"After which a queue may be empty, or somebody wait in it who is to be moved."
AGAIN_S = 5.0
"Between two tries to write down that a queue is gone, while the disk does not take it."


class LiveQueues:
    """Adds and removes queues; `run` sees those off that are leaving."""

    def __init__(self, actions: LiveActions, house: LiveHouse) -> None:
        self._actions = actions
        self._house = house
        self._news = asyncio.Event()
        self._news.set()

    # -- asks ------------------------------------------------------------------------------------

    async def show(self, _: ListQueues) -> list[QueueView]:
        return [self._house.view(name) for name in self._house.served.queues]

    async def add(self, ask: AddQueueLive) -> QueueAdded:
        """Conflict for an id that is served, RemoteError with what is wrong."""
        check_id(ask.queue)
        if ask.queue in self._house.served.queues:
            raise Conflict(f"There is a queue {ask.queue!r} already.")
        fields: dict[str, Any] = dict(ask.fields)
        done = await self._actions.change(
            lambda live: live.with_new_queue(ask.queue, fields),
            ActionTaken(ask.by, "queue added", ask.queue, told(fields)),
        )
        return QueueAdded(done.seq, list(self._doubts(ask.queue)))

    def _doubts(self, queue: str) -> Iterable[str]:
        for path, sentence in queue_doubts(self._house.served):
            if path[:2] == ("queues", queue):
                yield sentence

    async def remove(self, ask: RemoveQueueLive) -> QueueRemoved:
        """NotFound; Conflict with what names the queue, or with who is in it, unless they are to be
        moved or waited for."""
        queue = ask.queue
        self._check_remove(ask)
        done = await self._actions.change(
            lambda live: live.with_leaving(queue, ask.move_to),
            ActionTaken(
                ask.by, "queue removed", queue, f"move_to {ask.move_to}" * bool(ask.move_to)
            ),
        )
        await self._see_off(queue)
        is_gone = queue not in self._house.served.queues
        left = "" if is_gone else self._house.why_stays(queue)
        return QueueRemoved(done.seq, left)

    def _check_remove(self, ask: RemoveQueueLive) -> None:
        served, queue = self._house.served, ask.queue
        if queue not in served.queues:
            raise NotFound(f"There is no queue {queue!r}.")
        if uses := uses_of(served, queue):
            raise Conflict(f"The queue {queue!r} cannot go, it is named in {', '.join(uses)}.")
        if ask.move_to:
            self._check_target(queue, ask.move_to)
        present = self._house.presence(queue)
        if not (present.is_empty or ask.move_to or ask.when_empty):
            raise Conflict(
                f"The queue {queue!r} is in use: {present}. Say where its callers are to be moved, "
                "or that it is to go when it is empty."
            )

    def _check_target(self, queue: str, target: str) -> None:
        other = self._house.served.queues.get(target)
        if other is None:
            raise NotFound(f"There is no queue {target!r} to move the callers to.")
        if target == queue:
            raise RemoteError(f"The callers of {queue!r} cannot be moved to where they are.")
        if other.closed:
            raise Conflict(f"The queue {target!r} is closed; no callers can be moved there.")

    # -- leaving ---------------------------------------------------------------------------------

    def on_event(self, event: HouseEvent) -> None:
        """Of `EMPTIES`."""
        if self._house.live.leaving:
            self._news.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            try:
                for queue in list(self._house.live.leaving):
                    await self._see_off(queue)
            except Unavailable as error:
                log.warning("a queue that is empty stays for now: %s", error)
                await asyncio.sleep(AGAIN_S)
                self._news.set()

    async def _see_off(self, queue: str) -> None:
        """Move who waits, if that is wanted; remove the queue if nothing of it is left."""
        if queue not in self._house.live.leaving:
            return
        if uses := uses_of(self._house.served, queue):
            log.warning("the queue %s stays, it is named in %s by now", queue, ", ".join(uses))
            await self._actions.change(lambda live: live.staying(queue))
            return
        self._move(queue, self._house.live.leaving[queue])
        if self._is_empty(queue):
            await self._actions.change(
                lambda live: live.without_queue(queue) if self._is_empty(queue) else live
            )

    def _move(self, queue: str, target: str) -> None:
        """A target that has gone or was closed meanwhile takes nobody: they are served here."""
        other = self._house.served.queues.get(target)
        if other is not None and not other.closed:
            self._house.move_all(QueueId(queue), QueueId(target))

    def _is_empty(self, queue: str) -> bool:
        return queue not in self._house.served.queues or not self._house.why_stays(queue)


def check_id(queue: str) -> None:
    """RemoteError for what callcenter.yaml could not have as a name."""
    try:
        TypeAdapter(Name).validate_python(queue)
    except ValidationError as error:
        raise RemoteError(f"{queue!r} is no id of a queue: {error.errors()[0]['msg']}.") from None
