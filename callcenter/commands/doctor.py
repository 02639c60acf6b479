"""`callcenter doctor [DIR]`: what on this machine would keep the centre from serving well."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from callcenter.configuration.line_accounts import carried_lines
from callcenter.configuration.settings import Settings, load
from callcenter.doctor import health
from callcenter.doctor.health import Finding, Verdict
from callcenter.doctor.rtpengine import rtpengine
from callcenter.doctor.shelf import examine_shelf
from callcenter.doctor.trunks import examine_trunks
from callcenter.rules.flows import prompt_options
from callcenter.supervise import status
from foundation.errors import ConfigurationError
from telephony.media.lanes import native
from telephony.media.sound.opus import library_version

COLOURS = {Verdict.OK: "green", Verdict.WARN: "yellow", Verdict.FAIL: "red"}


def doctor(
    folder: Annotated[Path, typer.Argument(help="The centre's folder.", metavar="[DIR]")] = Path(),
) -> None:
    """Look at ports, clock, models, voices, disk, database and permissions."""
    try:
        settings = load(folder)
    except ConfigurationError as error:
        for problem in error.problems:
            typer.echo(problem, err=True)
        typer.echo("first make `callcenter check` happy", err=True)
        raise typer.Exit(1) from None
    findings = list(examine(settings))
    Console(highlight=False).print(table(findings))
    if any(finding.verdict is Verdict.FAIL for finding in findings):
        raise typer.Exit(1)


def examine(settings: Settings) -> Iterator[Finding]:
    """All checks, those of the running centre's own ports excepted."""
    yield health.python_version()
    yield health.clock()
    yield from _ports(settings)
    yield from examine_trunks(settings)
    yield from _rtpengine(settings)
    yield from _speech(settings)
    for number, account in carried_lines(settings).items():
        yield health.pbx(number, account.server, account.port)
    yield health.disk_space(settings.recordings_path)
    yield health.disk_speed(settings.data_path)
    yield from examine_shelf(settings)
    yield asyncio.run(health.database(settings.database_url, settings.folder))
    yield health.realtime()
    if settings.media.opus:
        yield health.opus(library_version())
    yield health.media_loop(settings.media.loop, native.find_compiler())
    yield health.descriptors(settings.media.limits.legs)


def table(findings: list[Finding]) -> Table:
    drawn = Table("", "what", "is", "what to do next")
    for finding in findings:
        colour = COLOURS[finding.verdict]
        verdict = f"[{colour}]{finding.verdict.value}[/{colour}]"
        drawn.add_row(verdict, finding.what, finding.says, finding.next_step)
    return drawn


def _ports(settings: Settings) -> Iterator[Finding]:
    running = [role.name for role in status(settings.folder) if role.is_running]
    if running:
        yield Finding("ports", Verdict.OK, f"in use by this centre: {', '.join(running)} running")
        return
    for listener in settings.sip.listen:
        yield health.port(listener.transport, listener.host, listener.port)
    yield health.port("tcp", settings.http.listen.host, settings.http.listen.port)
    yield health.media_ports(settings.media.address, *settings.media.ports)
    if settings.media.driver == "rtpengine":
        digits = settings.media.rtpengine_digits
        yield health.port("udp", digits.host, digits.port)
    for account in carried_lines(settings).values():
        if account.sip_port:
            yield health.port("udp", account.address or "0.0.0.0", account.sip_port)


def _rtpengine(settings: Settings) -> Iterator[Finding]:
    if settings.media.driver == "rtpengine":
        yield rtpengine(settings.media.rtpengine)


def _speech(settings: Settings) -> Iterator[Finding]:
    for language in settings.recordings.models:
        if (model := settings.model_path(language)) is not None:
            yield health.speech_model(language, model)
    yield health.voices([*prompt_options(settings).voices.values()])
