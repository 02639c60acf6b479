"""`callcenter user …`: who may sign in to the wallboard and the API.

These commands write to the database directly, whether the centre runs or not: an administrator who
has lost the password must be able to make another. A change counts from the next request on.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from callcenter.commands.init import new_password
from callcenter.settings import load
from foundation.db import create_schema, make_engine
from foundation.errors import CallCentreError, NotFound
from foundation.web.store import UserStore
from foundation.web.users import Passwords, Role, User

app = typer.Typer(help="Who may sign in to the wallboard and the API.", no_args_is_help=True)

Result = TypeVar("Result")
Folder = Annotated[Path, typer.Option("--dir", help="The centre's folder.")]
Name = Annotated[str, typer.Argument(help="The name typed at the sign-in page.")]


def create_first_user(folder: Path, name: str, password_hash: str) -> None:
    """For `init`: the first user may do everything, also make the others."""
    first = User(name, Role.ADMINISTRATOR, password_hash)
    asyncio.run(_with_store(folder, lambda store: store.add(first)))


@app.command("add")
def add(
    name: Name,
    role: Annotated[Role, typer.Option(help="What the user may do.")] = Role.SUPERVISOR,
    agent: Annotated[str, typer.Option(help="The agent that this user is.")] = "",
    folder: Folder = Path(),
) -> None:
    """Add a user; the password is made here and shown once."""
    password = new_password()
    user = User(name, role, Passwords().hash(password), agent or None)
    _run(folder, lambda store: store.add(user))
    _tell_password(name, password)


@app.command("password")
def change_password(name: Name, folder: Folder = Path()) -> None:
    """Make a new password for a user; the old one ends, and so do the user's sessions."""
    password = new_password()

    async def change(store: UserStore) -> None:
        user = await store.find(name)
        if user is None:
            raise NotFound(f"There is no user {name!r}.")
        hashed = Passwords().hash(password)
        await store.change(User(user.user_id, user.role, hashed, user.agent_id))

    _run(folder, change)
    _tell_password(name, password)


@app.command("remove")
def remove(name: Name, folder: Folder = Path()) -> None:
    """Remove a user."""
    _run(folder, lambda store: store.remove(name))
    Console().print(f"{name} is removed.", markup=False)


@app.command("list")
def list_users(folder: Folder = Path()) -> None:
    """All users and their roles."""
    table = Table("user", "role", "agent")
    for user in _run(folder, lambda store: store.all()):
        table.add_row(user.user_id, user.role, user.agent_id or "")
    Console().print(table)


def _tell_password(name: str, password: str) -> None:
    console = Console(highlight=False)
    console.print(f"{name}: password [bold]{password}[/bold]")
    console.print("It is shown this once; only its hash is kept.")


def _run(folder: Path, work: Callable[[UserStore], Awaitable[Result]]) -> Result:
    try:
        return asyncio.run(_with_store(folder, work))
    except CallCentreError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


async def _with_store(folder: Path, work: Callable[[UserStore], Awaitable[Result]]) -> Result:
    engine = make_engine(load(folder).database_url)
    try:
        await create_schema(engine)
        return await work(UserStore(engine))
    finally:
        await engine.dispose()
