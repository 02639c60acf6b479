"""Core: the one file that knows everything. It builds the parts, joins them, and runs them.

    socket ─▶ SipEndpoint ─▶ Switchboard ─▶ Conductor ─▶ Journal, Journey
                                 ▲                          │
                                 └── answer, ring, bridge ◀─┘   FloorDriver, IvrDriver

Order of the start: disk (journal, database), prompts, media, the calls that a dead core left (they
go on, or are ended), then the door is opened: the SIP sockets are read.
"""

import asyncio
import logging
import random
import socket
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial
from zoneinfo import ZoneInfo

from acd.floor import Floor
from callcenter.actions.accounts import AccountActions
from callcenter.actions.alarms import AlarmActions
from callcenter.actions.callbacks import CallbackActions
from callcenter.actions.callers_data import CallersDataFinder
from callcenter.actions.dialled_monitors import DialledMonitors
from callcenter.actions.erase import ErasedLately, Eraser
from callcenter.actions.holds import HoldActions
from callcenter.actions.monitors import MonitorActions
from callcenter.actions.recordings import RecordingActions
from callcenter.actions.refusals import RefusalDesk
from callcenter.actions.supervision import Actions
from callcenter.actions.talks import TalkActions
from callcenter.actions.tasks import TaskActions
from callcenter.actions.transcriptions import TranscriptionActions
from callcenter.actions.tv_links import TvActions
from callcenter.actions.waits import WaitActions
from callcenter.asks import Reload
from callcenter.changes.board_reload import BoardReload
from callcenter.changes.emergency_desk import EmergencyDesk
from callcenter.changes.learning import Learning
from callcenter.changes.live_actions import LiveActions
from callcenter.changes.live_file import overlaid
from callcenter.changes.live_house import LiveHouse, LiveParts, read_live
from callcenter.changes.live_queues import EMPTIES, LiveQueues
from callcenter.changes.part_reload import AlarmReload
from callcenter.changes.reload import CurrentPrompts, FlowReload
from callcenter.changes.reloading import Reloadable, Reloader
from callcenter.changes.retention import RetentionReload
from callcenter.conduct.acquaintance import Acquaintance
from callcenter.conduct.call_classes import KINDS as CLASS_KINDS
from callcenter.conduct.call_classes import CallClasses
from callcenter.conduct.drivers import (
    AlarmsDriver,
    FloorDriver,
    IvrDriver,
    LimitsDriver,
    RingTimesDriver,
)
from callcenter.conduct.journey import Journey
from callcenter.conduct.limits import Limits, TimeUp
from callcenter.conduct.lookups import HttpLookups
from callcenter.conduct.media_port import MediaPort
from callcenter.conduct.menu_ports import MenuPorts
from callcenter.conduct.narrator import NARRATED, Narrator
from callcenter.conduct.outbound import Outbound
from callcenter.conduct.parts import Parts
from callcenter.conduct.recording_marks import RecordingMarks
from callcenter.conduct.regulars import KINDS as LEARNT_OF
from callcenter.conduct.regulars import TALKS, Regulars
from callcenter.conduct.sip_port import SipPort
from callcenter.conduct.speaking import Speaking
from callcenter.conductor import Conductor
from callcenter.configuration.line_accounts import carried_lines, passwords
from callcenter.configuration.settings import Settings
from callcenter.core.answers import Answers
from callcenter.core.disk import Disk
from callcenter.core.line_desk import LineDesk
from callcenter.core.listening import TURNS_OF_TALKS, Listening
from callcenter.core.metrics import CoreMetrics, QueueReading, Readings, TrunkReading, WorkerReading
from callcenter.core.sip_listeners import sip_listeners
from callcenter.events import HouseEvent
from callcenter.places import Places
from callcenter.prompt_making import make_prompts
from callcenter.revival.take_over import TakeOver
from callcenter.rules.floor import agent_cards, agent_options, queue_options
from callcenter.rules.flows import lookup_options
from callcenter.rules.house import house_rules
from callcenter.rules.media import media_book
from callcenter.rules.ways import (
    find_inbound,
    limit_rules,
    name_servers,
    number_rules,
    outside_trunks,
    sip_options,
    trunk_credentials,
    trunks,
)
from callcenter.secret import derive_key
from desk.watch import KINDS as TASK_KINDS
from foundation import clock
from foundation.errors import ConfigurationError, NotFound, Unavailable
from foundation.ids import CallbackId, CallId, OfferId, PartyId, QueueId
from foundation.ipc import Server
from foundation.tasks import OnFailure, Tasks
from ivr.effects import Effect
from ivr.service import Ivr
from ivr.speech.prompts import MUSIC
from ivr.speech.synthesis import Synthesiser
from recordings.events import (
    RecordingDeleted,
    RecordingEnded,
    TranscriptReady,
)
from recordings.following.hearing_desk import HearingDesk
from telephony.calls.events import (
    CallEnded,
    EndedBy,
    MediaTroubled,
)
from telephony.calls.options import CallOptions
from telephony.calls.switchboard import Switchboard
from telephony.media import protocol as media
from telephony.media.client import MediaClient, MediaEvent
from telephony.sip import events as sip
from telephony.sip.gateway import Gateway
from telephony.sip.sockets.endpoint import SipEndpoint
from telephony.sip.stack import SipStack
from telephony.sip.trunks.resolver import Resolver

log = logging.getLogger(__name__)

MEDIA_WITHIN_S = 10.0
SILENT_S = 1.0
"Before a silence counts that began while there was no core."
WATCH_LINES_S = 5.0
TIDY_EVERY_S = 3600.0
LEARNT_ROWS = 1_000_000
"Of the journal, at most, to know who talked last with whom."
LEARN_PAUSE_S = 0.05
"Between pages of 1000 records: a million rows take half a minute, and about 3 CPU-seconds of it."
PROMPTS_A_LINE = 100
LAST_WORDS_S = 0.3
"After the BYEs of an orderly end: time for their answers."


class Core:
    """One centre's core; made by `Core.open`, runs until `close`."""

    def __init__(self, settings: Settings, sockets: Sequence[socket.socket], workers: int) -> None:
        self._configured = settings
        self._live_file = read_live(settings)
        self._settings = overlaid(settings, self._live_file)
        self._sockets = sockets
        self._numbers = frozenset(line.number for line in settings.lines)
        self._phones = {phone.id for phone in self._settings.phones}
        "Of supervisors and others who are no agents."
        self._places = Places(settings.data_path)
        self._tasks = Tasks(lambda sentence: self._tell(MediaTroubled(sentence)))
        self._closing = AsyncExitStack()
        self._clients = [
            MediaClient(
                str(self._places.media_socket(number)),
                partial(self._on_media, number),
                # What phones are told of it waits for nothing else that comes meanwhile.
                on_read=lambda: self._endpoint.leave(),
            )
            for number in range(workers)
        ]
        self._media = MediaPort(self._clients)
        self._metrics = CoreMetrics(self._read_gauges, number_rules(settings).names)
        self._disk = Disk(
            self._settings, self._tell, self._is_media_near_limit, self._transcribe_priority
        )
        self._early_media: list[tuple[int, MediaEvent]] = []
        "What the workers tell before the calls that it is about are taken over."
        self._has_taken_over = False

    # -- start and end ---------------------------------------------------------------------------

    async def open(self) -> None:
        """Returns when callers are answered."""
        await self._disk.open(self._on_journal_trouble)
        self._disk.journal.subscribe(lambda record: self._metrics.on_event(record.event))
        self._disk.start(self._tasks)
        self._conductor = Conductor(self._disk.journal.publish)
        await self._prepare_prompts()
        self._join_parts()
        for number, client in enumerate(self._clients):
            self._tasks.start(f"media-{number}", client.run, OnFailure.RESTART)
        await self._emergency.restore()
        await self._learning.open()
        await self._take_over()
        await self._open_door()
        log.info("core answers on %s", ", ".join(str(s.getsockname()) for s in self._sockets))

    async def wait_failed(self) -> BaseException:
        """Returns when something has failed that core can't live without."""
        return await self._tasks.wait_failed()

    async def close(self) -> None:
        """End all calls properly, write what waits, close."""
        for call_id in self._switchboard.call_ids():
            self._switchboard.hang_up(call_id, EndedBy.CENTRE, "the centre closes")
        await asyncio.sleep(LAST_WORDS_S)
        await self._gateway.close()
        self._endpoint.close()
        await self._server.close()
        await self._disk.flush()
        await self._learning.flush()
        await self._tasks.close()
        await self._closing.aclose()
        await self._disk.close()

    def _cancel_callback(self, callback_id: CallbackId) -> bool:
        try:
            self._journey.callbacks.cancel(callback_id)
        except NotFound:
            return False
        return True

    def _is_media_near_limit(self) -> bool:
        return any(c.last_load and not c.last_load.admitting for c in self._clients)

    def _transcribe_priority(self, queue: QueueId) -> int:
        """As it is served now; a queue that was taken away has none."""
        rule = self._rules.queues.get(queue)
        return rule.transcribe_priority if rule else 0

    async def _prepare_prompts(self) -> None:
        synthesiser = Synthesiser()
        self._closing.push_async_callback(synthesiser.close)
        self._synthesiser = synthesiser
        prompts, problems = await make_prompts(self._settings, synthesiser, _log_progress)
        for problem in problems:
            log.error("%s", problem)
        self._prompts = CurrentPrompts(prompts)
        self._speaking = Speaking(self._prompts)
        self._closing.push_async_callback(self._speaking.close)

    def _join_parts(self) -> None:
        self._rules = house_rules(self._settings)
        self._media_book = media_book(self._settings)
        limits = self._join_telephony()
        self._join_floor()
        self._join_flows()
        self._join_journey(limits)
        self._hear_what_happens()
        self._join_live()
        self._answers = self._make_answers()

    def _join_telephony(self) -> Limits:
        settings = self._settings
        self._endpoint = SipEndpoint(
            self._make_stack(),
            self._sockets,
            self._on_sip,
            tls=settings.tls_files(),
            before_sending=self._media.write_urgent,
        )
        limits = Limits(limit_rules(settings), self._endpoint.stack.count_on)
        self._gateway = Gateway(
            self._endpoint,
            outside_trunks(settings, self._trunk_secret()),
            Resolver(name_servers(settings)),
            random.SystemRandom(),
            self._tell,
            limits.count_on_trunk,
        )
        self._switchboard = Switchboard(
            CallOptions(
                hold_music=tuple(self._prompts.named(MUSIC, ())),
                trunks=trunks(settings),
                media=self._media_book,
                agent_keys=bool(self._rules.recording.keys),
            ),
            SipPort(self._endpoint, self._gateway),
            self._media,
            self._disk.parties,
            self._tell,
            asyncio.get_running_loop().time,
            self._numbers.__contains__,
            lambda phone, dialled: self._dialled_monitors.find(phone, dialled),
        )
        self._lines = LineDesk(
            carried_lines(settings),
            self._sockets,
            self._switchboard,
            self._tell,
            asyncio.get_running_loop().time,
        )
        return limits

    def _join_floor(self) -> None:
        settings = self._settings
        self._floor = FloorDriver(
            Floor(
                queue_options(settings),
                agent_cards(settings),
                agent_options(settings),
                chance=random.SystemRandom().random,
            ),
            self._tell,
        )
        self._regulars = Regulars(
            self._rules, self._switchboard, lambda: clock.utc_now().timestamp()
        )

    def _join_flows(self) -> None:
        settings = self._settings
        self._lookups = HttpLookups(lookup_options(settings))
        self._ivr = IvrDriver(Ivr(settings.flows, hours=settings.hours), self._do_ivr)
        self._learning = Learning(
            settings,
            self._disk.heard_store,
            self._ivr,
            self._disk.journal,
            self._tell,
            self._party_of_call,
            clock.utc_now,
        )
        self._tasks.start("heard", self._learning.run)
        self._listening = Listening(
            settings,
            self._rules,
            self._media,
            self._switchboard,
            lambda call_id: self._journey.find(call_id),
            self._is_media_near_limit,
        )
        self._listening.start(self._tasks)

    def _join_journey(self, limits: Limits) -> None:
        settings = self._settings
        self._journey = Journey(
            self._rules,
            Parts(
                control=self._switchboard,
                ivr=self._ivr,
                floor=self._floor,
                prompts=self._prompts,
                recorder=self._disk.recordings,
                callers=self._switchboard,
                limits=LimitsDriver(limits, self._end_in_time),
                ring_times=RingTimesDriver(self._end_ringing),
                alarms=AlarmsDriver(),
                numbers=Outbound(number_rules(settings), self._tell),
                menus=self._make_menu_ports(),
                regulars=self._regulars,
            ),
            self._tell,
        )
        self._dialled_monitors = DialledMonitors(
            self._rules,
            self._floor,
            MonitorActions(self._floor, self._switchboard, self._tell, self._phones),
            {phone.id for phone in (*settings.agents, *settings.phones) if phone.monitors},
            self._tell,
        )

    def _hear_what_happens(self) -> None:
        listen = self._conductor.listen
        listen(Narrator(asyncio.get_running_loop().time).on_event, *NARRATED)
        listen(self._regulars.on_event, *TALKS)
        self._recording_marks = RecordingMarks(self._disk.marks)
        listen(self._recording_marks.on_event)
        listen(self._journey.on_event)
        listen(self._listening.on_turn, *TURNS_OF_TALKS)
        listen(self._forget_placement, CallEnded)
        listen(self._disk.messages.on_event, RecordingEnded)
        listen(self._disk.recordings.on_event, RecordingDeleted)
        listen(self._disk.tasks.on_event, *TASK_KINDS)
        listen(CallClasses(self._disk.recordings.classify).on_event, *CLASS_KINDS)
        listen(self._disk.quality.on_event, TranscriptReady)

    def _join_live(self) -> None:
        """What changes while calls go on."""
        settings = self._settings
        live = self._make_live()
        flows = FlowReload(
            settings, self._learning, self._prompts, self._lookups, self._synthesiser
        )
        settings_lock = asyncio.Lock()
        self._emergency = EmergencyDesk(
            settings, self._journey, self._prompts, self._disk.journal, self._tell, clock.utc_now
        )
        self._closing.callback(self._emergency.close)
        self._boards = BoardReload(settings, self._tell)
        self._retention = RetentionReload(settings, live.with_gone_queues)
        self._live_actions = LiveActions(
            live,
            self._disk.journal,
            self._tell,
            settings_lock,
            self._retention.remember,
            self._journey.emergency.words,
        )
        self._queues = LiveQueues(self._live_actions, live)
        self._conductor.listen(self._queues.on_event, *EMPTIES)
        self._alarms = AlarmReload(settings, self._tell)
        parts: list[Reloadable] = [live, flows, self._emergency, self._disk.quality]
        parts += [self._boards, self._retention, self._alarms]
        self._reloader = Reloader(
            self._configured,
            parts,
            self._disk.journal,
            self._tell,
            settings_lock,
            self._retention.remember,
        )

    def _make_answers(self) -> Answers:
        """To what comes over core's socket."""
        return Answers(
            self._disk.journal,
            self._floor,
            self._disk.recordings,
            self._disk.archive_desk,
            self._metrics,
            self._make_actions(),
            self._make_eraser(),
            self._lines,
            self._live_actions,
            self._queues,
            self._reloader,
            AccountActions(self._disk.users, self._disk.journal, self._tell),
            TvActions(
                self._disk.tv_links, self._disk.journal, self._tell, lambda: self._boards.now
            ),
            self._boards,
            self._emergency,
            self._ivr,
            self._learning,
            self._disk.quality,
            self._disk.inspections,
            TranscriptionActions(
                self._disk.recordings.transcription,
                self._disk.search,
                self._disk.journal,
                self._tell,
            ),
            HearingDesk(self._tell, clock.monotonic_s),
            HoldActions(
                self._disk.vault,
                self._disk.vault_store,
                self._disk.recording_store,
                self._disk.journal,
            ),
            RefusalDesk(self._tell, clock.monotonic_s),
            self._alarms,
        )

    def _make_actions(self) -> Actions:
        settings = self._settings
        return Actions(
            self._floor,
            self._switchboard,
            self._disk.journal,
            self._tell,
            TalkActions(self._journey, self._tell),
            WaitActions(self._floor, self._journey.find, self._tell, settings.order.tiers),
            CallbackActions(self._journey.callbacks, self._tell),
            RecordingActions(self._journey, self._tell),
            AlarmActions(self._tell),
            TaskActions(self._disk.tasks, self._journey.callbacks, self._switchboard, self._tell),
            pause_reasons=settings.pause_reasons,
            auto_ready=settings.auto_ready,
            phones=self._phones,
        )

    def _make_eraser(self) -> Eraser:
        return Eraser(
            self._disk.parties,
            self._disk.party_store,
            self._disk.journal,
            self._tell,
            CallersDataFinder(self._disk.journal.reader, self._disk.vault_store),
            self._disk.vault,
            self._disk.vault_store,
            self._cancel_callback,
            [self._learning.erase, self._disk.tasks.erase],
            self._disk.forget_deleted,
        )

    def _party_of_call(self, call_id: CallId) -> PartyId | None:
        number = self._switchboard.find_caller_number(call_id)
        return None if number is None else self._switchboard.party_of(number)

    def _make_menu_ports(self) -> MenuPorts:
        """What flows use beside prompts and queues."""
        settings = self._settings
        zone = ZoneInfo(settings.timezone)
        known = Acquaintance(
            self._switchboard.find_caller_number,
            self._regulars,
            lambda: clock.utc_now().astimezone(zone),
        )
        self._closing.push_async_callback(self._lookups.close)
        return MenuPorts(
            known=known,
            lookups=self._lookups,
            listener=self._listening.speech,
            messages=self._disk.messages,
            speaker=self._speaking,
            learner=self._learning,
        )

    def _make_live(self) -> LiveHouse:
        return LiveHouse(
            self._configured,
            self._live_file,
            LiveParts(
                floor=self._floor,
                rules=self._rules,
                accounts=self._accounts,
                phones=self._media_book.phones,
                tell=self._tell,
                look_at_phone=lambda agent: self._switchboard.on_sip(sip.PhoneRegistered(agent)),
                speak_numbers=self._speak_numbers,
                speaks_of=self._journey.speaks_of,
            ),
        )

    async def _speak_numbers(self, numbers: Sequence[str]) -> None:
        async with self._synthesiser:
            for number in numbers:
                for problem in await self._prompts.add_agent(number):
                    log.error("%s", problem)

    def _make_stack(self) -> SipStack:
        settings = self._settings
        accounts = (*settings.agents, *settings.phones)
        known = {account.id: account.sip_password.get_secret_value() for account in accounts}
        self._accounts = known | passwords(settings)
        return SipStack(
            sip_options(settings, sip_listeners(settings, self._sockets)),
            self._accounts,
            lines=self._numbers.__contains__,
            # What agents' phones dial is for the journey to decide and to refuse with a rule.
            extensions=lambda dialled: True,
            inbound=partial(find_inbound, trunks(settings, self._trunk_secret())),
            credentials=trunk_credentials(settings).get,
            secret=derive_key(settings.data_path, "sip nonces"),
            random=random.SystemRandom(),
        )

    def _trunk_secret(self) -> bytes:
        return derive_key(self._settings.data_path, "tokens of trunks")

    async def _take_over(self) -> None:
        """Go on with what the last core left; what can't go on is ended, exactly once."""
        await self._wait_for_media()
        stack, now = self._endpoint.stack, self._endpoint.now
        stored = (await self._disk.binding_store.all()).items()
        present = {aor for aor, data in stored if stack.restore_bindings(aor, data, now)}
        taking_over = TakeOver(
            journal=self._disk.journal,
            keeper=self._disk.past_keeper,
            clients=self._clients,
            media_port=self._media,
            endpoint=self._endpoint,
            switchboard=self._switchboard,
            floor=self._floor,
            journey=self._journey,
            recordings=self._disk.recordings,
            marks=self._disk.marks,
            recording_marks=self._recording_marks,
            rules=self._rules,
            tell=self._tell,
            # Messages last: of what they tell the tasks must know the calls.
            others=[
                ErasedLately(self._disk.tasks.forget),
                self._disk.tasks,
                self._disk.messages,
            ],
        )
        await taking_over.run(present, self._early_media)
        self._disk.start_chores(self._tasks, self._retention)
        self._tasks.start("leaving-queues", self._queues.run, OnFailure.RESTART)
        self._has_taken_over = True
        loop = asyncio.get_running_loop()
        for worker, event in self._early_media:
            if isinstance(event, media.MediaLost):
                # Who has hung up is silent, too: the BYE that waits in the socket comes first.
                loop.call_later(SILENT_S, self._on_media, worker, event)
            else:
                self._on_media(worker, event)
        self._early_media.clear()

    async def _wait_for_media(self) -> None:
        try:
            async with asyncio.timeout(MEDIA_WITHIN_S):
                for client in self._clients:
                    await client.wait_until_up()
        except TimeoutError:
            log.error("no media worker answers; callers are refused until one does")

    async def _open_door(self) -> None:
        for agent in self._settings.agents:
            self._switchboard.on_sip(sip.PhoneRegistered(agent.id))
        self._server = await Server.listen(
            self._places.core_socket,
            self._answers.handlers(),
            self._disk.journal,
        )
        self._tasks.start("regulars", self._learn_regulars, OnFailure.RESTART)
        self._tasks.start("kept-past", self._disk.past_keeper.run, OnFailure.RESTART)
        self._tasks.start("loop-lag", self._metrics.watch_lag)
        self._tasks.start("lines", self._watch_lines)
        self._tasks.start("tidy", self._tidy)
        self._listening.start_following(self._tasks)
        await self._endpoint.start()
        self._gateway.start()

    async def _learn_regulars(self) -> None:
        """Beside the calls: days of records are read, which no caller is to wait for."""
        if self._regulars.reach_s:
            since = clock.utc_now() - timedelta(seconds=self._regulars.reach_s)
            kinds = self._disk.journal.reader.of_kinds(LEARNT_OF, since, LEARNT_ROWS, LEARN_PAUSE_S)
            await self._regulars.learn(kinds)

    async def _tidy(self) -> None:
        """What was kept for long enough is forgotten."""
        while True:
            kept = timedelta(days=self._settings.tasks.keep_days)
            try:
                await self._disk.tasks.forget_done(clock.utc_now() - kept)
                await self._learning.forget_old()
            except Unavailable as error:
                log.warning("what is old is not forgotten yet: %s", error)
            await asyncio.sleep(TIDY_EVERY_S)

    async def _watch_lines(self) -> None:
        while True:
            await asyncio.sleep(WATCH_LINES_S)
            self._lines.watch()

    # -- events ----------------------------------------------------------------------------------

    def _tell(self, event: HouseEvent) -> None:
        self._conductor.tell(event)

    def _on_sip(self, event: sip.SipEvent) -> None:
        if isinstance(event, sip.BindingsChanged):
            self._disk.bindings.put((event.aor, event.bindings))
        elif isinstance(event, sip.Dropped):
            self._metrics.dropped(event.why)
        self._switchboard.on_sip(event)

    def _on_media(self, worker: int, event: MediaEvent) -> None:
        if isinstance(event, media.Load):
            self._metrics.loaded(worker, event)
        elif not self._has_taken_over:
            self._early_media.append((worker, event))
        else:
            self._switchboard.on_media_event(event)

    def _on_journal_trouble(self, sentence: str) -> None:
        log.error("journal: %s", sentence)
        self._metrics.journal_troubled()

    async def reload(self) -> None:
        """As by `callcenter reload`; what is wrong is in the log."""
        try:
            await self._reloader.reload(Reload(by="signal"))
        except ConfigurationError as error:
            for problem in error.problems:
                log.error("the configuration is not taken up: %s", problem)

    def _do_ivr(self, call_id: CallId, effect: Effect) -> None:
        self._journey.do_ivr(call_id, effect)

    def _end_in_time(self, over: TimeUp) -> None:
        self._journey.time_up(over)

    def _end_ringing(self, call_id: CallId, offer_id: OfferId) -> None:
        self._journey.ring_time_over(call_id, offer_id)

    def _forget_placement(self, event: HouseEvent) -> None:
        assert isinstance(event, CallEnded)
        self._media.forget_call(event.call_id)

    def _read_gauges(self) -> Readings:
        stack = self._endpoint.stack
        return Readings(
            calls=self._switchboard.count(),
            registered_phones=sum(agent.registered for agent in self._floor.floor.agents()),
            sip_legs=stack.leg_count,
            sip_transactions=stack.transaction_count,
            journal_seq=self._disk.journal.last_seq,
            journal_backlog=self._disk.journal.backlog_rows,
            journal_lost=self._disk.journal.lost_rows,
            database_backlog={
                "bindings": len(self._disk.bindings),
                "parties": self._disk.party_store.waiting,
            },
            trunks={
                name: TrunkReading(state=state, calls_out=self._gateway.count(name))
                for name, (state, _) in self._gateway.states().items()
            },
            media={number: _reading(client) for number, client in enumerate(self._clients)},
            lines=self._lines.readings(),
            queues={queue: self._read_queue(queue) for queue in self._rules.queues},
            transcription=self._disk.recordings.progress(most_jobs=0),
            shelf=self._disk.archive_desk.shelf_now,
        )

    def _read_queue(self, queue: QueueId) -> QueueReading:
        floor = self._floor.floor
        return QueueReading(
            accuracy=floor.expectation_error(queue), is_surging=floor.is_surging(queue)
        )


def _log_progress(done: int, total: int) -> None:
    if done % PROMPTS_A_LINE == 0 or done == total:
        log.info("prompts: %d of %d made", done, total)


def _reading(client: MediaClient) -> WorkerReading:
    load = client.last_load
    if load is None:
        return WorkerReading(is_up=client.is_up)
    return WorkerReading(
        is_up=client.is_up, busy=load.busy, legs=load.legs, admitting=load.admitting
    )
