"""Speech synthesis in a helper process: not in core, one call at a time, restarted when it dies.

async with Synthesiser() as synthesiser:
    pcm = await synthesiser.synthesise("Welcome.", "en-us+f3")
"""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from foundation.errors import RemoteError, Unavailable
from foundation.frames import MAX_FRAME_BYTES, pack
from ivr.speech.synthesis_protocol import Answer, Refused, Say

_ROOT = Path(__file__).parents[2]
"Where the helper finds our packages, whether they are installed or not."


class SynthesisRefused(RemoteError):
    """The text or the voice cannot be spoken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SynthesisOptions:
    """How patient we are with the helper."""

    answer_within_s: float = 20.0
    "A minute of speech takes about 0.2 s; the first answer waits for the library to load."
    tries: int = 2
    "A helper that died is started again this often for one text."


@dataclass(frozen=True, slots=True)
class Utterance:
    """One text in one voice; `voice` is espeak-ng's, `+f3` and the like are its variants."""

    text: str
    voice: str = "en-us+f3"
    speed: int = 150
    "Words a minute, 80 to 450."
    pitch: int = 50
    "0 to 99."


class Synthesiser:
    """Owns the helper; it starts at the first text and ends with `close`."""

    def __init__(self, options: SynthesisOptions | None = None) -> None:
        self._options = options or SynthesisOptions()
        self._turn = asyncio.Lock()
        self._helper: asyncio.subprocess.Process | None = None
        self._decoder = msgspec.msgpack.Decoder(Answer)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    @property
    def pid(self) -> int | None:
        """The helper's process id while there is one."""
        return None if self._helper is None else self._helper.pid

    async def synthesise(
        self, text: str, voice: str = "en-us+f3", speed: int = 150, pitch: int = 50
    ) -> bytes:
        """16-bit PCM, 8 kHz mono, at the house's level."""
        request = msgspec.msgpack.encode(Say(text, voice, speed, pitch))
        async with self._turn:
            for _ in range(self._options.tries):
                try:
                    answer = await self._ask(request)
                except (OSError, EOFError, TimeoutError, msgspec.MsgspecError):
                    continue
                if isinstance(answer, Refused):
                    raise SynthesisRefused(answer.sentence)
                return answer.pcm
        raise Unavailable(f"speech synthesis gave no answer to {text[:40]!r}")

    async def close(self) -> None:
        helper, self._helper = self._helper, None
        if helper is None:
            return
        if helper.returncode is None:
            helper.kill()
        await helper.wait()

    async def _ask(self, request: bytes) -> Answer:
        answered = False
        try:
            async with asyncio.timeout(self._options.answer_within_s):
                answer = await self._exchange(request)
            answered = True
            return answer
        finally:
            # Cut off in the middle, a late answer would be taken for the next text's.
            if not answered:
                await self.close()

    async def _exchange(self, request: bytes) -> Answer:
        helper = self._helper = self._helper or await self._start()
        assert helper.stdin is not None
        assert helper.stdout is not None
        helper.stdin.write(pack(request))
        await helper.stdin.drain()
        length = int.from_bytes(await helper.stdout.readexactly(4), "big")
        if length > MAX_FRAME_BYTES:
            raise EOFError
        answer: Answer = self._decoder.decode(await helper.stdout.readexactly(length))
        return answer

    async def _start(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "ivr.speech.synthesis_worker",
            cwd=_ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )


def synthesise_all(utterances: Sequence[Utterance]) -> list[bytes]:
    """The same for code without an event loop: a helper for these texts only."""

    async def speak() -> list[bytes]:
        async with Synthesiser() as synthesiser:
            return [
                await synthesiser.synthesise(one.text, one.voice, one.speed, one.pitch)
                for one in utterances
            ]

    return asyncio.run(speak())
