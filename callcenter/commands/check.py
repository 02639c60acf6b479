"""`callcenter check [DIR]`: all problems of a configuration in one go."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from callcenter.changes import live_file
from callcenter.configuration.queue_checks import fits
from callcenter.configuration.settings import Settings, load
from callcenter.doctor.health import Verdict
from callcenter.doctor.rtpengine import rtpengine
from callcenter.doctor.tls_faults import tls_faults
from foundation.errors import ConfigurationError
from ivr.speech import audio
from telephony.sip.sockets.tls import certificate_ends_at


def check(
    folder: Annotated[Path, typer.Argument(help="The centre's folder.", metavar="[DIR]")] = Path(),
) -> None:
    """Tell every problem of the configuration with file and line."""
    try:
        settings = load(folder)
        if faults := [*wav_faults(settings.prompts_path), *tls_faults(settings)]:
            raise ConfigurationError(faults)
    except ConfigurationError as error:
        for problem in error.problems:
            typer.echo(problem)
        count = len(error.problems)
        typer.echo(f"{count} problem{'s' if count > 1 else ''}; nothing would be served", err=True)
        raise typer.Exit(1) from None
    for warning in [*settings.warnings, *rtpengine_faults(settings), *live_changes(settings)]:
        typer.echo(f"{warning} (a warning)")
    Console(highlight=False).print(summary(settings))
    typer.echo("The configuration is in order.")


def wav_faults(prompts: Path) -> Iterable[str]:
    """Recorded prompts that could not be played."""
    for file in sorted(prompts.glob("*.wav")):
        try:
            audio.read_wav(file)
        except audio.UnusableWav as error:
            yield str(error)


def rtpengine_faults(settings: Settings) -> Iterable[str]:
    """It may be started later than the centre, so what is missing is no reason not to serve."""
    if settings.media.driver == "rtpengine":
        finding = rtpengine(settings.media.rtpengine)
        if finding.verdict is not Verdict.OK:
            yield f"media.rtpengine: {finding.says}; {finding.next_step}"


def live_changes(settings: Settings) -> Iterable[str]:
    """What goes before the configuration; it would be passed over if it could not be used."""
    path = live_file.path_of(settings)
    try:
        live = live_file.read(path)
        live_file.overlaid(settings, live)
    except ConfigurationError as error:
        yield from (f"{path.name}, left out at the next start: {each}" for each in error.problems)
        return
    if not live.is_empty:
        changed = (*live.agents, *live.queues, *live.added_queues, *live.removed_queues)
        names = ", ".join(dict.fromkeys(changed))
        yield f"data/{path.name} goes before what is written of {names}; see `callcenter live`"


def summary(settings: Settings) -> Table:
    """What would be served, one row a thing."""
    table = Table(title=f"Centre {settings.sip.domain}", title_justify="left")
    table.add_column("what")
    table.add_column("is")
    table.add_row("SIP", "\n".join(str(one) for one in settings.sip.listen))
    if (files := settings.tls_files()) is not None:
        table.add_row("certificate", f"until {certificate_ends_at(files):%Y-%m-%d}")
    table.add_row("HTTP", f"{settings.http.listen.host}:{settings.http.listen.port}")
    first, last = settings.media.ports
    table.add_row("media", f"{settings.media.address}, ports {first} to {last}")
    if settings.media.driver == "rtpengine":
        table.add_row("rtpengine", str(settings.media.rtpengine))
    if (shelf := settings.recordings.shelf).kind == "s3":
        place = f"bucket {shelf.bucket} at {shelf.endpoint}, {shelf.prefix or 'no prefix'}"
        table.add_row("recordings", place)
    for line in settings.lines:
        at = f", registered at {line.pyvoip.server}" if line.pyvoip else ""
        table.add_row(f"line {line.number}", f"flow {line.flow}{at}")
    for name, queue in settings.queues.items():
        able = [agent.name for agent in settings.agents if fits(agent, queue)]
        table.add_row(f"queue {name}", ", ".join(able) or "no agent")
    return table
