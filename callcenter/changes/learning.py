"""Learning from corrections: what callers said is kept, put right by people, and used at once.

    KeepHeard ─▶ row (a moment later)
    CorrectHeard ─▶ dialogues of the flows still pass? ─▶ row, ActionTaken ─▶ flows for new callers
    reload, start ─▶ flows of the files, with what was learnt on top

`callcenter ivr learn --apply` writes what was learnt into `rules/speech.yaml`, where people read
and version it.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from callcenter.asks import CorrectHeard
from callcenter.configuration.settings import Settings
from callcenter.events import ActionTaken
from callcenter.flow_tests import failures_with
from foundation.errors import Conflict, NotFound
from foundation.ids import CallId, PartyId, new_heard_id
from foundation.journal import Journal
from foundation.write_behind import WriteBehind
from foundation.yaml_lines import nearest
from ivr.effects import KeepHeard
from ivr.flows.flow import Flow
from ivr.language.hours import Hours
from ivr.language.nodes import Ask
from ivr.store import HeardStore
from ivr.understanding import corrections
from ivr.understanding.heard import Heard, learnt
from wallboard.commands import Done

ACTION = "heard corrected"
MOST_LETTERS = 200
"Of a phrase that is learnt."


class TakesFlows(Protocol):
    """`conduct.drivers.IvrDriver`."""

    def replace(self, flows: Mapping[str, Flow], hours: Mapping[str, Hours]) -> None: ...


class Learning:
    """Stands between whoever reads flows and the callers who hear them."""

    def __init__(
        self,
        settings: Settings,
        store: HeardStore,
        ivr: TakesFlows,
        journal: Journal,
        tell: Callable[[ActionTaken], None],
        party_of: Callable[[CallId], PartyId | None],
        utc_now: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self._flows: Mapping[str, Flow] = settings.flows
        self._hours: Mapping[str, Hours] = settings.hours
        self._store = store
        self._ivr = ivr
        self._journal = journal
        self._tell = tell
        self._party_of = party_of
        self._utc_now = utc_now
        self._corrected: list[Heard] = []
        self._one_at_a_time = asyncio.Lock()
        self._behind: WriteBehind[Heard] = WriteBehind("heard", store.add)

    # -- life ------------------------------------------------------------------------------------

    async def open(self) -> None:
        """What was learnt holds before the first caller is asked."""
        self._corrected = await self._store.corrected()
        if self._corrected:
            self._serve()

    async def run(self) -> None:
        await self._behind.run()

    async def flush(self) -> None:
        await self._behind.flush()

    async def forget_old(self) -> None:
        days = self._settings.speech.keep_heard_days
        await self._store.forget(self._utc_now() - timedelta(days=days))

    async def erase(self, party_id: PartyId) -> None:
        await self._behind.flush()
        await self._store.erase(party_id)
        self._corrected = await self._store.corrected()
        self._serve()

    # -- flows -----------------------------------------------------------------------------------

    def replace(self, flows: Mapping[str, Flow], hours: Mapping[str, Hours]) -> None:
        """Files were read again."""
        self._flows, self._hours = flows, hours
        self._serve()

    def _serve(self) -> None:
        self._ivr.replace(self._with(self._corrected), self._hours)

    def _with(self, corrected: list[Heard]) -> dict[str, Flow]:
        found = learnt(corrected, self._flows)
        return {name: corrections.applied(flow, found) for name, flow in self._flows.items()}

    # -- what is heard ---------------------------------------------------------------------------

    def keep(self, call_id: CallId, kept: KeepHeard) -> None:
        """Of a flow's question that is over; returns at once."""
        if not self._settings.speech.keep_heard_days:
            return
        settled = kept.settled
        self._behind.put(
            Heard(
                heard_id=new_heard_id(),
                at=self._utc_now(),
                call_id=call_id,
                party_id=self._party_of(call_id) or PartyId(""),
                flow=settled.flow,
                node=settled.node,
                text=kept.text[:MOST_LETTERS],
                confidence=kept.confidence,
                outcome=settled.outcome,
                choice=settled.choice,
            )
        )

    # -- what is put right -----------------------------------------------------------------------

    async def correct(self, ask: CorrectHeard) -> Done:
        """NotFound for what nobody said or no choice is called; Conflict when a dialogue of the
        flows that passed would fail. Then nothing was changed."""
        async with self._one_at_a_time:
            await self._behind.flush()
            heard = await self._store.get(ask.heard_id)
            self._check(heard, ask.intent)
            now = self._utc_now()
            corrected = [one for one in self._corrected if one.heard_id != heard.heard_id]
            if ask.intent:
                corrected.append(_put_right(heard, ask, now))
            await self._guard(heard, ask.intent, corrected)
            await self._store.correct(heard.heard_id, ask.intent, ask.by, now)
            self._corrected = corrected
            self._tell(ActionTaken(ask.by, ACTION, heard.heard_id, ask.intent))
            self._serve()
            seq = self._journal.last_seq
        await self._journal.settled(seq)
        return Done(seq)

    def _check(self, heard: Heard, intent: str) -> None:
        node = self._flows[heard.flow].nodes.get(heard.node) if heard.flow in self._flows else None
        if not isinstance(node, Ask):
            raise Conflict(f"The question {heard.flow}/{heard.node} is not asked any more.")
        if intent and intent not in node.choices:
            hint = nearest(intent, node.choices)
            raise NotFound(f"The question has no choice {intent!r}; {hint}.")

    async def _guard(self, heard: Heard, intent: str, corrected: list[Heard]) -> None:
        before, after = self._with(self._corrected), self._with(corrected)
        failed = await asyncio.to_thread(failures_with, self._settings, before)
        would = await asyncio.to_thread(failures_with, self._settings, after)
        new = [sentence for test, sentence in would.items() if test not in failed]
        if new:
            raise Conflict(f"{heard.text!r} is not learnt as {intent!r}: it breaks {new[0]}")


def _put_right(heard: Heard, ask: CorrectHeard, now: datetime) -> Heard:
    return replace(heard, intent=ask.intent, corrected_by=ask.by, corrected_at=now)
