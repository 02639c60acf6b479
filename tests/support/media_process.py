"""Starts the real media worker as a process of its own, and core's client for it."""

import asyncio
import contextlib
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec

from telephony.media.client import MediaClient, MediaEvent
from telephony.media.options import WorkerOptions

ROOT = Path(__file__).parents[2]
PATIENCE_S = 30.0
"A worker that was killed takes its time to come back; core would wait three seconds for an answer."


class WorkerProcess:
    """One worker that tests may kill and start again."""

    def __init__(self, options: WorkerOptions) -> None:
        self.options = options
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        argument = msgspec.json.encode(self.options).decode()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "telephony.media.worker", argument], cwd=ROOT
        )

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(number)  # nothing when it has ended already
        return self.process.wait(PATIENCE_S)


class Heard:
    """Events in the order they came, and a way to wait for one."""

    def __init__(self) -> None:
        self.events: list[MediaEvent] = []
        self._came = asyncio.Event()

    def __call__(self, event: MediaEvent) -> None:
        self.events.append(event)
        self._came.set()

    async def wait_for(self, fits: Callable[[MediaEvent], bool], timeout_s: float) -> MediaEvent:
        async with asyncio.timeout(timeout_s):
            while True:
                for event in self.events:
                    if fits(event):
                        return event
                self._came.clear()
                await self._came.wait()


@contextlib.asynccontextmanager
async def running_client(options: WorkerOptions, heard: Heard) -> AsyncIterator[MediaClient]:
    client = MediaClient(options.socket, heard, timeout_s=PATIENCE_S)
    task = asyncio.create_task(client.run())
    try:
        async with asyncio.timeout(PATIENCE_S):
            await client.wait_until_up()
        yield client
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
