"""`callcenter agent …`: see the agents of a running centre and change their state."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from callcenter.asks import AddAgentLive, BoardAsks, ListAgents, RemoveAgentLive
from callcenter.changes import live_file
from callcenter.commands.asking import ask_core, settings_of, terminal
from callcenter.configuration.settings import Settings
from foundation.errors import ConfigurationError
from wallboard.commands import SetAgentState, WantedState

app = typer.Typer(help="Agents of the running centre.", no_args_is_help=True)

ADDING_S = 30.0
"The prompt of the agent's number is made meanwhile."
Folder = Annotated[Path, typer.Option("--dir", help="The centre's folder.")]
Agent = Annotated[str, typer.Argument(help="The agent's id, for example agent0001.")]


@app.command("list")
def list_agents(folder: Folder = Path()) -> None:
    """Every agent's phone and state now."""
    settings = settings_of(folder)
    numbers = {agent.id: agent.number for agent in _served(settings).agents}
    table = Table("agent", "name", "number", "phone", "state", "reason", "call")
    for view in ask_core(settings, ListAgents()):
        phone = "busy" if view.busy else "registered" if view.registered else "–"
        number = numbers.get(view.agent_id, "")
        row = (view.agent_id, view.name, number, phone, view.state, view.reason)
        table.add_row(*(escape(cell) for cell in (*row, view.call_id or "")))
    Console().print(table)


def _served(settings: Settings) -> Settings:
    """With those who were added live; a file that cannot be read is for `serve` to complain of."""
    try:
        return live_file.overlaid(settings, live_file.read(live_file.path_of(settings)))
    except ConfigurationError:
        return settings


@app.command("ready")
def ready(agent: Agent, folder: Folder = Path()) -> None:
    """Sign the agent in if need be, and offer calls from now on."""
    _set(folder, agent, WantedState.READY)


@app.command("pause")
def pause(
    agent: Agent,
    reason: Annotated[str, typer.Option(help="One of pause_reasons.")] = "break",
    folder: Folder = Path(),
) -> None:
    """Offer no calls for a while."""
    _set(folder, agent, WantedState.PAUSED, reason)


@app.command("off")
def off(agent: Agent, folder: Folder = Path()) -> None:
    """Sign the agent out; after the talk, if there is one."""
    _set(folder, agent, WantedState.OFF)


@app.command("add")
def add(
    agent: Agent,
    name: Annotated[str, typer.Argument(help="For people.")],
    number: Annotated[str, typer.Argument(help="Told to callers, and the short number.")],
    skill: Annotated[list[str], typer.Option(help="SKILL=LEVEL, as often as needed.")] = [],  # noqa: B006  # typer's way
    team: Annotated[str, typer.Option(help="For the wallboard.")] = "",
    language: Annotated[list[str], typer.Option(help="The mother tongue first.")] = [],  # noqa: B006  # typer's way
    folder: Folder = Path(),
) -> None:
    """Add an agent at once, and for all starts; the phone's password is shown here alone."""
    fields = {
        "id": agent,
        "name": name,
        "number": number,
        "skills": dict(_skill(text) for text in skill),
        "team": team,
        "languages": language,
    }
    added = ask_core(settings_of(folder), AddAgentLive(fields, terminal()), ADDING_S)
    console = Console()
    console.print(f"{agent} is added. The phone's password: {added.sip_password}", markup=False)


def _skill(text: str) -> tuple[str, int]:
    name, _, level = text.partition("=")
    if not level.isdecimal():
        raise typer.BadParameter(f"{text!r} is not like orders=5", param_hint="--skill")
    return name, int(level)


@app.command("remove")
def remove(agent: Agent, folder: Folder = Path()) -> None:
    """Sign the agent out and remove him for good; not during a call. The id is never used again."""
    ask_core(settings_of(folder), RemoveAgentLive(agent, terminal()))
    Console().print(f"{agent} is removed.", markup=False)


def _set(folder: Path, agent: str, state: WantedState, reason: str = "") -> None:
    command = SetAgentState(by=terminal(), agent_id=agent, state=state, reason=reason)
    ask_core(settings_of(folder), BoardAsks(command))
    Console().print(f"{agent}: {state}", markup=False)
