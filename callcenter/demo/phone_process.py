"""A pyVoIP phone in its own process, seen from asyncio.

async with PhoneProcess.started("--server", "127.0.0.1:5060", "--user", "caller1") as phone:
    await phone.do(Call("8000"))
    await phone.wait_for(Answered, within_s=5)
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

import msgspec

from callcenter.demo.pyvoip_phone import protocol

EventT = TypeVar("EventT", bound=protocol.Event)
QUIT_WITHIN_S = 3.0

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(protocol.Event)


class PhoneProcess:
    """Commands in, events out; `events` keeps all that came, in order."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._came = asyncio.Condition()
        self._seen = 0
        self._has_ended = False
        self.events: list[protocol.Event] = []

    @classmethod
    @asynccontextmanager
    async def started(cls, *arguments: str) -> AsyncIterator["PhoneProcess"]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-W", "ignore::DeprecationWarning:pyVoIP", "-m",
            "callcenter.demo.pyvoip_phone", *arguments,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        phone = cls(process)
        reading = asyncio.create_task(phone._read(), name="pyvoip-phone-events")
        try:
            yield phone
        finally:
            await phone._end()
            await reading

    async def do(self, command: protocol.Command) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(_encoder.encode(command) + b"\n")
        await self._process.stdin.drain()

    async def wait_for(self, kind: type[EventT], within_s: float) -> EventT:
        """The next event of this kind after the one that was waited for last; others are passed."""
        async with asyncio.timeout(within_s), self._came:
            while True:
                while self._seen < len(self.events):
                    event = self.events[self._seen]
                    self._seen += 1
                    if isinstance(event, kind):
                        return event
                await self._came.wait()

    async def next_event(self) -> protocol.Event | None:
        """For one reader that wants them all, in order; None when the process has ended."""
        async with self._came:
            while self._seen == len(self.events) and not self._has_ended:
                await self._came.wait()
            if self._seen == len(self.events):
                return None
            self._seen += 1
            return self.events[self._seen - 1]

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            async with self._came:
                self.events.append(_decoder.decode(line))
                self._came.notify_all()
        async with self._came:
            self._has_ended = True
            self._came.notify_all()

    async def _end(self) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), QUIT_WITHIN_S)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
