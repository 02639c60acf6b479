"""`callcenter tv …`: read-only links to boards, for screens on a wall."""

import getpass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from callcenter.asks import ListTvLinks, MakeTvLink, RevokeTvLink
from callcenter.commands.asking import ask_core, settings_of
from wallboard.figures.boards import DEFAULT

app = typer.Typer(help="Read-only links to boards, for screens on a wall.", no_args_is_help=True)
Folder = Annotated[Path, typer.Option("--dir", help="The centre's folder.")]


@app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="Where the screen hangs, for people.")],
    board: Annotated[str, typer.Option(help="Which board; boards/NAME.yaml.")] = DEFAULT,
    hide_names: Annotated[bool, typer.Option(help="Agents have no names on it.")] = False,
    folder: Folder = Path(),
) -> None:
    """Make a link; it is shown once."""
    settings = settings_of(folder)
    made = ask_core(settings, MakeTvLink(name=name, board=board, hides_names=hide_names, by=_me()))
    listen = settings.http.listen
    console = Console(highlight=False, soft_wrap=True)
    address = f"http://{listen.host}:{listen.port}/wallboard?tv={made.token}"
    console.print(f"{made.link_id}: [bold]{escape(address)}[/bold]")
    console.print("It is shown this once; only its hash is kept. Who has it may look at the board.")


@app.command("list")
def list_links(folder: Folder = Path()) -> None:
    """All links that hold."""
    table = Table("link", "name", "board", "agents' names", "made by", "made")
    for link in ask_core(settings_of(folder), ListTvLinks()):
        names = "hidden" if link.hides_names else "shown"
        made = f"{link.made_at:%Y-%m-%d %H:%M}"
        table.add_row(link.link_id, escape(link.name), link.board, names, link.made_by, made)
    Console().print(table)


@app.command("revoke")
def revoke(
    link: Annotated[str, typer.Argument(help="Its id, as `list` shows it.")],
    folder: Folder = Path(),
) -> None:
    """End a link; its screens go dark at once."""
    ask_core(settings_of(folder), RevokeTvLink(link_id=link, by=_me()))
    typer.echo(f"{link} is revoked.")


def _me() -> str:
    return f"terminal:{getpass.getuser()}"
