"""Whose inspections a user may see: inspectors and supervisors everybody's, a team lead the team's,
an agent the own."""

from foundation.ids import AgentId
from foundation.web.users import Role, User
from wallboard.directory import Directory
from wallboard.rights import team_led_by

INSPECTORS = (Role.INSPECTOR, Role.SUPERVISOR)


def may_see(directory: Directory, user: User) -> tuple[AgentId, ...] | None:
    """None: everybody's."""
    if user.may_act_as(*INSPECTORS):
        return None
    own = () if user.agent_id is None else (AgentId(user.agent_id),)
    team = team_led_by(directory, user)
    if not team:
        return own
    return tuple(agent for agent, card in directory.agents.items() if card.team == team)
