"""A phone in a browser's place: our stack over somebody else's WebSocket client (RFC 7118).

async with WebPhone.connected(address, tls) as phone:
    assert await phone.register("agent0001", "pw0001") == 200
"""

import asyncio
import random
import ssl
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import TypeVar

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from foundation.ids import LegId, new_leg_id
from telephony.sip.digest import Credentials, DigestClient
from telephony.sip.events import CallerIdentity, HostPort, SendDatagram, SipEvent, StackEffect
from telephony.sip.options import Listener, SipOptions
from telephony.sip.sockets.tls import TlsFiles
from telephony.sip.stack import SipStack
from telephony.sip.wording.message import Request, Response, parse_message

Event = TypeVar("Event")
PATIENCE_S = 20.0
SERVER = HostPort("192.0.2.1", 443)
"What the phone's own stack believes the other end to be; there is one connection only."
NOWHERE = "df7jal23ls0d.invalid"


class WebPhone:
    """One connection and one stack."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._loop = asyncio.get_running_loop()
        ours = Listener(address=HostPort(NOWHERE, 443), transport="WSS")
        self.stack = SipStack(
            SipOptions(listeners=(ours,)),
            {},
            lines=lambda user: True,
            secret=b"for the tests only",
            random=random.Random(),
        )
        self.stack.flow_opened(SERVER, 0)
        self.events: list[SipEvent] = []
        self._came = asyncio.Event()
        self._answers: asyncio.Queue[Response] = asyncio.Queue()
        self._sending: asyncio.Queue[bytes] = asyncio.Queue()

    @classmethod
    @asynccontextmanager
    async def connected(
        cls, address: HostPort, tls: TlsFiles | None = None
    ) -> AsyncIterator["WebPhone"]:
        scheme = "wss" if tls else "ws"
        trust = ssl.create_default_context(cafile=str(tls.certificate)) if tls else None
        url = f"{scheme}://{address.host}:{address.port}/"
        async with connect(url, subprotocols=[Subprotocol("sip")], ssl=trust) as socket:
            assert socket.subprotocol == "sip"
            phone = cls(socket)
            tasks = [asyncio.create_task(phone._read()), asyncio.create_task(phone._write())]
            try:
                yield phone
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def now(self) -> float:
        return self._loop.time()

    def do(self, effects: Iterable[StackEffect]) -> None:
        for effect in effects:
            if isinstance(effect, SendDatagram):
                self._sending.put_nowait(effect.data)
            else:
                self.events.append(effect)
                self._came.set()

    def dial(self, user: str, body: bytes, caller: CallerIdentity) -> LegId:
        leg = new_leg_id()
        to = f"sip:{user}@{SERVER.host}:{SERVER.port};transport=wss"
        self.do(self.stack.dial(leg, to, self.now, body=body, caller=caller))
        return leg

    async def next(self, kind: type[Event]) -> Event:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                for event in self.events:
                    if isinstance(event, kind):
                        self.events.remove(event)
                        return event
                self._came.clear()
                await self._came.wait()

    async def register(self, user: str, password: str) -> int:
        """Gives the final status."""
        digest = DigestClient(Credentials(user, password))
        for number in (1, 2):
            self._sending.put_nowait(_register(user, number, digest))
            async with asyncio.timeout(PATIENCE_S):
                answer = await self._answers.get()
            challenges = answer.values("www-authenticate")
            if answer.status != 401 or not digest.take(401, challenges):
                break
        return answer.status

    async def _read(self) -> None:
        async for message in self._socket:
            data = message.encode() if isinstance(message, str) else message
            parsed = parse_message(data)
            if isinstance(parsed, Response) and parsed.cseq.method == "REGISTER":
                self._answers.put_nowait(parsed)
            else:
                self.do(self.stack.receive(data, SERVER, 0, self.now))

    async def _write(self) -> None:
        while True:
            await self._socket.send((await self._sending.get()).decode())


def _register(user: str, number: int, digest: DigestClient) -> bytes:
    instance = '"<urn:uuid:00000000-0000-1000-8000-AABBCCDDEEFF>"'
    headers = [
        ("Via", f"SIP/2.0/WSS {NOWHERE};branch=z9hG4bKw{number}"),
        ("Max-Forwards", "70"),
        ("From", f"<sip:{user}@hotline.example>;tag=w"),
        ("To", f"<sip:{user}@hotline.example>"),
        ("Call-ID", f"web-{user}"),
        ("CSeq", f"{number} REGISTER"),
        ("Supported", "path, outbound"),
        (
            "Contact",
            f"<sip:{user}@{NOWHERE};transport=ws;ob>;reg-id=1;+sip.instance={instance}",
        ),
        *digest.answer("REGISTER", "sip:hotline.example", "c0ffee"),
    ]
    return bytes(Request("REGISTER", "sip:hotline.example", headers))
