"""The value of any figure of anything, at one moment: for tiles, for alarms, for the terminal.

    Board, now ─▶ Readings.value(scope, figure, formula)

Figures of several queues are made of their counts, not of their figures. Each group's is made once
and kept as long as this object lives: one rendering, one look at the alarms.
"""

from collections.abc import Callable, Iterable, Sequence

from acd.events import AgentState
from acd.views import FloorNow
from foundation.ids import AgentId, QueueId
from wallboard.figures.catalogue import FIGURES, Of
from wallboard.figures.figures import AgentFigures, QueueFigures, agent_figures, queue_figures
from wallboard.figures.formulas import STANDARD, Basis, basis_of, formula_of
from wallboard.figures.scope import Kind, Scope
from wallboard.figures.shown import agent_ids
from wallboard.fold.agents import AgentClock
from wallboard.fold.board import Board
from wallboard.fold.tally import Tally, merged
from wallboard.host import NOTHING_KNOWN, Host

NOTHING_TOLD = FloorNow()
OF_PHONES = ("agents_ready", "agents_unreachable")
"Figures of who is READY that ask whether the phone could be rung: no fold, core knows."
STATES: dict[str, tuple[AgentState, ...]] = {
    "agents_talking": (AgentState.TALKING,),
    "agents_wrapping_up": (AgentState.WRAP_UP,),
    "agents_paused": (AgentState.PAUSED,),
    "agents_signed_in": tuple(state for state in AgentState if state is not AgentState.OFF),
}


class Readings:
    def __init__(
        self,
        board: Board,
        now_s: float,
        host: Host = NOTHING_KNOWN,
        floor: FloorNow = NOTHING_TOLD,
    ) -> None:
        self._board = board
        self.now_s = now_s
        self._host = host
        self._floor = floor
        self._tallies: dict[tuple[str, ...] | None, Tally] = {}
        self._teams: dict[str, list[AgentId]] | None = None

    def value(self, scope: Scope, figure: str, formula: str = STANDARD) -> float | None:
        """None: nobody called yet, or there is no such queue or team."""
        match scope.kind:
            case Kind.HOUSE:
                return self.of_selection(None, None, figure, formula)
            case Kind.QUEUE:
                return self.of_selection((scope.name,), None, figure, formula)
            case Kind.TEAM:
                return self._of_agents((scope.name,), figure)

    def of_selection(
        self,
        queues: tuple[str, ...] | None,
        teams: tuple[str, ...] | None,
        figure: str,
        formula: str = STANDARD,
    ) -> float | None:
        """Of these queues, or of these teams, together; None: of all."""
        match FIGURES[figure].of:
            case Of.AGENTS:
                return self._of_agents(teams, figure)
            case Of.HOUSE:
                return self._of_house(figure)
            case Of.QUEUES | Of.BOTH:
                return self._of_queues(queues, figure, formula)

    def tally(self, queues: tuple[str, ...] | None) -> Tally:
        if queues not in self._tallies:
            self._tallies[queues] = self._merged(queues)
        return self._tallies[queues]

    def queue_figures(self, queues: tuple[str, ...] | None) -> QueueFigures:
        return queue_figures(self.tally(queues), self.now_s)

    def basis(self, queues: tuple[str, ...] | None) -> Basis:
        return basis_of(self.tally(queues), self.now_s)

    def agent_figures(self, clocks: Sequence[AgentClock]) -> AgentFigures:
        return agent_figures(clocks, self.now_s, self._board.day.start_s)

    def clocks(self, agents: Iterable[AgentId]) -> list[AgentClock]:
        return [self._board.agents.get(agent) or AgentClock() for agent in agents]

    def ready(self, agents: Iterable[AgentId], *, with_phone: bool) -> int:
        """Who is READY and could be rung now; or could not, and is offered nothing."""
        return sum(
            clock.state is AgentState.READY
            for agent in agents
            if (clock := self._board.agents.get(agent)) is not None
            and (agent not in self._floor.phones) is with_phone
        )

    def members(self, teams: tuple[str, ...] | None) -> list[AgentId]:
        return [
            agent
            for team, members in self.teams().items()
            if teams is None or team in teams
            for agent in members
        ]

    def teams(self) -> dict[str, list[AgentId]]:
        if self._teams is None:
            self._teams = {}
            for agent in agent_ids(self._board):
                team = self._board.directory.agent_card(agent).team
                self._teams.setdefault(team, []).append(agent)
        return self._teams

    def _merged(self, queues: tuple[str, ...] | None) -> Tally:
        board = self._board
        if queues is None:
            return board.house
        if len(queues) == 1:
            return board.queues.get(QueueId(queues[0])) or Tally(board.day.date)
        found = (board.queues.get(QueueId(name)) for name in queues)
        return merged((tally for tally in found if tally is not None), board.day.date)

    def _of_queues(self, queues: tuple[str, ...] | None, figure: str, formula: str) -> float | None:
        chosen = formula_of(figure, formula)
        if chosen is not None:
            return chosen.value(self.basis(queues))
        value: float | None = getattr(self.queue_figures(queues), figure)
        return value

    def _of_agents(self, teams: tuple[str, ...] | None, figure: str) -> float | None:
        members = self.members(teams)
        if figure in OF_PHONES:
            return self.ready(members, with_phone=figure == "agents_ready")
        clocks = self.clocks(members)
        if figure in STATES:
            return _in_states(clocks, STATES[figure])
        value: float | None = getattr(self.agent_figures(clocks), figure)
        return value

    def _of_house(self, figure: str) -> float | None:
        own: dict[str, Callable[[], float | None]] = {
            "transcripts": lambda: self._board.transcripts,
            "transcript_lag_s": lambda: self._board.transcript_lag_s(self.now_s),
            "disk_free_gb": lambda: self._host.disk_free_gb,
            "store_down_s": lambda: self._board.troubles.shelf_down_s(self.now_s),
        }
        return own[figure]()


def _in_states(clocks: Iterable[AgentClock], states: tuple[AgentState, ...]) -> int:
    return sum(clock.state in states for clock in clocks)
