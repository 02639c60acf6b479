"""The web process: python -m callcenter.roles web FOLDER"""

import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import date
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import uvicorn
from fastapi import APIRouter, FastAPI

from callcenter.actions.refusals import is_audited
from callcenter.asks import (
    ChangeAccounts,
    NoteHeard,
    NoteRefused,
    ReadAlarmRules,
    ReadFlows,
    RescoreTalks,
)
from callcenter.codec import CODEC
from callcenter.configuration.alarm_settings import AlarmSection, rules_of
from callcenter.configuration.settings import Settings, load
from callcenter.core_line import CoreLine, WebCore
from callcenter.places import Places
from callcenter.records.call_rows import rows_of_call
from callcenter.records.past_day import read_past
from callcenter.records.records_csv import Days
from callcenter.rules.alarms import alarm_ways
from callcenter.rules.recordings import archive_shelf
from callcenter.rules.screens import directory, phone_options
from callcenter.secret import derive_key
from callcenter.web.call_record import call_record_router
from callcenter.web.console_api import ConsoleOptions, console_router
from callcenter.web.emergency_api import emergency_router
from callcenter.web.hearing import hearing_guard
from callcenter.web.history_api import History, history_router
from callcenter.web.holds_api import holds_router
from callcenter.web.inspection_rights import may_see
from callcenter.web.live_api import live_router
from callcenter.web.message_files import MessageFiles
from callcenter.web.pages import (
    FLOWS,
    LIVE,
    PAGES,
    PLAYER,
    QUALITY,
    RECORDINGS,
    STATIC,
    TASKS,
    TRANSCRIPTION,
)
from callcenter.web.quality_book import QualityBook
from callcenter.web.records_api import records_router
from callcenter.web.search_api import search_router
from callcenter.web.transcription_api import transcription_router
from callcenter.web.triage_api import triage_router
from callcenter.web.tv_api import tv_router
from callcenter.web.whose_calls import story_guard
from desk.store import TaskStore
from foundation import clock
from foundation.db import make_engine, make_sessions
from foundation.errors import Unavailable
from foundation.ids import AgentId, CallId, RecordingId
from foundation.journal import JournalReader, to_record
from foundation.log import set_up
from foundation.record import Record
from foundation.web.api import SignedIn, require_role, signed_in
from foundation.web.app import WebOptions
from foundation.web.frame import FrameOptions, page_routes
from foundation.web.gate import GateOptions
from foundation.web.server import server_config
from foundation.web.sessions import SessionOptions
from foundation.web.store import UserStore
from foundation.web.users import Role, User
from ivr.store import HeardStore
from recordings.api import Guard, recordings_router
from recordings.archiving.archive_store import ArchiveStore
from recordings.erasing.vault_store import VaultStore
from recordings.events import Hearing
from recordings.inspection.api import InspectionApi, inspection_router
from recordings.inspection.form import FormBook
from recordings.inspection.store import InspectionStore
from recordings.marking.marks_store import MarkStore
from recordings.playing.audio_api import AudioPlaces, Player, audio_router
from recordings.quality.api import quality_router
from recordings.quality.store import QualityStore
from recordings.searching.search_store import SearchStore
from recordings.store import RecordingStore
from telephony.calls.store import PartyStore
from wallboard.alarms.alarm_plan import WAYS, AlarmPlan
from wallboard.directory import Directory
from wallboard.host import look_at_disk
from wallboard.pages import STATIC as BOARD_PAGES
from wallboard.pages import phone_pages
from wallboard.routes.flow_api import flow_routes
from wallboard.routes.task_api import task_routes
from wallboard.screens.store import TvLinkStore
from wallboard.snapshot import Keeping, board_file
from wallboard.web_role import BoardOptions, build

HEARERS = (Role.TEAM_LEAD, Role.INSPECTOR, Role.SUPERVISOR, Role.ADMINISTRATOR)
"Who may look at what was said and judged; a team lead at the own team's."
INSPECTORS = (Role.INSPECTOR, Role.SUPERVISOR, Role.ADMINISTRATOR)
"Who may try rules and have talks judged again."
LOOKERS = (Role.INSPECTOR, Role.SUPERVISOR, Role.ADMINISTRATOR)
"Who may see how far the transcripts are."
CHANGERS = (Role.SUPERVISOR, Role.ADMINISTRATOR)
"Who may change skills and queues while calls go on, and make TV links."
ACCOUNTANTS = (Role.SUPERVISOR, Role.ADMINISTRATOR)
"Who may read callers' numbers."


def application(settings: Settings, core: WebCore | None = None) -> FastAPI:
    """Everything that is served over HTTP. `core`: another than the one at the centre's socket."""
    engine = make_engine(settings.database_url)
    sessions = make_sessions(engine)
    zone = ZoneInfo(settings.timezone)
    key = derive_key(settings.data_path, "web sessions")
    places = Places(settings.data_path)
    line = core or CoreLine(places.core_socket)

    async def known_directory() -> Directory:
        """As core serves it; while core is away, as the configuration has it."""
        try:
            return await line.directory()
        except Unavailable:
            return directory(settings)

    store = RecordingStore(sessions)
    hearing = hearing_guard(
        store, known_directory, agents_hear_own=settings.recordings.agents_hear_own
    )
    recordings = recordings_router(store, zone, hearing)
    audio_places = AudioPlaces(
        folder=settings.recordings_path,
        shelf=archive_shelf(settings),
        archives=ArchiveStore(sessions),
        marks=MarkStore(sessions),
    )
    note = partial(note_heard, line)
    audio = audio_router(store, audio_places, hearing, note, user_id)
    messages = MessageFiles(store, Player(store, audio_places, note)).for_tasks()
    quality = quality_of(settings, line, store, QualityStore(sessions), hearing)
    journal = JournalReader(settings.journal_path, CODEC)
    parties = PartyStore(sessions)

    async def older_calls(call_id: CallId, day: date) -> list[Record[object]]:
        rows = await rows_of_call(journal, call_id, Days(day, day, zone).since)
        return [to_record(row, CODEC) for row in rows]

    records = records_router(
        journal,
        parties.numbers,
        zone,
        require_role(*ACCOUNTANTS),
        clock.utc_now,
    )

    return build(
        line,
        UserStore(engine),
        BoardOptions(
            web=WebOptions(
                session=SessionOptions(key=key),
                gate=gate_options(settings),
                begun_s=clock.utc_now().timestamp(),
                frame=FrameOptions(pages=PAGES, timezone=settings.timezone),
            ),
            directory=directory(settings),
            zone=zone,
            read_directory=line.directory,
            read_floor=line.floor,
            keeping=Keeping(board_file(places.kept_board, zone), journal.find),
            words_socket=places.words_socket,
            plans=settings.boards,
            read_plans=line.boards,
            rules=settings.alarm_rules,
            read_alarms=partial(read_alarms, line, settings.sip.domain),
            ways=alarm_ways(settings.alarms, settings.sip.domain),
            look_at_host=partial(look_at_disk, settings.recordings_path),
            read_tv_links=TvLinkStore(sessions).all,
            read_past=partial(read_past, journal, zone=zone),
        ),
        extra_routers=[
            recordings,
            call_record_router(line, older_calls, story_guard(known_directory)),
            history_router(
                History(
                    reader=journal,
                    numbers=parties.numbers,
                    zone=zone,
                    now=clock.utc_now,
                    directory=known_directory,
                )
            ),
            audio,
            holds_router(line, VaultStore(sessions), require_role(*CHANGERS)),
            records,
            live_router(line, require_role(*CHANGERS)),
            console_router(
                known_directory,
                ConsoleOptions(reasons=settings.pause_reasons, tiers=tuple(settings.order.tiers)),
            ),
            quality,
            inspections_of(settings, line, InspectionStore(sessions), known_directory),
            triage_router(line, HeardStore(sessions), require_role(*HEARERS)),
            emergency_router(line, require_role(Role.SUPERVISOR)),
            search_router(SearchStore(sessions), known_directory, zone, require_role(*HEARERS)),
            transcription_router(line, store, require_role(*LOOKERS), require_role(*CHANGERS)),
            tv_router(line, require_role(*CHANGERS)),
            phone_pages(phone_options(settings)),
            page_routes(TASKS, BOARD_PAGES / "tasks"),
            page_routes(FLOWS, BOARD_PAGES / "flows", below="{flow}"),
            page_routes(LIVE, STATIC / "live"),
            page_routes(RECORDINGS, STATIC / "recordings"),
            page_routes(PLAYER, STATIC / "player", assets="/player"),
            page_routes(QUALITY, STATIC / "quality"),
            page_routes(TRANSCRIPTION, STATIC / "transcription"),
        ],
        board_routers=lambda service: [
            task_routes(service, TaskStore(sessions), messages),
            flow_routes(service, partial(line.request, ReadFlows())),
        ],
        metrics_sources=[line.metrics],
        change=lambda change: line.request(ChangeAccounts(change)),
        on_end=engine.dispose,
        on_refused=partial(note_refused, line),
    )


def quality_of(
    settings: Settings,
    line: WebCore,
    recordings: RecordingStore,
    store: QualityStore,
    hearing: Guard,
) -> APIRouter:
    """Rules, verdicts and trials; only judging again is core's."""

    async def rescore(days: float, user: User) -> int:
        return await line.request(RescoreTalks(days=days, by=user.user_id))

    return quality_router(
        recordings,
        store,
        QualityBook(settings, clock.utc_now).desk(),
        require_role(*HEARERS),
        require_role(*INSPECTORS),
        hearing,
        rescore,
    )


def inspections_of(
    settings: Settings,
    line: WebCore,
    store: InspectionStore,
    read_directory: Callable[[], Awaitable[Directory]],
) -> APIRouter:
    """Inspectors' work; what they write is core's to keep."""

    async def seen_by(user: User) -> tuple[AgentId, ...] | None:
        return may_see(await read_directory(), user)

    return inspection_router(
        InspectionApi(
            line,
            store,
            FormBook(settings.folder).form,
            ZoneInfo(settings.timezone),
            seen_by,
            signed_in,
            require_role(*INSPECTORS),
        )
    )


async def note_heard(line: WebCore, recording_id: RecordingId, by: str, how: Hearing) -> None:
    await line.request(NoteHeard(recording_id, by, how))


async def note_refused(line: WebCore, by: str, method: str, path: str, why: str) -> None:
    """While core is away nothing is noted: who is refused gets nothing either way."""
    if is_audited(path):
        with suppress(Unavailable):
            await line.request(NoteRefused(by, f"{method} {path}", why))


async def read_alarms(line: WebCore, centre: str) -> AlarmPlan:
    """A core before this one tells the rules alone; who is told is then as it was."""
    told = await line.request(ReadAlarmRules())
    served = AlarmSection.model_validate_json(told)
    has_ways = {*WAYS} <= served.model_fields_set
    return AlarmPlan(rules_of(served), alarm_ways(served, centre) if has_ways else None)


def user_id(user: SignedIn) -> str:
    return user.user_id


def gate_options(settings: Settings) -> GateOptions:
    tokens = (token.get_secret_value() for token in settings.http.watch_tokens)
    return GateOptions(watch_tokens=frozenset(tokens))


def main() -> None:
    set_up("web")
    settings = load(Path(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's business
    listener = settings.http.listen
    config = server_config(
        application(settings), host=listener.host, port=listener.port, log_config=None
    )
    uvicorn.Server(config).run()
