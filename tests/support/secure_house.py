"""A served centre that listens on UDP and TLS, for phones that can do both."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from telephony.sip.tls import TlsFiles
from tests.support.centre import Centre, Ports, served
from tests.support.certificates import make_certificate


@dataclass(frozen=True, slots=True)
class House:
    centre: Centre
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
    ports, tls = Ports.find(), Ports.find().sip
    changes = {
        "sip": {
            "listen": [f"udp:127.0.0.1:{ports.sip}", f"tls:127.0.0.1:{tls}"],
            "tls": {"certificate": str(files.certificate), "key": str(files.key)},
        }
    }
    with served(folder / "centre", shared, changes, ports=ports) as centre:
        yield House(centre, tls, files)
