"""Routes that every application has: health, metrics, the list of the API; and the role guard."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, TypeAlias

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from foundation.errors import CallCentreError, NotAllowed
from foundation.web.asgi import refusal
from foundation.web.reference import reference_page
from foundation.web.users import Role, User

log = logging.getLogger(__name__)

ReadyCheck: TypeAlias = Callable[[], Awaitable[None]]
"Raises one of `foundation.errors` when the application cannot do its work now."
MetricsSource: TypeAlias = Callable[[], Awaitable[bytes]]
"Prometheus text of another process, whose names are its own; raises when it is away."
METRICS_WITHIN_S = 1.0
"Whoever scrapes waits no longer for the other processes."


def signed_in(request: Request) -> User:
    """The gate let the request pass, so there is a user, except on a path for watch tokens."""
    user: User | None = request.state.user
    if user is None:
        raise NotAllowed("This needs a signed-in user.")
    return user


SignedIn: TypeAlias = Annotated[User, Depends(signed_in)]


def signed_in_person(request: Request, user: SignedIn) -> User:
    """Not a program with a token: accounts are people's business."""
    if request.state.session is None:
        raise NotAllowed("This needs a person who has signed in, not a token.")
    return user


Person: TypeAlias = Annotated[User, Depends(signed_in_person)]


def require_role(*roles: Role) -> Callable[[User], User]:
    """A dependency that gives the user, or refuses with 403."""

    def guard(user: SignedIn) -> User:
        if not user.may_act_as(*roles):
            names = " or ".join(role.value for role in roles)
            raise NotAllowed(f"This needs the role {names}; you are signed in as {user.role}.")
        return user

    return guard


def health_routes(
    ready: Sequence[ReadyCheck],
    registry: CollectorRegistry,
    metrics_sources: Sequence[MetricsSource] = (),
) -> APIRouter:
    router = APIRouter(tags=["operation"])

    @router.get("/healthz", summary="The process is up")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @router.get("/readyz", summary="The process can do its work", response_model=None)
    async def readyz() -> object:
        for check in ready:
            try:
                await check()
            except CallCentreError as error:
                return refusal(503, str(error))
        return {"status": "ready"}

    @router.get("/metrics", summary="Prometheus metrics", response_class=PlainTextResponse)
    async def metrics() -> PlainTextResponse:
        """This process's metrics, then those of the processes that answer within a second."""
        others = await asyncio.gather(*map(_read_metrics, metrics_sources))
        text = b"".join([generate_latest(registry), *others])
        return PlainTextResponse(text, media_type=CONTENT_TYPE_LATEST)

    return router


async def _read_metrics(source: MetricsSource) -> bytes:
    try:
        async with asyncio.timeout(METRICS_WITHIN_S):
            return await source()
    except (CallCentreError, TimeoutError) as error:
        log.info("metrics of another process are left out: %s", error)
        return b""


def reference_routes() -> APIRouter:
    router = APIRouter()

    @router.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> HTMLResponse:
        return HTMLResponse(reference_page(request.app.openapi()))

    return router
