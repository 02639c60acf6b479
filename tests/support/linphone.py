"""A headless linphonec: Linphone's phone in a terminal, commanded by lines on its input.

    async with Linphone.started(folder, server="127.0.0.1:5060", user="agent0001", password="pw",
                                says=wav) as phone:
        await phone.registered()
        await phone.command("call sip:8000@127.0.0.1:5060")
        await phone.prints("Media streams established")

It says one WAV in every call and writes what it hears to `folder/heard.wav`.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from tests.support.programs import find_free_port, need_program

CONFIG = """\
[sip]
sip_port={udp}
sip_tcp_port={tcp}
sip_tls_port={tls}
register_only_when_network_is_up=0
use_ipv6=0
contact=sip:{user}@127.0.0.1
verify_server_certs=0
verify_server_cn=0
media_encryption={encryption}
media_encryption_mandatory={mandatory}
use_info={info}
use_rfc2833={events}
keepalive_period=30000
[rtp]
audio_rtp_port={rtp}
[sound]
echocancellation=0
remote_ring=
local_ring=
[app]
record_aware=0
{codecs}"""
"It binds to all addresses, whatever one asks for; -1 is a port of the kernel's choice, 0 none."

CODEC = """\
[audio_codec_{number}]
mime={name}
rate={rate}
channels={channels}
enabled={enabled}
"""
CODECS = (
    *(("opus", 48000, 2), ("PCMU", 8000, 1), ("PCMA", 8000, 1), ("GSM", 8000, 1)),
    *(("G722", 8000, 1), ("speex", 8000, 1), ("speex", 16000, 1), ("speex", 32000, 1)),
)
"All that it offers by itself; one that is not named is offered as well."


def _only(codec: str) -> str:
    return "".join(
        CODEC.format(number=n, name=name, rate=rate, channels=channels, enabled=int(name == codec))
        for n, (name, rate, channels) in enumerate(CODECS)
    )


class Linphone:
    """One running linphonec; `output` is all that it printed."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path) -> None:
        self.folder = folder
        self.output = ""
        self._process = process
        self._came = asyncio.Condition()

    @classmethod
    @asynccontextmanager
    async def started(
        cls,
        folder: Path,
        *,
        user: str,
        says: Path,
        server: str = "",
        password: str = "",
        transport: str = "udp",
        secure: bool = False,
        info: bool = False,
        codec: str = "",
    ) -> AsyncIterator["Linphone"]:
        """password: with one it registers and answers calls by itself. secure: SRTP or nothing.
        info: its keys go by SIP INFO, not as RTP events. codec: the only one it is to speak.
        """
        program = need_program("linphonec", "linphone-cli")
        (folder / ".local" / "share" / "linphone").mkdir(parents=True)
        config = folder / "linphonerc"
        config.write_text(
            CONFIG.format(
                user=user, udp=find_free_port(), tcp=0 if transport == "udp" else -1,
                tls=-1 if transport == "tls" else 0, rtp=find_free_port() // 2 * 2,
                encryption="srtp" if secure else "none", mandatory=int(secure),
                info=int(info), events=int(not info), codecs=_only(codec) if codec else "",
            )
        )  # fmt: skip
        words = [str(program), "-c", str(config), *(["-a"] if password else [])]
        process = await asyncio.create_subprocess_exec(
            *words, "-d", "6", "-l", str(folder / "linphone.log"),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT, env={**os.environ, "HOME": str(folder)}, cwd=folder,
        )  # fmt: skip
        phone = cls(process, folder)
        reading = asyncio.create_task(phone._read(), name="linphone-output")
        try:
            await phone.prints("linphonec>")
            await phone.command("soundcard use files")
            await phone.command(f"play {says}")
            await phone.command(f"record {phone.recording}")
            if password:
                proxy = f"sip:{server};transport={transport}"
                await phone.command(f"register sip:{user}@127.0.0.1 {proxy} {password}")
            yield phone
        finally:
            await phone._end()
            reading.cancel()
            await asyncio.wait({reading})

    async def command(self, line: str) -> None:
        """One of its own commands, or digits to press in a call."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n".encode())
        await self._process.stdin.drain()

    async def prints(self, words: str, count: int = 1, within_s: float = 30.0) -> None:
        """Until the words have been printed so many times since the start."""
        try:
            async with asyncio.timeout(within_s), self._came:
                await self._came.wait_for(lambda: self.output.count(words) >= count)
        except TimeoutError:
            raise AssertionError(f"linphonec never said {words!r}:\n{self.output}") from None

    @property
    def recording(self) -> Path:
        return self.folder / "heard.wav"

    async def _read(self) -> None:
        assert self._process.stdout is not None
        while data := await self._process.stdout.read(4096):
            async with self._came:
                self.output += data.decode(errors="replace")
                self._came.notify_all()

    async def _end(self) -> None:
        with suppress(ConnectionError):
            await self.command("terminate")
            await self.command("quit")
        try:
            await asyncio.wait_for(self._process.wait(), 8)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
