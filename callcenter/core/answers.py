"""What core answers the other roles over its Unix socket: one method for each kind of ask."""

from typing import Any

from acd.views import AgentView, FloorNow
from callcenter.actions.accounts import AccountActions
from callcenter.actions.erase import Eraser
from callcenter.actions.holds import HoldActions
from callcenter.actions.refusals import RefusalDesk
from callcenter.actions.supervision import Actions
from callcenter.actions.transcriptions import TranscriptionActions
from callcenter.actions.tv_links import TvActions
from callcenter.asks import (
    AddAgentLive,
    AddQueueLive,
    ArchiverAsks,
    BeginLine,
    BoardAsks,
    ChangeAccounts,
    ChangeAgentLive,
    ChangeQueueLive,
    CorrectHeard,
    EndEmergency,
    EndLine,
    EraseParty,
    FindJournalEnds,
    HoldRecording,
    IndexTranscript,
    JournalEnds,
    ListAgents,
    ListQueues,
    ListTvLinks,
    MakeTvLink,
    NoteAction,
    NoteHeard,
    NoteRefused,
    RaiseTranscript,
    ReadAlarmRules,
    ReadBoards,
    ReadCall,
    ReadDirectory,
    ReadEmergency,
    ReadFloor,
    ReadFlows,
    ReadMetrics,
    ReadTranscription,
    ReleaseRecording,
    Reload,
    RemoveAgentLive,
    RemoveQueueLive,
    RescoreTalks,
    ResetLive,
    RetryTranscripts,
    RevokeTvLink,
    ShowLive,
    SwitchEmergency,
    TellLine,
    TranscriberAsks,
)
from callcenter.changes.board_reload import BoardReload
from callcenter.changes.emergency_desk import EmergencyDesk
from callcenter.changes.learning import Learning
from callcenter.changes.live_actions import LiveActions
from callcenter.changes.live_queues import LiveQueues
from callcenter.changes.part_reload import AlarmReload
from callcenter.changes.reloading import Reloader
from callcenter.conduct.drivers import FloorDriver, IvrDriver
from callcenter.core.line_desk import LineDesk
from callcenter.core.metrics import CoreMetrics
from callcenter.core.quality_desk import QualityDesk
from callcenter.records.call_rows import rows_of_call
from callcenter.revival.settle import HISTORY
from foundation import clock
from foundation.ipc import Request
from foundation.ipc.server import Handler
from foundation.journal import Journal, Row
from ivr.flows_now import FlowsNow
from recordings import archive_messages as archive
from recordings import messages as recordings
from recordings.archive_desk import ArchiveDesk
from recordings.hearing_desk import HearingDesk
from recordings.inspection.desk import InspectionDesk
from recordings.inspection.messages import (
    AppealScore,
    DrawTalks,
    GiveTalk,
    SettleAppeal,
    WriteSheet,
)
from recordings.service import RecordingService
from recordings.transcription import Progress
from wallboard.commands import Done


class Answers:
    """Knows whom to ask for each answer."""

    def __init__(
        self,
        journal: Journal,
        floor: FloorDriver,
        recordings: RecordingService,
        archive_desk: ArchiveDesk,
        metrics: CoreMetrics,
        actions: Actions,
        eraser: Eraser,
        lines: LineDesk,
        live: LiveActions,
        queues: LiveQueues,
        reloader: Reloader,
        accounts: AccountActions,
        tv: TvActions,
        boards: BoardReload,
        emergency: EmergencyDesk,
        ivr: IvrDriver,
        learning: Learning,
        quality: QualityDesk,
        inspections: InspectionDesk,
        transcripts: TranscriptionActions,
        hearing: HearingDesk,
        holds: HoldActions,
        refusals: RefusalDesk,
        alarms: AlarmReload,
    ) -> None:
        self._holds = holds
        self._refusals = refusals
        self._alarms = alarms
        self._hearing = hearing
        self._transcripts = transcripts
        self._journal = journal
        self._floor = floor
        self._recordings = recordings
        self._archive = archive_desk
        self._metrics = metrics
        self._actions = actions
        self._eraser = eraser
        self._lines = lines
        self._live = live
        self._queues = queues
        self._reloader = reloader
        self._accounts = accounts
        self._tv = tv
        self._boards = boards
        self._emergency = emergency
        self._ivr = ivr
        self._learning = learning
        self._quality = quality
        self._inspections = inspections

    def handlers(self) -> dict[type[Request[Any]], Handler]:
        return {
            FindJournalEnds: self._find_journal_ends,
            BoardAsks: self._actions.perform,
            TranscriberAsks: self._answer_transcriber,
            ArchiverAsks: self._answer_archiver,
            ListAgents: self._list_agents,
            ReadMetrics: self._read_metrics,
            ReadTranscription: self._read_transcription,
            RaiseTranscript: self._transcripts.raise_priority,
            RetryTranscripts: self._transcripts.retry,
            IndexTranscript: self._transcripts.index,
            ReadCall: self._read_call,
            EraseParty: self._eraser.erase,
            NoteHeard: self._note_heard,
            NoteRefused: self._note_refused,
            NoteAction: self._note_action,
            HoldRecording: self._holds.hold,
            ReleaseRecording: self._holds.release,
            BeginLine: self._lines.begin,
            EndLine: self._lines.end,
            TellLine: self._lines.take,
            ChangeAgentLive: self._live.change_agent,
            AddAgentLive: self._live.add_agent,
            RemoveAgentLive: self._live.remove_agent,
            ChangeQueueLive: self._live.change_queue,
            AddQueueLive: self._queues.add,
            ListQueues: self._queues.show,
            RemoveQueueLive: self._queues.remove,
            ResetLive: self._live.reset,
            ShowLive: self._live.show,
            ReadFloor: self._read_floor,
            ReadDirectory: self._live.read_directory,
            Reload: self._reloader.reload,
            ChangeAccounts: self._accounts.change,
            MakeTvLink: self._tv.make,
            RevokeTvLink: self._tv.revoke,
            ListTvLinks: self._tv.list,
            ReadBoards: self._boards.read,
            ReadAlarmRules: self._alarms.read,
            SwitchEmergency: self._emergency.switch,
            EndEmergency: self._emergency.end,
            ReadEmergency: self._emergency.show,
            ReadFlows: self._read_flows,
            CorrectHeard: self._learning.correct,
            RescoreTalks: self._quality.rescore,
            DrawTalks: self._inspections.draw,
            GiveTalk: self._inspections.give,
            WriteSheet: self._inspections.write,
            AppealScore: self._inspections.appeal,
            SettleAppeal: self._inspections.settle,
        }

    async def _find_journal_ends(self, _: FindJournalEnds) -> JournalEnds:
        since = clock.utc_now() - HISTORY
        first = self._journal.last_seq + 1
        async for record in self._journal.reader.read_since(since):
            first = record.seq
            break
        journal = self._journal
        return JournalEnds(first, journal.last_seq, journal.opened_seq, journal.run)

    async def _note_heard(self, ask: NoteHeard) -> Done:
        self._hearing.note(ask.recording_id, ask.by, ask.how)
        return await self._on_disk()

    async def _note_refused(self, ask: NoteRefused) -> Done:
        self._refusals.note(ask)
        return await self._on_disk()

    async def _note_action(self, ask: NoteAction) -> Done:
        self._journal.publish(ask.done)
        return await self._on_disk()

    async def _on_disk(self) -> Done:
        seq = self._journal.last_seq
        await self._journal.settled(seq)
        return Done(seq)

    async def _answer_transcriber(self, ask: TranscriberAsks) -> recordings.Reply:
        return await self._recordings.answer(ask.message)

    async def _answer_archiver(self, ask: ArchiverAsks) -> archive.Reply:
        return await self._archive.answer(ask.message)

    async def _read_transcription(self, _: ReadTranscription) -> Progress:
        return self._recordings.progress()

    async def _list_agents(self, _: ListAgents) -> list[AgentView]:
        return self._floor.floor.agents()

    async def _read_metrics(self, _: ReadMetrics) -> bytes:
        return self._metrics.text()

    async def _read_floor(self, _: ReadFloor) -> FloorNow:
        return self._floor.floor.now()

    async def _read_flows(self, _: ReadFlows) -> FlowsNow:
        return self._ivr.now()

    async def _read_call(self, ask: ReadCall) -> list[Row]:
        return await rows_of_call(self._journal.reader, ask.call_id, clock.utc_now() - HISTORY)
