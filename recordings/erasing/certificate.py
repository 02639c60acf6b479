"""Certificates of deletion: signed texts that say what is gone, when, why and by whose wish.

A certificate is written before the first file goes (`finished` is null), and again when the last
row has gone. It has ids, sizes and SHA-256, which prove of a copy that it was this recording; no
number, name or word of the caller.
"""

import hashlib
import hmac
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from foundation.errors import Conflict

FOLDER = "certificates"
SIGNATURE = "signature"
BLOCK_BYTES = 1 << 20


class BadCertificate(Conflict):
    """Not one that this centre signed."""


@dataclass(frozen=True, slots=True)
class Gone:
    """One file."""

    kind: str
    "`wav`, `audio`, `peaks`."
    of: str
    "Recording."
    bytes: int
    sha256: str
    "Of its plain contents; '' for one that was not there, or could not be read any more."


class Certificates:
    """A folder of them; `key` signs."""

    def __init__(self, folder: Path, key: bytes) -> None:
        self._folder = folder
        self._key = key

    def write(self, name: str, content: Mapping[str, Any]) -> None:
        """On the disk when this returns; in place of one of the same name."""
        self._folder.mkdir(parents=True, exist_ok=True)
        signed = {**content, SIGNATURE: self._sign(content)}
        part = self._folder / f"{name}.part"
        with part.open("w", encoding="utf-8") as file:
            json.dump(signed, file, indent=2, ensure_ascii=False)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._folder / name)

    def read(self, name: str) -> dict[str, Any]:
        """Raises `BadCertificate` for one that was changed."""
        content: dict[str, Any] = json.loads((self._folder / name).read_text(encoding="utf-8"))
        signature = str(content.pop(SIGNATURE, ""))
        if not hmac.compare_digest(signature, self._sign(content)):
            raise BadCertificate(f"certificate {name} was changed, or is of another centre")
        return content

    def _sign(self, content: Mapping[str, Any]) -> str:
        text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hmac.new(self._key, text.encode(), "sha256").hexdigest()


def describe(kind: str, of: str, file: BinaryIO) -> Gone:
    digest, size = hashlib.sha256(), 0
    while block := file.read(BLOCK_BYTES):
        digest.update(block)
        size += len(block)
    return Gone(kind, of, size, digest.hexdigest())
