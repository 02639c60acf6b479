"""What a fold has come to, kept in a file: the next process begins there and not at the beginning.

    fold ── write, every so often ──▶ file      file ── read, checked ──▶ fold, then later records

A snapshot is never more than a shortcut. One that is missing, damaged, of another version, old, or
of a record that the journal has not (a crash took it) is ignored, and the journal is read as if
there had never been one. The version is made from the sources of the modules whose classes are in
it, so whoever changes a fold need not think of this.
"""

import copyreg
import hashlib
import io
import logging
import pickle
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import ModuleType

from foundation.record import Record

log = logging.getLogger(__name__)

MAGIC = b"callcenter snapshot 1\n"
DIGEST_BYTES = 32
USUAL = {
    "builtins": {"set", "frozenset"},
    "collections": {"Counter", "deque"},
    "datetime": {"date", "datetime", "timedelta", "timezone"},
}
"Of the standard library: names that a snapshot may hold beside its own classes."


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state after the record `seq`, which happened at `at_s`."""

    seq: int
    at_s: float
    state: object

    def follows(self, record: Record[object] | None) -> bool:
        """Whether it was made after `record`, the journal's of that number: two cores may have
        given one number to different facts, when the first was killed before they were written."""
        return record is not None and (record.seq, record.at_s) == (self.seq, self.at_s)


class SnapshotFile:
    """One file, for values of classes in `modules`; `about`: what else they depend on."""

    def __init__(self, path: Path, modules: Iterable[ModuleType], about: str = "") -> None:
        self._path = path
        self._modules = list(modules)
        self._names = {module.__name__ for module in self._modules}
        self._version = _version_of(self._modules, about)
        self._ways = copyreg.dispatch_table | dict.fromkeys(_enums_of(self._modules), _by_value)

    def pack(self, snapshot: Snapshot) -> bytes:
        written = io.BytesIO()
        pickler = pickle.Pickler(written)
        pickler.dispatch_table = self._ways
        pickler.dump((snapshot.seq, snapshot.at_s, snapshot.state))
        body = written.getvalue()
        return MAGIC + self._version + hashlib.sha256(body).digest() + body

    def unpack(self, data: bytes) -> Snapshot | None:
        """None: nothing that can be used."""
        head = MAGIC + self._version
        digest, body = data[len(head) :][:DIGEST_BYTES], data[len(head) + DIGEST_BYTES :]
        if not data.startswith(head) or hashlib.sha256(body).digest() != digest:
            return None
        try:
            seq, at_s, state = _Reader(body, self._names).load()
        except pickle.UnpicklingError as error:
            log.error("%s cannot be used: %s", self._path, error)
            return None
        return Snapshot(seq, at_s, state)

    def write(self, data: bytes) -> None:
        """What `pack` gave; blocking. Whoever reads meanwhile finds the old one or the new one.

        One process writes it.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        new = self._path.with_name(f"{self._path.name}.new")
        new.write_bytes(data)
        new.replace(self._path)

    def read(self) -> Snapshot | None:
        """Blocking; None as for `unpack`."""
        try:
            return self.unpack(self._path.read_bytes())
        except OSError:
            return None


class _Reader(pickle.Unpickler):
    """Makes nothing but values of classes that the named modules have made themselves."""

    def __init__(self, body: bytes, modules: set[str]) -> None:
        super().__init__(io.BytesIO(body))
        self._modules = modules

    def find_class(self, module: str, name: str) -> object:
        if module in self._modules or name in USUAL.get(module, ()):
            found: object = super().find_class(module, name)
            if isinstance(found, type) and found.__module__ == module:
                return found
        raise pickle.UnpicklingError(f"a snapshot has no business with {module}.{name}")


def _enums_of(modules: Iterable[ModuleType]) -> Iterable[type[Enum]]:
    for module in modules:
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, Enum):
                yield value


def _by_value(member: Enum) -> tuple[type[Enum], tuple[object]]:
    """As most Pythons write a member; 3.11.2, which is Debian 12's, has `getattr` find it."""
    return type(member), (member.value,)


def _version_of(modules: Iterable[ModuleType], about: str) -> bytes:
    digest = hashlib.sha256(f"{sys.version_info[:2]} {about}".encode())
    for module in modules:
        assert module.__file__ is not None
        digest.update(Path(module.__file__).read_bytes())
    return digest.digest()
