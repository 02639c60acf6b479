"""What the SIP stack may be told; read once by the shell, never from the environment here."""

from dataclasses import dataclass, field
from typing import Protocol

from telephony.sip.events import HostPort
from telephony.sip.wording.stream import StreamLimits


class Randomness(Protocol):
    """`random.Random` or `random.SystemRandom`; branches, tags and Call-IDs come from here."""

    def getrandbits(self, k: int, /) -> int: ...

    def uniform(self, a: float, b: float, /) -> float: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Timers:
    """RFC 3261 17, table 4, in seconds; the letters are the RFC's."""

    t1: float = 0.5
    "Round-trip estimate; everything else is a multiple."
    t2: float = 4.0
    "Longest interval between retransmissions of anything but an INVITE."
    t4: float = 5.0
    "How long a message may stay in the network."
    timer_d: float = 32.0
    "How long a client waits for retransmitted refusals."

    @property
    def give_up(self) -> float:
        """Timers B, F, H, J, L and M."""
        return 64 * self.t1


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """One socket of ours as peers reach it; goes into Via and Contact."""

    address: HostPort
    "What is advertised; behind a NAT not what the socket is bound to. May be a name."
    transport: str = "UDP"
    "UDP, TCP, TLS, WS or WSS."
    local_host: str = ""
    "What the socket is bound to, when that is another address than the advertised one."

    @property
    def bound_host(self) -> str:
        return self.local_host or self.address.host


@dataclass(frozen=True, slots=True, kw_only=True)
class SipOptions:
    """How the stack answers, what it allows and how much it keeps."""

    listeners: tuple[Listener, ...]
    "In the order of the `listener` numbers that the shell uses."
    domain: str = ""
    "Host part of our addresses-of-record; '': the first listener's address."
    aliases: tuple[str, ...] = ()
    "Other names under which phones know this domain."
    server: str = "callcenter"
    "Goes into Server and User-Agent."
    timers: Timers = field(default_factory=Timers)

    min_expires_s: int = 30
    default_expires_s: int = 300
    max_expires_s: int = 3600
    max_bindings_per_aor: int = 10
    "Beyond that the oldest binding goes."

    trusted: tuple[str, ...] = ()
    "Addresses and networks of trunks whose P-Asserted-Identity is believed (RFC 3325)."
    callers: tuple[str, ...] = ()
    "Addresses and networks that calls come from (trunks); (): everybody may call."
    strangers_per_minute: int = 30
    "INVITEs of others that are told as calls, to be refused; beyond that 403 that keeps nothing."
    asserting: frozenset[str] = frozenset()
    "Accounts whose P-Asserted-Identity is believed too, once they have proved their password."
    ring_all: bool = False
    "Call all phones that are registered for one person; else the one that registered last."

    next_target_s: float = 4.0
    """So long one way to a number outside may be silent before the next is tried, where there is
    one; RFC 3263 4.3 would wait for timer B, which no caller does."""

    nonce_life_s: float = 300.0
    digest_algorithms: tuple[str, ...] = ("MD5",)
    "In the order of preference; each is one challenge (RFC 8760)."
    max_auth_failures: int = 5
    "Wrong passwords of one source for one address-of-record before 403."
    auth_failure_window_s: float = 300.0

    streams: StreamLimits = field(default_factory=StreamLimits)
    max_tracked: int = 20_000
    "Nonces in use, and sources of wrong passwords; beyond that the oldest are forgotten."

    session_expires_s: int = 1800
    "Session timer (RFC 4028) that we ask for; 0: none, but what peers ask for is kept up."
    min_se_s: int = 90
    "Shorter session timers are refused with 422; RFC 4028 4 allows no less than 90."

    max_transactions: int = 50_000
    max_legs: int = 10_000
    max_body_bytes: int = 16_384
    ring_refresh_s: float = 60.0
    "RFC 3261 13.3.1.1: a provisional answer is repeated each minute, or proxies give up."
