"""DNS for trunks: NAPTR, SRV, A and AAAA, by dnspython on the running loop.

Every question has an end (`QUESTION_S`, and `LOOK_UP_S` for all of a name together). What was found
is kept for as long as DNS says; when DNS does not answer, what was found last serves on, since a
trunk seldom moves and a name server is often ill.
"""

import asyncio
from collections.abc import Callable

import dns.asyncresolver
import dns.exception
import dns.nameserver
import dns.resolver
from dns.rdata import Rdata
from dns.rdtypes.IN.A import A
from dns.rdtypes.IN.AAAA import AAAA
from dns.rdtypes.IN.NAPTR import NAPTR
from dns.rdtypes.IN.SRV import SRV

from telephony.sip.events import HostPort
from telephony.sip.trunks.targets import (
    Answers,
    Found,
    Naptr,
    NoAnswer,
    Srv,
    Wanted,
    alone,
    look_up,
    numeric_address,
)

QUESTION_S = 2.0
LOOK_UP_S = 5.0
MAX_KEPT = 1_000
RETRY_S = 15.0
"So long an old answer serves before DNS, which was silent, is asked again."


class Resolver:
    """Asks the system's name servers, or those that are given."""

    def __init__(
        self,
        name_servers: tuple[HostPort, ...] = (),
        now: Callable[[], float] = lambda: asyncio.get_running_loop().time(),
    ) -> None:
        self._now = now
        self._kept: dict[Wanted, tuple[float, Found]] = {}
        "Until when, and what."
        self._dns = _make_resolver(name_servers)

    def known(self, wanted: Wanted) -> Found | None:
        """What needs no question to DNS now."""
        literal = numeric_address(wanted.host)
        if literal is not None:
            return alone(wanted, literal)
        until, found = self._kept.get(wanted, (0.0, None))
        return found if self._now() < until else None

    async def find(self, wanted: Wanted) -> Found:
        """Addresses of a host; `NoAnswer` when there are none and never were any."""
        if (known := self.known(wanted)) is not None:
            return known
        _, found = self._kept.get(wanted, (0.0, None))
        try:
            async with asyncio.timeout(LOOK_UP_S):
                fresh = await look_up(wanted, self._ask)
        except TimeoutError:
            return self._keep_on(wanted, found, f"DNS does not answer about {wanted.host!r}")
        except NoAnswer as error:
            return self._keep_on(wanted, found, str(error))
        if not any(fresh.addresses.values()):
            return self._keep_on(wanted, found, f"DNS knows no address of {wanted.host!r}")
        self._keep(wanted, fresh, fresh.ttl_s)
        return fresh

    def _keep_on(self, wanted: Wanted, found: Found | None, sentence: str) -> Found:
        if found is None:
            raise NoAnswer(sentence)
        self._keep(wanted, found, RETRY_S)
        return found

    def _keep(self, wanted: Wanted, found: Found, for_s: float) -> None:
        if wanted not in self._kept and len(self._kept) >= MAX_KEPT:
            self._kept.pop(next(iter(self._kept)))
        self._kept[wanted] = self._now() + for_s, found

    async def _ask(self, name: str, kind: str) -> Answers:
        try:
            answer = await self._dns.resolve(
                name, kind, lifetime=QUESTION_S, raise_on_no_answer=False, search=False
            )
        except dns.resolver.NXDOMAIN:
            return Answers()
        except (dns.exception.DNSException, OSError, ValueError) as error:
            sentence = f"DNS does not answer about {name!r}: {type(error).__name__}"
            raise NoAnswer(sentence) from error
        if answer.rrset is None:
            return Answers()
        records = [_read(record) for record in answer.rrset]
        return Answers(tuple(each for each in records if each is not None), answer.rrset.ttl)


def _make_resolver(name_servers: tuple[HostPort, ...]) -> dns.asyncresolver.Resolver:
    if name_servers:
        resolver = dns.asyncresolver.Resolver(configure=False)
        resolver.nameservers = [
            dns.nameserver.Do53Nameserver(each.host, each.port) for each in name_servers
        ]
        return resolver
    try:
        return dns.asyncresolver.Resolver()
    except dns.resolver.NoResolverConfiguration:
        # A machine without name servers: numeric hosts need none, names get `NoAnswer`.
        return dns.asyncresolver.Resolver(configure=False)


def _read(record: Rdata) -> Naptr | Srv | str | None:
    match record:
        case A() | AAAA():
            return str(record.address)
        case SRV():
            host = record.target.to_text(omit_final_dot=True)
            return Srv(record.priority, record.weight, record.port, "" if host == "." else host)
        case NAPTR() if record.flags.lower() == b"s":
            # RFC 3263 4.1: only those that lead to SRV records.
            service = record.service.decode("ascii", "replace")
            replacement = record.replacement.to_text(omit_final_dot=True)
            return Naptr(record.order, record.preference, service, replacement)
        case _:
            return None
