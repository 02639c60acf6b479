"""What a killed line process leaves to its successor: enough of each dialog with the PBX to end it.

One small file for each call; without them the callers of a killed process would hear silence until
the PBX found out by itself. Losing a file in a crash of the machine costs no more than that, so
nothing is synced.
"""

import hashlib
import logging
from pathlib import Path

import msgspec

log = logging.getLogger(__name__)

SUFFIX = ".call"


class KeptCall(msgspec.Struct, frozen=True):
    """A call as the PBX knows it."""

    invite: bytes
    source: tuple[str, int]
    tag: str
    "Ours."
    is_answered: bool


class KeptCalls:
    """The files of one line."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def put(self, call_id: str, kept: KeptCall) -> None:
        file = self._file(call_id)
        new = file.with_suffix(".new")
        try:
            new.write_bytes(msgspec.msgpack.encode(kept))
            new.replace(file)
        except OSError as error:
            log.error("a call cannot be kept for a successor: %s", error)

    def drop(self, call_id: str) -> None:
        self._file(call_id).unlink(missing_ok=True)

    def take_all(self) -> list[KeptCall]:
        """Those of the process before us; they are ours to end now."""
        found = []
        for file in sorted(self._folder.glob(f"*{SUFFIX}")):
            try:
                found.append(msgspec.msgpack.decode(file.read_bytes(), type=KeptCall))
            except (OSError, msgspec.MsgspecError) as error:
                log.error("%s cannot be read: %s", file.name, error)
            file.unlink(missing_ok=True)
        return found

    def _file(self, call_id: str) -> Path:
        # A Call-ID is the peer's text and may hold anything.
        return self._folder / (hashlib.sha256(call_id.encode()).hexdigest()[:32] + SUFFIX)
