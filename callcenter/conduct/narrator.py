"""The log's story of each call: one line for each change of its fate, its times at the end.

Listens to the conductor; ids only, never numbers or names.
"""

import logging
from collections.abc import Callable
from typing import get_args

from acd import events as acd
from callcenter.events import CallSentOn, HandoverRefused, HouseEvent
from foundation.ids import CallId
from telephony.calls import events as calls
from telephony.lines.events import LineLost, LineRegistered

log = logging.getLogger(__name__)

TOLD = (
    calls.CallArrived,
    calls.CallPlaced,
    calls.CallNotReached,
    calls.CallRefused,
    calls.CallAnswered,
    calls.CallBridged,
    calls.CallHeld,
    calls.CallResumed,
    calls.GuestInvited,
    calls.GuestJoined,
    calls.GuestLeft,
    calls.ConferenceStarted,
    calls.TalkTransferred,
    acd.CallQueued,
    acd.AgentOffered,
    acd.OfferFailed,
    acd.AgentAnswered,
    acd.CallAbandoned,
    acd.CallOverflowed,
    acd.CallLeftForCallback,
    acd.CallLost,
    acd.CallPromoted,
    acd.CallReserved,
    acd.CallReleased,
    acd.ReservationFailed,
    acd.TalkTaken,
    CallSentOn,
    HandoverRefused,
)
"What changes a call's fate, beside its end."
NARRATED = (*TOLD, *get_args(acd.CallbackEvent), calls.CallEnded, LineRegistered, LineLost)
CALLBACKS = frozenset(get_args(acd.CallbackEvent))


class Narrator:
    """Remembers when each step of a living call was."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._steps: dict[CallId, list[tuple[str, float]]] = {}

    def on_event(self, event: HouseEvent) -> None:
        """One of `NARRATED`."""
        if isinstance(event, TOLD):
            name = type(event).__name__
            is_first = isinstance(event, calls.CallArrived | calls.CallPlaced)
            self._step(event.call_id, name, is_first=is_first)
            log.info("[%s] - %s%s", event.call_id, name, _details(event))
        elif isinstance(event, get_args(acd.CallbackEvent)):
            log.info("[%s] - %s%s", event.callback_id, type(event).__name__, _of_callbacks(event))
        elif isinstance(event, calls.CallEnded):
            steps = self._steps.pop(event.call_id, [])
            log.info(
                "[%s] ended by %s: %s; %s",
                event.call_id,
                event.by,
                event.reason,
                _timings(steps, self._now()),
            )
        elif isinstance(event, LineRegistered):
            log.info("line %s is registered at %s", event.line, event.server)
        elif isinstance(event, LineLost):
            log.warning("line %s cannot be reached: %s", event.line, event.sentence)

    def _step(self, call_id: CallId, name: str, *, is_first: bool) -> None:
        """From the arrival on: a visit may get its outcome after the call's end, and a call that
        a core before us took has times that we don't know."""
        if is_first:
            self._steps[call_id] = []
        if call_id in self._steps:
            self._steps[call_id].append((name, self._now()))


def _details(event: object) -> str:
    """What is worth a word beside the event's name."""
    match event:
        case calls.CallArrived(line=line, trunk=trunk):
            return f" on {line} by {trunk}" if trunk else f" on {line}"
        case calls.CallPlaced(trunk=trunk):
            return f" by {trunk}"
        case calls.CallNotReached(status=status):
            return f" {status}" if status else ""
        case calls.CallRefused(status=status, rule=rule):
            return f" {status}: {rule}"
        case acd.CallQueued(queue=queue):
            return f" in {queue}"
        case acd.CallPromoted(priority=priority, tier=tier):
            return f" {acd.Priority(priority).name} {tier}".rstrip()
        case acd.CallOverflowed(cause=acd.OverflowCause.MOVED, to=to):
            return f" moved to {to}"
        case (
            acd.AgentOffered(agent_id=agent)
            | acd.AgentAnswered(agent_id=agent)
            | acd.CallReserved(agent_id=agent)
            | acd.TalkTaken(agent_id=agent)
        ):
            return f" {agent}"
        case (
            acd.OfferFailed(agent_id=agent, why=why)
            | acd.ReservationFailed(agent_id=agent, why=why)
            | acd.CallReleased(agent_id=agent, why=why)
        ):
            return f" {agent}: {why}"
        case _:
            return _of_guests(event)


def _of_guests(event: object) -> str:
    match event:
        case calls.GuestInvited(way=way, agent_id=agent, trunk=trunk):
            return f" {way}: {agent or f'outside by {trunk}'}"
        case calls.GuestLeft(status=status):
            return f" {status}" if status else ""
        case CallSentOn(agent_id=agent, to=to):
            return f" {agent} to {to}"
        case HandoverRefused(agent_id=agent, wish=wish, status=status, rule=rule):
            return f" {agent}, {wish}, {status}: {rule}"
        case _:
            return ""


def _of_callbacks(event: acd.CallbackEvent) -> str:
    match event:
        case acd.CallbackQueued(queue=queue):
            return f" in {queue}"
        case acd.CallbackDue(agent_id=agent):
            return f" {agent}"
        case acd.CallbackUnreached(why=why, tries=tries):
            return f" {why}, tries: {tries}"
        case acd.CallbackReached(call_id=call_id):
            return f" by {call_id}"
        case acd.CallbackGivenUp(why=why, rule=rule):
            return f" {why} {rule}".rstrip()


def _timings(steps: list[tuple[str, float]], now: float) -> str:
    """Milliseconds from the arrival to each step and to the end."""
    if not steps:
        return "no steps"
    arrived_at = steps[0][1]
    told = [f"{name} {round((at - arrived_at) * 1000)}" for name, at in steps[1:]]
    return ", ".join([*told, f"end {round((now - arrived_at) * 1000)} ms"])
