"""What core answers the other roles over its Unix socket: one method for each kind of ask."""

from typing import Any

from acd.views import AgentView
from callcenter.actions import Actions
from callcenter.asks import (
    BeginLine,
    BoardAsks,
    EndLine,
    EraseParty,
    FindJournalEnds,
    JournalEnds,
    ListAgents,
    ReadCall,
    ReadMetrics,
    ReloadFlows,
    TellLine,
    TranscriberAsks,
)
from callcenter.call_record import rows_of_call
from callcenter.drivers import FloorDriver
from callcenter.erase import Eraser
from callcenter.line_desk import LineDesk
from callcenter.metrics import CoreMetrics
from callcenter.reload import FlowReload
from callcenter.settle import HISTORY
from foundation import clock
from foundation.ipc import Request
from foundation.ipc.server import Handler
from foundation.journal import Journal, Row
from recordings import messages as recordings
from recordings.service import RecordingService


class Answers:
    """Knows whom to ask for each answer."""

    def __init__(
        self,
        journal: Journal,
        floor: FloorDriver,
        recordings: RecordingService,
        metrics: CoreMetrics,
        actions: Actions,
        eraser: Eraser,
        lines: LineDesk,
        flows: FlowReload,
    ) -> None:
        self._journal = journal
        self._floor = floor
        self._recordings = recordings
        self._metrics = metrics
        self._actions = actions
        self._eraser = eraser
        self._lines = lines
        self._flows = flows

    def handlers(self) -> dict[type[Request[Any]], Handler]:
        return {
            FindJournalEnds: self._find_journal_ends,
            BoardAsks: self._actions.perform,
            TranscriberAsks: self._answer_transcriber,
            ListAgents: self._list_agents,
            ReadMetrics: self._read_metrics,
            ReadCall: self._read_call,
            EraseParty: self._eraser.erase,
            BeginLine: self._lines.begin,
            EndLine: self._lines.end,
            TellLine: self._lines.take,
            ReloadFlows: self._reload_flows,
        }

    async def _find_journal_ends(self, _: FindJournalEnds) -> JournalEnds:
        since = clock.utc_now() - HISTORY
        first = self._journal.last_seq + 1
        async for record in self._journal.reader.read_since(since):
            first = record.seq
            break
        journal = self._journal
        return JournalEnds(first, journal.last_seq, journal.opened_seq, journal.run)

    async def _answer_transcriber(self, ask: TranscriberAsks) -> recordings.Reply:
        return await self._recordings.answer(ask.message)

    async def _list_agents(self, _: ListAgents) -> list[AgentView]:
        return self._floor.floor.agents()

    async def _reload_flows(self, _: ReloadFlows) -> list[str]:
        return await self._flows.reload()

    async def _read_metrics(self, _: ReadMetrics) -> bytes:
        return self._metrics.text()

    async def _read_call(self, ask: ReadCall) -> list[Row]:
        return await rows_of_call(self._journal.reader, ask.call_id, clock.utc_now() - HISTORY)
