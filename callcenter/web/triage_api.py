"""`/api/v1/triage/heard`: what callers said at questions by voice, and what they meant by it.

For team leads, inspectors and supervisors, like transcripts. What is put right is an example at
once.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from callcenter.asks import CorrectHeard
from callcenter.web.live_api import ERRORS, Core
from foundation.web.users import User
from ivr.store import HeardStore
from ivr.understanding.heard import UNSURE, Heard, HeardFilter

Word = Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9_-]*$")]


class HeardOut(BaseModel):
    id: str
    at: datetime
    call_id: str
    "'' when it was too long ago."
    flow: str
    node: str
    text: str
    confidence: float
    outcome: str
    choice: str
    intent: str
    corrected_by: str
    corrected_at: datetime | None


class HeardPage(BaseModel):
    items: list[HeardOut]
    total: int


class WantedHeard(BaseModel):
    flow: Word | None = None
    node: Annotated[str, Field(max_length=64)] | None = None
    corrected: bool | None = None
    all: bool = False
    "Also what was understood at once."
    limit: Annotated[int, Query(ge=1, le=500)] = 100


class WantedIntent(BaseModel, extra="forbid"):
    intent: Word
    "A choice of the question; '' takes a correction back."


def triage_router(core: Core, store: HeardStore, allowed: Callable[[User], User]) -> APIRouter:
    """`allowed` gives the user or refuses."""
    router = APIRouter(prefix="/api/v1/triage", tags=["triage"], responses=ERRORS)
    Hearer = Annotated[User, Depends(allowed)]

    @router.get("/heard", summary="What callers said, the unsure and misunderstood, newest first")
    async def heard(wanted: Annotated[WantedHeard, Query()], user: Hearer) -> HeardPage:
        chosen = HeardFilter(
            flow=wanted.flow,
            node=wanted.node,
            is_corrected=wanted.corrected,
            outcomes=None if wanted.all or wanted.corrected else UNSURE,
        )
        found, total = await store.find(chosen, wanted.limit)
        return HeardPage(items=[_out(one) for one in found], total=total)

    @router.put("/heard/{heard_id}", summary="Say what was meant")
    async def correct(heard_id: str, wanted: WantedIntent, user: Hearer) -> dict[str, Any]:
        """New callers are understood by it at once. 409 when a dialogue of the flows would fail."""
        await core.request(CorrectHeard(heard_id, wanted.intent, user.user_id))
        return {"id": heard_id, "intent": wanted.intent}

    return router


def _out(heard: Heard) -> HeardOut:
    return HeardOut(
        id=heard.heard_id,
        at=heard.at,
        call_id=heard.call_id,
        flow=heard.flow,
        node=heard.node,
        text=heard.text,
        confidence=heard.confidence,
        outcome=heard.outcome,
        choice=heard.choice,
        intent=heard.intent,
        corrected_by=heard.corrected_by,
        corrected_at=heard.corrected_at,
    )
