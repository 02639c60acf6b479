"""One call in the hand of one of the demo's people, whichever SIP stack the phone is."""

import asyncio
from contextlib import suppress
from typing import Protocol

from callcenter.demo.phone_call import Call, CallFailed, CallState
from callcenter.demo.phone_process import PhoneProcess
from callcenter.demo.pyvoip_phone import protocol
from callcenter.demo.speech import Clip


class Handset(Protocol):
    peer: str
    "The number dialled, or the caller's."

    @property
    def heard_s(self) -> float:
        """Sound that came so far, early media included; 0 when the phone does not tell."""

    @property
    def is_over(self) -> bool: ...

    async def settled(self) -> None:
        """Until both talk or the call is over."""

    async def over(self) -> None: ...

    async def accept(self) -> None:
        """Pick up."""

    async def press(self, key: str) -> None: ...

    async def say(self, clip: Clip) -> None:
        """Until it has been said, or the call is over."""

    async def hang_up(self) -> None: ...


class OwnHandset:
    """A call of `callcenter.demo.softphone`."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self.peer = call.peer

    @property
    def heard_s(self) -> float:
        return self._call.heard_s

    @property
    def is_over(self) -> bool:
        return self._call.state is CallState.ENDED

    async def settled(self) -> None:
        with suppress(CallFailed):
            await self._call.answered()

    async def over(self) -> None:
        await self._call.over()

    async def accept(self) -> None:
        if self._call.state is CallState.RINGING:
            self._call.accept()

    async def press(self, key: str) -> None:
        if not self.is_over:
            self._call.press(key)

    async def say(self, clip: Clip) -> None:
        if not self.is_over:
            await self._call.play(clip.pcm_8k)

    async def hang_up(self) -> None:
        self._call.hang_up()


class PyVoipHandset:
    """A call of the pyVoIP phone, which has one at a time."""

    heard_s = 0.0

    def __init__(self, phone: PhoneProcess, peer: str) -> None:
        self._phone = phone
        self.peer = peer
        self._settled = asyncio.Event()
        self._over = asyncio.Event()
        self._said = asyncio.Event()

    def on_event(self, event: protocol.Event) -> None:
        match event:
            case protocol.Answered():
                self._settled.set()
            case protocol.Played():
                self._said.set()
            case protocol.Ended():
                self.end()
            case _:
                pass

    def end(self) -> None:
        for happened in (self._settled, self._said, self._over):
            happened.set()

    @property
    def is_over(self) -> bool:
        return self._over.is_set()

    async def settled(self) -> None:
        await self._settled.wait()

    async def over(self) -> None:
        await self._over.wait()

    async def accept(self) -> None:
        await self._do(protocol.Answer())

    async def press(self, key: str) -> None:
        await self._do(protocol.Press(key))

    async def say(self, clip: Clip) -> None:
        if not self.is_over:
            self._said.clear()
            await self._do(protocol.Play(str(clip.file)))
            await self._said.wait()

    async def hang_up(self) -> None:
        await self._do(protocol.Hangup())

    async def _do(self, command: protocol.Command) -> None:
        if not self.is_over:
            await self._phone.do(command)
