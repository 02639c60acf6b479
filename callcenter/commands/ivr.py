"""`callcenter ivr …`: draw a flow, try it in the terminal, run its dialogues, help an editor."""

import asyncio
import json
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn
from zoneinfo import ZoneInfo

import typer

from callcenter.changes.learned_file import learned, write
from callcenter.configuration.settings import Settings, load
from callcenter.flow_tests import run_all
from callcenter.records.path_counts import counts_of
from foundation.errors import CallCentreError, ConfigurationError
from foundation.yaml_lines import nearest
from ivr.effects import HandOverCard, StartLookup
from ivr.flows.flow import Flow
from ivr.inputs import LookupDone
from ivr.pictures import draw_svg, drawing
from ivr.trials import schema
from ivr.trials.dialogue import FAILS, MISSING, Answer, Dialogue, Hangs
from ivr.visit.caller import Caller

app = typer.Typer(help="Flows: draw, try and test them.", no_args_is_help=True)

Folder = Annotated[Path, typer.Option("--dir", help="The centre's folder.")]
FlowName = Annotated[str, typer.Argument(help="A file of flows/, without .yaml.", metavar="FLOW")]
HELP = "keys: 1 or 1234#   words: say my order is late   Enter: hear on   wait 5   quit"


class Form(StrEnum):
    MERMAID = "mermaid"
    SVG = "svg"
    HTML = "html"


class Kind(StrEnum):
    FLOW = "flow"
    TESTS = "tests"


@app.command("schema")
def write_schema(
    kind: Annotated[Kind, typer.Argument(help="Of flows, or of their dialogues.")] = Kind.FLOW,
) -> None:
    """Print the JSON Schema for editors."""
    wanted = schema.flow_schema() if kind is Kind.FLOW else schema.dialogue_schema()
    typer.echo(schema.text(wanted), nl=False)


@app.command("draw")
def draw(
    flow: FlowName,
    folder: Folder = Path(),
    form: Annotated[
        Form, typer.Option("--as", help="Mermaid text, an SVG, or a page.")
    ] = Form.MERMAID,
    as_html: Annotated[bool, typer.Option("--html", help="The same as --as html.")] = False,
    with_counts: Annotated[
        bool, typer.Option("--counts", help="With the number of calls on each way, by the journal.")
    ] = False,
) -> None:
    """Print a picture of a flow."""
    form = Form.HTML if as_html else form
    settings = _load(folder)
    found = _find(settings, flow)
    counts = counts_of(settings.journal_path, found.name) if with_counts else None
    pictures = {Form.MERMAID: drawing.mermaid, Form.SVG: draw_svg.svg, Form.HTML: draw_svg.page}
    typer.echo(pictures[form](drawing.shape_of(found), counts), nl=False)


@app.command("learn")
def learn(
    folder: Folder = Path(),
    apply: Annotated[bool, typer.Option("--apply", help="Write it into the file.")] = False,
) -> None:
    """Show what people have put right of what callers said, and is in no file yet."""
    settings = _load(folder)
    try:
        new = asyncio.run(learned(settings))
    except CallCentreError as error:
        _fail(error)
    for flow, nodes in new.items():
        for node, phrases in nodes.items():
            for phrase, choice in phrases.items():
                typer.echo(f"{flow}/{node}: {phrase!r} means {choice}")
    if not new:
        typer.echo("Nothing was learnt that is not in the file.")
    elif apply:
        write(settings, new)
        typer.echo(f"Written to {settings.corrections_file}; taken up by: callcenter reload")
    else:
        typer.echo("--apply writes it into the file.")


@app.command("test")
def run_tests(
    flow: Annotated[str, typer.Argument(help="Only this flow's.", metavar="[FLOW]")] = "",
    folder: Folder = Path(),
) -> None:
    """Run the dialogues beside the flows: flows/*.test.yaml."""
    settings = _load(folder)
    try:
        outcomes = list(run_all(settings, flow))
    except ConfigurationError as error:
        _fail(error)
    for outcome in outcomes:
        if outcome.failure is None:
            typer.echo(f"ok      {outcome.file}: {outcome.test}")
        else:
            typer.echo(f"FAILED  {outcome.failure}")
    failed = sum(outcome.failure is not None for outcome in outcomes)
    typer.echo(f"{len(outcomes)} dialogues, {failed} failed")
    if failed or not outcomes:
        raise typer.Exit(1)


@app.command("try")
def try_flow(
    flow: FlowName,
    folder: Folder = Path(),
    number: Annotated[str, typer.Option(help="Who calls.")] = "+8613900000001",
    tier: Annotated[str, typer.Option(help="The caller's VIP tier.")] = "",
    language: Annotated[str, typer.Option(help="One of the flow's; else all of them.")] = "",
    at: Annotated[str, typer.Option(help="Local time of the call: 2026-10-12T09:30.")] = "",
) -> None:
    """Talk with a flow in the terminal."""
    settings = _load(folder)
    found = _find(settings, flow)
    caller = Caller(
        number=number,
        tier=tier,
        line=next((line.number for line in settings.lines if line.flow == flow), ""),
        called_at=_moment(at, ZoneInfo(settings.timezone)),
    )
    languages = (language,) if language else ()
    dialogue = Dialogue(found, settings.flows, languages, caller, settings.hours, _ask_for_answer)
    typer.echo(HELP)
    _converse(dialogue)


def _converse(dialogue: Dialogue) -> None:
    told = 0
    while True:
        for line in dialogue.log[told:]:
            typer.echo(f"  {line}")
        told = len(dialogue.log)
        if dialogue.is_over:
            return
        try:
            words = typer.prompt(f"[{dialogue.state()}]", default="", show_default=False)
        except typer.Abort:
            words = "quit"
        if not _do(words.strip(), dialogue):
            return


def _do(words: str, dialogue: Dialogue) -> bool:
    """False when the trial is over."""
    verb, _, rest = words.partition(" ")
    if words in ("quit", "q"):
        return False
    if words and set(words) <= set("0123456789*#"):
        dialogue.press(words)
    elif verb == "say" and rest:
        if not dialogue.say(rest.strip()):
            typer.echo("  (nobody listens)")
    elif verb == "wait" and rest.strip().isdecimal():
        dialogue.wait(float(rest))
    elif words == "":
        if not dialogue.hear():
            dialogue.be_silent()
            dialogue.stop_speaking()
            dialogue.wait(1.0)
    else:
        typer.echo(f"  {HELP}")
    return True


def _ask_for_answer(node: str, asked: StartLookup | HandOverCard) -> Answer:
    if isinstance(asked, HandOverCard):
        typer.echo(f"  {node} hands a card over")
    else:
        typer.echo(f"  {node} asks {asked.method} {asked.url} {dict(asked.query) or ''}")
    words = typer.prompt("  its answer as JSON, or: missing, fails, hangs", default="fails")
    if words == "missing":
        return MISSING
    if words == "hangs":
        return Hangs()
    try:
        return FAILS if words == "fails" else LookupDone(0, json.loads(words))
    except (ValueError, RecursionError):
        typer.echo("  (is no JSON, so the look-up fails)")
        return FAILS


def _moment(text: str, zone: ZoneInfo) -> datetime:
    if not text:
        return datetime.now(zone)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        typer.echo(f"{text!r} is no time; write 2026-10-12T09:30", err=True)
        raise typer.Exit(1) from None
    return at if at.tzinfo else at.replace(tzinfo=zone)


def _load(folder: Path) -> Settings:
    try:
        return load(folder)
    except ConfigurationError as error:
        _fail(error)


def _fail(error: CallCentreError) -> NoReturn:
    typer.echo(str(error), err=True)
    raise typer.Exit(1) from None


def _find(settings: Settings, name: str) -> Flow:
    if name not in settings.flows:
        typer.echo(f"there is no flow {name!r}; {nearest(name, settings.flows)}", err=True)
        raise typer.Exit(1)
    return settings.flows[name]
