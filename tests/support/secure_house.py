"""A served centre that listens on UDP, TCP and TLS, for phones that can do all."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from telephony.sip.sockets.tls import TlsFiles
from tests.support.centre import Centre, Ports, configuration, served
from tests.support.certificates import make_certificate

SECURE = 5
"The number of the agent whose calls are SRTP or none."


@dataclass(frozen=True, slots=True)
class House:
    centre: Centre
    tcp: int
    tls: int
    files: TlsFiles

    @property
    def udp_address(self) -> str:
        return f"127.0.0.1:{self.centre.ports.sip}"

    @property
    def tls_address(self) -> str:
        return f"127.0.0.1:{self.tls}"


@contextmanager
def secure_house(folder: Path, shared: Path) -> Iterator[House]:
    """folder: to be made; the certificate is beside the centre's own files."""
    folder.mkdir()
    files = make_certificate(folder)
    ports, tcp, tls = Ports.find(), Ports.find().sip, Ports.find().sip
    agents = configuration(ports, {})["agents"]
    agents[SECURE - 1]["srtp"] = "require"
    changes = {
        "sip": {
            "listen": [
                f"udp:127.0.0.1:{ports.sip}",
                f"tcp:127.0.0.1:{tcp}",
                f"tls:127.0.0.1:{tls}",
            ],
            "tls": {"certificate": str(files.certificate), "key": str(files.key)},
        },
        "agents": agents,
    }
    with served(folder / "centre", shared, changes, ports=ports) as centre:
        yield House(centre, tcp, tls, files)
