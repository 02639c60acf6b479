"""`callcenter user …`: who may sign in to the wallboard and the API.

These commands write to the database directly, whether the centre runs or not: an administrator who
has lost the password must be able to make another. A change counts from the next request on.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, TypeAlias, TypeVar

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from callcenter.commands.init import init_command, new_password
from callcenter.configuration.settings import Settings, load
from foundation.db import TROUBLES, create_schema, make_engine
from foundation.errors import CallCentreError, NotFound, RemoteError
from foundation.web.store import UserStore
from foundation.web.users import Passwords, Role, User, WeakPassword, check_password_rules
from foundation.yaml_lines import nearest

app = typer.Typer(help="Who may sign in to the wallboard and the API.", no_args_is_help=True)

Result = TypeVar("Result")
Work: TypeAlias = Callable[[UserStore, Settings], Awaitable[Result]]
Folder = Annotated[Path, typer.Option("--dir", help="The centre's folder.")]
Ask = Annotated[bool, typer.Option("--ask", help="Type the password instead of having one made.")]
Name = Annotated[str, typer.Argument(help="The name typed at the sign-in page.")]


def create_first_user(folder: Path, name: str, password_hash: str) -> None:
    """For `init`: the first user may do everything, also make the others."""
    first = User(name, Role.ADMINISTRATOR, password_hash)
    asyncio.run(_with_store(folder, lambda store, _: store.add(first)))


init = init_command(create_first_user)


@app.command("add")
def add(
    name: Name,
    role: Annotated[Role, typer.Option(help="What the user may do.")] = Role.SUPERVISOR,
    agent: Annotated[str, typer.Option(help="The agent that this user is.")] = "",
    ask: Ask = False,
    folder: Folder = Path(),
) -> None:
    """Add a user; the password is made here and shown once."""
    password = _choose_password(name, ask=ask)
    user = User(name, role, Passwords().hash(password), agent or None)

    async def check_and_add(store: UserStore, settings: Settings) -> None:
        _check_new(user, settings)
        await store.add(user)

    run_with_users(folder, check_and_add)
    _tell_password(name, password, is_new=not ask)


@app.command("password")
def change_password(name: Name, ask: Ask = False, folder: Folder = Path()) -> None:
    """Make a new password for a user; the old one ends, and so do the user's sessions."""
    password = _choose_password(name, ask=ask)

    async def change(store: UserStore, _: Settings) -> None:
        user = await store.find(name)
        if user is None:
            raise NotFound(f"There is no user {name!r}.")
        hashed = Passwords().hash(password)
        await store.change(replace(user, password_hash=hashed))

    run_with_users(folder, change)
    _tell_password(name, password, is_new=not ask)


@app.command("remove")
def remove(name: Name, folder: Folder = Path()) -> None:
    """Remove a user."""
    run_with_users(folder, lambda store, _: store.remove(name))
    Console().print(f"{name} is removed.", markup=False)


@app.command("list")
def list_users(folder: Folder = Path()) -> None:
    """All users and their roles."""
    table = Table("user", "role", "agent")
    for user in run_with_users(folder, lambda store, _: store.all()):
        table.add_row(escape(user.user_id), user.role, user.agent_id or "")
    Console().print(table)


def _choose_password(name: str, *, ask: bool) -> str:
    if not ask:
        return new_password()
    typed: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    try:
        check_password_rules(typed, name)
    except WeakPassword as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    return typed


def _tell_password(name: str, password: str, *, is_new: bool) -> None:
    """Only what we made is shown; who typed it knows it."""
    console = Console(highlight=False)
    if not is_new:
        console.print(f"{name}: the password is set.", markup=False)
        return
    console.print(f"{escape(name)}: password [bold]{password}[/bold]", soft_wrap=True)
    console.print("It is shown this once; only its hash is kept.")


def _check_new(user: User, settings: Settings) -> None:
    """Raises for a name that nobody could type, and for an agent that is not configured."""
    if not user.user_id.isprintable() or user.user_id.split() != [user.user_id]:
        raise RemoteError(f"{user.user_id!r} is no name for a user; write one word.")
    check_agent(user.agent_id, settings)


def check_agent(agent_id: str | None, settings: Settings) -> None:
    agents = [agent.id for agent in settings.agents]
    if agent_id is not None and agent_id not in agents:
        raise NotFound(f"There is no agent {agent_id!r}; {nearest(agent_id, agents)}")


def run_with_users(folder: Path, work: Work[Result]) -> Result:
    """The work's result, or a sentence and exit code 1."""
    try:
        return asyncio.run(_with_store(folder, work))
    except CallCentreError as error:
        typer.echo(str(error), err=True)
    except TROUBLES as error:
        sentence = str(getattr(error, "orig", None) or error)
        typer.echo(f"The database cannot be used: {sentence}", err=True)
    raise typer.Exit(1)


async def _with_store(folder: Path, work: Work[Result]) -> Result:
    settings = load(folder)
    engine = make_engine(settings.database_url)
    try:
        await create_schema(engine)
        return await work(UserStore(engine), settings)
    finally:
        await engine.dispose()
