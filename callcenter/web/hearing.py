"""Whose recordings somebody may hear: a guard before every route of recordings.

inspectors, supervisors, administrators     everybody's
a team lead                                 those of agents of the own team
an agent                                    his own, where `recordings.agents_hear_own` is set
"""

from collections.abc import Awaitable, Callable

from fastapi import Request

from foundation.errors import NotAllowed
from foundation.ids import AgentId, RecordingId
from foundation.web.api import SignedIn
from foundation.web.users import Role, User
from recordings.store import RecordingStore
from wallboard.directory import Directory
from wallboard.rights import team_led_by

Heard = frozenset[AgentId] | None
"Agents; None: all of them."


def hearing_guard(
    store: RecordingStore,
    directory: Callable[[], Awaitable[Directory]],
    *,
    agents_hear_own: bool,
) -> Callable[[Request, User], Awaitable[Heard]]:
    """A dependency: gives whose recordings are listed, or refuses."""

    async def guard(request: Request, user: SignedIn) -> Heard:
        heard = heard_by(user, await directory(), agents_hear_own=agents_hear_own)
        recording_id = request.path_params.get("recording_id")
        if recording_id is not None and heard is not None:
            recording = await store.get(RecordingId(recording_id))
            if recording.agent_id not in heard:
                raise NotAllowed("This recording is of an agent whom you may not hear.")
        return heard

    return guard


def heard_by(user: User, directory: Directory, *, agents_hear_own: bool) -> Heard:
    if user.may_act_as(Role.INSPECTOR, Role.SUPERVISOR):
        return None
    if user.may_act_as(Role.TEAM_LEAD):
        own = team_led_by(directory, user)
        members = (agent for agent, card in directory.agents.items() if own and card.team == own)
        return frozenset(members)
    if agents_hear_own and user.agent_id:
        return frozenset({AgentId(user.agent_id)})
    raise NotAllowed("Recordings are not for agents in this centre (`recordings.agents_hear_own`).")
