"""A caller of `bench.triage`, who says one thing, listens to what comes back, and tells the truth.

Asked back he presses 1 if it is what he wants, else 2, and says it again, once; so he does when he
was not understood. He hears it himself: what comes back is compared with the prompts' files.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.centre import Centre
from bench.ear import heard_of
from callcenter.demo.phone_call import Call
from callcenter.demo.softphone import PhoneOptions, Softphone
from ivr.speech.audio import Samples, from_pcm, read_wav
from ivr.speech.sounds import PromptOptions, Sounds
from ivr.speech.synthesis import Synthesiser
from telephony.sip.events import HostPort

TRIES = 2
PROMPT_S = 2.2
"After the answer: the question has been asked."
ASKED_BACK_S = 6.0
"After the request: if the call is still there, the caller has been asked back."
ASKED_AGAIN_S = 4.5
"After a no: that was not understood, and the question once more."
PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class Talk:
    """One caller's side of it."""

    took_s: float
    "From the last word to the end of the call."
    offered: tuple[str, ...]
    "What came back after each answer; '': nothing that was understood."


def labels_of(
    centre: Centre, examples: Mapping[str, Mapping[str, Sequence[str]]], language: str
) -> dict[str, Samples]:
    """What each choice is called when it is asked back, as it is played: its first example."""
    options = PromptOptions(own=centre.folder, cache=centre.folder / "data" / "cache" / "prompts")
    sounds = Sounds(Synthesiser(), options)
    return {
        name: read_wav(sounds.file_of(words[language][0], language))
        for name, words in examples.items()
    }


@dataclass(frozen=True, slots=True)
class Caller:
    number: str
    wanted: str
    speech: bytes
    labels: Mapping[str, Samples]

    async def dial(self, sip_port: int, line: str) -> Talk:
        options = PhoneOptions(server=HostPort("127.0.0.1", sip_port), user=self.number)
        offered: list[str] = []
        async with Softphone.opened(options) as phone:
            call = phone.dial(line)
            await call.answered()
            await asyncio.sleep(PROMPT_S)
            for _ in range(TRIES):
                await call.play(self.speech)
                spoken_at = time.monotonic()
                if await self._is_settled(call, offered):
                    break
            await asyncio.wait_for(call.over(), PATIENCE_S)
            return Talk(time.monotonic() - spoken_at, tuple(offered))

    async def _is_settled(self, call: Call, offered: list[str]) -> bool:
        """False: the question is being asked once more."""
        known = len(call.heard)
        if await _is_over(call, ASKED_BACK_S):
            return True
        offered.append(heard_of(self.labels, from_pcm(call.heard[known:])))
        if not offered[-1]:
            return False
        call.press("1" if offered[-1] == self.wanted else "2")
        return await _is_over(call, ASKED_AGAIN_S)


async def _is_over(call: Call, within_s: float) -> bool:
    try:
        await asyncio.wait_for(call.over(), within_s)
    except TimeoutError:
        return False
    return True
