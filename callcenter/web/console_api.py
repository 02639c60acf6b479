"""`/console`, `/api/v1/console`: what the supervisor's console may show and do for whom.

What is done goes through the routes of calls, agents and queues, each with its own check; this only
tells the page which of them would be refused.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends

from callcenter.web.pages import CONSOLE, LEADS
from foundation.web.api import require_role
from foundation.web.frame import page_routes
from foundation.web.users import Role, User
from wallboard import pages
from wallboard.directory import Directory
from wallboard.rights import may_act_for, may_order

FOLDER = Path(pages.__file__).with_name("static") / "console"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleOptions:
    reasons: Sequence[str]
    "What an agent may be paused for."
    tiers: Sequence[str]
    "Of VIPs."


def console_router(
    directory: Callable[[], Awaitable[Directory]], options: ConsoleOptions
) -> APIRouter:
    router = APIRouter(tags=["console"])
    router.include_router(page_routes(CONSOLE, FOLDER))
    Lead = Annotated[User, Depends(require_role(*LEADS))]

    @router.get("/api/v1/console", summary="What one may do from the console")
    async def console(user: Lead) -> dict[str, Any]:
        """`agents` and `queues`: those that one may act for."""
        known = await directory()
        return {
            "agents": {
                agent: {"name": card.name, "skills": card.skills, "backup": card.is_backup}
                for agent, card in known.agents.items()
                if may_act_for(known, user, agent)
            },
            "queues": [queue for queue in known.queues if may_order(known, user, queue)],
            "removed_queues": list(known.removed_queues),
            "may_change": user.may_act_as(Role.SUPERVISOR),
            "phone": user.agent_id or "",
            "reasons": list(options.reasons),
            "tiers": list(options.tiers),
        }

    return router
