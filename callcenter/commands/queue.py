"""`callcenter queue …`: see, add, change and remove queues of a running centre."""

from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from callcenter.asks import (
    AddQueueLive,
    ChangeQueueLive,
    ListQueues,
    RemoveQueueLive,
)
from callcenter.commands.asking import ask_core, settings_of, terminal

app = typer.Typer(help="Queues of the running centre.", no_args_is_help=True)

Folder = Annotated[Path, typer.Option("--dir", help="The centre's folder.")]
Queue = Annotated[str, typer.Argument(help="The queue's id, for example orders.")]
Fields = Annotated[
    list[str],
    typer.Argument(
        help="FIELD=VALUE as in callcenter.yaml, for example ring_s=20 or 'skills={orders: 2}'."
    ),
]


@app.command("list")
def list_queues(folder: Folder = Path()) -> None:
    """Every queue, who is in it, and whether it is open."""
    table = Table("queue", "name", "is", "who is in it", "agents")
    for one in ask_core(settings_of(folder), ListQueues()):
        row = (one.queue, one.name, one.state, str(one.present), str(one.agents))
        table.add_row(*map(escape, row))
    Console().print(table)


@app.command("add")
def add(queue: Queue, fields: Fields = [], folder: Folder = Path()) -> None:  # noqa: B006  # typer's way
    """Add a queue at once, and for all starts; one that was removed comes back as it was."""
    wish = AddQueueLive(queue, fields_of(fields), terminal())
    added = ask_core(settings_of(folder), wish)
    console = Console()
    console.print(f"The queue {queue} is added.", markup=False)
    for doubt in added.doubts:
        console.print(f"But {doubt}.", markup=False)


@app.command("change")
def change(queue: Queue, fields: Fields, folder: Folder = Path()) -> None:
    """Serve a queue otherwise; `name=…` renames it, `closed=true` lets nobody in."""
    ask_core(settings_of(folder), ChangeQueueLive(queue, fields_of(fields), terminal()))
    Console().print(f"The queue {queue} is changed.", markup=False)


@app.command("remove")
def remove(
    queue: Queue,
    move_to: Annotated[
        str, typer.Option(help="The queue that callers and promised callbacks go to.")
    ] = "",
    when_empty: Annotated[
        bool, typer.Option("--when-empty", help="Close it now, remove it after the last caller.")
    ] = False,
    folder: Folder = Path(),
) -> None:
    """Remove a queue that nobody is in; `callcenter queue add` with the same id brings it back."""
    wish = RemoveQueueLive(queue, terminal(), move_to, when_empty)
    removed = ask_core(settings_of(folder), wish)
    later = f"closed, and goes when nobody is in it any more: {removed.left}"
    Console().print(f"The queue {queue} is {later if removed.left else 'removed'}.", markup=False)


def fields_of(written: list[str]) -> dict[str, Any]:
    """`["ring_s=20"]` → `{"ring_s": 20}`; values are YAML."""
    fields = {}
    for text in written:
        name, is_there, value = text.partition("=")
        if not is_there or not name:
            raise typer.BadParameter(f"{text!r} is not like ring_s=20", param_hint="FIELD=VALUE")
        try:
            fields[name] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise typer.BadParameter(f"{text!r}: {error}", param_hint="FIELD=VALUE") from None
    return fields
