"""`/api/v1/recordings/{id}/hold`: legal holds; what is held is deleted by nobody."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Protocol

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from callcenter.asks import HoldRecording, ReleaseRecording
from foundation.ids import RecordingId
from foundation.ipc import Request
from foundation.ipc.messages import ReplyT
from foundation.web.users import User
from recordings.erasing.vault_store import VaultStore

Allowed = Callable[[User], User]
"Gives the user or refuses."


class Core(Protocol):
    async def request(self, request: Request[ReplyT]) -> ReplyT: ...


class HoldIn(BaseModel):
    reason: str = Field(min_length=1, max_length=500)
    whole_call: bool = False
    "All recordings of its call."


class HoldOut(BaseModel):
    reason: str
    by: str
    since: datetime


def holds_router(core: Core, store: VaultStore, allowed: Allowed) -> APIRouter:
    router = APIRouter(prefix="/api/v1/recordings", tags=["recordings"])

    @router.get("/{recording_id}/hold")
    async def get_hold(
        recording_id: RecordingId, _: Annotated[User, Depends(allowed)]
    ) -> HoldOut | None:
        """Null for one that nobody holds."""
        for hold in await store.holds([recording_id]):
            return HoldOut(reason=hold.reason, by=hold.by, since=hold.since)
        return None

    @router.put("/{recording_id}/hold", status_code=204)
    async def hold(
        recording_id: RecordingId, wanted: HoldIn, user: Annotated[User, Depends(allowed)]
    ) -> None:
        """May be repeated, with another reason too."""
        await core.request(
            HoldRecording(recording_id, user.user_id, wanted.reason, wanted.whole_call)
        )

    @router.delete("/{recording_id}/hold", status_code=204)
    async def release(
        recording_id: RecordingId,
        user: Annotated[User, Depends(allowed)],
        whole_call: Annotated[bool, Query()] = False,
    ) -> None:
        await core.request(ReleaseRecording(recording_id, user.user_id, whole_call))

    return router
