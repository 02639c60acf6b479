"""`callcenter token …`: API tokens, by which programs sign in.

As `callcenter user`, these write to the database directly, whether the centre runs or not.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from callcenter.commands.user import Folder, check_agent, run_with_users
from callcenter.configuration.settings import Settings
from foundation import clock
from foundation.errors import NotFound
from foundation.web.store import UserStore
from foundation.web.tokens import ApiToken, hash_token, new_token, new_token_id
from foundation.web.users import Role

app = typer.Typer(help="API tokens, by which programs sign in.", no_args_is_help=True)
DAY_S = 86_400.0
BY = "callcenter token"


@app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="What the token is for, one word.")],
    role: Annotated[Role, typer.Option(help="As what it acts.")] = Role.SUPERVISOR,
    agent: Annotated[str, typer.Option(help="The agent who it is, as of a user.")] = "",
    write: Annotated[bool, typer.Option("--write", help="It may act, not only read.")] = False,
    days: Annotated[int, typer.Option(min=1, max=3660, help="It ends after so many.")] = 90,
    folder: Folder = Path(),
) -> None:
    """Make a token; it is shown once."""
    text, now_s = new_token(), clock.utc_now().timestamp()
    token = ApiToken(
        token_id=new_token_id(),
        name=name,
        token_hash=hash_token(text),
        role=role,
        agent_id=agent or None,
        reads_only=not write,
        made_by=BY,
        made_s=now_s,
        expires_s=now_s + days * DAY_S,
    )

    async def check_and_add(store: UserStore, settings: Settings) -> None:
        check_agent(token.agent_id, settings)
        await store.add_token(token)

    run_with_users(folder, check_and_add)
    console = Console(highlight=False)
    console.print(f"{escape(name)}: [bold]{text}[/bold]", soft_wrap=True)
    console.print("It is shown this once; only its hash is kept.")


@app.command("list")
def list_tokens(folder: Folder = Path()) -> None:
    """All tokens; none of them can be shown again."""
    table = Table("token", "role", "agent", "may", "ends", "last used", "made by")
    now_s = clock.utc_now().timestamp()
    for token in run_with_users(folder, lambda store, _: store.tokens()):
        table.add_row(
            escape(token.name),
            token.role,
            token.agent_id or "",
            "read" if token.reads_only else "read and act",
            _day(token.expires_s) if token.is_valid(now_s) else "is over",
            _day(token.used_s),
            token.made_by,
        )
    Console().print(table)


@app.command("revoke")
def revoke(
    name: Annotated[str, typer.Argument(help="As `list` shows it.")], folder: Folder = Path()
) -> None:
    """End a token; programs that use it are out at once."""

    async def find_and_revoke(store: UserStore, _: Settings) -> None:
        for token in await store.tokens():
            if token.name == name:
                await store.revoke_token(token.token_id)
                return
        raise NotFound(f"There is no token {name!r}.")

    run_with_users(folder, find_and_revoke)
    Console().print(f"{name} is revoked.", markup=False)


def _day(at_s: float | None) -> str:
    return "never" if at_s is None else datetime.fromtimestamp(at_s, UTC).date().isoformat()
