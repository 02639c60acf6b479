"""`callcenter agent …`: see the agents of a running centre and change their state."""

import getpass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from callcenter.asks import BoardAsks, ListAgents
from callcenter.commands.asking import ask_core, settings_of
from wallboard.commands import SetAgentState, WantedState

app = typer.Typer(help="Agents of the running centre.", no_args_is_help=True)

Folder = Annotated[Path, typer.Option("--dir", help="The centre's folder.")]
Agent = Annotated[str, typer.Argument(help="The agent's id, for example agent0001.")]


@app.command("list")
def list_agents(folder: Folder = Path()) -> None:
    """Every agent's phone and state now."""
    settings = settings_of(folder)
    numbers = {agent.id: agent.number for agent in settings.agents}
    table = Table("agent", "name", "number", "phone", "state", "reason", "call")
    for view in ask_core(settings, ListAgents()):
        phone = "busy" if view.busy else "registered" if view.registered else "–"
        number = numbers.get(view.agent_id, "")
        row = (view.agent_id, view.name, number, phone, view.state, view.reason)
        table.add_row(*(escape(cell) for cell in (*row, view.call_id or "")))
    Console().print(table)


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


def _set(folder: Path, agent: str, state: WantedState, reason: str = "") -> None:
    command = SetAgentState(
        by=f"terminal:{getpass.getuser()}", agent_id=agent, state=state, reason=reason
    )
    ask_core(settings_of(folder), BoardAsks(command))
    Console().print(f"{agent}: {state}", markup=False)
