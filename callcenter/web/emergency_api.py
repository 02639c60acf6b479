"""`/api/v1/emergency`: what every caller hears first, switched on and off in one action.

Everybody in the house may see it; supervisors switch it.
"""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from msgspec import to_builtins
from pydantic import AwareDatetime, BaseModel, Field, model_validator

from callcenter.asks import EmergencyStatus, EndEmergency, ReadEmergency, SwitchEmergency
from callcenter.conduct.emergency import Then
from callcenter.sections.values import Language, Name
from callcenter.web.live_api import ERRORS, Core
from foundation.web.api import SignedIn
from foundation.web.users import User

Words = Annotated[str, Field(min_length=1, max_length=500)]


class WantedEmergency(BaseModel, extra="forbid"):
    """A prepared announcement by its name, or words, or a recorded prompt."""

    name: Name | None = None
    text: dict[Language, Words] = {}
    prompt: Name | None = None
    lines: Annotated[list[str], Field(max_length=1000)] = []
    "Dialled numbers; none: all lines."
    then: Then = Then.CONTINUE
    queue: Name | None = None
    to_waiting: bool = False
    until: AwareDatetime | None = None

    @model_validator(mode="after")
    def _is_one(self) -> "WantedEmergency":
        given = [bool(self.name), bool(self.text), bool(self.prompt)]
        if given.count(True) != 1:
            raise ValueError("give one of name, text and prompt")
        return self

    def ask(self, by: str) -> SwitchEmergency:
        return SwitchEmergency(
            by=by,
            name=self.name or "",
            text=self.text,
            prompt=self.prompt or "",
            lines=self.lines,
            then=self.then,
            queue=self.queue or "",
            to_waiting=self.to_waiting,
            until=self.until,
        )


def emergency_router(core: Core, allowed: Callable[[User], User]) -> APIRouter:
    """`allowed` gives the user or refuses."""
    router = APIRouter(prefix="/api/v1/emergency", tags=["emergency"], responses=ERRORS)
    Switcher = Annotated[User, Depends(allowed)]

    @router.get("", summary="What every caller hears first now, and what is prepared")
    async def show(user: SignedIn) -> dict[str, Any]:
        return _told(await core.request(ReadEmergency()))

    @router.post("", summary="Have every new caller hear this before anything else")
    async def switch(wanted: WantedEmergency, user: Switcher) -> dict[str, Any]:
        """Answered when it is on; another one takes the place of what was on. `lacks`: languages
        of its lines that it has no words in, whose callers hear another one."""
        return _told(await core.request(wanted.ask(user.user_id)))

    @router.delete("", summary="Let callers through as usual")
    async def end(user: Switcher) -> dict[str, Any]:
        """409 when none is on."""
        return _told(await core.request(EndEmergency(user.user_id)))

    return router


def _told(status: EmergencyStatus) -> dict[str, Any]:
    current = None if status.current is None else to_builtins(status.current)
    return {
        "is_on": current is not None,
        "announcement": current,
        "prepared": status.prepared,
        "lacks": status.lacks,
    }
