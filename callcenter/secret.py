"""The centre's one secret on disk, and the keys that are derived from it."""

import hmac
import os
import secrets
from pathlib import Path

FILE_NAME = "secret.key"
LENGTH = 32


def make_secret(data: Path) -> None:
    """Write `data/secret.key`, readable by its owner only, unless it is there."""
    data.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(data / FILE_NAME, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_bytes(LENGTH))


def derive_key(data: Path, purpose: str) -> bytes:
    """A key of its own for each purpose ('sip nonces', 'web sessions'); the same after restarts."""
    make_secret(data)
    return hmac.digest((data / FILE_NAME).read_bytes(), purpose.encode(), "sha256")
