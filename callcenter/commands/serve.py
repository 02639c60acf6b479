"""`callcenter serve`: run a centre in the foreground until Ctrl-C or SIGTERM.

The configuration is checked here; then this process becomes the parent (`callcenter.supervise`),
which imports nothing heavy, under the same process id.
"""

import os
import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from callcenter.commands.prompts import show_making
from callcenter.configuration.line_accounts import carried_lines, trunk_of
from callcenter.configuration.settings import Settings, load
from callcenter.doctor.tls_faults import tls_faults
from callcenter.places import Places
from callcenter.rules.media import driver_options, media_workers, worker_options
from callcenter.secret import make_secret
from callcenter.supervise import Role
from callcenter.supervise.__main__ import Plan
from callcenter.supervise.sockets import Address
from foundation.errors import ConfigurationError


def serve(
    folder: Annotated[Path, typer.Argument(help="The centre's folder; see `init`.")] = Path(),
    verbose: Annotated[bool, typer.Option(help="Repeat the roles' logs here.")] = False,
) -> None:
    """Answer calls: start the centre and keep it running."""
    console = Console(stderr=True)
    try:
        settings = load(folder)
        if faults := list(tls_faults(settings)):
            raise ConfigurationError(faults)
    except ConfigurationError as error:
        for problem in error.problems:
            console.print(problem, markup=False, highlight=False)
        console.print("The centre was not started; `callcenter check` tells the same again.")
        raise typer.Exit(1) from None
    make_secret(settings.data_path)
    for listener in settings.sip.listen:
        console.print(f"SIP        {listener}", highlight=False)
    console.print(f"Wallboard  http://{settings.http.listen.host}:{settings.http.listen.port}/")
    console.print("Logs       " + str(Places(settings.data_path).logs), highlight=False)
    for problem in show_making(settings, console):
        console.print(problem, markup=False, highlight=False)
    os.execv(sys.executable, parent_argv(settings, echo=verbose))


def parent_argv(settings: Settings, *, echo: bool) -> list[str]:
    """The command line of the parent with everything it must know."""
    plan = Plan(
        folder=str(settings.folder),
        roles=tuple(roles(settings)),
        addresses=tuple(
            Address(listener.host, listener.port, listener.transport)
            for listener in settings.sip.listen
        ),
        echo=echo,
    )
    return [sys.executable, "-m", "callcenter.supervise", plan.to_json()]


def roles(settings: Settings) -> list[Role]:
    """Media first: core looks for living sessions when it starts."""
    workers = media_workers(settings)
    folder = str(settings.folder)

    def media(number: int) -> Role:
        return Role(f"media-{number}", _media(settings, number, workers))

    named = [
        *[media(number) for number in range(workers)],
        Role("core", _role("core", folder), needs_sip_sockets=True),
        Role("web", _role("web", folder)),
    ]
    named += [
        Role(trunk_of(number), _role("line", folder, number)) for number in carried_lines(settings)
    ]
    if settings.listens or settings.follows:
        named.append(Role("listener", _role("listener", folder)))
    if settings.recordings.transcribe:
        # It lowers its own priority.
        named.append(Role("transcriber", _role("transcriber", folder)))
    if settings.recordings.archive == "flac":
        named.append(Role("archiver", _role("archiver", folder)))
    return named


def _media(settings: Settings, number: int, workers: int) -> tuple[str, ...]:
    socket = str(Places(settings.data_path).media_socket(number))
    if settings.media.driver == "rtpengine":
        driver = driver_options(settings, socket)
        module = "telephony.media.rtpengine.service"
        return _python(module, msgspec.json.encode(driver).decode())
    options = worker_options(settings, number, workers, socket)
    return _python("telephony.media.worker", msgspec.json.encode(options).decode())


def _role(name: str, *arguments: str) -> tuple[str, ...]:
    return _python("callcenter.roles", name, *arguments)


def _python(module: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", module, *arguments)
