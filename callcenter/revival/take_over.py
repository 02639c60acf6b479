"""A new core takes over from one that died: what goes on, and what is ended instead.

    journal, media's sessions with dialog records ─▶ make_plan ─▶ machines as they stood
                                                        └──▶ what they missed, what is lost

Each media session carries its leg's dialog record; with it the new core can speak for the old one.
What becomes of each leg is decided by `revival.revive`. Who is not gone on with must not be left
off the hook: a talk is ended by BYE, an agent's phone that rings by CANCEL, a caller without an
answer by 500.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from acd.events import CallbackFailure, CallbackGivenUp
from acd.inputs import CallerLeft, Lose
from acd.options import CallbackOptions
from callcenter.conduct.contact import Stage
from callcenter.conduct.drivers import FloorDriver
from callcenter.conduct.house import HouseRules
from callcenter.conduct.journey import Journey
from callcenter.conduct.limits import Arrival
from callcenter.conduct.media_port import MediaPort
from callcenter.conduct.recording_marks import RecordingMarks
from callcenter.events import HouseEvent
from callcenter.revival.callbacks_past import CallbacksPast
from callcenter.revival.history import History
from callcenter.revival.kept_past import PastKeeper
from callcenter.revival.revive import Plan, make_plan, plan_after_reboot
from callcenter.revival.settle import REASON, OpenEnds, end_monitors, seat
from callcenter.revival.stand import House
from foundation import clock
from foundation.errors import CallCentreError, RemoteError
from foundation.ids import CallId, LegId, QueueId, RecordingId
from foundation.journal import Journal
from foundation.record import Record
from recordings.events import RecordingStarted
from recordings.marking.marks_desk import MarksDesk
from recordings.service import RecordingService
from telephony.calls.events import CallEnded, EndedBy
from telephony.calls.kept import KeptCall, KeptSide, read_note
from telephony.calls.numbers import ANONYMOUS
from telephony.calls.switchboard import Switchboard
from telephony.media import protocol as media
from telephony.media.client import MediaClient, MediaEvent
from telephony.media.errors import MediaRefused
from telephony.sip.sockets.endpoint import SipEndpoint

log = logging.getLogger(__name__)

REMEMBERED = timedelta(hours=1)
"How far back `Remembers` are told: of longer calls they know less, and the start stays short."
UNANSWERED = 500
"To a caller whose INVITE has no final answer yet: Server Internal Error."


class Remembers(Protocol):
    """A part that goes on by what the journal has of the last hour."""

    def remember(self, record: Record[object]) -> None: ...
    def restored(self) -> None:
        """All was told, and nothing of the present yet; what the last core owed may be told."""


class TakeOver:
    """Made and run once at each start, before the SIP sockets are read."""

    def __init__(
        self,
        *,
        journal: Journal,
        keeper: PastKeeper,
        clients: Sequence[MediaClient],
        media_port: MediaPort,
        endpoint: SipEndpoint,
        switchboard: Switchboard,
        floor: FloorDriver,
        journey: Journey,
        recordings: RecordingService,
        marks: MarksDesk,
        recording_marks: RecordingMarks,
        rules: HouseRules,
        tell: Callable[[HouseEvent], None],
        others: Sequence[Remembers] = (),
    ) -> None:
        self._others = others
        self._journal = journal
        self._keeper = keeper
        self._clients = clients
        self._media = media_port
        self._endpoint = endpoint
        self._switchboard = switchboard
        self._floor = floor
        self._journey = journey
        self._recordings = recordings
        self._marks = marks
        self._recording_marks = recording_marks
        self._rules = rules
        self._tell = tell

    async def run(
        self, present: Collection[str], early: Collection[tuple[int, MediaEvent]]
    ) -> None:
        """The bindings are restored. `present`: whose registration has not run out.

        `early`: what media has told, which nobody has heard yet.
        """
        past = await self._keeper.read()
        history, open_ends = past.history, past.open_ends
        await self._remind()
        sessions = await adopt_sessions(self._clients, self._media)
        sides, others = adopt_legs(sessions, self._endpoint)
        house = self._house(present)
        if self._journal.is_same_boot:
            plan = make_plan(history, sides, house, told_ends(self._clients))
            plan.facts += end_monitors(open_ends)
        else:
            plan = plan_after_reboot(history, open_ends, sides, house)
        for fact in plan.facts:
            self._journal.publish(fact)
        for other in self._others:
            other.restored()
        # What only media knows began when the journal had just ended.
        just_begun = {each.recording_id: (each, self._ended_at) for each in plan.running}
        begun = {**just_begun, **history.recordings}
        await self._take_over_recordings(begun.values(), sessions, early)
        self._restore(plan, history)
        if not self._journal.is_same_boot:
            self._seat(open_ends)
        self._end([*others, *(side.session for side in plan.strays)])
        kept = {started.recording_id for started in plan.running}
        for tap_id in {tap for session in sessions for tap in session.taps} - kept:
            self._media.ask(media.Untap(rid=0, tap_id=tap_id), lambda _: None)

    async def _remind(self) -> None:
        """What a call or a message may still have had before it began within the last hour."""
        async for record in self._journal.reader.read_since(self._ended_at - REMEMBERED):
            for other in self._others:
                other.remember(record)

    @property
    def _ended_at(self) -> datetime:
        """When the last core told its last fact."""
        return min(self._journal.ended_at or clock.utc_now(), clock.utc_now())

    def _house(self, present: Collection[str]) -> House:
        return House(
            queues={name: "|".join(rule.languages) for name, rule in self._rules.queues.items()},
            agents=frozenset(self._rules.agents),
            is_present=present.__contains__,
            is_registered=self._is_registered,
            tap_files=tap_files(self._clients),
            find_party=self._switchboard.find_party,
        )

    def _is_registered(self, agent_id: str) -> bool:
        return self._endpoint.stack.is_registered(agent_id, self._endpoint.now)

    async def _take_over_recordings(
        self,
        begun: Iterable[tuple[RecordingStarted, datetime]],
        sessions: Iterable[media.Session],
        early: Iterable[tuple[int, MediaEvent]],
    ) -> None:
        """Those that media writes, or closed while there was no core, end when it says so."""
        for started, began in begun:
            recording = await self._recordings.adopt(started, began)
            if recording is not None:
                await self._marks.adopt(started.recording_id, recording.started)
        writing = {tap for session in sessions for tap in session.taps}
        ended = {event.tap_id for _, event in early if isinstance(event, media.TapEnded)}
        await self._recordings.open({RecordingId(tap) for tap in writing | ended})

    def _restore(self, plan: Plan, history: History) -> None:
        """All machines first; then what they missed."""
        offset_s = self._journal.now_s() - self._endpoint.now
        self._floor.restore(
            plan.kept_agents(offset_s),
            plan.kept_callers(offset_s),
            plan.kept_guests(),
            plan.surging,
            plan.talks,
        )
        for revived in plan.calls:
            self._journey.adopt(revived.contact)
            self._recording_marks.adopt(revived.contact, revived.kept.held_by)
        for revived in plan.calls:
            self._switchboard.adopt(revived.kept)
            self._journey.taping.adopt(revived.contact)
            is_dialled = revived.contact.stage is Stage.DIALLED
            if not revived.kept.caller.dialog.is_early and not is_dialled:
                self._journey.count(self._arrival(revived.kept))
        self._requeue(history.callbacks)
        for revived in plan.calls:
            for event in revived.missed:
                self._journey.on_event(event)
        for left in plan.left:
            self._floor.feed(left)
        for ended in plan.over:
            has_left = ended.by is EndedBy.CALLER
            self._floor.feed(CallerLeft(ended.call_id) if has_left else Lose(ended.call_id))
            self._tell(ended)
        for call_id in plan.lost:
            self._floor.feed(Lose(call_id))
            self._tell(CallEnded(call_id, EndedBy.FAULT, REASON))
        if plan.calls or plan.lost:
            log.warning("%d calls go on, %d are lost", len(plan.calls), len(plan.lost))

    def _requeue(self, callbacks: CallbacksPast) -> None:
        """Promises outlive the core, and the machine; what the house keeps no more is told so."""
        for given in callbacks.again(clock.utc_now(), self._retry_after_s):
            try:
                self._floor.feed(given)
            except RemoteError as error:
                log.error("callback %s is given up: %s", given.callback_id, error)
                why = CallbackFailure.NOT_ALLOWED
                self._tell(CallbackGivenUp(given.callback_id, given.queue, why, str(error)))

    def _retry_after_s(self, queue: QueueId) -> float:
        known = queue in self._rules.queues
        options = self._floor.floor.options_of(queue).callbacks if known else None
        return (options or CallbackOptions()).retry_after_s

    def _arrival(self, kept: KeptCall) -> Arrival:
        return Arrival(
            call_id=kept.call_id,
            party_id=kept.party_id,
            line=kept.line,
            # A call of ours is counted by the SIP side.
            trunk="" if kept.caller.note.is_placed else kept.caller.note.trunk,
            is_anonymous=self._switchboard.find_caller_number(kept.call_id) == ANONYMOUS,
        )

    def _seat(self, open_ends: OpenEnds) -> None:
        """As they were when the last core ended; whose phone has gone meanwhile has gone home."""
        for agent_id in self._rules.agents:
            last = open_ends.agents.get(agent_id)
            if last is not None and self._is_registered(agent_id):
                for given in seat(last):
                    self._floor.feed(given)

    def _end(self, sessions: Iterable[media.Session]) -> None:
        """Whatever can still be said to a peer is said; its media is released."""
        stack, now = self._endpoint.stack, self._endpoint.now
        for session in sessions:
            leg = LegId(session.leg)
            self._endpoint.perform(stack.reject(leg, UNANSWERED, now, REASON))
            self._endpoint.perform(stack.hang_up(leg, now, REASON))
            self._media.ask(media.Release(rid=0, leg=session.leg), lambda _: None)
            log.info("[%s] leg %s ended: %s", session.call, session.leg, REASON)


async def adopt_sessions(clients: Iterable[MediaClient], port: MediaPort) -> list[media.Session]:
    """All sessions of all workers; `port` and clients know them from now on."""
    sessions: list[media.Session] = []
    for client in clients:
        if not client.is_up:
            continue
        try:
            kept = await client.adopt()
        except MediaRefused as error:
            log.error("a media worker does not tell its sessions: %s", error)
            continue
        for session in kept:
            port.adopt(session, client)
        sessions += kept
    return sessions


def told_ends(clients: Iterable[MediaClient]) -> list[CallEnded]:
    """The calls that a core before us has ended, as far as the workers remember."""
    return [
        CallEnded(CallId(ended.call), EndedBy(ended.by), ended.reason)
        for client in clients
        for ended in client.ended_calls
    ]


def tap_files(clients: Iterable[MediaClient]) -> Mapping[str, str]:
    """The recordings that are being written, and where."""
    return {
        request.tap_id: request.file
        for client in clients
        for request in client.desired.requests()
        if isinstance(request, media.Tap)
    }


def adopt_legs(
    sessions: Iterable[media.Session], endpoint: SipEndpoint
) -> tuple[list[KeptSide], list[media.Session]]:
    """Sessions whose dialogs the SIP stack goes on with, and those that nobody can speak for."""
    sides: list[KeptSide] = []
    others: list[media.Session] = []
    for session in sessions:
        side = _adopt_leg(session, endpoint)
        if side is None:
            others.append(session)
        else:
            sides.append(side)
    return sides, others


def _adopt_leg(session: media.Session, endpoint: SipEndpoint) -> KeptSide | None:
    if not session.record:
        return None
    stack = endpoint.stack
    try:
        dialog = stack.kept(stack.adopt(session.record, endpoint.now))
    except CallCentreError as error:
        log.error("leg %s of call %s cannot be read: %s", session.leg, session.call, error)
        return None
    note = read_note(dialog.extra) if dialog is not None else None
    if dialog is None or note is None:
        return None
    return KeptSide(dialog, session, note)
