"""Changed flows are taken up whole, or not at all."""

from pathlib import Path

import numpy as np
import pytest

from callcenter.changes.reload import CurrentPrompts, FlowReload
from callcenter.conduct.drivers import IvrDriver
from callcenter.conduct.lookups import HttpLookups, LookupOptions
from callcenter.configuration.settings import load
from callcenter.rules.flows import prompt_options
from foundation.errors import ConfigurationError
from foundation.ids import CallId
from ivr.effects import Effect, HangUp, PlayPrompts
from ivr.service import Ivr
from ivr.speech import audio
from ivr.speech.prompts import Prompts
from ivr.speech.spoken import Prompt

CENTRE = """\
lines: [{number: "8000", flow: main}]
hours: {office: {mon-fri: ["09:00-12:00"]}}
"""
OLD = """\
start: a
prompts: {old: {en: Old.}}
nodes:
  a: {do: say, prompt: old, next: b}
  b: {do: hangup, reason: old}
"""
NEW = OLD.replace("old", "new").replace("Old", "New")


class Voice:
    async def synthesise(self, text: str, voice: str, speed: int) -> bytes:
        return audio.to_pcm(np.full(80, 0.1, np.float32))


class Served:
    """A centre's folder, as core serves it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "flows").mkdir()
        (folder / "callcenter.yaml").write_text(CENTRE)
        self.write("main", OLD)
        settings = load(folder)
        self.done: list[Effect] = []
        self.ivr = IvrDriver(Ivr(settings.flows), lambda _, effect: self.done.append(effect))
        prompts = Prompts(settings.prompt_words, Voice(), prompt_options(settings))
        self.prompts = CurrentPrompts(prompts)
        self.lookups = HttpLookups(LookupOptions())
        self.flows = FlowReload(settings, self.ivr, self.prompts, self.lookups, Voice())

    def write(self, name: str, text: str) -> None:
        (self.folder / "flows" / f"{name}.yaml").write_text(text)

    async def reload(self) -> list[str]:
        """As `callcenter.changes.reloading` does it."""
        new = load(self.folder)
        await self.flows.prepare(new)
        return self.flows.apply(new).changed

    def heard(self) -> list[str]:
        return [
            item.name
            for effect in self.done
            if isinstance(effect, PlayPrompts)
            for item in effect.items
            if isinstance(item, Prompt)
        ]


@pytest.fixture
async def served(tmp_path: Path) -> Served:
    return Served(tmp_path)


async def test_new_callers_hear_the_new_flow_and_old_ones_finish_theirs(served: Served) -> None:
    served.ivr.start(CallId("c-1"), "main", ("en",))
    served.write("main", NEW)
    served.write("more", NEW)
    assert await served.reload() == [
        "New callers hear the new flow main.",
        "New callers hear the new flow more.",
    ]
    assert await served.reload() == []
    served.ivr.start(CallId("c-2"), "main", ("en",))
    assert served.heard() == ["old", "new"]
    served.ivr.prompt_ended(CallId("c-1"))
    served.ivr.prompt_ended(CallId("c-2"))
    ends = [effect.reason for effect in served.done if isinstance(effect, HangUp)]
    assert ends == ["old", "new"]
    for name in ("old", "new"):
        assert "silence" not in served.prompts.named(name, ("en",))[0]
    served.ivr.close()


async def test_flow_with_an_error_is_refused_whole(served: Served) -> None:
    served.write("main", NEW)
    served.write("more", NEW.replace("next: b", "next: c").replace("do: hangup", "do: hang"))
    with pytest.raises(ConfigurationError) as caught:
        await served.reload()
    assert caught.value.problems
    assert all(one.startswith("flows/more.yaml:") for one in caught.value.problems)
    served.ivr.start(CallId("c-1"), "main", ("en",))
    assert served.heard() == ["old"]
    served.ivr.close()


async def test_flow_that_a_line_leads_to_cannot_go(served: Served) -> None:
    (served.folder / "flows" / "main.yaml").rename(served.folder / "flows" / "other.yaml")
    (served.folder / "callcenter.yaml").write_text(CENTRE.replace("main", "other"))
    with pytest.raises(ConfigurationError, match="lines or queues lead there"):
        await served.reload()


async def test_servers_of_look_ups_are_taken_up(served: Served) -> None:
    (served.folder / "callcenter.yaml").write_text(CENTRE + "lookups: {hosts: [crm.example]}\n")
    await served.reload()
    assert served.lookups.options.hosts == {"crm.example"}
