"""Debian's rtpengine and our driver in front of it, as processes to be measured."""

import asyncio
import sys
import time
from asyncio.subprocess import DEVNULL, Process
from pathlib import Path

import msgspec

from bench.centre import NotReady
from callcenter.doctor.health import Verdict
from callcenter.doctor.rtpengine import rtpengine
from callcenter.sections.values import Listener
from telephony.media.options import WorkerOptions
from telephony.media.rtpengine.options import DriverOptions

NG = Listener("udp", "127.0.0.1", 18100)
DIGITS = ("127.0.0.1", 18101)
TRIES = 20
PAUSE_S = 0.1


async def start(options: WorkerOptions, folder: str) -> list[Process]:
    """rtpengine has the ports above the driver's, and twice as many."""
    first = options.ports[1] + 1
    ports = f"--port-min={first}", f"--port-max={first + 2 * (options.ports[1] - options.ports[0])}"
    engine = await asyncio.create_subprocess_exec(
        *("rtpengine", "--config-file=none", "--foreground", "--log-stderr", "--log-level=3"),
        *("--table=-1", "--interface=127.0.0.1", f"--listen-ng={NG.host}:{NG.port}", *ports),
        *(f"--dtmf-log-dest={DIGITS[0]}:{DIGITS[1]}", "--num-threads=2"),
        stdin=DEVNULL,
        stderr=(Path(folder) / "rtpengine.log").open("wb"),
    )
    try:
        await asyncio.to_thread(_wait_until_up)
    except NotReady:
        engine.terminate()
        await engine.wait()
        raise
    driver = DriverOptions(
        worker=options, ng=(NG.host, NG.port), digits=DIGITS, scratch=f"{folder}/scratch"
    )
    argument = msgspec.json.encode(driver).decode()
    module = "telephony.media.rtpengine.service"
    return [engine, await asyncio.create_subprocess_exec(sys.executable, "-m", module, argument)]


def _wait_until_up() -> None:
    for _ in range(TRIES):
        if rtpengine(NG).verdict is Verdict.OK:
            return
        time.sleep(PAUSE_S)
    raise NotReady(f"rtpengine does not answer at {NG}")
