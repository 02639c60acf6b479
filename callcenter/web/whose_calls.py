"""Whose calls somebody may look up.

inspectors, supervisors, administrators     all
a team lead         those in which an agent of the own team had a part, and those that no agent
                    had a part in, of queues that the team serves
an agent            those in which he had a part
"""

from collections.abc import Awaitable, Callable, Collection
from typing import Any

from callcenter.web.call_record import CallRecord
from foundation.errors import NotAllowed
from foundation.ids import AgentId, QueueId
from foundation.web.users import Role, User
from wallboard.directory import Directory
from wallboard.rights import may_act_for, may_order


def may_look_up(
    directory: Directory, user: User, agents: Collection[str], queues: Collection[str]
) -> bool:
    """`agents`: who had a part in the call; `queues`: where it waited."""
    if user.may_act_as(Role.INSPECTOR, Role.SUPERVISOR):
        return True
    if any(may_act_for(directory, user, AgentId(agent)) for agent in agents):
        return True
    return not agents and any(may_order(directory, user, QueueId(queue)) for queue in queues)


def story_guard(
    directory: Callable[[], Awaitable[Directory]],
) -> Callable[[User, CallRecord], Awaitable[None]]:
    async def check(user: User, story: CallRecord) -> None:
        facts: list[dict[str, Any]] = [event.facts for event in story.events]
        agents = {str(each["agent_id"]) for each in facts if each.get("agent_id")}
        queues = {str(each["queue"]) for each in facts if each.get("queue")}
        if not may_look_up(await directory(), user, agents, queues):
            raise NotAllowed("This call was none of yours, nor of a team that you lead.")

    return check
