"""Whose inspections somebody sees follows the teams as core serves them."""

from pathlib import Path

from tests.support.whole_web import WholeWeb, whole_web

DONE = "/api/v1/inspections/i-done"
"Of Ann's talk."


def move(house: WholeWeb, agent_id: str, team: str) -> None:
    """As a reload does; the web role goes on."""
    agents = [
        agent.model_copy(update={"team": team}) if agent.id == agent_id else agent
        for agent in house.settings.agents
    ]
    house.core.settings = house.settings.model_copy(update={"agents": agents})


async def test_a_team_lead_sees_the_inspections_of_who_is_in_the_team_now(tmp_path: Path) -> None:
    async with whole_web(tmp_path) as house:
        assert await house.knock("lea", "GET", DONE) == 200
        assert await house.knock("leo", "GET", DONE) == 403

        move(house, "ann", "night")
        assert await house.knock("lea", "GET", DONE) == 403
        assert await house.knock("leo", "GET", DONE) == 200
