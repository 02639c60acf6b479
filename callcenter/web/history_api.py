"""`/calls`, `/api/v1/history`, `/audit`, `/api/v1/audit`: past calls, and who did what."""

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from callcenter.events import ActionTaken
from callcenter.records.billing import CallRow, Outcome
from callcenter.records.call_history import Found, Wanted, find_calls
from callcenter.records.records_csv import Days, Numbers
from callcenter.web.pages import AUDIT, CALLS, READERS
from callcenter.web.whose_calls import may_look_up
from foundation.errors import NotAllowed
from foundation.ids import PartyId
from foundation.journal import JournalReader
from foundation.web.api import require_role
from foundation.web.frame import page_routes
from foundation.web.queries import Offset
from foundation.web.users import Role, User
from wallboard import pages
from wallboard.directory import Directory

STATIC = Path(pages.__file__).with_name("static")

Reader = Annotated[User, Depends(require_role(*READERS))]
Boss = Annotated[User, Depends(require_role(Role.SUPERVISOR))]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What past days are read from."""

    reader: JournalReader
    numbers: Numbers
    zone: ZoneInfo
    now: Callable[[], datetime]
    directory: Callable[[], Awaitable[Directory]]

    def days(self, first: date | None, last: date | None) -> Days:
        first = first or self.now().astimezone(self.zone).date()
        return Days(first, last or first, self.zone)


class Period(BaseModel):
    first: Annotated[date | None, Field(alias="from")] = None
    "A day of the centre's time zone; left out: today."
    last: Annotated[date | None, Field(alias="to")] = None
    "Included; left out: the first day."


class WantedCalls(Period):
    queue: str = ""
    agent_id: str = ""
    line: str = ""
    outcome: Outcome | None = None
    number: Annotated[str, Field(max_length=32, pattern=r"^[0-9+]*$")] = ""
    "Part of the caller's; for those who may see numbers."
    limit: Annotated[int, Query(ge=1, le=500)] = 100
    offset: Offset = 0


class WantedActions(Period):
    by: str = ""
    action: str = ""
    "Part of it."
    target: str = ""
    limit: Annotated[int, Query(ge=1, le=500)] = 200


def history_router(history: History) -> APIRouter:
    router = APIRouter(tags=["history"])
    router.include_router(page_routes(CALLS, STATIC / "calls", below="{call_id}"))
    router.include_router(page_routes(AUDIT, STATIC / "audit"))

    @router.get("/api/v1/history", summary="Calls of past days, the newest first")
    async def calls(wanted: Annotated[WantedCalls, Query()], user: Reader) -> dict[str, Any]:
        """Up to 31 days. A team lead sees those of the own team."""
        sees_numbers = user.may_act_as(Role.SUPERVISOR)
        if wanted.number and not sees_numbers:
            raise NotAllowed("Numbers are shown to supervisors and administrators only.")
        directory = await history.directory()

        def may_see(row: CallRow) -> bool:
            return may_look_up(directory, user, row.agents, row.queues)

        found = await find_calls(
            history.reader,
            history.days(wanted.first, wanted.last),
            _wanted(wanted),
            may_see,
            history.numbers if sees_numbers else None,
        )
        return _page(found, wanted, history.zone, sees_numbers=sees_numbers)

    @router.get("/api/v1/audit", summary="Who did what, the newest first")
    async def audit(wanted: Annotated[WantedActions, Query()], user: Boss) -> dict[str, Any]:
        """Every action that was done, and each access to recordings and the like that was refused
        (`access refused`); other refusals have changed nothing and are not here."""
        return await _actions(history, wanted)

    return router


async def _actions(history: History, wanted: WantedActions) -> dict[str, Any]:
    days = history.days(wanted.first, wanted.last)
    newest: deque[dict[str, Any]] = deque(maxlen=wanted.limit)
    total = 0
    async for record in history.reader.of_kinds([ActionTaken], days.since):
        event = record.event
        if record.utc >= days.until:
            break
        if isinstance(event, ActionTaken) and _is_wanted(event, wanted):
            newest.appendleft(_action(record.seq, record.utc, event))
            total += 1
    return {"items": list(newest), "total": total}


def _is_wanted(event: ActionTaken, wanted: WantedActions) -> bool:
    return (
        (not wanted.by or event.by == wanted.by)
        and wanted.action in event.action
        and (not wanted.target or event.target == wanted.target)
    )


def _action(seq: int, at: datetime, event: ActionTaken) -> dict[str, Any]:
    return {
        "seq": seq,
        "at": at.isoformat(),
        "by": event.by,
        "action": event.action,
        "target": event.target,
        "detail": event.detail,
    }


def _wanted(asked: WantedCalls) -> Wanted:
    return Wanted(
        queue=asked.queue,
        agent_id=asked.agent_id,
        line=asked.line,
        outcome=asked.outcome,
        number=asked.number,
    )


def _page(
    found: Found, wanted: WantedCalls, zone: ZoneInfo, *, sees_numbers: bool
) -> dict[str, Any]:
    shown: Sequence[CallRow] = found.rows[wanted.offset : wanted.offset + wanted.limit]
    return {
        "items": [_call(row, found, zone, sees_numbers=sees_numbers) for row in shown],
        "total": len(found.rows),
        "is_cut": found.is_cut,
        "sees_numbers": sees_numbers,
    }


def _call(row: CallRow, found: Found, zone: ZoneInfo, *, sees_numbers: bool) -> dict[str, Any]:
    told = {
        "id": row.call_id,
        "day": row.arrived.astimezone(zone).date().isoformat(),
        "arrived": row.arrived.isoformat(),
        "line": row.line,
        "queue": row.queue,
        "agent_id": row.agent_id,
        "outcome": row.outcome.value,
        "wait_s": round(row.wait_s, 1),
        "talk_s": round(row.talk_s, 1),
        "ended_by": row.ended_by,
        "recordings": list(row.recording_ids),
    }
    party = PartyId(row.party_id)
    return {**told, "number": found.numbers.get(party, "")} if sees_numbers else told
