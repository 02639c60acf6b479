"""Where a name leads (RFC 3263): the questions for DNS, and the order of what it found. Pure but
for the question itself, which is put to `ask`.

    numeric host ─────────────────────────────▶ itself
    host with port ───────────────────────────▶ A, AAAA
    host and transport ── SRV ─┬──────────────▶ A, AAAA of each target
    host alone ─ NAPTR ─ SRV ──┘ none: host itself, default port
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from foundation.errors import ResourceError
from telephony.sip.events import HostPort
from telephony.sip.wording.uri import literal_address

DEFAULT_TRANSPORT = "UDP"
SERVICES = {"UDP": "_sip._udp", "TCP": "_sip._tcp", "TLS": "_sips._tcp"}
"RFC 3263 4.1, in the order in which we ask when nothing says what the network likes."
NAPTR_SERVICES = {"SIP+D2U": "UDP", "SIP+D2T": "TCP", "SIPS+D2T": "TLS"}
MIN_TTL_S, MAX_TTL_S = 5.0, 3600.0
MAX_TARGETS = 16
"Addresses of one name that are tried; a zone with more is broken or means us ill."


class NoAnswer(ResourceError):
    """DNS does not say where a name leads."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A trunk's `host`, as it was configured."""

    host: str
    "A name, or an IP address without brackets."
    port: int | None = None
    transport: str | None = None
    "UDP, TCP or TLS; None: what the network likes."


@dataclass(frozen=True, slots=True)
class Destination:
    """One address to try."""

    address: HostPort
    transport: str = DEFAULT_TRANSPORT


@dataclass(frozen=True, slots=True)
class Naptr:
    order: int
    preference: int
    service: str
    replacement: str


@dataclass(frozen=True, slots=True)
class Srv:
    priority: int
    weight: int
    port: int
    host: str


@dataclass(frozen=True, slots=True)
class Answers:
    """What DNS said to one question; empty when it said that there is nothing."""

    records: tuple[Naptr | Srv | str, ...] = ()
    ttl_s: float = MAX_TTL_S


Ask = Callable[[str, str], Awaitable[Answers]]
"Name and type (NAPTR, SRV, A, AAAA); `NoAnswer` when DNS does not say."


@dataclass(frozen=True, slots=True)
class Service:
    """One SRV record, or what stands for it when there is none."""

    srv: Srv
    transport: str


@dataclass(frozen=True, slots=True)
class Found:
    """All that DNS said about a host."""

    services: tuple[Service, ...] = ()
    addresses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    "By host."
    ttl_s: float = MAX_TTL_S


class Weights(Protocol):
    """`random.Random`, as far as the order of equals needs it."""

    def uniform(self, a: float, b: float, /) -> float: ...


def numeric_address(host: str) -> str | None:
    """What needs no DNS; name servers should not be asked for localhost (RFC 6761 6.3)."""
    return "127.0.0.1" if host == "localhost" else literal_address(host)


def default_port(transport: str) -> int:
    return 5061 if transport == "TLS" else 5060


# -- what to ask -----------------------------------------------------------------------------------


async def look_up(wanted: Wanted, ask: Ask) -> Found:
    """RFC 3263 4.1, 4.2; nothing is asked about a numeric host."""
    literal = numeric_address(wanted.host)
    if literal is not None:
        return alone(wanted, literal)
    asking = _Asking(ask)
    services = [] if wanted.port else await asking.services(wanted)
    services = services or [*alone(wanted).services]
    hosts = dict.fromkeys(service.srv.host for service in services[:MAX_TARGETS])
    addresses = {host: await asking.addresses(host, is_only=len(hosts) == 1) for host in hosts}
    return Found(tuple(services[:MAX_TARGETS]), addresses, asking.ttl_s)


def alone(wanted: Wanted, *addresses: str) -> Found:
    """A host that stands for itself, without SRV."""
    transport = wanted.transport or DEFAULT_TRANSPORT
    port = wanted.port or default_port(transport)
    return Found((Service(Srv(0, 0, port, wanted.host), transport),), {wanted.host: addresses})


class _Asking:
    """Puts the questions, and remembers how long the answers hold."""

    def __init__(self, ask: Ask) -> None:
        self._ask_dns = ask
        self._ttl_s = MAX_TTL_S

    @property
    def ttl_s(self) -> float:
        return max(MIN_TTL_S, self._ttl_s)

    async def _ask(self, name: str, kind: str) -> tuple[Naptr | Srv | str, ...]:
        answers = await self._ask_dns(name, kind)
        self._ttl_s = min(self._ttl_s, answers.ttl_s)
        return answers.records

    async def services(self, wanted: Wanted) -> list[Service]:
        names = await self._names(wanted)
        found = []
        for name, transport in names:
            records = await self._ask(name, "SRV")
            found = [Service(each, transport) for each in records if isinstance(each, Srv)]
            # RFC 2782: a single record with the target '.' says that the service is not there.
            found = [each for each in found if each.srv.host]
            if found:
                break
        return found

    async def _names(self, wanted: Wanted) -> list[tuple[str, str]]:
        """Names with SRV records, and the transport that each stands for."""
        if wanted.transport is not None:
            return [(f"{SERVICES[wanted.transport]}.{wanted.host}", wanted.transport)]
        records = await self._ask(wanted.host, "NAPTR")
        known = [
            each
            for each in records
            if isinstance(each, Naptr) and each.service.upper() in NAPTR_SERVICES
        ]
        known.sort(key=lambda each: (each.order, each.preference))
        if known:
            return [(each.replacement, NAPTR_SERVICES[each.service.upper()]) for each in known]
        return [(f"{service}.{wanted.host}", kind) for kind, service in SERVICES.items()]

    async def addresses(self, host: str, *, is_only: bool) -> tuple[str, ...]:
        """One of several hosts that DNS is silent about is passed over."""
        literal = numeric_address(host)
        if literal is not None:
            return (literal,)
        try:
            both = [*await self._ask(host, "A"), *await self._ask(host, "AAAA")]
        except NoAnswer:
            if is_only:
                raise
            return ()
        return tuple(each for each in both if isinstance(each, str))


# -- in which order to try -------------------------------------------------------------------------


def destinations(found: Found, random: Weights) -> list[Destination]:
    """All addresses, the one to try first in front (RFC 2782)."""
    targets = [
        Destination(HostPort(address, service.srv.port), service.transport)
        for service in _ordered(found.services, random)
        for address in found.addresses.get(service.srv.host, ())
    ]
    return list(dict.fromkeys(targets))[:MAX_TARGETS]


def _ordered(services: Sequence[Service], random: Weights) -> list[Service]:
    """By priority; among equals by chance, the heavier the sooner."""
    ordered = []
    for priority in sorted({each.srv.priority for each in services}):
        left = [each for each in services if each.srv.priority == priority]
        while left:
            weights = [each.srv.weight for each in left]
            ordered.append(left.pop(draw(weights, random)))
    return ordered


def draw(weights: Sequence[float], random: Weights) -> int:
    """The place that chance chooses; a weight of 0 has a small chance only beside others."""
    total = sum(weights)
    mark = random.uniform(0, total)
    for place, weight in enumerate(weights):
        mark -= weight
        if mark < 0:
            return place
    return 0 if not total else max(range(len(weights)), key=lambda place: weights[place])
