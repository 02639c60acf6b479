"""What the demo shows while it runs: a live table on a terminal, plain lines elsewhere."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from callcenter.demo.call_log import Story
from callcenter.demo.stage import Attempt
from foundation.clock import monotonic_s

REFRESH_PER_SECOND = 4
CALLS_SHOWN = 14
STATE_STYLES = {
    "ready": "green",
    "ringing": "yellow",
    "talking": "cyan",
    "wrap_up": "blue",
    "paused": "red",
    "off": "dim",
}


def stage_of(story: Story | None, names: Mapping[str, str]) -> str:
    """Where a call is now, in a few words."""
    if story is None:
        return "dials"
    if story.refused is not None:
        return f"refused with {story.refused}"
    if story.outcome:
        return story.outcome
    if story.agent_id is not None:
        return _with_agent(story, names.get(story.agent_id, story.agent_id))
    if story.is_over:
        return "hung up"
    if story.queued_s is not None:
        return f"waits in {story.queue}" + ", nobody picked up yet" * bool(story.missed_by)
    return "hears the menu" if story.answered_s is not None else "arrives"


def _with_agent(story: Story, name: str) -> str:
    if story.is_transcribed:
        return f"talked to {name}, transcribed"
    if story.is_over:
        return f"talked to {name}"
    return f"talks to {name}" if story.bridged_s is not None else f"is being put through to {name}"


class Screen:
    """`paint` when something changed; a context while the play runs."""

    def __init__(
        self, console: Console, names: Mapping[str, str], board: Mapping[str, Any]
    ) -> None:
        self._console = console
        self._names = names
        self._board = board
        self._attempts: Sequence[Attempt] = ()
        self._told: dict[int, str] = {}
        self._began_s = monotonic_s()
        self._live = (
            Live(
                console=console, get_renderable=self._render, refresh_per_second=REFRESH_PER_SECOND
            )
            if console.is_terminal and not console.is_dumb_terminal
            else None
        )

    def __enter__(self) -> "Screen":
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._live is not None:
            self._live.stop()

    def paint(self, attempts: Sequence[Attempt]) -> None:
        self._attempts = attempts
        if self._live is None:
            self._tell_news()

    # -- plain lines -----------------------------------------------------------------------------

    def _tell_news(self) -> None:
        for number, attempt in enumerate(self._attempts):
            now = stage_of(attempt.story, self._names)
            if self._told.get(number) != now:
                self._told[number] = now
                at_s = monotonic_s() - self._began_s
                self._console.print(f"{at_s:6.1f} s  {attempt.caller.id}: {now}", markup=False)

    # -- live ------------------------------------------------------------------------------------

    def _render(self) -> RenderableType:
        return Group(self._calls(), "", self._queues(), "", self._agents())

    def _calls(self) -> Table:
        table = Table(box=None, padding=(0, 2, 0, 0))
        for column in ("caller", "lang", "temper", "call"):
            table.add_column(column)
        for attempt in self._attempts[-CALLS_SHOWN:]:
            caller = attempt.caller
            now = stage_of(attempt.story, self._names)
            table.add_row(caller.id, caller.language, caller.temper, now)
        return table

    def _queues(self) -> Table:
        table = Table(box=None, padding=(0, 2, 0, 0))
        for column in ("queue", "offered", "answered", "gave up", "waiting", "talking"):
            table.add_column(column)
        for name, queue in {**self._board.get("queues", {}), "all": self._totals()}.items():
            figures = ("offered", "answered", "abandoned", "waiting", "talking")
            table.add_row(name, *(str(queue.get(figure, "–")) for figure in figures))
        return table

    def _totals(self) -> Mapping[str, Any]:
        totals: Mapping[str, Any] = self._board.get("totals", {})
        return totals

    def _agents(self) -> Text:
        words = Text()
        for agent in self._board.get("agents", {}).values():
            state = agent["state"] + (f" ({agent['reason']})" if agent["reason"] else "")
            words.append(f"{agent['name']} ")
            words.append(f"{state}   ", style=STATE_STYLES.get(agent["state"], ""))
        return words
