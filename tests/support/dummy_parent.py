"""The parent of the dummy roles: `python -m tests.support.dummy_parent FOLDER [ROLE=HOW …]`."""

import logging
import sys
from pathlib import Path

from callcenter.supervise import Parent, Role
from callcenter.supervise.sockets import Address

NAMES = ("media", "core", "transcriber", "web")


def roles(folder: Path, hows: dict[str, str]) -> list[Role]:
    program = (sys.executable, "-m", "tests.support.dummy_role")
    return [
        Role(
            name,
            (*program, name, str(folder), hows.get(name, "")),
            niceness=7 if name == "transcriber" else 0,
            needs_sip_sockets=name == "core",
        )
        for name in NAMES
    ]


def main(folder: Path, *hows: str) -> None:
    logging.basicConfig(level=logging.INFO)

    def note_port(addresses: list[Address]) -> None:
        # In one step: a test that reads meanwhile must not see half of it.
        (folder / "port.new").write_text(str(addresses[0][1]))
        (folder / "port.new").replace(folder / "port")

    how_of = dict(how.split("=", 1) for how in hows)
    Parent(
        folder,
        roles(folder, how_of),
        [Address("127.0.0.1", 0), Address("127.0.0.1", 0, "tcp")],
        grace_s=2.0,
        on_started=note_port,
    ).run()


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
