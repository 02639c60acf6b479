"""Who may do what to whose talk, agent or waiting caller; the roles alone are `foundation.web`'s.

A team lead is lead of the team of the agent who he is (`callcenter user add … --agent ID`).
"""

from foundation.ids import AgentId, QueueId
from foundation.web.users import Role, User
from wallboard.directory import Directory


def may_act_for(directory: Directory, user: User, agent_id: AgentId | None) -> bool:
    """Supervisors, team leads of the agent's team, and the agent himself."""
    if user.may_act_as(Role.SUPERVISOR):
        return True
    if agent_id is None or not user.agent_id:
        return False
    return user.agent_id == agent_id or is_lead_of(directory, user, agent_id)


def is_lead_of(directory: Directory, user: User, agent_id: AgentId) -> bool:
    own = team_led_by(directory, user)
    return own != "" and own == directory.agent_card(agent_id).team


def may_order(directory: Directory, user: User, queue: QueueId | None) -> bool:
    """Callers who wait: supervisors, and team leads whose team serves the queue."""
    if user.may_act_as(Role.SUPERVISOR):
        return True
    own, card = team_led_by(directory, user), directory.queues.get(queue) if queue else None
    return own != "" and card is not None and own in card.teams


def may_take(
    directory: Directory, user: User, queue: QueueId | None, agent_id: AgentId | None
) -> bool:
    """A caller for an agent: supervisors for everybody, team leads for their own team's where they
    may order, agents for themselves from queues that their team serves. `agent_id` None: whoever
    it is."""
    if user.may_act_as(Role.SUPERVISOR):
        return True
    if may_order(directory, user, queue):
        return agent_id is None or may_act_for(directory, user, agent_id)
    own, card = AgentId(user.agent_id or ""), directory.queues.get(queue) if queue else None
    is_own = bool(own) and user.role is Role.AGENT and agent_id in (own, None)
    return is_own and card is not None and directory.agent_card(own).team in card.teams


def team_led_by(directory: Directory, user: User) -> str:
    """'' for who leads none."""
    if not user.agent_id or not user.may_act_as(Role.TEAM_LEAD):
        return ""
    return directory.agent_card(AgentId(user.agent_id)).team
