"""`/api/v1/callbacks`: who is to be called back; ask for it, and take it back.

For supervisors, team leads and agents. The number goes to core and into the party table, and is
shown by none of these.
"""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import AwareDatetime, BaseModel, Field

from foundation.errors import NotFound
from foundation.ids import CallbackId, new_callback_id
from foundation.web.api import SignedIn, require_role
from foundation.web.users import Role, User
from wallboard.commands import AskCallback, CancelCallback
from wallboard.fold.callbacks import CallbackLine
from wallboard.screens.document import Document
from wallboard.service import BoardService

OfTheFloor = Annotated[User, Depends(require_role(Role.SUPERVISOR, Role.TEAM_LEAD, Role.AGENT))]


class WantedCallback(BaseModel, extra="forbid"):
    """Whom to call back, by whom, and when at the earliest."""

    number: Annotated[str, Field(max_length=32, pattern=r"^\+?[0-9 ()./-]+$")]
    queue: Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9_.-]+$")]
    not_before: AwareDatetime | None = None
    "Not given: as soon as the turn has come, as if the party entered the queue now."


def callback_routes(service: BoardService) -> APIRouter:
    router = APIRouter()

    @router.get("/callbacks", summary="Who is to be called back")
    async def callbacks(user: SignedIn) -> list[Document]:
        return [_callback(line) for line in service.board.callbacks.values()]

    @router.post("/callbacks", summary="Have somebody called back", status_code=201)
    async def ask(wanted: WantedCallback, user: OfTheFloor) -> dict[str, str]:
        """409 when the number is to be called back from that queue already, or the queue calls
        nobody back; 403 when a number rule forbids it; 422 for a time further ahead than the
        queue's `furthest_days`."""
        callback_id = new_callback_id()
        in_s = _delay_s(wanted.not_before)
        await service.ask(
            AskCallback(
                callback_id=callback_id,
                number=wanted.number,
                queue=wanted.queue,
                in_s=in_s,
                by=user.user_id,
            )
        )
        return {"id": callback_id}

    @router.delete("/callbacks/{callback_id}", summary="Call somebody back no more")
    async def cancel(callback_id: str, user: OfTheFloor) -> dict[str, str]:
        """Who is being dialled is hung up on."""
        if CallbackId(callback_id) not in service.board.callbacks:
            raise NotFound(f"There is no callback {callback_id!r} now.")
        await service.ask(CancelCallback(callback_id=callback_id, by=user.user_id))
        return {"id": callback_id}

    return router


def _delay_s(not_before: datetime | None) -> float:
    if not_before is None:
        return 0.0
    return max(0.0, (not_before - datetime.now(UTC)).total_seconds())


def _callback(line: CallbackLine) -> Document:
    return {
        "id": line.callback_id,
        "queue": line.queue,
        "state": line.state.value,
        "since": line.since.isoformat(),
        "not_before": line.not_before.isoformat(),
        "tries": line.tries,
        "agent_id": line.agent_id,
    }
