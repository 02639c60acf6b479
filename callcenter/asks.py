"""What the other roles ask core over its Unix socket (`foundation.ipc`)."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from acd.views import AgentView, FloorNow, Presence
from callcenter.conduct.emergency import Announcement, Then
from callcenter.events import ActionTaken
from foundation.ids import CallId, QueueId, RecordingId
from foundation.ipc.messages import Request
from foundation.journal import Row
from foundation.web.changes import AccountChange
from ivr.flows_now import FlowsNow
from recordings import archive_messages as archive
from recordings import messages as recordings
from recordings.events import Hearing
from recordings.search_store import Indexed
from recordings.transcription import Progress
from wallboard.boards import Plan
from wallboard.commands import Command, Done
from wallboard.directory import Directory


@dataclass(frozen=True, slots=True)
class JournalEnds:
    """Numbers of the journal's records: the first of the last two days, and the newest."""

    first_seq: int
    last_seq: int
    opened_seq: int
    "The newest when this core began: what an earlier core told beyond it was never written."
    run: str
    "Names this core; another one has another."


@dataclass(frozen=True, slots=True)
class FindJournalEnds(Request[JournalEnds]):
    """What a screen that starts now must read to know the day."""


@dataclass(frozen=True, slots=True)
class BoardAsks(Request[Done]):
    """A supervisor's action; answered when it is on disk."""

    command: Command


@dataclass(frozen=True, slots=True)
class TranscriberAsks(Request[recordings.Reply]):
    message: recordings.Request


@dataclass(frozen=True, slots=True)
class ArchiverAsks(Request[archive.Reply]):
    message: archive.Request


@dataclass(frozen=True, slots=True)
class ReadTranscription(Request[Progress]):
    """How far the transcripts are."""


@dataclass(frozen=True, slots=True)
class RaiseTranscript(Request[Done]):
    """It is transcribed before others."""

    recording_id: RecordingId
    priority: int
    by: str


@dataclass(frozen=True, slots=True)
class RetryTranscripts(Request[int]):
    """Of what was given up; answered with how many."""

    recording_id: RecordingId | None
    "None: all of them."
    by: str


@dataclass(frozen=True, slots=True)
class IndexTranscript(Request[None]):
    """Have the search find a recording by these words, and no longer by others."""

    recording_id: RecordingId
    sides: list[Indexed]


@dataclass(frozen=True, slots=True)
class NoteHeard(Request[Done]):
    """Somebody is about to have a recording's audio; answered when the audit has it on disk."""

    recording_id: RecordingId
    by: str
    how: Hearing


@dataclass(frozen=True, slots=True)
class NoteRefused(Request[Done]):
    """Somebody wanted what he may not have; answered when the audit has it on disk."""

    by: str
    what: str
    "Method and path."
    why: str


@dataclass(frozen=True, slots=True)
class NoteAction(Request[Done]):
    """A command did this in the centre's files; answered when the audit has it on disk."""

    done: ActionTaken


@dataclass(frozen=True, slots=True)
class ReadAlarmRules(Request[str]):
    """The section `alarms` as it is served, with its secrets, as JSON."""


@dataclass(frozen=True, slots=True)
class ReadMetrics(Request[bytes]):
    """Core's counters as Prometheus text."""


@dataclass(frozen=True, slots=True)
class ReadCall(Request[list[Row]]):
    """The journal's records of one call within the last two days, in order; none is no error."""

    call_id: CallId


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased; or would be, without a certificate then."""

    seq: int
    certificate: str
    "A file in `data/certificates`."
    counts: dict[str, int]
    held: list[str]
    "Sentences: what keeps it from being erased."


@dataclass(frozen=True, slots=True)
class EraseParty(Request[Erased]):
    """Forget who called from `number` and all that he left; history keeps its counts."""

    number: str
    by: str
    "Who wants it, for the journal."
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class HoldRecording(Request[Done]):
    """Nothing deletes it until it is released."""

    recording_id: RecordingId
    by: str
    reason: str
    whole_call: bool = False
    "All recordings of its call that there are by now."


@dataclass(frozen=True, slots=True)
class ReleaseRecording(Request[Done]):
    recording_id: RecordingId
    by: str
    whole_call: bool = False


@dataclass(frozen=True, slots=True)
class ListAgents(Request[list[AgentView]]):
    """Every agent of the floor, now."""


@dataclass(frozen=True, slots=True)
class QueueView:
    """One queue now."""

    queue: QueueId
    name: str
    state: str
    "`open`, `closed`, `leaving`: closed, and gone when nobody is in it."
    present: Presence
    agents: int
    "Who suit and take calls, or have one."


@dataclass(frozen=True, slots=True)
class ListQueues(Request[list[QueueView]]):
    """Every queue of the floor, now."""


@dataclass(frozen=True, slots=True)
class CoreAddress:
    """Where a line's process calls core."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class BeginLine(Request[CoreAddress]):
    """The line's process begins: what core still has of the one before it is over."""

    number: str


@dataclass(frozen=True, slots=True)
class EndLine(Request[None]):
    """The line's process ends in order: its calls are to be ended first."""

    number: str


@dataclass(frozen=True, slots=True)
class TellLine(Request[None]):
    """How the line stands, told at each change and now and then."""

    number: str
    server: str
    trouble: str
    "Why it is not registered, as a sentence; '': it is."
    calls: int


@dataclass(frozen=True, slots=True)
class ChangeAgentLive(Request[Done]):
    """None: stays. Kept over restarts."""

    agent_id: str
    by: str
    skills: dict[str, int] | None = None
    backup: bool | None = None


@dataclass(frozen=True, slots=True)
class AgentAdded:
    seq: int
    "As `Done`."
    sip_password: str
    "For the phone; told this once."


@dataclass(frozen=True, slots=True)
class AddAgentLive(Request[AgentAdded]):
    """`fields` of an agent's section, without the password, which is made. Kept over restarts."""

    fields: dict[str, Any]
    by: str


@dataclass(frozen=True, slots=True)
class RemoveAgentLive(Request[Done]):
    """Signed out and gone, with the phone's account; refused while there is a call."""

    agent_id: str
    by: str


@dataclass(frozen=True, slots=True)
class ChangeQueueLive(Request[Done]):
    """`fields` of the queue's section; the others stay."""

    queue: str
    fields: dict[str, Any]
    by: str


@dataclass(frozen=True, slots=True)
class QueueAdded:
    seq: int
    "As `Done`."
    doubts: list[str]
    "Sentences: what is probably not meant."


@dataclass(frozen=True, slots=True)
class AddQueueLive(Request[QueueAdded]):
    """`fields` of a queue's section. One that was removed comes back as it was, but for them."""

    queue: str
    fields: dict[str, Any]
    by: str


@dataclass(frozen=True, slots=True)
class QueueRemoved:
    seq: int
    "As `Done`."
    left: str
    "Who is in it still, so that it is closed and goes later; '': it is gone."


@dataclass(frozen=True, slots=True)
class RemoveQueueLive(Request[QueueRemoved]):
    """Refused while somebody is in it, unless one of the two says what becomes of them."""

    queue: str
    by: str
    move_to: str = ""
    "Where who waits goes now, with place and age."
    when_empty: bool = False
    "Closed now, gone when the last one has been served."


@dataclass(frozen=True, slots=True)
class ResetLive(Request[Done]):
    """Undo all that was changed live."""

    by: str


@dataclass(frozen=True, slots=True)
class ShowLive(Request[str]):
    """What was changed live, as YAML; '': nothing."""


@dataclass(frozen=True, slots=True)
class ReadDirectory(Request[Directory]):
    """Who and what the screens speak of, now."""


@dataclass(frozen=True, slots=True)
class ReadBoards(Request[dict[str, Plan]]):
    """The wallboards that there are, by name."""


@dataclass(frozen=True, slots=True)
class ReadFloor(Request[FloorNow]):
    """Expected waits, and whose phone could not be rung."""


@dataclass(frozen=True, slots=True)
class ChangeAccounts(Request[Done]):
    """Users and tokens; answered when it is in database and audit."""

    change: AccountChange


@dataclass(frozen=True, slots=True)
class EmergencyStatus:
    current: Announcement | None
    "None: none is on."
    prepared: list[str]
    "Names in the configuration."
    lacks: list[str]
    "Languages of its lines that it has no words in: callers there hear another one."


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchEmergency(Request[EmergencyStatus]):
    """Have every new caller hear something first; answered when it is on and on disk."""

    by: str
    name: str = ""
    "Of a prepared one; then `until` and `lines` alone are taken from here."
    text: dict[str, str] = field(default_factory=dict)
    "Words by language."
    prompt: str = ""
    lines: list[str] = field(default_factory=list)
    then: Then = Then.CONTINUE
    queue: str = ""
    to_waiting: bool = False
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class EndEmergency(Request[EmergencyStatus]):
    by: str


@dataclass(frozen=True, slots=True)
class ReadEmergency(Request[EmergencyStatus]):
    """What is on now, and what is prepared."""


@dataclass(frozen=True, slots=True)
class ReadFlows(Request[FlowsNow]):
    """What the flows look like, and where callers are in them now."""


@dataclass(frozen=True, slots=True)
class CorrectHeard(Request[Done]):
    """What a caller meant at a question by voice; new callers are understood by it at once."""

    heard_id: str
    intent: str
    "A choice of the question; '' takes a correction back."
    by: str


@dataclass(frozen=True, slots=True)
class ReloadReport:
    changed: list[str]
    refused: list[str]
    "What stays as it was, and why."
    later: list[str]
    "Sections that have changed and wait for the next start."


@dataclass(frozen=True, slots=True)
class Reload(Request[ReloadReport]):
    """Read the configuration again; refused whole (ConfigurationError) if it has a problem."""

    by: str


@dataclass(frozen=True, slots=True)
class MadeTvLink:
    link_id: str
    token: str
    "Shown to who asked, this once."


@dataclass(frozen=True, slots=True)
class MakeTvLink(Request[MadeTvLink]):
    """A read-only link to a board; answered when it is in the database."""

    name: str
    board: str
    hides_names: bool
    by: str


@dataclass(frozen=True, slots=True)
class RevokeTvLink(Request[Done]):
    """NotFound: there is none."""

    link_id: str
    by: str


@dataclass(frozen=True, slots=True)
class TvLinkEntry:
    link_id: str
    name: str
    board: str
    hides_names: bool
    made_by: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class ListTvLinks(Request[list[TvLinkEntry]]):
    """All that hold."""


@dataclass(frozen=True, slots=True)
class RescoreTalks(Request[int]):
    """Judge the talks of the last `days` again, by the packs that are in force now; answered with
    how many there are, before it is done."""

    days: float
    by: str
