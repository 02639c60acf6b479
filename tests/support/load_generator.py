"""bench/loadgen/hotline_load as many callers and agents of a served centre."""

import asyncio
import json
from typing import Any

import pytest

from bench.programs import NoCompiler, compiled
from tests.support.centre import Centre
from tests.support.programs import find_free_port

RTP_BASE = 31_600
"Above the ports of centres under test, below those that the kernel gives away by itself."
WAYS = ("agent_to_caller", "caller_to_agent")


async def hotline_load(centre: Centre, *options: str, within_s: float = 60) -> dict[str, Any]:
    """What it found; the test is skipped where it can't be compiled."""
    try:
        program = await asyncio.to_thread(compiled, "hotline_load")
    except NoCompiler as error:
        pytest.skip(str(error))
    ports = ("--caller-port", str(find_free_port()), "--agent-port", str(find_free_port()))
    process = await asyncio.create_subprocess_exec(
        program, "--server", f"127.0.0.1:{centre.sip.port}", "--hotline", "8000", "--register",
        "--dtmf", "1", *ports, *options,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        told, _ = await asyncio.wait_for(process.communicate(), within_s)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    result: dict[str, Any] = json.loads(told)
    return result
