"""A small name server on loopback, with a zone that the test may change while it runs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from telephony.sip.events import HostPort

Zone = dict[tuple[str, str], list[str]]
"""By name and type, `{("_sip._udp.carrier.example", "SRV"): ["10 0 5060 a.carrier.example."]}`."""


class NameServer(asyncio.DatagramProtocol):
    """Answers what is in `zone`; names that are not get NXDOMAIN, and nothing while it is deaf."""

    def __init__(self, zone: Zone, ttl_s: int = 60) -> None:
        self.zone = zone
        self.ttl_s = ttl_s
        self.is_deaf = False
        self.asked: list[str] = []
        self.address = HostPort("127.0.0.1", 0)
        self._transport: asyncio.DatagramTransport | None = None

    @classmethod
    @asynccontextmanager
    async def started(cls, zone: Zone, ttl_s: int = 60) -> AsyncIterator["NameServer"]:
        server = cls(zone, ttl_s)
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: server, local_addr=("127.0.0.1", 0)
        )
        server._transport = transport
        server.address = HostPort(*transport.get_extra_info("sockname")[:2])
        try:
            yield server
        finally:
            transport.close()
            await asyncio.sleep(0)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if self._transport is not None and not self.is_deaf:
            self._transport.sendto(self._answer(dns.message.from_wire(data)), addr)

    def _answer(self, query: dns.message.Message) -> bytes:
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        kind = dns.rdatatype.to_text(question.rdtype)
        self.asked.append(f"{kind} {name}")
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        records = self.zone.get((name, kind), [])
        if records:
            answer.answer.append(
                dns.rrset.from_text(question.name, self.ttl_s, "IN", kind, *records)
            )
        elif not any(known == name for known, _ in self.zone):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        return answer.to_wire()
