"""`/api/v1/alarms`: those that there are, the last that are over, and who looks after them."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends

from foundation.errors import Conflict, NotFound
from foundation.ids import AlarmId
from foundation.web.api import SignedIn, require_role
from foundation.web.users import Role, User
from wallboard.alarm_log import AlarmLine
from wallboard.alarm_words import alarm_words
from wallboard.commands import AcknowledgeAlarm
from wallboard.document import Document
from wallboard.service import BoardService

Lead = Annotated[User, Depends(require_role(Role.SUPERVISOR, Role.TEAM_LEAD))]


def alarm_routes(service: BoardService) -> APIRouter:
    router = APIRouter()

    @router.get("/alarms", summary="Open alarms, then the last that are over, latest first")
    async def alarms(user: SignedIn) -> list[Document]:
        log = service.board.alarms
        lines = [*reversed(log.open.values()), *log.listed]
        return [_entry(service, line) for line in lines]

    @router.post("/alarms/{alarm_id}/acknowledge", summary="Say that one looks after an alarm")
    async def acknowledge(alarm_id: str, user: Lead) -> Document:
        """For supervisors and team leads; boards stop sounding for it."""
        line = service.board.alarms.find(AlarmId(alarm_id))
        if line is None:
            raise NotFound(f"There is no alarm {alarm_id!r}.")
        if line.cleared_s is not None:
            raise Conflict(f"The alarm {alarm_id!r} is over.")
        await service.ask(AcknowledgeAlarm(alarm_id=alarm_id, by=user.user_id))
        return _entry(service, line)

    return router


def _entry(service: BoardService, line: AlarmLine) -> Document:
    words = alarm_words(line, service.board.directory)
    return {
        "id": line.alarm_id,
        "rule": line.rule,
        "kind": line.kind.value,
        "level": line.level.value,
        "subject": line.subject,
        "figure": line.figure or None,
        "value": line.value,
        "limit": line.limit,
        "detail": line.detail,
        "words": {"en": words.en, "zh": words.zh},
        "raised_at": _iso(line.raised_s),
        "cleared_at": _iso(line.cleared_s),
        "acknowledged_by": line.acknowledged_by,
        "acknowledged_at": _iso(line.acknowledged_s),
    }


def _iso(at_s: float | None) -> str | None:
    return None if at_s is None else datetime.fromtimestamp(at_s, UTC).isoformat("T", "seconds")
