"""Phones of either kind, opened and used alike: our own stack, or pyVoIP in its own process."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Literal, Protocol

from callcenter.demo.handset import Handset, OwnHandset, PyVoipHandset
from callcenter.demo.phone_process import PhoneProcess
from callcenter.demo.pyvoip_phone import protocol
from callcenter.demo.softphone import PhoneOptions, RegistrationFailed, Softphone
from telephony.sip.events import HostPort

REGISTERED_WITHIN_S = 5.0

OnIncoming = Callable[[Handset], None]


class Phone(Protocol):
    async def register(self, on_incoming: OnIncoming) -> None:
        """`on_incoming` gets every call that rings from now on."""

    async def dial(self, number: str) -> Handset: ...


def opened(
    kind: Literal["own", "pyvoip"], server: HostPort, user: str, password: str = ""
) -> AbstractAsyncContextManager[Phone]:
    if kind == "pyvoip":
        return PyVoipPhone.opened(server, user, password)
    return OwnPhone.opened(server, user, password)


class OwnPhone:
    def __init__(self, phone: Softphone) -> None:
        self._phone = phone

    @classmethod
    @asynccontextmanager
    async def opened(cls, server: HostPort, user: str, password: str) -> AsyncIterator[Phone]:
        options = PhoneOptions(server=server, user=user, password=password)
        async with Softphone.opened(options) as phone:
            yield cls(phone)

    async def register(self, on_incoming: OnIncoming) -> None:
        self._phone.on_incoming = lambda call: on_incoming(OwnHandset(call))
        await self._phone.register(REGISTERED_WITHIN_S)

    async def dial(self, number: str) -> Handset:
        return OwnHandset(self._phone.dial(number))


class PyVoipPhone:
    def __init__(self, process: PhoneProcess) -> None:
        self._process = process
        self._handset: PyVoipHandset | None = None
        self._registered = asyncio.Event()
        self._on_incoming: OnIncoming = lambda handset: None

    @classmethod
    @asynccontextmanager
    async def opened(cls, server: HostPort, user: str, password: str) -> AsyncIterator[Phone]:
        arguments = ["--server", f"{server.host}:{server.port}", "--user", user]
        if password:
            arguments += ["--password", password]
        async with PhoneProcess.started(*arguments) as process:
            phone = cls(process)
            listening = asyncio.create_task(phone._listen(), name=f"pyvoip-{user}")
            try:
                yield phone
            finally:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)

    async def register(self, on_incoming: OnIncoming) -> None:
        self._on_incoming = on_incoming
        await self._process.do(protocol.Register())
        try:
            await asyncio.wait_for(self._registered.wait(), REGISTERED_WITHIN_S)
        except TimeoutError:
            raise RegistrationFailed("the pyVoIP phone cannot register") from None

    async def dial(self, number: str) -> Handset:
        self._handset = PyVoipHandset(self._process, number)
        await self._process.do(protocol.Call(number))
        return self._handset

    async def _listen(self) -> None:
        while (event := await self._process.next_event()) is not None:
            if isinstance(event, protocol.Registered):
                self._registered.set()
            elif isinstance(event, protocol.Incoming):
                self._handset = PyVoipHandset(self._process, event.caller)
                self._on_incoming(self._handset)
            elif self._handset is not None:
                self._handset.on_event(event)
        if self._handset is not None:
            self._handset.end()
