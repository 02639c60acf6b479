"""A small phone on a real socket, built on our own stack: it registers, is called and calls.

    async with SipPhone.started() as phone:
        await phone.register("agent0001", "pw0001", centre)
        ...
        event = await phone.next(IncomingCall)
        phone.do(phone.stack.accept(event.leg, SDP, phone.now))

No media: it only moves SDP that the test gives it. It is also the little server that the SIPp tests
talk to, because a phone and a centre are the same stack.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

from foundation.ids import LegId, new_leg_id
from telephony.sip.digest import Credentials, DigestClient
from telephony.sip.events import CallerIdentity, HostPort, SipEvent, StackEffect
from telephony.sip.options import SipOptions
from telephony.sip.sockets.endpoint import SipEndpoint, bind_stream, bind_udp, listener_of
from telephony.sip.sockets.tls import TlsFiles
from telephony.sip.stack import SipStack
from telephony.sip.wording.message import Request, Response, parse_message
from telephony.sip.wording.stream import StreamLimits

Event = TypeVar("Event")
PATIENCE_S = 20.0


class SipPhone:
    """One stack on loopback, on UDP unless told otherwise, with everything that it told."""

    def __init__(
        self,
        accounts: Mapping[str, str] | None = None,
        lines: Callable[[str], bool] = lambda user: True,
        domain: str = "",
        seed: int | None = None,
        *,
        ring_all: bool = False,
        transports: Sequence[str] = ("UDP",),
        host: str = "127.0.0.1",
        tls: TlsFiles | None = None,
        limits: StreamLimits | None = None,
    ) -> None:
        """transports: of the listeners; the first is `address`, all of them `listeners`."""
        self.sockets = [
            bind_udp(host, 0) if transport == "UDP" else bind_stream(host, 0)
            for transport in transports
        ]
        self.listeners = tuple(
            listener_of(sock, transport=transport)
            for sock, transport in zip(self.sockets, transports, strict=True)
        )
        self.address = self.listeners[0].address
        self.events: list[SipEvent] = []
        self.on_event: Callable[[SipEvent], None] = lambda event: None
        self.stack = SipStack(
            SipOptions(
                listeners=self.listeners,
                domain=domain,
                ring_all=ring_all,
                streams=limits or StreamLimits(),
            ),
            accounts or {},
            lines=lines,
            secret=b"for the tests only",
            random=random.Random(seed),
        )
        self.endpoint = SipEndpoint(self.stack, self.sockets, self._take, tls=tls)
        self._came = asyncio.Event()

    @classmethod
    @asynccontextmanager
    async def started(
        cls,
        accounts: Mapping[str, str] | None = None,
        lines: Callable[[str], bool] = lambda user: True,
        domain: str = "",
        *,
        ring_all: bool = False,
        transports: Sequence[str] = ("UDP",),
        host: str = "127.0.0.1",
        tls: TlsFiles | None = None,
        limits: StreamLimits | None = None,
    ) -> AsyncIterator["SipPhone"]:
        phone = cls(
            accounts,
            lines,
            domain,
            ring_all=ring_all,
            transports=transports,
            host=host,
            tls=tls,
            limits=limits,
        )
        await phone.endpoint.start()
        try:
            yield phone
        finally:
            phone.endpoint.close()
            # Lets the transports close their sockets; a connection takes some more rounds.
            await asyncio.sleep(0.02 if any(t != "UDP" for t in transports) else 0)

    def _take(self, event: SipEvent) -> None:
        self.events.append(event)
        self._came.set()
        self.on_event(event)

    @property
    def now(self) -> float:
        return self.endpoint.now

    def do(self, effects: Iterable[StackEffect]) -> None:
        self.endpoint.perform(effects)

    def dial(self, to: str, body: bytes, caller: CallerIdentity) -> LegId:
        """Call a `sip:` URI whose host is an IP address."""
        leg = new_leg_id()
        self.do(self.stack.dial(leg, to, self.now, body=body, caller=caller))
        return leg

    async def next(self, kind: type[Event]) -> Event:
        """The first event of that kind, past or to come, within `PATIENCE_S`; taken out."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                for event in self.events:
                    if isinstance(event, kind):
                        self.events.remove(event)
                        return event
                self._came.clear()
                await self._came.wait()

    async def register(
        self, user: str, password: str, registrar: HostPort, *, expires_s: int = 300
    ) -> int:
        """REGISTER this phone's port, with digest; gives the final status."""
        client = _RegisterClient(self.address, user, password, expires_s)
        loop = asyncio.get_running_loop()
        answers: asyncio.Queue[Response] = asyncio.Queue()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: _Answers(answers), remote_addr=(registrar.host, registrar.port)
        )
        try:
            async with asyncio.timeout(PATIENCE_S):
                transport.sendto(client.request())
                answer = await answers.get()
                if answer.status == 401 and client.take(answer):
                    transport.sendto(client.request())
                    answer = await answers.get()
                return answer.status
        finally:
            transport.close()


class _Answers(asyncio.DatagramProtocol):
    def __init__(self, answers: "asyncio.Queue[Response]") -> None:
        self._answers = answers

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        message = parse_message(data)
        if isinstance(message, Response):
            self._answers.put_nowait(message)


class _RegisterClient:
    """Writes the REGISTERs of one registration; loss is not cared for on loopback."""

    def __init__(self, contact: HostPort, user: str, password: str, expires_s: int) -> None:
        self._contact = f"<sip:{user}@{contact.host}:{contact.port}>"
        self._user = user
        self._expires_s = expires_s
        self._digest = DigestClient(Credentials(user, password))
        self._call_id = f"{random.getrandbits(64):x}"
        self._cseq = 0

    def take(self, challenge: Response) -> bool:
        return self._digest.take(challenge.status, challenge.values("www-authenticate"))

    def request(self) -> bytes:
        self._cseq += 1
        uri = f"sip:{self._contact.partition('@')[2].rstrip('>')}"
        aor = f"<sip:{self._user}@{self._contact.partition('@')[2]}"
        headers = [
            ("Via", f"SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK{self._call_id}{self._cseq};rport"),
            ("Max-Forwards", "70"),
            ("From", f"{aor};tag=r{self._call_id}"),
            ("To", aor),
            ("Call-ID", self._call_id),
            ("CSeq", f"{self._cseq} REGISTER"),
            ("Contact", self._contact),
            ("Expires", str(self._expires_s)),
            *self._digest.answer("REGISTER", uri, "c0ffee"),
        ]
        return bytes(Request("REGISTER", uri, headers))
