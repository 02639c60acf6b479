"""The command line: `callcenter …` or `python -m callcenter …`; one module for each command.

Only the module of the command that is asked for is imported: all of them together take longer than
most commands do.
"""

import gc
import sys
from collections.abc import Sequence
from importlib import import_module

import typer

COMMANDS = {
    "init": "user",
    "check": "check",
    "demo": "demo",
    "doctor": "doctor",
    "serve": "serve",
    "watch": "watch",
    "call": "call",
    "records": "records",
    "reload": "reload",
    "scenario": "scenario",
    "simulate": "simulate",
    "staff": "staff",
}
"Functions, and the modules of `callcenter.commands` that they are in."
GROUPS = (
    "user",
    "token",
    "agent",
    "emergency",
    "ivr",
    "live",
    "models",
    "party",
    "prompts",
    "quality",
    "queue",
    "recordings",
    "speech",
    "tv",
)
"Modules with an `app` of several commands."


def command_line(words: Sequence[str] = ()) -> typer.Typer:
    """With the command that the words begin with; with all, when they begin with none."""
    every = (*COMMANDS, *GROUPS)
    app = typer.Typer(name="callcenter", no_args_is_help=True, pretty_exceptions_enable=False)
    app.callback()(callcenter)
    for name in [word for word in words[:1] if word in every] or every:
        module = import_module(f"callcenter.commands.{COMMANDS.get(name, name)}")
        if name in COMMANDS:
            app.command(name)(getattr(module, name))
        else:
            app.add_typer(module.app, name=name)
    return app


def callcenter() -> None:
    """A telephone call centre: SIP, IVR, ACD, recording, transcription and a live wallboard."""


def main() -> None:
    gc.disable()  # as in `callcenter.roles`: nothing that is imported is garbage
    app = command_line(sys.argv[1:])
    gc.enable()
    app()


if __name__ == "__main__":
    main()
