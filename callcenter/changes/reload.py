"""New flows for a running centre: their prompts made first, then all taken up at once.

`changes.reloading` reads and checks the files; an error anywhere, and what is served goes on as
it is. Callers who are in a flow go on in it as it was.
"""

import logging
from collections.abc import Collection, Iterable, Sequence

from callcenter.changes.learning import TakesFlows
from callcenter.changes.reloading import Applied
from callcenter.conduct.lookups import HttpLookups
from callcenter.configuration.settings import Settings
from callcenter.rules.flows import lookup_options, prompt_options
from foundation.errors import ConfigurationError
from ivr.speech.prompts import Prompts
from ivr.speech.sounds import Synthesises
from ivr.speech.spoken import Item, Known
from ivr.speech.words import Words

log = logging.getLogger(__name__)


class CurrentPrompts:
    """The prompts that are played now, those of earlier flows among them: for who is there yet."""

    def __init__(self, prompts: Prompts) -> None:
        self.now = prompts
        self.numbers: set[str] = set()
        "Of agents who came up later."
        self.added: dict[str, Words] = {}
        "Other words that did."

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

    def has(self, name: str) -> bool:
        return self.now.has(name)

    async def add_agent(self, number: str) -> list[str]:
        self.numbers.add(number)
        return await self.now.add_agent(number)

    async def add_words(self, name: str, text: Words) -> list[str]:
        self.added[name] = text
        return await self.now.add(name, text)


class FlowReload:
    """A `changes.reloading.Reloadable`."""

    sections: Collection[str] = ("hours", "lookups")

    def __init__(
        self,
        settings: Settings,
        ivr: TakesFlows,
        prompts: CurrentPrompts,
        lookups: HttpLookups,
        synthesiser: Synthesises,
    ) -> None:
        """`settings`: those of the start, whose lines go on leading where they led."""
        self._served = settings
        self._flows = dict(settings.flows)
        self._words: dict[str, Words] = dict(settings.prompt_words)
        self._sentences = settings.sentences
        self._ivr = ivr
        self._prompts = prompts
        self._lookups = lookups
        self._synthesiser = synthesiser
        self._prepared: tuple[dict[str, Words], set[Known], Prompts] | None = None

    async def prepare(self, new: Settings) -> None:
        if lost := sorted(set(_flows_of(self._served)) - new.flows.keys()):
            missing = ", ".join(f"flows/{name}.yaml" for name in lost)
            raise ConfigurationError([f"{missing}: is gone, and lines or queues lead there"])
        words = {**self._words, **self._prompts.added, **new.prompt_words}
        said = self._sentences | new.sentences
        prompts = Prompts(words, self._synthesiser, prompt_options(new), said)
        numbers = {agent.number for agent in (*self._served.agents, *new.agents)}
        for problem in await prompts.prepare(sorted(numbers | self._prompts.numbers)):
            log.error("%s", problem)
        self._prepared = words, said, prompts

    def apply(self, new: Settings) -> Applied:
        assert self._prepared is not None, "prepare comes first"
        self._words, self._sentences, self._prompts.now = self._prepared
        self._prepared = None
        self._lookups.use(lookup_options(new))
        self._ivr.replace(new.flows, new.hours)
        log.info("flows taken up: %s", ", ".join(new.flows))
        before, self._flows = self._flows, dict(new.flows)
        names = sorted(before.keys() | new.flows.keys())
        changed = [name for name in names if before.get(name) != new.flows.get(name)]
        return Applied(changed=[f"New callers hear the new flow {name}." for name in changed])


def _flows_of(settings: Settings) -> Iterable[str]:
    yield from (line.flow for line in settings.lines)
    yield from (queue.survey for queue in settings.queues.values() if queue.survey)
