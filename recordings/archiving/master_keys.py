"""The keys that the keys of sealed files are wrapped with: one file, a line for each, newest last.

    data/recordings.keys      3f6c0a91d2b7e845 q1Zb…=      id in hex, 32 bytes in base64

Whoever has this file and the recordings can hear them; who loses it never can again. It is read at
each use, so a key that was added is used at once by every process. Old keys stay: files that were
put back from a backup need them.
"""

import base64
import binascii
import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

from foundation.errors import ConfigurationError, Conflict

FILE_NAME = "recordings.keys"
ID_BYTES = 8
KEY_BYTES = 32
"AES-256."
OTHERS = stat.S_IRWXG | stat.S_IRWXO


class KeyMissing(Conflict):
    """A file is sealed with a key that is not in the key file."""


@dataclass(frozen=True, slots=True)
class MasterKey:
    key_id: bytes
    key: bytes

    def __repr__(self) -> str:
        """Without the key: this may come into a log."""
        return f"MasterKey({self.key_id.hex()})"


class KeyFile:
    """May be used from threads and by several processes at once."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def newest(self) -> MasterKey:
        """Wraps new files; made when there is none yet."""
        if not self._path.exists():
            self._make_first()
        return self.all()[-1]

    def get(self, key_id: bytes) -> MasterKey:
        """Raises `KeyMissing`."""
        for each in self.all():
            if each.key_id == key_id:
                return each
        raise KeyMissing(f"the key {key_id.hex()} is not in {self._path.name}")

    def all(self) -> list[MasterKey]:
        """The newest last. Raises `ConfigurationError` for a file that others may read, or that is
        not one of keys."""
        try:
            mode = self._path.stat().st_mode
            lines = self._path.read_text("ascii").splitlines()
        except FileNotFoundError:
            return []
        except UnicodeDecodeError:
            raise ConfigurationError([f"{self._path} is not a file of keys"]) from None
        if mode & OTHERS:
            raise ConfigurationError(
                [f"{self._path} may be read by others ({stat.filemode(mode)}): chmod 600"]
            )
        keys = [self._parse(at, line) for at, line in enumerate(lines, 1) if line.strip()]
        if not keys:
            raise ConfigurationError([f"{self._path} is there and has no key in it"])
        return keys

    def add(self) -> MasterKey:
        """A new newest one; it is on the disk before anything is wrapped with it."""
        new = _new_key()
        text = "".join(_line(each) for each in (*self.all(), new))
        Path(self._write(text)).replace(self._path)
        self._sync_folder()
        return new

    def _make_first(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        whole = self._write(_line(_new_key()))
        try:
            # A link is refused where the name is taken: of two processes one is the first.
            os.link(whole, self._path)
        except FileExistsError:
            pass
        finally:
            os.unlink(whole)
        self._sync_folder()

    def _write(self, text: str) -> str:
        """Into a file beside it, mode 0600."""
        with NamedTemporaryFile("w", dir=self._path.parent, delete=False) as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        return file.name

    def _sync_folder(self) -> None:
        fd = os.open(self._path.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def _parse(self, at: int, line: str) -> MasterKey:
        try:
            key_id, key = line.split()
            parsed = MasterKey(bytes.fromhex(key_id), base64.b64decode(key, validate=True))
        except (ValueError, binascii.Error):
            parsed = MasterKey(b"", b"")
        if len(parsed.key_id) != ID_BYTES or len(parsed.key) != KEY_BYTES:
            # What the line says is not repeated: it may be most of a key.
            raise ConfigurationError([f"{self._path}:{at} is not a key: an id and 32 bytes"])
        return parsed


def _new_key() -> MasterKey:
    return MasterKey(secrets.token_bytes(ID_BYTES), secrets.token_bytes(KEY_BYTES))


def _line(key: MasterKey) -> str:
    return f"{key.key_id.hex()} {base64.b64encode(key.key).decode()}\n"
