"""The live fold: the journal's records in, the state behind every figure out.

    journal ─▶ core link ─▶ Board.fold ─▶ figures ─▶ document ─▶ screens, API

Pure: no clock, no I/O; whoever folds the same records has the same board. It is one mutable value
because it is fed thousands of records a second; `figures` reads it into frozen ones.

Rule 1: the fold only folds. After a crash it is core that journals what became of the calls.
Rule 2: a record that was folded already changes nothing, so a link may repeat itself.
Rule 3: facts about calls and visits that began before the first record are passed over.
"""

from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from typing import Any, TypeAlias

from acd.events import (
    AcdEvent,
    AgentAnswered,
    AgentAway,
    AgentChanged,
    AgentState,
    CallAbandoned,
    CallbackDue,
    CallbackEvent,
    CallbackGivenUp,
    CallbackQueued,
    CallbackReached,
    CallbackUnreached,
    CallLeftForCallback,
    CallLost,
    CallOverflowed,
    CallPromoted,
    CallQueued,
    CallReleased,
    CallReserved,
    OfferFailed,
    SurgeChanged,
    TalkEnded,
    TalkTaken,
    WrapUpCoded,
    WrapUpOverdue,
)
from foundation.ids import AgentId, CallId, QueueId, RecordingId
from foundation.record import Record
from ivr.events import EmergencySwitched, FlowEnded, IvrEvent, MenuChosen, SpeechSettled
from recordings.events import (
    PauseReason,
    RecordingDeleted,
    RecordingEnded,
    RecordingEvent,
    RecordingPaused,
    RecordingResumed,
    RecordingStarted,
    ShelfMended,
    ShelfTroubled,
    TranscriptFailed,
    TranscriptReady,
)
from telephony.calls.events import (
    CallArrived,
    CallBridged,
    CallEnded,
    CallHeld,
    CallPlaced,
    CallResumed,
    ConferenceStarted,
    EndedBy,
    GuestInvited,
    GuestLeft,
    GuestWay,
    MediaTroubled,
    Side,
    TalkTransferred,
)
from telephony.calls.events import JournalEvent as CallJournalEvent
from telephony.lines.events import LineEvent, LineLost, LineRegistered
from telephony.sip.events import TrunkDown, TrunkEvent, TrunkUp
from wallboard.agents import AgentClock, WrapUp
from wallboard.alarm_log import AlarmLog
from wallboard.callbacks import CallbackLines
from wallboard.calls import CallLine, Manner, Phase
from wallboard.day import Day
from wallboard.directory import Directory
from wallboard.events import (
    AlarmAcknowledged,
    AlarmCleared,
    AlarmRaised,
    AlarmSent,
    WallboardEvent,
)
from wallboard.flows import FlowTallies
from wallboard.notices import KEPT, Notice, NoticeKind
from wallboard.rushes import Rushes
from wallboard.tally import Outcome, Tally, Visit
from wallboard.troubles import Troubles

BoardEvent: TypeAlias = (
    CallJournalEvent
    | AcdEvent
    | IvrEvent
    | RecordingEvent
    | LineEvent
    | TrunkEvent
    | WallboardEvent
)
BoardRecord: TypeAlias = Record[object]
"Usually of a `BoardEvent`; facts of other parts, or of a later version, are passed over."

ENDED_KEPT = 200
"Ended calls that the list of calls still shows."


ALSO: dict[type, tuple[tuple[str, Callable[[Any, Any, float], None]], ...]] = {
    AgentAway: (("troubles", Troubles.agent_away),),
    AgentChanged: (("troubles", Troubles.agent_changed),),
    LineLost: (("troubles", Troubles.line_lost),),
    LineRegistered: (("troubles", Troubles.line_registered),),
    TrunkDown: (("troubles", Troubles.trunk_down),),
    TrunkUp: (("troubles", Troubles.trunk_up),),
    RecordingEnded: (("troubles", Troubles.recording_ended),),
    RecordingDeleted: (("troubles", Troubles.recording_deleted),),
    ShelfTroubled: (("troubles", Troubles.shelf_troubled),),
    ShelfMended: (("troubles", Troubles.shelf_mended),),
    TranscriptReady: (("troubles", Troubles.transcript_settled),),
    TranscriptFailed: (("troubles", Troubles.transcript_settled),),
    CallQueued: (("rushes", Rushes.queued),),
    MenuChosen: (("rushes", Rushes.chosen),),
    SpeechSettled: (("rushes", Rushes.spoken),),
    AlarmRaised: (("alarms", AlarmLog.raised),),
    AlarmCleared: (("alarms", AlarmLog.cleared),),
    AlarmAcknowledged: (("alarms", AlarmLog.acknowledged),),
    AlarmSent: (("alarms", AlarmLog.sent),),
}
"""Which part of the board is told of a fact beside its calls, agents and queues. By name: the parts
of a board that was kept in a file are others than those that it was made with."""


class Board:
    """Everything the screens need, after the record numbered `seq`."""

    def __init__(self, zone: tzinfo = UTC, directory: Directory | None = None) -> None:
        self.directory = directory or Directory()
        self.seq = 0
        self.at_s = 0.0
        "Of the latest record."
        self.day = self._record_day = Day.of(datetime.fromtimestamp(0, UTC), zone)
        self.house = Tally()
        "Counts each contact once."
        self.queues: dict[QueueId, Tally] = {}
        self.agents: dict[AgentId, AgentClock] = {}
        self.calls: dict[CallId, CallLine] = {}
        self.callbacks = CallbackLines()
        self.flows = FlowTallies()
        self.ended: deque[CallLine] = deque(maxlen=ENDED_KEPT)
        self.notices: deque[Notice] = deque(maxlen=KEPT)
        self.transcripts = 0
        "Ready today."
        self.troubles = Troubles()
        self.rushes = Rushes()
        self.alarms = AlarmLog()
        self._utc = datetime.fromtimestamp(0, UTC)
        "Of the latest record."
        self._recordings: dict[RecordingId, CallId] = {}
        self._pauses: dict[RecordingId, list[PauseReason]] = {}
        self.zone = zone
        # A table and not a `match`: the match would try a dozen classes for each record.
        self._on: dict[type, Callable[[Any, float], None]] = {
            CallArrived: self._arrived,
            CallPlaced: self._arrived,
            CallEnded: self._ended,
            MediaTroubled: self._media_troubled,
            LineLost: self._line_lost,
            AgentAway: self._agent_away,
            SurgeChanged: self._surge_changed,
            EmergencySwitched: self._emergency_switched,
            FlowEnded: self._flow_ended,
            SpeechSettled: self._speech_settled,
            WrapUpOverdue: self._wrap_up_overdue,
            WrapUpCoded: self._wrap_up_coded,
            CallPromoted: self._promoted,
            CallReserved: self._reserved,
            CallReleased: self._released,
            OfferFailed: self._released,
            CallQueued: self._queued,
            AgentAnswered: self._answered,
            CallAbandoned: self._abandoned,
            CallOverflowed: self._overflowed,
            CallLeftForCallback: self._left_for_callback,
            CallLost: self._lost,
            TalkEnded: self._talk_ended,
            TalkTaken: self._talk_taken,
            CallBridged: self._bridged,
            CallHeld: self._held,
            CallResumed: self._as_usual,
            GuestInvited: self._guest_invited,
            GuestLeft: self._as_usual,
            ConferenceStarted: self._conference,
            TalkTransferred: self._as_usual,
            AgentChanged: self._agent_changed,
            CallbackQueued: self._callback,
            CallbackDue: self._callback,
            CallbackUnreached: self._callback,
            CallbackReached: self._callback,
            CallbackGivenUp: self._callback,
            RecordingStarted: self._recording_started,
            RecordingEnded: self._recording_ended,
            RecordingPaused: self._recording_paused,
            RecordingResumed: self._recording_resumed,
            TranscriptReady: self._transcript_ready,
            TranscriptFailed: self._transcript_failed,
            ShelfTroubled: self._shelf_troubled,
        }

    def fold(self, record: BoardRecord) -> None:
        if record.seq <= self.seq:
            return
        self.seq, self.at_s, self._utc = record.seq, record.at_s, record.utc
        if record.utc >= self.day.end:
            self.turn_to(record.utc)
        # Yesterday's last records may come after the clock has turned the day.
        self._record_day = self.day if record.utc >= self.day.start else self._day_of(record.utc)
        kind = type(record.event)
        handler = self._on.get(kind)
        if handler is not None:
            handler(record.event, record.at_s)
        for part, fold in ALSO.get(kind, ()):
            fold(getattr(self, part), record.event, record.at_s)

    def turn_to(self, utc: datetime) -> None:
        """Start the day of `utc`, if it is later than the board's; the day's counts begin again.

        Who waits, talks or is signed in stays so.
        """
        if utc < self.day.end:
            return
        self.day = self._day_of(utc)
        for tally in (self.house, *self.queues.values()):
            tally.start_day(self.day.date)
        for clock in self.agents.values():
            clock.start_day()
        self.flows = FlowTallies()
        self.ended.clear()
        self.notices.clear()
        self.transcripts = 0

    def transcript_lag_s(self, now_s: float) -> float | None:
        """None where nothing is transcribed."""
        return self.troubles.transcript_lag_s(now_s) if self.directory.transcribes else None

    # -- calls -----------------------------------------------------------------------------------

    def _arrived(self, event: CallArrived | CallPlaced, at_s: float) -> None:
        self.calls[event.call_id] = CallLine(event.call_id, at_s, event.line)

    def _ended(self, event: CallEnded, at_s: float) -> None:
        call = self.calls.get(event.call_id)
        if call is None:
            return
        call.ended_s, call.ended_by, call.reason = at_s, event.by, event.reason
        if event.by is EndedBy.FAULT and call.answered_s is not None:
            self._notice(at_s, NoticeKind.CALL_CUT, event.reason, event.call_id)
        self._forget_if_over(call)

    def _forget_if_over(self, call: CallLine) -> None:
        if call.is_over:
            call.phase = Phase.ENDED
            del self.calls[call.call_id]
            if self._is_of_today:
                self.ended.appendleft(call)

    @property
    def _is_of_today(self) -> bool:
        """Of the record being folded."""
        return self._record_day is self.day

    # -- visits ----------------------------------------------------------------------------------

    def _queued(self, event: CallQueued, at_s: float) -> None:
        call = self.calls.get(event.call_id)
        if call is None:
            call = self.calls[event.call_id] = CallLine(event.call_id, at_s)
        if call.visit is not None and call.visit.outcome is None:
            return  # told twice
        call.visit = self._new_visit(event.call_id, event.queue, at_s)
        call.phase, call.queue, call.agent_id = Phase.WAITING, event.queue, None
        call.priority, call.tier = event.priority, event.tier
        self._tally(event.queue).offer(call.visit)
        if call.contact is None:
            call.contact = self._new_visit(event.call_id, event.queue, at_s)
            self.house.offer(call.contact)
        else:
            has_talked = call.is_bridged and call.answered_s is not None
            talked_s = at_s - (call.answered_s or at_s) if has_talked else 0.0
            self.house.reopen(call.contact, max(0.0, talked_s))
        call.is_bridged, call.manner = False, Manner.TALK

    def _promoted(self, event: CallPromoted, at_s: float) -> None:
        call = self.calls.get(event.call_id)
        if call is not None:
            call.priority, call.tier = event.priority, event.tier

    def _reserved(self, event: CallReserved, at_s: float) -> None:
        call = self.calls.get(event.call_id)
        if call is not None:
            call.claimed_by = event.agent_id

    def _released(self, event: CallReleased | OfferFailed, at_s: float) -> None:
        call = self.calls.get(event.call_id)
        if call is not None:
            call.claimed_by = None

    def _new_visit(self, call_id: CallId, queue: QueueId, at_s: float) -> Visit:
        day = self._record_day
        return Visit(
            call_id, at_s, day.date, day.interval_of(at_s), self.directory.target_of(queue)
        )

    def _day_of(self, utc: datetime) -> Day:
        return Day.of(utc, self.zone)

    def _tally(self, queue: QueueId) -> Tally:
        tally = self.queues.get(queue)
        if tally is None:
            tally = self.queues[queue] = Tally(self.day.date)
        return tally

    def _settle(
        self, call_id: CallId, queue: QueueId, outcome: Outcome, at_s: float
    ) -> CallLine | None:
        """None when the visit is unknown or has its outcome already: the first one counts."""
        call = self.calls.get(call_id)
        if call is None or call.visit is None or call.contact is None:
            return None
        if call.visit.outcome is not None or call.queue != queue:
            return None
        self._tally(queue).settle(call.visit, outcome, at_s)
        self.house.settle(call.contact, outcome, at_s)
        call.phase = Phase.TALKING if outcome is Outcome.ANSWERED else Phase.ARRIVED
        call.claimed_by = None
        self._forget_if_over(call)
        return call

    def _abandoned(self, event: CallAbandoned, at_s: float) -> None:
        self._settle(event.call_id, event.queue, Outcome.ABANDONED, at_s)

    def _overflowed(self, event: CallOverflowed, at_s: float) -> None:
        self._settle(event.call_id, event.queue, Outcome.OVERFLOWED, at_s)

    def _left_for_callback(self, event: CallLeftForCallback, at_s: float) -> None:
        self._settle(event.call_id, event.queue, Outcome.CALLBACK, at_s)

    def _callback(self, event: CallbackEvent, at_s: float) -> None:
        self.callbacks.fold(event, self._utc)

    def _lost(self, event: CallLost, at_s: float) -> None:
        if self._settle(event.call_id, event.queue, Outcome.LOST, at_s) is not None:
            self._notice(at_s, NoticeKind.CALL_LOST, "", event.call_id)
        else:
            self._end_talk(self.calls.get(event.call_id))

    def _answered(self, event: AgentAnswered, at_s: float) -> None:
        call = self._settle(event.call_id, event.queue, Outcome.ANSWERED, at_s)
        if call is None or call.visit is None:
            return
        call.agent_id, call.answered_s, call.talking_s = event.agent_id, at_s, at_s
        self._tally(event.queue).talking += 1
        self.house.talking += 1
        if call.visit.day == self.day.date:
            self._clock(event.agent_id).counts.add(call.visit)

    # -- talks ------------------------------------------------------------------------

    def _talk_ended(self, event: TalkEnded, at_s: float) -> None:
        call = self.calls.get(event.call_id)
        if call is None or call.phase is not Phase.TALKING or call.agent_id != event.agent_id:
            return
        if call.visit is None or call.contact is None or call.talking_s is None:
            return
        clock = self._clock(event.agent_id)
        talk_s = max(0.0, at_s - call.talking_s)
        self._wrap_up_over(clock, at_s)
        clock.wrap_up = WrapUp(call.visit, call.contact, event.queue, talk_s, at_s)
        self._end_talk(call)
        if clock.state not in (AgentState.TALKING, AgentState.WRAP_UP):
            self._wrap_up_over(clock, at_s)

    def _talk_taken(self, event: TalkTaken, at_s: float) -> None:
        """The contact goes on; only the time is another agent's from now on."""
        call = self.calls.get(event.call_id)
        if call is None or call.phase is not Phase.AFTER_TALK:
            return
        call.phase, call.queue = Phase.TALKING, event.queue
        call.agent_id, call.talking_s = event.agent_id, at_s
        self._tally(event.queue).talking += 1
        self.house.talking += 1

    def _end_talk(self, call: CallLine | None) -> None:
        if call is None or call.phase is not Phase.TALKING or call.queue is None:
            return
        call.phase = Phase.AFTER_TALK
        self._tally(call.queue).talking -= 1
        self.house.talking -= 1
        self._forget_if_over(call)

    # -- how a talk goes on ----------------------------------------------------------------------

    def _bridged(self, event: CallBridged, at_s: float) -> None:
        call = self.calls.get(event.call_id)
        if call is not None:
            call.is_bridged = True

    def _held(self, event: CallHeld, at_s: float) -> None:
        if event.side is Side.AGENT:
            self._go_on(event.call_id, Manner.HOLD)

    def _guest_invited(self, event: GuestInvited, at_s: float) -> None:
        if event.way is not GuestWay.DIAL:
            is_consult = event.way is GuestWay.CONSULT
            self._go_on(event.call_id, Manner.CONSULT if is_consult else Manner.TRANSFER)

    def _conference(self, event: ConferenceStarted, at_s: float) -> None:
        self._go_on(event.call_id, Manner.CONFERENCE)

    def _as_usual(self, event: CallResumed | GuestLeft | TalkTransferred, at_s: float) -> None:
        if not (isinstance(event, CallResumed) and event.side is Side.CALLER):
            self._go_on(event.call_id, Manner.TALK)

    def _go_on(self, call_id: CallId, manner: Manner) -> None:
        call = self.calls.get(call_id)
        if call is not None:
            call.manner = manner

    # -- agents ----------------------------------------------------------------------------------

    def _agent_changed(self, event: AgentChanged, at_s: float) -> None:
        clock = self._clock(event.agent_id)
        clock.change(event.state, event.reason, event.call_id, at_s, self.day.start_s)
        if event.state not in (AgentState.TALKING, AgentState.WRAP_UP):
            self._wrap_up_over(clock, at_s)

    def _wrap_up_over(self, clock: AgentClock, at_s: float) -> None:
        done = clock.wrap_up
        if done is None:
            return
        clock.wrap_up = None
        handle_s = done.talk_s + max(0.0, at_s - done.ended_s)
        self._tally(done.queue).handled(done.visit, handle_s)
        self.house.handled(done.contact, handle_s)
        if done.visit.day == self.day.date:
            clock.counts.handled += 1
            clock.counts.handle_sum_s += handle_s

    def _clock(self, agent_id: AgentId) -> AgentClock:
        clock = self.agents.get(agent_id)
        if clock is None:
            clock = self.agents[agent_id] = AgentClock()
        return clock

    # -- flows -----------------------------------------------------------------------------------

    def _flow_ended(self, event: FlowEnded, at_s: float) -> None:
        if self._is_of_today:
            self.flows.ended(event)

    def _speech_settled(self, event: SpeechSettled, at_s: float) -> None:
        if self._is_of_today:
            self.flows.settled(event)

    # -- recordings and faults -------------------------------------------------------------------

    def _recording_started(self, event: RecordingStarted, at_s: float) -> None:
        self._recordings[event.recording_id] = event.call_id
        self._pauses[event.recording_id] = []
        self._show_recording(event.recording_id)

    def _recording_paused(self, event: RecordingPaused, at_s: float) -> None:
        self._pauses.setdefault(event.recording_id, []).append(event.why)
        self._show_recording(event.recording_id)

    def _recording_resumed(self, event: RecordingResumed, at_s: float) -> None:
        pauses = self._pauses.get(event.recording_id, [])
        self._pauses[event.recording_id] = [why for why in pauses if why is not event.why]
        self._show_recording(event.recording_id)

    def _show_recording(self, recording_id: RecordingId) -> None:
        """The latest of the call's recordings; of two pauses the card's is what matters."""
        call = self.calls.get(self._recordings.get(recording_id, CallId("")))
        if call is None:
            return
        pauses = self._pauses.get(recording_id, [])
        is_card = PauseReason.CARD in pauses
        call.recording_id = recording_id
        call.recording = "card" if is_card else "paused" if pauses else "on"

    def _recording_ended(self, event: RecordingEnded, at_s: float) -> None:
        call_id = self._recordings.pop(event.recording_id, None)
        self._pauses.pop(event.recording_id, None)
        call = None if call_id is None else self.calls.get(call_id)
        if call is not None and call.recording_id == event.recording_id:
            call.recording = ""
        if not event.complete:
            self._notice(at_s, NoticeKind.RECORDING_INCOMPLETE, "", call_id)

    def _transcript_ready(self, event: TranscriptReady, at_s: float) -> None:
        self.transcripts += self._is_of_today

    def _transcript_failed(self, event: TranscriptFailed, at_s: float) -> None:
        if event.final:
            self._notice(at_s, NoticeKind.TRANSCRIPT_FAILED, event.sentence)

    def _shelf_troubled(self, event: ShelfTroubled, at_s: float) -> None:
        """Where the store is, is not for a wall."""
        text = f"{event.files} files, {event.bytes / 1e6:.1f} MB"
        self._notice(at_s, NoticeKind.STORE_DOWN, text)

    def _media_troubled(self, event: MediaTroubled, at_s: float) -> None:
        self._notice(at_s, NoticeKind.MEDIA, event.sentence)

    def _agent_away(self, event: AgentAway, at_s: float) -> None:
        away = f"{event.agent_id}: {event.reason}, {event.away_s / 60:.0f} min"
        self._notice(at_s, NoticeKind.AGENT_AWAY, away)

    def _surge_changed(self, event: SurgeChanged, at_s: float) -> None:
        kind = NoticeKind.SURGE_BEGAN if event.is_on else NoticeKind.SURGE_OVER
        self._notice(at_s, kind, self.directory.queue_name(event.queue))

    def _emergency_switched(self, event: EmergencySwitched, at_s: float) -> None:
        kind = NoticeKind.EMERGENCY_ON if event.is_on else NoticeKind.EMERGENCY_OFF
        words = next(iter(event.text.values()), event.name)
        self._notice(at_s, kind, f"{event.by}: {words}" if words else event.by)

    def _wrap_up_overdue(self, event: WrapUpOverdue, at_s: float) -> None:
        self._clock(event.agent_id).lacks_code = True
        self._notice(at_s, NoticeKind.WRAP_UP_OVERDUE, event.agent_id, event.call_id)

    def _wrap_up_coded(self, event: WrapUpCoded, at_s: float) -> None:
        self._clock(event.agent_id).coded(event.code)

    def _line_lost(self, event: LineLost, at_s: float) -> None:
        self._notice(at_s, NoticeKind.LINE_LOST, f"Line {event.line}: {event.sentence}")

    def _notice(
        self, at_s: float, kind: NoticeKind, text: str = "", call_id: CallId | None = None
    ) -> None:
        if self._is_of_today:
            self.notices.appendleft(Notice(at_s, kind, text, call_id))


def rebuild(
    records: "list[BoardRecord]", zone: tzinfo = UTC, directory: Directory | None = None
) -> Board:
    """The board that the journal alone gives."""
    board = Board(zone, directory)
    for record in records:
        board.fold(record)
    return board
