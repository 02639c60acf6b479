"""Digest authentication, both sides (RFC 2617 as RFC 3261 22 uses it, algorithms of RFC 8760).

The server keeps nothing between challenge and answer: a nonce is the time and an HMAC of it with
our secret, so it survives a restart and cannot be forged. Two bounded tables are kept beside:
counters of nonces in use (replay), and wrong passwords by source and address-of-record.

    credentials ── none ─▶ CHALLENGE        nonce too old or counted before ─▶ STALE
        └─ wrong ─▶ CHALLENGE, and after `max_auth_failures` in the window FORBIDDEN
        └─ right ─▶ ACCEPTED
"""

import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from telephony.sip.events import HostPort
from telephony.sip.options import SipOptions
from telephony.sip.wording.errors import SipParseError
from telephony.sip.wording.headers import AuthValue, quote

K = TypeVar("K")
V = TypeVar("V")
Hash = Callable[[bytes], str]

ALGORITHMS: dict[str, Hash] = {
    "MD5": lambda data: hashlib.md5(data, usedforsecurity=False).hexdigest(),
    "SHA-256": lambda data: hashlib.sha256(data).hexdigest(),
}


class Verdict(StrEnum):
    ACCEPTED = "accepted"
    CHALLENGE = "challenge"
    STALE = "stale"
    FORBIDDEN = "forbidden"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a client needs to answer a challenge."""

    user: str
    password: str


def digest_response(
    *,
    algorithm: str,
    user: str,
    realm: str,
    password: str,
    method: str,
    uri: str,
    nonce: str,
    qop: str = "",
    nc: str = "",
    cnonce: str = "",
    body: bytes = b"",
) -> str:
    """RFC 2617 3.2.2; `qop` '' is the form of RFC 2069 that old phones still use."""
    base = algorithm.upper().removesuffix("-SESS")
    hashed = ALGORITHMS[base]

    def h(text: str) -> str:
        return hashed(text.encode("utf-8", "surrogateescape"))

    ha1 = h(f"{user}:{realm}:{password}")
    if base != algorithm.upper():
        ha1 = h(f"{ha1}:{nonce}:{cnonce}")
    a2 = f"{method}:{uri}"
    if qop == "auth-int":
        a2 += f":{hashed(body)}"
    if qop:
        return h(f"{ha1}:{nonce}:{nc}:{cnonce}:{qop}:{h(a2)}")
    return h(f"{ha1}:{nonce}:{h(a2)}")


def parse_digest(line: str) -> dict[str, str] | None:
    """Parameters of a challenge or of credentials; None for another scheme (Basic, Bearer)."""
    if line[:7].lower() != "digest ":
        return None
    return AuthValue.parse(line).params


class DigestServer:
    """Challenges and checks; `check` is the whole decision about one request."""

    def __init__(
        self, options: SipOptions, realm: str, secret: bytes, make_salt: Callable[[], str]
    ) -> None:
        """make_salt: keeps two nonces of the same millisecond apart."""
        self._make_salt = make_salt
        self._options = options
        self._realm = realm
        self._secret = secret
        self._counters: OrderedDict[str, int] = OrderedDict()
        self._failures: OrderedDict[tuple[str, str], tuple[int, float]] = OrderedDict()

    def challenges(self, now: float, *, stale: bool = False) -> list[tuple[str, str]]:
        """`WWW-Authenticate` lines with a new nonce, one for each algorithm."""
        nonce = self._make_nonce(now)
        tail = ", stale=true" if stale else ""
        return [
            (
                "WWW-Authenticate",
                f"Digest realm={quote(self._realm)}, "
                f'nonce="{nonce}", algorithm={name}, qop="auth"{tail}',
            )
            for name in self._options.digest_algorithms
        ]

    def check(
        self,
        authorization: list[str],
        *,
        aor: str,
        password: str | None,
        method: str,
        source: HostPort,
        now: float,
    ) -> Verdict:
        """`password` None: there is no such account; the answer does not tell."""
        if self._is_locked(source.host, aor, now):
            return Verdict.FORBIDDEN
        given = self._find(authorization)
        if given is None:
            return Verdict.CHALLENGE
        if not self._is_right(given, aor, password, method):
            return self._fail(source.host, aor, now)
        if not self._is_fresh(given, now):
            return Verdict.STALE
        self._failures.pop((source.host, aor), None)
        return Verdict.ACCEPTED

    def _find(self, authorization: list[str]) -> dict[str, str] | None:
        """The credentials for our realm, if any (RFC 3261 22.3)."""
        for line in authorization:
            params = parse_digest(line)
            if params is not None and params.get("realm") == self._realm:
                return params
        return None

    def _is_right(self, given: dict[str, str], aor: str, password: str | None, method: str) -> bool:
        algorithm = given.get("algorithm", "MD5")
        qop = given.get("qop", "")
        missing = {"username", "nonce", "uri", "response"} - given.keys()
        if missing or (qop and not {"nc", "cnonce"} <= given.keys()):
            raise SipParseError(f"the digest credentials of {aor!r} are incomplete")
        if algorithm.upper() not in self._options.digest_algorithms or qop not in ("", "auth"):
            return False
        if given["username"] != aor or password is None:
            return False
        expected = digest_response(
            algorithm=algorithm,
            user=aor,
            realm=self._realm,
            password=password,
            method=method,
            uri=given["uri"],
            nonce=given["nonce"],
            qop=qop,
            nc=given.get("nc", ""),
            cnonce=given.get("cnonce", ""),
        )
        sent = given["response"].lower().encode("utf-8", "surrogateescape")
        return hmac.compare_digest(expected.encode(), sent)

    def __len__(self) -> int:
        """Entries of both tables."""
        return len(self._counters) + len(self._failures)

    # -- nonces ----------------------------------------------------------------------------------

    def _make_nonce(self, now: float) -> str:
        stamp = f"{int(now * 1000):x}.{self._make_salt()}"
        return f"{stamp}.{self._sign(stamp)}"

    def _sign(self, stamp: str) -> str:
        text = f"{stamp}:{self._realm}".encode("utf-8", "surrogateescape")
        return hmac.new(self._secret, text, hashlib.sha256).hexdigest()[:32]

    def _is_fresh(self, given: dict[str, str], now: float) -> bool:
        """Ours, young, and with a counter higher than the last (RFC 2617 3.2.2, nc)."""
        nonce = given["nonce"]
        stamp, _, signature = nonce.rpartition(".")
        if not hmac.compare_digest(
            self._sign(stamp).encode(), signature.encode("utf-8", "replace")
        ):
            return False
        age_s = now - int(stamp.partition(".")[0], 16) / 1000
        if not -0.001 <= age_s <= self._options.nonce_life_s:
            return False
        counter = self._counter(given)
        if counter is None or counter <= self._counters.get(nonce, 0):
            return False
        self._remember(self._counters, nonce, counter)
        return True

    @staticmethod
    def _counter(given: dict[str, str]) -> int | None:
        """Without qop there is no counter, so such a nonce serves once."""
        try:
            return int(given["nc"], 16) if given.get("qop") else 1
        except ValueError:
            return None

    # -- wrong passwords -------------------------------------------------------------------------

    def _is_locked(self, host: str, aor: str, now: float) -> bool:
        count, since = self._failures.get((host, aor), (0, now))
        if now - since > self._options.auth_failure_window_s:
            self._failures.pop((host, aor), None)
            return False
        return count >= self._options.max_auth_failures

    def _fail(self, host: str, aor: str, now: float) -> Verdict:
        count, since = self._failures.get((host, aor), (0, now))
        self._remember(self._failures, (host, aor), (count + 1, since))
        locked = count + 1 >= self._options.max_auth_failures
        return Verdict.FORBIDDEN if locked else Verdict.CHALLENGE

    def _remember(self, table: OrderedDict[K, V], key: K, value: V) -> None:
        table[key] = value
        table.move_to_end(key)
        if len(table) > self._options.max_tracked:
            table.popitem(last=False)


class DigestClient:
    """Answers one peer's challenges; keeps the nonce and its counter for later requests."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._challenge: dict[str, str] = {}
        self._header = "Authorization"
        self._count = 0

    def take(self, status: int, challenges: list[str], *, is_first: bool = False) -> bool:
        """Keep the challenge of a 401 or 407; False when answering it is of no use.

        is_first: that its request has got. What such a request brought was for an earlier one, so
        the challenge refuses nothing, though another request has just been proved: two that are
        under way at once are each challenged, where a nonce serves once."""
        for line in challenges:
            params = parse_digest(line)
            if params is None or not self._is_usable(params):
                continue
            # One that has served before is only too old: few networks call it `stale`.
            refused = self._count == 1 and params.get("stale", "").lower() != "true"
            if refused and not is_first and params.get("realm") == self._challenge.get("realm"):
                return False
            self._challenge = params
            self._header = "Proxy-Authorization" if status == 407 else "Authorization"
            self._count = 0
            return True
        return False

    @staticmethod
    def _is_usable(params: dict[str, str]) -> bool:
        base = params.get("algorithm", "MD5").upper().removesuffix("-SESS")
        qops = [item.strip().lower() for item in params.get("qop", "auth").split(",")]
        return {"realm", "nonce"} <= params.keys() and base in ALGORITHMS and "auth" in qops

    def answer(self, method: str, uri: str, cnonce: str) -> list[tuple[str, str]]:
        """The header to add to a request; nothing before the first challenge."""
        if not self._challenge:
            return []
        self._count += 1
        given = self._challenge
        algorithm = given.get("algorithm", "MD5")
        qop = "auth" if "qop" in given else ""
        nc = f"{self._count:08x}"
        response = digest_response(
            algorithm=algorithm,
            user=self._credentials.user,
            realm=given["realm"],
            password=self._credentials.password,
            method=method,
            uri=uri,
            nonce=given["nonce"],
            qop=qop,
            nc=nc,
            cnonce=cnonce,
        )
        text = (
            f"Digest username={quote(self._credentials.user)}, realm={quote(given['realm'])}, "
            f'nonce={quote(given["nonce"])}, uri="{uri}", response="{response}"'
        )
        if "algorithm" in given:
            text += f", algorithm={algorithm}"
        if "opaque" in given:
            text += f", opaque={quote(given['opaque'])}"
        if qop:
            text += f', qop=auth, nc={nc}, cnonce="{cnonce}"'
        elif algorithm.lower().endswith("-sess"):
            text += f', cnonce="{cnonce}"'
        return [(self._header, text)]
