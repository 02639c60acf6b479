"""A headless baresip: a phone that somebody else wrote, commanded over its TCP control port.

    async with Baresip.started(folder, server="127.0.0.1:5060", user="agent1", password="pw",
                               says=wav) as phone:
        await phone.command("dial", "sip:8000@127.0.0.1")

It says one WAV in every call (and hangs up at the WAV's end, so make it longer than the call) and
writes what it hears and says into `folder`.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.programs import find_free_port, need_program

START_S = 20.0
LOG_TAIL_LINES = 30
MODULES = "/usr/lib/baresip/modules"
CONFIG = """\
sip_listen 127.0.0.1:{sip_port}
net_interface 127.0.0.1
call_local_timeout 120
call_max_calls 4
audio_player aufile,{folder}/played.wav
audio_source aufile,{says}
audio_alert aufile,/dev/null
ausrc_srate 8000
auplay_srate 8000
ausrc_channels 1
auplay_channels 1
rtp_timeout 0
ctrl_tcp_listen 127.0.0.1:{control_port}
snd_path {folder}
module_path {modules}
module g711.so
module aufile.so
module sndfile.so
module_tmp account.so
module_app contact.so
module_app menu.so
module_app ctrl_tcp.so
"""
ACCOUNT = (
    "<sip:{user}@{server};transport={transport}>;auth_user={user};auth_pass={password}"
    ";answermode={answer};regint={registers};audio_codecs={codecs}{more}\n"
)


class Baresip:
    """One running baresip; `events` keeps what it told, as its own JSON objects."""

    def __init__(self, folder: Path, sip_port: int) -> None:
        self.folder = folder
        self.address = f"127.0.0.1:{sip_port}"
        self.events: list[dict[str, object]] = []
        self._came = asyncio.Condition()

    @classmethod
    @asynccontextmanager
    async def started(
        cls,
        folder: Path,
        *,
        user: str,
        says: Path,
        server: str = "127.0.0.1",
        password: str = "",
        answer: str = "auto",
        register: bool = False,
        codecs: str = "pcmu/8000/1,pcma/8000/1",
        transport: str = "udp",
        account: str = "",
        config: str = "",
    ) -> AsyncIterator["Baresip"]:
        program = need_program("baresip", "baresip-core")
        # It listens for TLS on the port after that of SIP, in any case, or ends at once.
        sip_port, control_port = find_free_port(beside=1), find_free_port()
        (folder / "config").write_text(
            CONFIG.format(
                sip_port=sip_port, control_port=control_port, folder=folder, says=says,
                modules=MODULES,
            )
            + config
        )  # fmt: skip
        line = ACCOUNT.format(
            user=user, server=server, password=password, answer=answer,
            registers=60 if register else 0, codecs=codecs, transport=transport, more=account,
        )  # fmt: skip
        (folder / "accounts").write_text(line)
        (folder / "contacts").write_text("")
        with (folder / "baresip.log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                program, "-f", folder, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log
            )
        phone = cls(folder, sip_port)
        try:
            async with phone._connected(control_port, process):
                yield phone
        finally:
            await _end(process)

    async def command(self, command: str, params: str = "") -> None:
        """One of baresip's own commands: dial, accept, hangup, sndcode ..."""
        words = json.dumps({"command": command, "params": params, "token": "t"}).encode()
        self._writer.write(f"{len(words)}:".encode() + words + b",")
        await self._writer.drain()

    async def wait_for(self, kind: str, within_s: float) -> dict[str, object]:
        """The first event of baresip's type `kind`, such as REGISTER_OK or CALL_ESTABLISHED."""
        return (await self.wait_for_count(kind, 1, within_s))[0]

    async def wait_for_count(
        self, kind: str, count: int, within_s: float
    ) -> list[dict[str, object]]:
        """Until `count` events of that type have come since the start."""
        try:
            async with asyncio.timeout(within_s), self._came:
                while True:
                    found = [event for event in self.events if event.get("type") == kind]
                    if len(found) >= count:
                        return found
                    await self._came.wait()
        except TimeoutError:
            kinds = [event.get("type") for event in self.events]
            what = f"baresip has told {kinds}, and not {count} {kind} in {within_s} s"
            raise AssertionError(f"{what}:\n{self.said()}") from None

    def said(self) -> str:
        """The last of what it has written itself, without the figures that it repeats."""
        text = (self.folder / "baresip.log").read_text(errors="replace")
        return "\n".join(line[-200:] for line in text.splitlines()[-LOG_TAIL_LINES:])

    def recording(self, side: str) -> Path:
        """Its WAV of the call: side "dec" is what it heard, "enc" what it said."""
        found = sorted(self.folder.glob(f"dump-*-{side}.wav"))
        assert found, f"baresip has recorded nothing in {self.folder}"
        return found[-1]

    @asynccontextmanager
    async def _connected(
        self, control_port: int, process: asyncio.subprocess.Process
    ) -> AsyncIterator[None]:
        try:
            reader, self._writer = await _connect(control_port, process)
        except (TimeoutError, ChildProcessError) as error:
            raise AssertionError(f"baresip can't be commanded: {error}\n{self.said()}") from None
        reading = asyncio.create_task(self._read(reader), name="baresip-events")
        try:
            yield
        finally:
            self._writer.write(b'32:{"command":"hangup","params":""},')
            reading.cancel()
            self._writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while length := await reader.readuntil(b":"):
            event = json.loads(await reader.readexactly(int(length[:-1])))
            await reader.readexactly(1)
            async with self._came:
                self.events.append(event)
                self._came.notify_all()


async def _connect(
    port: int, process: asyncio.subprocess.Process
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    async with asyncio.timeout(START_S):
        while True:
            if process.returncode is not None:
                raise ChildProcessError(f"it has ended by itself with {process.returncode}")
            try:
                return await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                await asyncio.sleep(0.05)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), 5)
    except TimeoutError:
        process.kill()
        await process.wait()
