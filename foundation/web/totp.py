"""A second proof of who signs in: codes of an authenticator app (RFC 6238), and recovery codes.

Six digits, SHA-1, 30 s: what every app knows. A code is taken one step early or late (5.2), and
once only.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
import struct
from urllib.parse import quote

STEP_S = 30
DIGITS = 6
SECRET_BYTES = 20
"RFC 4226 section 4 recommends 160 bits."
RECOVERY_CODES = 10
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"Without those that look alike."


def new_secret() -> str:
    return base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode()


def is_secret(text: str) -> bool:
    """Whether it is one of `new_secret`, and not a shorter one of somebody's own."""
    try:
        return len(base64.b32decode(text)) == SECRET_BYTES
    except (binascii.Error, ValueError):
        return False


def code_at(secret: str, step: int) -> str:
    """RFC 4226 section 5.3."""
    digest = hmac.digest(base64.b32decode(secret), struct.pack(">Q", step), hashlib.sha1)
    offset = digest[-1] & 0x0F
    (number,) = struct.unpack(">I", digest[offset : offset + 4])
    return str((number & 0x7FFFFFFF) % 10**DIGITS).zfill(DIGITS)


def matching_step(secret: str, code: str, now_s: float) -> int | None:
    """The step that the code is of, or None: wrong, or of another time."""
    step = int(now_s) // STEP_S
    given = code.strip().replace(" ", "")
    fitting = [
        each
        for each in (step - 1, step, step + 1)
        if hmac.compare_digest(code_at(secret, each).encode(), given.encode())
    ]
    return fitting[-1] if fitting else None


def uri(secret: str, user_id: str, issuer: str) -> str:
    """What an app reads from a QR code."""
    name = f"{quote(issuer)}:{quote(user_id)}"
    return f"otpauth://totp/{name}?secret={secret}&issuer={quote(issuer)}"


class UsedSteps:
    """Codes that were taken: each opens the door once.

    In memory alone. A process takes no code of the step in which it began or before, so that a
    restart forgets nothing that counts.
    """

    def __init__(self, begun_s: float) -> None:
        self._first = int(begun_s) // STEP_S + 1
        self._last: dict[str, int] = {}

    def take(self, user_id: str, step: int) -> bool:
        """False for one that is used, or older than one that is used."""
        if step <= self._last.get(user_id, self._first - 1):
            return False
        self._last[user_id] = step
        return True


def new_recovery_codes() -> list[str]:
    """Shown once; 59 bits each, so their hash needs no slowness."""
    return ["-".join(_letters(4) for _ in range(3)) for _ in range(RECOVERY_CODES)]


def hash_recovery(code: str) -> str:
    return hashlib.sha256(code.strip().lower().encode()).hexdigest()


def _letters(count: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(count))
