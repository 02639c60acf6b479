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
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial
from zoneinfo import ZoneInfo

from acd.floor import Floor
from callcenter.account_actions import AccountActions
from callcenter.acquaintance import Acquaintance
from callcenter.actions import Actions
from callcenter.alarm_actions import AlarmActions
from callcenter.answers import Answers
from callcenter.asks import Reload
from callcenter.board_reload import BoardReload
from callcenter.call_classes import KINDS as CLASS_KINDS
from callcenter.call_classes import CallClasses
from callcenter.callback_actions import CallbackActions
from callcenter.callers_data import CallersDataFinder
from callcenter.codec import CODEC
from callcenter.conductor import Conductor
from callcenter.dialled_monitors import DialledMonitors
from callcenter.drivers import AlarmsDriver, FloorDriver, IvrDriver, LimitsDriver, RingTimesDriver
from callcenter.emergency_desk import EmergencyDesk
from callcenter.erase import Eraser, forgetting
from callcenter.events import HouseEvent
from callcenter.holds import HoldActions
from callcenter.journey import Journey
from callcenter.kept_past import PastKeeper, past_file
from callcenter.learning import Learning
from callcenter.limits import Limits, TimeUp
from callcenter.line_accounts import carried_lines, passwords
from callcenter.line_desk import LineDesk
from callcenter.listener_line import ListenerLine
from callcenter.live_actions import LiveActions
from callcenter.live_file import overlaid
from callcenter.live_house import LiveHouse, LiveParts, read_live
from callcenter.live_queues import EMPTIES, LiveQueues
from callcenter.live_talks import LiveTalk, LiveTalks
from callcenter.lookups import HttpLookups
from callcenter.media_port import MediaPort
from callcenter.menu_ports import MenuPorts
from callcenter.metrics import CoreMetrics, QueueReading, Readings, TrunkReading, WorkerReading
from callcenter.monitor_actions import MonitorActions
from callcenter.narrator import NARRATED, Narrator
from callcenter.outbound import Outbound
from callcenter.part_reload import AlarmReload, RetentionReload
from callcenter.parts import Parts
from callcenter.places import Places
from callcenter.prompt_making import make_prompts
from callcenter.quality_desk import QualityDesk
from callcenter.recording_actions import RecordingActions
from callcenter.recording_marks import RecordingMarks
from callcenter.refusals import RefusalDesk
from callcenter.regulars import KINDS as LEARNT_OF
from callcenter.regulars import TALKS, Regulars
from callcenter.reload import CurrentPrompts, FlowReload
from callcenter.reloading import Reloadable, Reloader
from callcenter.rules.floor import agent_cards, agent_options, queue_options
from callcenter.rules.flows import lookup_options
from callcenter.rules.house import house_rules, task_options
from callcenter.rules.media import media_book
from callcenter.rules.recordings import (
    archive_options,
    archive_shelf,
    certificates,
    recording_options,
)
from callcenter.rules.ways import (
    find_inbound,
    limit_rules,
    name_servers,
    number_rules,
    outside_trunks,
    sip_options,
    trunks,
)
from callcenter.secret import derive_key
from callcenter.settings import Settings
from callcenter.sip_listeners import sip_listeners
from callcenter.sip_port import SipPort
from callcenter.speaking import Speaking
from callcenter.speech_desk import SpeechDesk
from callcenter.take_over import TakeOver
from callcenter.talk_actions import TalkActions
from callcenter.task_actions import TaskActions
from callcenter.transcription_actions import TranscriptionActions
from callcenter.tv_actions import TvActions
from callcenter.voicemail import Messages
from callcenter.wait_actions import WaitActions
from desk.service import TaskService
from desk.store import TaskStore
from desk.watch import KINDS as TASK_KINDS
from foundation import clock
from foundation.db import create_schema, make_engine, make_sessions
from foundation.errors import ConfigurationError, NotFound, Unavailable
from foundation.ids import CallbackId, CallId, OfferId, PartyId, QueueId
from foundation.ipc import Server
from foundation.journal import Journal
from foundation.tasks import OnFailure, Tasks
from foundation.web.store import UserStore
from foundation.write_behind import WriteBehind
from ivr.effects import Effect
from ivr.prompts import MUSIC
from ivr.service import Ivr
from ivr.store import HeardStore
from ivr.synthesis import Synthesiser
from recordings.archive_desk import ArchiveDesk
from recordings.archive_store import ArchiveStore
from recordings.events import (
    CardEntryEnded,
    CardEntryStarted,
    RecordingEnded,
    RecordingPaused,
    RecordingResumed,
    TranscriptReady,
)
from recordings.hearing_desk import HearingDesk
from recordings.inspection.desk import InspectionDesk, InspectionParts
from recordings.inspection.form import FormBook
from recordings.inspection.store import InspectionStore
from recordings.listen_messages import FromListener
from recordings.marks_desk import MarksDesk
from recordings.marks_store import MarkStore
from recordings.quality.store import QualityStore
from recordings.search_store import SearchStore
from recordings.service import Closed, RecordingService
from recordings.store import RecordingStore
from recordings.vault import Vault
from recordings.vault_store import VaultStore
from telephony.calls.events import (
    CallBridged,
    CallEnded,
    EndedBy,
    MediaTroubled,
    TalkTransferred,
)
from telephony.calls.options import CallOptions
from telephony.calls.parties import PartyBook
from telephony.calls.store import PartyStore
from telephony.calls.switchboard import Switchboard
from telephony.media import protocol as media
from telephony.media.client import MediaClient, MediaEvent
from telephony.sip import events as sip
from telephony.sip.endpoint import SipEndpoint
from telephony.sip.gateway import Gateway
from telephony.sip.resolver import Resolver
from telephony.sip.stack import SipStack
from telephony.sip.store import BindingStore
from wallboard.store import TvLinkStore

log = logging.getLogger(__name__)

MEDIA_WITHIN_S = 10.0
SILENT_S = 1.0
"Before a silence counts that began while there was no core."
WATCH_LINES_S = 5.0
FIRST_SWEEP_S = 60.0
SWEEP_S = 24 * 3600.0
"Between two looks for recordings whose time is over."
SWEEP_AGAIN_S = 600.0
"When database or store were away."
TIDY_EVERY_S = 3600.0
WATCH_TALKS_S = 1.0
TURNS_OF_TALKS = (
    CallBridged,
    CallEnded,
    TalkTransferred,
    RecordingPaused,
    RecordingResumed,
    CardEntryStarted,
    CardEntryEnded,
)
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
        self._places = Places(settings.data_path)
        self._tasks = Tasks(lambda sentence: self._tell(MediaTroubled(sentence)))
        self._closing = AsyncExitStack()
        self._clients = [
            MediaClient(str(self._places.media_socket(number)), partial(self._on_media, number))
            for number in range(workers)
        ]
        self._media = MediaPort(self._clients)
        self._metrics = CoreMetrics(self._read_gauges, number_rules(settings).names)
        self._early_media: list[tuple[int, MediaEvent]] = []
        "What the workers tell before the calls that it is about are taken over."
        self._has_taken_over = False

    # -- start and end ---------------------------------------------------------------------------

    async def open(self) -> None:
        """Returns when callers are answered."""
        await self._open_disk()
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
        await self._recordings.finish_chores()
        await self._bindings.flush()
        await self._party_store.flush()
        await self._tasks_service.flush()
        await self._learning.flush()
        await self._tasks.close()
        await self._closing.aclose()

    async def _open_disk(self) -> None:
        settings = self._settings
        engine = make_engine(settings.database_url)
        self._closing.push_async_callback(engine.dispose)
        await create_schema(engine)
        sessions = make_sessions(engine)
        self._users = UserStore(engine)
        self._journal = await Journal.open(
            settings.journal_path,
            CODEC,
            on_trouble=self._on_journal_trouble,
        )
        self._past_keeper = PastKeeper(past_file(self._places.kept_history), self._journal)
        self._journal.subscribe(lambda record: self._metrics.on_event(record.event))
        self._closing.push_async_callback(self._journal.close)
        self._conductor = Conductor(self._journal.publish)
        self._binding_store = BindingStore(sessions)
        self._bindings: WriteBehind[tuple[str, bytes]] = WriteBehind(
            "bindings", self._binding_store.save
        )
        self._tasks.start("bindings", self._bindings.run)
        self._party_store = PartyStore(sessions)
        self._parties = PartyBook(await self._party_store.load(), self._party_store.save)
        self._tasks.start("parties", self._party_store.run)
        self._archives = ArchiveStore(sessions)
        self._marks = MarksDesk(
            settings.recordings_path, MarkStore(sessions), clock.utc_now, clock.monotonic_s
        )
        self._tv_links = TvLinkStore(sessions)
        store, quality = RecordingStore(sessions), QualityStore(sessions)
        self._recording_store = store
        self._search = SearchStore(sessions)
        self._recordings = RecordingService(
            recording_options(settings),
            store,
            self._tell,
            self._is_media_near_limit,
            finish=self._finish_recordings,
            archive_key=self._archives.find_key,
            priority_of=self._transcribe_priority,
            chance=random.SystemRandom().random,
            keep_voices=quality.keep_voices,
        )
        self._marks.also = self._recordings.also
        self._archive_desk = ArchiveDesk(
            archive_options(settings),
            self._archives,
            self._marks.comment_of,
            self._is_media_near_limit,
            clock.monotonic_s,
            archive_shelf(settings).delete,
            self._tell,
        )
        await self._archive_desk.open()
        self._vault_store = VaultStore(sessions)
        self._vault = Vault(
            settings.recordings_path,
            archive_shelf(settings),
            self._vault_store,
            certificates(settings),
            self._tell,
            clock.utc_now,
        )
        self._quality = QualityDesk(
            settings.quality_packs, store, quality, self._journal.reader, self._tell
        )
        self._inspections = InspectionDesk(
            InspectionParts(
                InspectionStore(sessions),
                store,
                FormBook(settings.folder).form,
                self._tell,
                clock.utc_now,
                random.SystemRandom(),
            )
        )
        self._messages = Messages(self._recordings, self._tell)
        self._tasks_service = TaskService(
            task_options(settings), TaskStore(sessions), self._tell, clock.utc_now
        )
        self._tasks.start("tasks", self._tasks_service.run)
        self._heard_store = HeardStore(sessions)
        self._forget_deleted = forgetting(sessions)

    async def _finish_recordings(self, closed: Sequence[Closed]) -> None:
        await self._marks.finish(closed)
        await self._archives.queue(*(recording.recording_id for recording, _ in closed))

    async def _sweep(self) -> None:
        """Once a day, the first time when the start is over."""
        await asyncio.sleep(FIRST_SWEEP_S)
        while True:
            try:
                await self._vault.sweep(self._retention.days)
            except Unavailable as error:
                log.warning("retention waits: %s", error)
                await asyncio.sleep(SWEEP_AGAIN_S)
            else:
                await asyncio.sleep(SWEEP_S)

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
        settings = self._settings
        self._rules = house_rules(settings)
        self._media_book = media_book(settings)
        self._endpoint = SipEndpoint(
            self._make_stack(), self._sockets, self._on_sip, tls=settings.tls_files()
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
            self._parties,
            self._tell,
            asyncio.get_running_loop().time,
            self._numbers.__contains__,
            lambda phone, dialled: self._dialled_monitors.find(phone, dialled),
        )
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
        self._lookups = HttpLookups(lookup_options(settings))
        self._ivr = IvrDriver(Ivr(settings.flows, hours=settings.hours), self._do_ivr)
        self._learning = Learning(
            settings,
            self._heard_store,
            self._ivr,
            self._journal,
            self._tell,
            self._party_of_call,
            clock.utc_now,
        )
        self._tasks.start("heard", self._learning.run)
        self._join_speech()
        self._journey = Journey(
            self._rules,
            Parts(
                control=self._switchboard,
                ivr=self._ivr,
                floor=self._floor,
                prompts=self._prompts,
                recorder=self._recordings,
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
        accounts = {phone.id for phone in settings.phones}
        self._dialled_monitors = DialledMonitors(
            self._rules,
            self._floor,
            MonitorActions(self._floor, self._switchboard, self._tell, accounts),
            {phone.id for phone in (*settings.agents, *settings.phones) if phone.monitors},
            self._tell,
        )
        self._lines = LineDesk(
            carried_lines(settings),
            self._sockets,
            self._switchboard,
            self._tell,
            asyncio.get_running_loop().time,
        )
        listen = self._conductor.listen
        listen(Narrator(asyncio.get_running_loop().time).on_event, *NARRATED)
        listen(self._regulars.on_event, *TALKS)
        self._recording_marks = RecordingMarks(self._marks)
        listen(self._recording_marks.on_event)
        listen(self._journey.on_event)
        listen(self._look_at_talks, *TURNS_OF_TALKS)
        listen(self._forget_placement, CallEnded)
        listen(self._messages.on_event, RecordingEnded)
        listen(self._tasks_service.on_event, *TASK_KINDS)
        listen(CallClasses(self._recordings.classify).on_event, *CLASS_KINDS)
        listen(self._quality.on_event, TranscriptReady)
        live = self._make_live()
        flows = FlowReload(
            settings, self._learning, self._prompts, self._lookups, self._synthesiser
        )
        settings_lock = asyncio.Lock()
        self._emergency = EmergencyDesk(
            settings, self._journey, self._prompts, self._journal, self._tell, clock.utc_now
        )
        self._closing.callback(self._emergency.close)
        boards = BoardReload(settings, self._tell)
        live_actions = LiveActions(
            live, self._journal, self._tell, settings_lock, self._journey.emergency.words
        )
        self._queues = LiveQueues(live_actions, live, self._journey.speaks_of)
        listen(self._queues.on_event, *EMPTIES)
        self._retention = RetentionReload(settings, live.with_gone_queues)
        alarms = AlarmReload(settings, self._tell)
        parts: list[Reloadable] = [live, flows, self._emergency, self._quality, boards]
        parts += [self._retention, alarms]
        self._reloader = Reloader(self._configured, parts, self._journal, self._tell, settings_lock)
        self._answers = Answers(
            self._journal,
            self._floor,
            self._recordings,
            self._archive_desk,
            self._metrics,
            Actions(
                self._floor,
                self._switchboard,
                self._journal,
                self._tell,
                TalkActions(self._journey, self._tell),
                WaitActions(self._floor, self._journey.find, self._tell, settings.order.tiers),
                CallbackActions(self._journey.callbacks, self._tell),
                RecordingActions(self._journey, self._tell),
                AlarmActions(self._tell),
                TaskActions(
                    self._tasks_service, self._journey.callbacks, self._switchboard, self._tell
                ),
                pause_reasons=settings.pause_reasons,
                auto_ready=settings.auto_ready,
                phones=accounts,
            ),
            Eraser(
                self._parties,
                self._party_store,
                self._journal,
                self._tell,
                CallersDataFinder(self._journal.reader, self._vault_store),
                self._vault,
                self._vault_store,
                self._cancel_callback,
                [self._learning.erase, self._tasks_service.erase],
                self._forget_deleted,
            ),
            self._lines,
            live_actions,
            self._queues,
            self._reloader,
            AccountActions(self._users, self._journal, self._tell),
            TvActions(self._tv_links, self._journal, self._tell, lambda: boards.now),
            boards,
            self._emergency,
            self._ivr,
            self._learning,
            self._quality,
            self._inspections,
            TranscriptionActions(
                self._recordings.transcription, self._search, self._journal, self._tell
            ),
            HearingDesk(self._tell, clock.monotonic_s),
            HoldActions(self._vault, self._vault_store, self._recording_store, self._journal),
            RefusalDesk(self._tell, clock.monotonic_s),
            alarms,
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
            listener=self._speech,
            messages=self._messages,
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
            ),
        )

    async def _speak_numbers(self, numbers: Sequence[str]) -> None:
        async with self._synthesiser:
            for number in numbers:
                for problem in await self._prompts.add_agent(number):
                    log.error("%s", problem)

    def _join_speech(self) -> None:
        """The line finds a listener where a flow needs one; without one, questions fail at once."""
        line = ListenerLine(self._places.listener_socket, self._on_listener, self._on_listener_lost)
        self._speech = SpeechDesk(
            str(self._places.live_socket),
            line.send,
            self._media.ask,
            self._switchboard.find_caller_leg,
            asyncio.get_running_loop().call_soon,
        )
        self._live_talks = LiveTalks(
            str(self._places.live_socket),
            line.send,
            self._media.ask,
            self._find_live_talks,
            self._is_media_near_limit,
            asyncio.get_running_loop().time,
            self._settings.recordings.most_live,
        )
        if self._settings.listens or self._settings.follows:
            self._tasks.start("listener", line.run, OnFailure.RESTART)

    def _on_listener(self, message: FromListener) -> None:
        self._speech.on_message(message)
        self._live_talks.on_message(message)

    def _on_listener_lost(self) -> None:
        self._speech.listener_lost()
        self._live_talks.listener_lost()

    def _find_live_talks(self) -> Iterator[LiveTalk]:
        """Of the queues whose talks are shown while they go on."""
        if not any(rule.live_transcript for rule in self._rules.queues.values()):
            return
        for call_id in self._switchboard.call_ids():
            legs, contact = self._switchboard.find_talk_legs(call_id), self._journey.find(call_id)
            if legs is None or contact is None or contact.queue is None:
                continue
            rule = self._rules.queues[contact.queue]
            # What is not to be kept is not to be read either.
            is_private = contact.declined or contact.pauses or contact.card is not None
            if rule.live_transcript and not is_private:
                spoken = (contact.language,) if contact.language else rule.languages
                yield LiveTalk(call_id, *legs, spoken)

    def _look_at_talks(self, _event: HouseEvent) -> None:
        """A talk that begins, is paused or ends is not to wait for the next second."""
        self._live_talks.watch()

    async def _watch_talks(self) -> None:
        while True:
            self._live_talks.watch()
            await asyncio.sleep(WATCH_TALKS_S)

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
            secret=derive_key(settings.data_path, "sip nonces"),
            random=random.SystemRandom(),
        )

    def _trunk_secret(self) -> bytes:
        return derive_key(self._settings.data_path, "tokens of trunks")

    async def _take_over(self) -> None:
        """Go on with what the last core left; what can't go on is ended, exactly once."""
        await self._wait_for_media()
        stack, now = self._endpoint.stack, self._endpoint.now
        stored = (await self._binding_store.all()).items()
        present = {aor for aor, data in stored if stack.restore_bindings(aor, data, now)}
        taking_over = TakeOver(
            journal=self._journal,
            keeper=self._past_keeper,
            clients=self._clients,
            media_port=self._media,
            endpoint=self._endpoint,
            switchboard=self._switchboard,
            floor=self._floor,
            journey=self._journey,
            recordings=self._recordings,
            marks=self._marks,
            recording_marks=self._recording_marks,
            rules=self._rules,
            tell=self._tell,
            # Messages last: of what they tell the tasks must know the calls.
            others=[self._tasks_service, self._messages],
        )
        await taking_over.run(present, self._early_media)
        self._tasks.start("recordings", self._recordings.run)
        self._tasks.start("retention", self._sweep, OnFailure.RESTART)
        self._tasks.start("quality", self._quality.run, OnFailure.RESTART)
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
            self._journal,
        )
        self._tasks.start("regulars", self._learn_regulars, OnFailure.RESTART)
        self._tasks.start("kept-past", self._past_keeper.run, OnFailure.RESTART)
        self._tasks.start("loop-lag", self._metrics.watch_lag)
        self._tasks.start("lines", self._watch_lines)
        self._tasks.start("tidy", self._tidy)
        if self._settings.follows:
            self._tasks.start("live-talks", self._watch_talks)
        await self._endpoint.start()
        self._gateway.start()

    async def _learn_regulars(self) -> None:
        """Beside the calls: days of records are read, which no caller is to wait for."""
        if self._regulars.reach_s:
            since = clock.utc_now() - timedelta(seconds=self._regulars.reach_s)
            kinds = self._journal.reader.of_kinds(LEARNT_OF, since, LEARNT_ROWS, LEARN_PAUSE_S)
            await self._regulars.learn(kinds)

    async def _tidy(self) -> None:
        """What was kept for long enough is forgotten."""
        while True:
            kept = timedelta(days=self._settings.tasks.keep_days)
            try:
                await self._tasks_service.forget_done(clock.utc_now() - kept)
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
            self._bindings.put((event.aor, event.bindings))
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
            journal_seq=self._journal.last_seq,
            journal_backlog=self._journal.backlog_rows,
            journal_lost=self._journal.lost_rows,
            database_backlog={
                "bindings": len(self._bindings),
                "parties": self._party_store.waiting,
            },
            trunks={
                name: TrunkReading(state=state, calls_out=self._gateway.count(name))
                for name, (state, _) in self._gateway.states().items()
            },
            media={number: _reading(client) for number, client in enumerate(self._clients)},
            lines=self._lines.readings(),
            queues={queue: self._read_queue(queue) for queue in self._rules.queues},
            transcription=self._recordings.progress(most_jobs=0),
            shelf=self._archive_desk.shelf_now,
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
