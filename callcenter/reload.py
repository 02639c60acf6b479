"""New flows for a running centre: read, checked, their prompts made, then all taken up at once.

A centre whose files have an error anywhere is refused whole, and what is served goes on as it is.
Of `callcenter.yaml` only what flows use is taken up: `hours` and `lookups`. Callers who are in a
flow go on in it as it was.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from callcenter.drivers import IvrDriver
from callcenter.lookups import HttpLookups
from callcenter.rules import lookup_options, prompt_options
from callcenter.settings import Settings, load
from foundation.errors import ConfigurationError
from ivr.prompts import Prompts
from ivr.sounds import Synthesises
from ivr.spoken import Item
from ivr.words import Words

log = logging.getLogger(__name__)


class CurrentPrompts:
    """The prompts that are played now, those of earlier flows among them: for who is there yet."""

    def __init__(self, prompts: Prompts) -> None:
        self.now = prompts

    def named(self, name: str, languages: Sequence[str]) -> list[str]:
        return self.now.named(name, languages)

    def position(self, position: int, languages: Sequence[str]) -> list[str]:
        return self.now.position(position, languages)

    def wait(
        self, expected_s: float | None, is_longer: bool, languages: Sequence[str]
    ) -> list[str]:
        return self.now.wait(expected_s, is_longer, languages)

    def find(self, items: Sequence[Item], languages: Sequence[str]) -> list[str] | None:
        return self.now.find(items, languages)

    async def make(self, items: Sequence[Item], languages: Sequence[str]) -> list[str]:
        return await self.now.make(items, languages)

    def agent_number(self, number: str, languages: Sequence[str]) -> list[str]:
        return self.now.agent_number(number, languages)


class FlowReload:
    """One at a time, whoever asks."""

    def __init__(
        self,
        settings: Settings,
        ivr: IvrDriver,
        prompts: CurrentPrompts,
        lookups: HttpLookups,
        synthesiser: Synthesises,
        read: Callable[[Path], Settings] = load,
    ) -> None:
        """`settings`: those that are served."""
        self._settings = settings
        self._words: dict[str, Words] = dict(settings.prompt_words)
        self._sentences = settings.sentences
        self._ivr = ivr
        self._prompts = prompts
        self._lookups = lookups
        self._synthesiser = synthesiser
        self._read = read
        self._turn = asyncio.Lock()

    async def reload(self) -> list[str]:
        """The names of the flows that are served now; ConfigurationError with all problems."""
        async with self._turn:
            # To read and check a house of flows takes longer than a call may wait.
            return await self._take_up(await asyncio.to_thread(self._read, self._settings.folder))

    async def _take_up(self, settings: Settings) -> list[str]:
        if lost := sorted(self._needed() - settings.flows.keys()):
            missing = ", ".join(f"flows/{name}.yaml" for name in lost)
            raise ConfigurationError([f"{missing}: is gone, and lines or queues lead there"])
        words = {**self._words, **settings.prompt_words}
        said = self._sentences | settings.sentences
        prompts = Prompts(words, self._synthesiser, prompt_options(settings), said)
        for problem in await prompts.prepare(agent.number for agent in self._settings.agents):
            log.error("%s", problem)
        self._words, self._sentences, self._prompts.now = words, said, prompts
        self._lookups.options = lookup_options(settings)
        self._ivr.replace(settings.flows, settings.hours)
        log.info("flows taken up: %s", ", ".join(settings.flows))
        return list(settings.flows)

    def _needed(self) -> set[str]:
        """Where lines and queues of the running centre lead, whatever the file says by now."""
        return set(_flows_of(self._settings))


def _flows_of(settings: Settings) -> Iterable[str]:
    yield from (line.flow for line in settings.lines)
    yield from (queue.survey for queue in settings.queues.values() if queue.survey)
