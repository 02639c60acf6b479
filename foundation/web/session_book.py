"""Who is signed in where, as far as this process has seen: for the list of one's own sessions.

Sessions live in cookies alone, so after a restart of this process the list has those that were used
since. Bounded: the session that was used longest ago makes room.
"""

from collections import OrderedDict
from dataclasses import dataclass, replace

from starlette.datastructures import Headers

from foundation.web.sessions import Session

MOST = 10_000
AGENT_CHARS = 200


@dataclass(frozen=True, slots=True)
class Seen:
    session: Session
    address: str
    browser: str
    "As it names itself."
    used_s: float
    "POSIX time."


class SessionBook:
    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._seen: OrderedDict[str, Seen] = OrderedDict()

    def seen(
        self, session: Session, client: tuple[str, int] | None, headers: Headers, now_s: float
    ) -> None:
        known = self._seen.pop(session.session_id, None)
        if known is None:
            browser = headers.get("user-agent", "")[:AGENT_CHARS]
            known = Seen(session, client[0] if client else "", browser, now_s)
        self._seen[session.session_id] = replace(known, session=session, used_s=now_s)
        if len(self._seen) > self._most:
            self._seen.popitem(last=False)

    def of(self, user_id: str, now_s: float) -> list[Seen]:
        """The user's, the one used last first."""
        return [
            each
            for each in reversed(self._seen.values())
            if each.session.user_id == user_id and each.session.expires_s > now_s
        ]

    def forget(self, session_id: str) -> None:
        self._seen.pop(session_id, None)

    def forget_user(self, user_id: str) -> None:
        for session_id in [
            key for key, each in self._seen.items() if each.session.user_id == user_id
        ]:
            del self._seen[session_id]
