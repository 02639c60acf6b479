"""`callcenter speech …`: what callers say to flows: try it, put it right, see how it goes."""

from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from callcenter.changes.learned_file import write
from callcenter.configuration.settings import Settings, load
from callcenter.records.speech_figures import figures_of
from foundation.errors import ConfigurationError
from foundation.yaml_lines import nearest
from ivr.language.nodes import Ask
from ivr.understanding.intents import guess, rank

OUTCOMES = ("understood", "confirmed", "key", "fell_back", "unavailable")

app = typer.Typer(help="What callers say: try it, put it right, count it.", no_args_is_help=True)

Folder = Annotated[Path, typer.Option("--dir", help="The centre's folder.")]
FlowName = Annotated[str, typer.Argument(help="A file of flows/, without .yaml.", metavar="FLOW")]
NodeName = Annotated[str, typer.Argument(help="An `ask` node of it.", metavar="NODE")]
Said = Annotated[str, typer.Argument(help="What a caller says.", metavar="WORDS")]


@app.command("try")
def try_words(flow: FlowName, node: NodeName, words: Said, folder: Folder = Path()) -> None:
    """Show what an `ask` node makes of some words."""
    asked = _ask(_load(folder), flow, node)
    examples = {
        name: [phrase for phrases in one.phrases.values() for phrase in phrases]
        for name, one in asked.choices.items()
    }
    for one in rank(words, examples):
        typer.echo(f"{one.score:6.2f}  {one.choice}")
    best = guess(words, 1.0, examples)
    if best is None or best.confidence < asked.maybe:
        typer.echo(f"not understood: the caller is asked again, then goes to {asked.default}")
    else:
        way = "taken" if best.confidence >= asked.sure else "asked back"
        typer.echo(f"{best.choice}, {best.confidence:.2f} sure: {way}")


@app.command("learn")
def learn(
    flow: FlowName,
    node: NodeName,
    words: Said,
    choice: Annotated[str, typer.Argument(help="What was meant.", metavar="CHOICE")],
    folder: Folder = Path(),
) -> None:
    """Put right what some words mean; a running centre takes it up by `callcenter reload`."""
    settings = _load(folder)
    asked = _ask(settings, flow, node)
    if choice not in asked.choices:
        _fail(f"there is no choice {choice!r}; {nearest(choice, asked.choices)}")
    write(settings, {flow: {node: {words: choice}}})
    typer.echo(f"{words!r} means {choice} once it is taken up: callcenter reload")


@app.command("figures")
def figures(
    folder: Annotated[Path, typer.Argument(help="The centre's folder.", metavar="[DIR]")] = Path(),
) -> None:
    """Count how the questions of each node ended, by the journal."""
    table = Table("node", "asked", "understood", "confirmed", "key", "fell back", "unavailable")
    for node, counts in sorted(figures_of(_load(folder).journal_path).items()):
        cells = [f"{counts[outcome]}" for outcome in OUTCOMES]
        table.add_row(f"{node[0]}/{node[1]}", str(counts.total()), *cells)
    Console(highlight=False).print(table)


def _load(folder: Path) -> Settings:
    try:
        return load(folder)
    except ConfigurationError as error:
        _fail("\n".join(error.problems))


def _ask(settings: Settings, flow: str, node: str) -> Ask:
    if flow not in settings.flows:
        _fail(f"there is no flows/{flow}.yaml; {nearest(flow, settings.flows)}")
    nodes = settings.flows[flow].nodes
    found = nodes.get(node)
    if not isinstance(found, Ask):
        asking = [name for name, one in nodes.items() if isinstance(one, Ask)]
        _fail(f"the flow has no `ask` node {node!r}; it has: {', '.join(asking) or 'none'}")
    return found


def _fail(sentence: str) -> NoReturn:
    typer.echo(sentence, err=True)
    raise typer.Exit(1)
