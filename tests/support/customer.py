"""The customer of a telephone network: our stack, its gateway and one trunk, on real sockets."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from foundation.ids import LegId, new_leg_id
from telephony.calls.trunks import Trunk, Trunks
from telephony.sip.entrance.reception import Inbound
from telephony.sip.events import HostPort, SipEvent, TrunkEvent
from telephony.sip.gateway import Gateway
from telephony.sip.options import SipOptions
from telephony.sip.sockets.endpoint import SipEndpoint, bind_stream, bind_udp, listener_of
from telephony.sip.sockets.tls import TlsFiles
from telephony.sip.stack import SipStack
from telephony.sip.trunks.resolver import Resolver
from telephony.sip.trunks.trunk_line import TrunkOptions
from tests.support.sip_phone import PATIENCE_S, Event

TOKEN = "t0ken"


class Customer:
    """Line 8000 is reached by the trunk's number +861012345678."""

    def __init__(
        self,
        trunks: Sequence[TrunkOptions],
        name_servers: Sequence[HostPort],
        transports: Sequence[str],
        tls: TlsFiles | None = None,
    ) -> None:
        self.sockets = [
            bind_udp("127.0.0.1", 0) if each == "UDP" else bind_stream("127.0.0.1", 0)
            for each in transports
        ]
        listeners = tuple(
            listener_of(sock, transport=each)
            for sock, each in zip(self.sockets, transports, strict=True)
        )
        self.events: list[SipEvent | TrunkEvent] = []
        self._came = asyncio.Event()
        known = Trunks([Trunk("carrier", token=TOKEN, numbers={"+861012345678": "8000"})])

        def inbound(host: str, token: str, dialled: tuple[str, ...]) -> Inbound | None:
            trunk = known.find_by_token(token)
            return Inbound(trunk, known.lines_of(trunk, dialled, "86")) if trunk else None

        self.stack = SipStack(
            SipOptions(listeners=listeners, next_target_s=0.5),
            {},
            lines={"8000"}.__contains__,
            inbound=inbound,
            secret=b"for the tests only",
            random=random.Random(),
        )
        self.endpoint = SipEndpoint(self.stack, self.sockets, self._take, tls=tls)
        self.gateway = Gateway(
            self.endpoint,
            trunks,
            Resolver(tuple(name_servers)),
            random.Random(1),
            self._take,
        )

    @classmethod
    @asynccontextmanager
    async def started(
        cls,
        trunks: Sequence[TrunkOptions],
        name_servers: Sequence[HostPort] = (),
        transports: Sequence[str] = ("UDP",),
        tls: TlsFiles | None = None,
    ) -> AsyncIterator["Customer"]:
        customer = cls(trunks, name_servers, transports, tls)
        await customer.endpoint.start()
        customer.gateway.start()
        try:
            yield customer
        finally:
            await customer.gateway.close()
            customer.endpoint.close()
            await asyncio.sleep(0.02)

    def _take(self, event: SipEvent | TrunkEvent) -> None:
        self.events.append(event)
        self._came.set()

    async def next(self, kind: type[Event], within_s: float = PATIENCE_S) -> Event:
        """The first event of that kind, past or to come; taken out."""
        async with asyncio.timeout(within_s):
            while True:
                for event in self.events:
                    if isinstance(event, kind):
                        self.events.remove(event)
                        return event
                self._came.clear()
                await self._came.wait()

    def dial(self, number: str, trunk: str, body: bytes) -> LegId:
        leg = new_leg_id()
        self.gateway.dial(leg, number, trunk, body=body, show="+861012345678")
        return leg
