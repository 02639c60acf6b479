"""SIPp: scenarios in XML, named by what they expect, played from either end.

result = await run_sipp(SCENARIOS / "options-expect-200.xml", tmp_path, to="127.0.0.1:5060")
assert result.passed, result.log
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from tests.support.eventually import eventually
from tests.support.programs import find_free_port, need_program

SCENARIOS = Path(__file__).parent.parent / "e2e" / "sipp"


@dataclass(frozen=True, slots=True)
class SippResult:
    """Of one run; `log` are the messages and errors that SIPp wrote down."""

    passed: bool
    log: str


class Sipp:
    """One SIPp with a port of its own; as a caller with `to`, as the called one without."""

    def __init__(
        self, scenario: Path, folder: Path, *options: str, to: str = "", port: int = 0
    ) -> None:
        """port: of a run before, for a phone that registers and then is called."""
        self.port = port or find_free_port()
        self.address = f"127.0.0.1:{self.port}"
        self._program = need_program("sipp", "sip-tester")
        self._folder = folder
        self._arguments = [
            "-sf", str(scenario), "-i", "127.0.0.1", "-p", str(self.port),
            "-m", "1", "-nostdin", "-timeout", "40s", "-timeout_error",
            "-trace_msg", "-message_file", str(folder / "messages.log"),
            "-trace_err", "-error_file", str(folder / "errors.log"), *options,
        ]  # fmt: skip
        if to:
            self._arguments.append(to)

    async def listens(self) -> None:
        """Until its port is bound: a call that comes sooner is refused by the kernel."""
        line = f":{self.port:04X} "
        await eventually(lambda: line in Path("/proc/net/udp").read_text())

    async def has_read(self, words: str) -> None:
        """Until they are in a message of this run."""
        file = self._folder / "messages.log"
        await eventually(lambda: file.exists() and words in file.read_text(errors="replace"))

    async def run(self) -> SippResult:
        """Until the scenario has been played once, or 40 s."""
        process = await asyncio.create_subprocess_exec(
            self._program, *self._arguments,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL, cwd=self._folder,
        )  # fmt: skip
        try:
            status = await asyncio.wait_for(process.wait(), 50)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return SippResult(status == 0, self._log())

    def _log(self) -> str:
        files = (self._folder / "errors.log", self._folder / "messages.log")
        return "\n".join(file.read_text(errors="replace") for file in files if file.exists())


async def run_sipp(scenario: Path, folder: Path, *options: str, to: str = "") -> SippResult:
    return await Sipp(scenario, folder, *options, to=to).run()
