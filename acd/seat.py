"""An agent as the queues see him: what he may be asked for, and how his shift was spent."""

from collections.abc import Mapping

from acd.agent import Agent
from acd.lineup import Lineup
from acd.requirement import own_skill
from acd.worktime import WorkTime


class Seat:
    """One agent's place among all queues; kept by `acd.matching`."""

    __slots__ = ("agent", "lineups", "skills", "suited", "turn", "work")

    def __init__(self, agent: Agent, turn: int) -> None:
        """`turn`: place in the order of the configuration, from 0."""
        self.agent = agent
        self.turn = turn
        self.work = WorkTime()
        self.skills: Mapping[str, int] = {}
        "Those of the card, and the agent's own."
        self.lineups: list[Lineup] = []
        "Whose callers the agent suits."
        self.suited: set[Lineup] = set()
        "The same as a set."
        self.read_card()

    def read_card(self) -> None:
        """The agent has another one."""
        self.skills = {**self.agent.card.skills, own_skill(self.agent.agent_id): 1}

    def stand_for(self, lineups: list[Lineup]) -> None:
        self.lineups, self.suited = lineups, set(lineups)

    def add(self, lineup: Lineup) -> None:
        self.lineups.append(lineup)
        self.suited.add(lineup)

    def give_up(self, gone: set[Lineup]) -> None:
        if not self.suited.isdisjoint(gone):
            self.stand_for([each for each in self.lineups if each not in gone])
