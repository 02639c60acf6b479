"""`/api/v1/records.csv`: the calls of some days, one row each, as they are read."""

import logging
from collections.abc import AsyncIterator, Callable
from datetime import date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from callcenter.records.records_csv import Days, Numbers, csv_text
from foundation.journal import JournalReader
from foundation.web.users import User

log = logging.getLogger(__name__)


def records_router(
    reader: JournalReader,
    numbers: Numbers,
    zone: ZoneInfo,
    allowed: Callable[[User], User],
    now: Callable[[], datetime],
) -> APIRouter:
    """`allowed` gives the user or refuses; callers' numbers are not for everybody."""
    router = APIRouter(prefix="/api/v1", tags=["records"])

    @router.get(
        "/records.csv",
        summary="Call records of whole days, as CSV",
        response_class=StreamingResponse,
        responses={200: {"content": {"text/csv": {}}}},
    )
    async def get_records(
        user: Annotated[User, Depends(allowed)],
        first: Annotated[date | None, Query(alias="from", description="Left out: today.")] = None,
        last: Annotated[date | None, Query(alias="to", description="Included.")] = None,
    ) -> StreamingResponse:
        today = now().astimezone(zone).date()
        first = first or today
        days = Days(first, last or max(first, today), zone)
        # Nothing is sent before the first piece, so what is away now is still answered by a 503.
        await reader.last_seq()
        log.info("%s takes the call records of %s to %s", user.user_id, days.first, days.last)
        name = f"calls-{days.first}-{days.last}.csv"
        return StreamingResponse(
            _bytes(csv_text(reader, days, numbers)),
            media_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    return router


async def _bytes(pieces: AsyncIterator[str]) -> AsyncIterator[bytes]:
    async for piece in pieces:
        yield piece.encode()
