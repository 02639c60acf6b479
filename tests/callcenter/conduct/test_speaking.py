"""What a flow says: at once where its sounds are there, later where text is to be spoken first."""

import asyncio
from collections.abc import Sequence

import pytest

from callcenter.conduct.speaking import Speaking
from foundation.ids import CallId
from ivr.speech.spoken import Item, Kind, Prompt, Spoken, Value

CALL = CallId("c-1")
NAME = Spoken({"en": (Value(Kind.TEXT, "Ms Li"),)})


class SlowPrompts:
    """Named prompts are there; a sentence takes until `gate` is opened."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()

    def find(self, items: Sequence[Item], languages: Sequence[str]) -> list[str] | None:
        if any(isinstance(item, Spoken) for item in items):
            return None
        return [item.name for item in items if isinstance(item, Prompt)]

    async def make(self, items: Sequence[Item], languages: Sequence[str]) -> list[str]:
        await self.gate.wait()
        return [item.name if isinstance(item, Prompt) else item.text("en") for item in items]


@pytest.fixture
async def prompts() -> SlowPrompts:
    return SlowPrompts()


async def test_what_is_there_is_played_at_once(prompts: SlowPrompts) -> None:
    played: list[list[str]] = []
    Speaking(prompts).say(CALL, [Prompt("greeting")], ["en"], played.append)
    assert played == [["greeting"]]


async def test_what_must_be_spoken_first_is_played_when_it_is_there(prompts: SlowPrompts) -> None:
    played: list[list[str]] = []
    speaking = Speaking(prompts)
    speaking.say(CALL, [Prompt("greeting"), NAME], ["en"], played.append)
    assert played == []
    prompts.gate.set()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert played == [["greeting", "Ms Li"]]


async def test_caller_who_has_gone_on_does_not_hear_it_any_more(prompts: SlowPrompts) -> None:
    played: list[list[str]] = []
    speaking = Speaking(prompts)
    speaking.say(CALL, [NAME], ["en"], played.append)
    speaking.say(CALL, [Prompt("next")], ["en"], played.append)
    speaking.say(CallId("c-2"), [NAME], ["en"], played.append)
    speaking.stop(CallId("c-2"))
    speaking.stop(CallId("c-3"))
    prompts.gate.set()
    await speaking.close()
    assert played == [["next"]]
