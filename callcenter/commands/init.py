"""`callcenter init DIR`: a commented starter centre with passwords of its own."""

import re
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeAlias

import typer
from argon2 import PasswordHasher
from rich.console import Console

import callcenter
from foundation.errors import ConfigurationError

STARTER = Path(callcenter.__file__).parent / "starter"
FIRST_USER = "supervisor"
_PLACEHOLDER = "@PASSWORD@"
# Without letters and digits that are mistaken for each other when typed into a phone.
_LETTERS = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"

CreateFirstUser: TypeAlias = Callable[[Path, str, str], None]
"Folder of the centre, name and argon2 hash of the first supervisor."


def new_password(length: int = 16) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


def write_starter(folder: Path) -> None:
    """Copy the starter; every agent gets a SIP password. A folder in use is left alone."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigurationError([f"{folder}: is not an empty folder; nothing was written"])
    for source in sorted(STARTER.rglob("*")):
        if source.suffix not in (".yaml", ".md"):
            continue
        target = folder / source.relative_to(STARTER)
        target.parent.mkdir(parents=True, exist_ok=True)
        text = source.read_text(encoding="utf-8")
        # It may hold passwords: nobody but its owner reads it, not even for a moment.
        target.touch(mode=0o600)
        target.write_text(re.sub(_PLACEHOLDER, lambda _: new_password(), text), encoding="utf-8")
    (folder / "data").mkdir(mode=0o700)


def init_command(create_first_user: CreateFirstUser) -> Callable[[Path], None]:
    """The command, given where the first supervisor is kept."""

    def init(
        folder: Annotated[Path, typer.Argument(help="A new or empty folder.", metavar="DIR")],
    ) -> None:
        """Write a commented starter centre."""
        try:
            write_starter(folder)
        except (ConfigurationError, OSError) as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(1) from None
        password = new_password()
        create_first_user(folder, FIRST_USER, PasswordHasher().hash(password))
        _tell(folder, password)

    return init


def _tell(folder: Path, password: str) -> None:
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"A starter centre is in [bold]{folder}[/bold].\n")
    console.print(f"First supervisor: [bold]{FIRST_USER}[/bold], password [bold]{password}[/bold]")
    console.print("It is shown this once; only its hash is kept.\n")
    console.print("Next:")
    console.print(f"  1. look at {folder / 'callcenter.yaml'}: addresses, agents, queues")
    console.print(f"  2. callcenter check {folder}")
    console.print(f"  3. callcenter serve {folder}")
    console.print("  4. register a phone as sip:agent0001@localhost with the agent's sip_password,")
    console.print("     sign in at http://127.0.0.1:8080/wallboard, and call 8000")
