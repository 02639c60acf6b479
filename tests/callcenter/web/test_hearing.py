"""Whose recordings who may hear."""

import pytest

from callcenter.web.hearing import heard_by
from foundation.errors import NotAllowed
from foundation.ids import AgentId
from foundation.web.users import Role, User
from wallboard.directory import AgentCard, Directory

ANN, BOB, EVE = AgentId("ann"), AgentId("bob"), AgentId("eve")
NOBODY: frozenset[AgentId] = frozenset()
DIRECTORY = Directory(
    {ANN: AgentCard("Ann", "day"), BOB: AgentCard("Bob", "day"), EVE: AgentCard("Eve", "")}
)


def heard(role: Role, agent: str | None = None, *, own: bool = False) -> frozenset[AgentId] | None:
    return heard_by(User("u", role, "", agent), DIRECTORY, agents_hear_own=own)


@pytest.mark.parametrize("role", [Role.INSPECTOR, Role.SUPERVISOR, Role.ADMINISTRATOR])
def test_inspectors_supervisors_and_administrators_hear_everybody(role: Role) -> None:
    assert heard(role) is None


@pytest.mark.parametrize(
    ("lead", "agents"),
    [("bob", frozenset({ANN, BOB})), ("eve", NOBODY), (None, NOBODY), ("gone", NOBODY)],
)
def test_team_lead_hears_the_own_team_and_who_leads_none_nobody(
    lead: str | None, agents: frozenset[AgentId]
) -> None:
    assert heard(Role.TEAM_LEAD, lead) == agents


def test_agent_hears_himself_where_the_centre_wants_it() -> None:
    assert heard(Role.AGENT, "ann", own=True) == frozenset({ANN})
    with pytest.raises(NotAllowed, match="agents_hear_own"):
        heard(Role.AGENT, "ann")
    with pytest.raises(NotAllowed):
        heard(Role.AGENT, None, own=True)
