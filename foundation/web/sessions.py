"""Sessions that live in the cookie alone: who, until when, signed with HMAC-SHA256.

    cookie value = base64url(msgpack of Session) "." base64url(HMAC of that text)

Nothing is kept on the server, so a restart signs nobody out. A session ends when its time is over,
when the user's password changes (`stamp`), when the user is removed, or by signing out, which is
remembered until the session would have ended (`Revoked`).
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from dataclasses import dataclass

import msgspec

from foundation.errors import ConfigurationError
from foundation.web.users import User

KEY_MIN_BYTES = 32
REVOKED_KEPT = 10_000


class Session(msgspec.Struct, frozen=True, array_like=True):
    session_id: str
    user_id: str
    stamp: str
    "Fingerprint of the password hash at sign-in."
    issued_s: float
    expires_s: float
    "POSIX time, as `issued_s`."


class Ticket(msgspec.Struct, frozen=True, array_like=True):
    """The password was right, the second factor is still asked for."""

    user_id: str
    stamp: str
    expires_s: float


TICKET_S = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOptions:
    key: bytes
    "Secret; at least 32 bytes."
    lifetime_s: float = 12 * 3600.0
    "A session that is used is renewed at half of this, so a screen on the wall stays signed in."
    secure_cookie: bool = False
    "Set behind TLS: the browser then never sends the cookie over plain HTTP."


class Sessions:
    """Issues, reads and renews session cookies. Pure: `now_s` is POSIX time."""

    def __init__(self, options: SessionOptions) -> None:
        if len(options.key) < KEY_MIN_BYTES:
            raise ConfigurationError([f"The session key has less than {KEY_MIN_BYTES} bytes."])
        self.options = options
        self._revoked: dict[str, float] = {}

    def issue(self, user: User, now_s: float, session_id: str = "") -> str:
        """`session_id`: of the session that is renewed."""
        session = Session(
            session_id or secrets.token_urlsafe(12),
            user.user_id,
            self._stamp(user),
            now_s,
            now_s + self.options.lifetime_s,
        )
        body = _to_text(msgspec.msgpack.encode(session))
        return f"{body}.{self._sign(body)}"

    def read(self, cookie: str, now_s: float) -> Session | None:
        """None for anything that is not a valid session of now."""
        body, _, signature = cookie.partition(".")
        if not hmac.compare_digest(self._sign(body).encode(), signature.encode()):
            return None
        try:
            session = msgspec.msgpack.decode(_to_bytes(body), type=Session)
        except (msgspec.MsgspecError, binascii.Error):
            return None
        if now_s >= session.expires_s:
            return None
        return None if session.session_id in self._revoked else session

    def belongs_to(self, session: Session, user: User) -> bool:
        """False when the password was changed since, the user locked or signed out everywhere."""
        return (
            session.user_id == user.user_id
            and session.stamp == self._stamp(user)
            and not user.is_locked
            and session.issued_s >= user.ended_before_s
        )

    def issue_ticket(self, user: User, now_s: float) -> str:
        ticket = Ticket(user.user_id, self._stamp(user), now_s + TICKET_S)
        body = _to_text(msgspec.msgpack.encode(ticket))
        return f"{body}.{self._sign('ticket ' + body)}"

    def read_ticket(self, text: str, now_s: float) -> Ticket | None:
        body, _, signature = text.partition(".")
        if not hmac.compare_digest(self._sign("ticket " + body).encode(), signature.encode()):
            return None
        ticket = msgspec.msgpack.decode(_to_bytes(body), type=Ticket)
        return ticket if now_s < ticket.expires_s else None

    def is_of(self, ticket: Ticket, user: User) -> bool:
        return ticket.user_id == user.user_id and ticket.stamp == self._stamp(user)

    def is_due_for_renewal(self, session: Session, now_s: float) -> bool:
        return now_s - session.issued_s > self.options.lifetime_s / 2

    def revoke(self, session: Session, now_s: float) -> None:
        """No cookie of this session counts any more, a renewed one neither."""
        for session_id, expires_s in list(self._revoked.items()):
            if expires_s <= now_s:
                del self._revoked[session_id]
        if len(self._revoked) >= REVOKED_KEPT:
            del self._revoked[next(iter(self._revoked))]
        self._revoked[session.session_id] = now_s + self.options.lifetime_s

    def _stamp(self, user: User) -> str:
        return self._sign(f"stamp {user.user_id} {user.password_hash}")[:12]

    def _sign(self, text: str) -> str:
        return _to_text(hmac.digest(self.options.key, text.encode(), hashlib.sha256))


def _to_text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _to_bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
