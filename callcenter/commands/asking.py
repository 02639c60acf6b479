"""How commands ask the core of a running centre."""

import asyncio
import getpass
from pathlib import Path
from typing import TypeVar

import typer

from callcenter.configuration.settings import Settings, load
from callcenter.places import Places
from foundation.errors import CallCentreError, ConfigurationError, Unavailable
from foundation.ipc import Client, Request

Reply = TypeVar("Reply")


def settings_of(folder: Path) -> Settings:
    """The centre's, or all its problems and exit code 1."""
    try:
        return load(folder)
    except ConfigurationError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


def terminal() -> str:
    """Who asks, for the audit."""
    return f"terminal:{getpass.getuser()}"


def ask_core(settings: Settings, request: Request[Reply], timeout_s: float = 5.0) -> Reply:
    """Core's answer, or its sentence and exit code 1."""
    return ask_core_in(settings.folder, request, timeout_s)


def ask_core_in(folder: Path, request: Request[Reply], timeout_s: float = 5.0) -> Reply:
    """The same for a folder whose configuration may be broken."""
    try:
        return asyncio.run(ask(core_socket(folder), request, timeout_s))
    except Unavailable as error:
        typer.echo(f"{error}\nIs the centre running? callcenter serve {folder}", err=True)
    except CallCentreError as error:
        typer.echo(str(error), err=True)
    raise typer.Exit(1)


def core_socket(folder: Path) -> Path:
    return Places(folder.absolute() / "data").core_socket


async def ask(socket: Path, request: Request[Reply], timeout_s: float = 5.0) -> Reply:
    """Raises what core raised; Unavailable when it is away."""
    client = await Client.connect(socket)
    try:
        return await client.ask(request, timeout_s)
    finally:
        await client.close()
