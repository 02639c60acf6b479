"""`callcenter agent …`: see the agents of a running centre and change their state."""

import asyncio
import getpass
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from callcenter.asks import BoardAsks, ListAgents
from callcenter.places import Places
from callcenter.settings import Settings, load
from foundation.errors import CallCentreError, ConfigurationError, Unavailable
from foundation.ipc import Client, Request
from wallboard.commands import SetAgentState, WantedState

app = typer.Typer(help="Agents of the running centre.", no_args_is_help=True)

Reply = TypeVar("Reply")
Folder = Annotated[Path, typer.Option("--dir", help="The centre's folder.")]
Agent = Annotated[str, typer.Argument(help="The agent's id, for example agent0001.")]


@app.command("list")
def list_agents(folder: Folder = Path()) -> None:
    """Every agent's phone and state now."""
    settings = settings_of(folder)
    numbers = {agent.id: agent.number for agent in settings.agents}
    table = Table("agent", "name", "number", "phone", "state", "reason", "call")
    for view in ask(settings, ListAgents()):
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
    ask(settings_of(folder), BoardAsks(command))
    Console().print(f"{agent}: {state}", markup=False)


def settings_of(folder: Path) -> Settings:
    """The centre's, or all its problems and exit code 1."""
    try:
        return load(folder)
    except ConfigurationError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


def ask(settings: Settings, request: Request[Reply]) -> Reply:
    """Core's answer, or its sentence and exit code 1."""

    async def asked() -> Reply:
        client = await Client.connect(Places(settings.data_path).core_socket)
        try:
            return await client.ask(request)
        finally:
            await client.close()

    try:
        return asyncio.run(asked())
    except Unavailable as error:
        typer.echo(f"{error}\nIs the centre running? callcenter serve {settings.folder}", err=True)
    except CallCentreError as error:
        typer.echo(str(error), err=True)
    raise typer.Exit(1)
