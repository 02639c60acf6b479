"""Who waits is put forward, elsewhere or to an agent by command; agents' wrap-ups are handled.

Checked, then written into the audit, then done: the audit has only what was.
"""

from collections.abc import Callable, Collection
from typing import TypeAlias

from acd.events import AgentState, Priority
from acd.inputs import (
    CodeWrapUp,
    ExtendWrapUp,
    FinishWrapUp,
    GiveBack,
    Move,
    Promote,
    TakeCaller,
)
from callcenter.conduct.contact import Contact
from callcenter.conduct.drivers import FloorDriver
from callcenter.events import ActionTaken
from foundation.errors import Conflict, NotFound, RemoteError
from foundation.ids import AgentId, CallId, QueueId
from wallboard.commands import (
    GiveBackCall,
    MoveCall,
    PromoteCall,
    TakeCall,
    WrapUpVerb,
    WrapUpWish,
)

WaitCommand: TypeAlias = PromoteCall | MoveCall | TakeCall | GiveBackCall | WrapUpWish


class WaitActions:
    """Raises `NotFound`, `Conflict` or `RemoteError` before anything is done."""

    def __init__(
        self,
        floor: FloorDriver,
        find: Callable[[CallId], Contact | None],
        tell: Callable[[ActionTaken], None],
        tiers: Collection[str] = (),
    ) -> None:
        """`find`: the journey's contact. `tiers`: names of VIP tiers."""
        self._floor = floor
        self._find = find
        self._tell = tell
        self._tiers = tiers

    def perform(self, command: WaitCommand) -> None:
        match command:
            case PromoteCall():
                self._promote(command)
            case MoveCall():
                self._move(command)
            case TakeCall():
                self._take(command)
            case GiveBackCall():
                contact = self._get(command.call_id)
                self._do(GiveBack(contact.call_id), command.by, "given back")
            case WrapUpWish():
                self._wrap_up(command)

    def _promote(self, command: PromoteCall) -> None:
        contact = self._get(command.call_id)
        tier = contact.tier if command.tier is None else command.tier
        if tier and tier not in self._tiers:
            known = ", ".join(self._tiers) or "none; see order.tiers in the configuration"
            raise RemoteError(f"{tier!r} is no VIP tier; known: {known}.")
        given = Promote(contact.call_id, Priority[command.priority.value], tier)
        self._do(given, command.by, "priority", f"{command.priority} {tier}".rstrip())

    def _move(self, command: MoveCall) -> None:
        contact = self._get(command.call_id)
        given = Move(contact.call_id, QueueId(command.queue))
        self._do(given, command.by, "move", f"queue:{command.queue}")

    def _take(self, command: TakeCall) -> None:
        contact = self._get(command.call_id)
        agent_id, reserve_s = AgentId(command.agent_id), command.reserve_s
        given = TakeCaller(contact.call_id, agent_id, reserve_s)
        waits = "" if reserve_s is None else f", reserved for {reserve_s:g} s"
        self._do(given, command.by, "taken", f"{agent_id}{waits}")

    def _get(self, call_id: str) -> Contact:
        contact = self._find(CallId(call_id))
        if contact is None:
            raise NotFound(f"There is no call {call_id!r} now.")
        return contact

    def _wrap_up(self, command: WrapUpWish) -> None:
        agent_id = AgentId(command.agent_id)
        match command.verb:
            case WrapUpVerb.EXTEND:
                extended = ExtendWrapUp(agent_id, command.extend_s)
                self._do(extended, command.by, "wrap-up extended", f"{command.extend_s:g} s")
            case WrapUpVerb.CODE:
                coded = CodeWrapUp(agent_id, command.code)
                self._do(coded, command.by, "wrap-up coded", command.code)
            case WrapUpVerb.FINISH:
                if self._floor.floor.state_of(agent_id) is not AgentState.WRAP_UP:
                    raise Conflict(f"{agent_id} has no wrap-up to finish.")
                self._do(FinishWrapUp(agent_id), command.by, "wrap-up finished")

    def _do(
        self,
        given: Promote | Move | TakeCaller | GiveBack | ExtendWrapUp | CodeWrapUp | FinishWrapUp,
        by: str,
        action: str,
        detail: str = "",
    ) -> None:
        self._floor.floor.check(given)
        if isinstance(given, Promote | Move | TakeCaller | GiveBack):
            target: str = given.call_id
        else:
            target = given.agent_id
        self._tell(ActionTaken(by, action, target, detail))
        self._floor.feed(given)
