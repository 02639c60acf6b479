"""The web process: python -m callcenter.roles.web FOLDER"""

import signal
import sys
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import uvicorn
from fastapi import FastAPI

from callcenter.asks import NoteHeard
from callcenter.call_record import call_record_router
from callcenter.codec import CODEC
from callcenter.core_line import CoreLine, WebCore
from callcenter.holds_api import holds_router
from callcenter.live_api import live_router
from callcenter.pages import LIVE, PAGES, RECORDINGS, STATIC, TRANSCRIPTION
from callcenter.places import Places
from callcenter.records_api import records_router
from callcenter.rules import archive_shelf, directory, phone_options
from callcenter.search_api import search_router
from callcenter.secret import derive_key
from callcenter.settings import Settings, load
from callcenter.transcription_api import transcription_router
from foundation import clock
from foundation.db import make_engine, make_sessions
from foundation.errors import Unavailable
from foundation.ids import RecordingId
from foundation.journal import JournalReader
from foundation.log import set_up
from foundation.web.api import SignedIn, require_role
from foundation.web.app import WebOptions
from foundation.web.frame import FrameOptions, page_routes
from foundation.web.gate import GateOptions
from foundation.web.sessions import SessionOptions
from foundation.web.store import UserStore
from foundation.web.users import Role
from recordings.api import recordings_router
from recordings.archive_store import ArchiveStore
from recordings.audio_api import AudioPlaces, audio_router
from recordings.events import Hearing
from recordings.marks_store import MarkStore
from recordings.search_store import SearchStore
from recordings.store import RecordingStore
from recordings.vault_store import VaultStore
from telephony.calls.store import PartyStore
from wallboard.directory import Directory
from wallboard.pages import phone_pages
from wallboard.web_role import BoardOptions, build

HEARERS = (Role.TEAM_LEAD, Role.INSPECTOR, Role.SUPERVISOR, Role.ADMINISTRATOR)
"Who may hear recordings and read transcripts."
LOOKERS = (Role.INSPECTOR, Role.SUPERVISOR, Role.ADMINISTRATOR)
"Who may see how far the transcripts are."
CHANGERS = (Role.SUPERVISOR, Role.ADMINISTRATOR)
"Who may change skills and queues while calls go on."
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
    recordings = recordings_router(RecordingStore(sessions), zone, require_role(*HEARERS))
    audio = audio_router(
        RecordingStore(sessions),
        AudioPlaces(
            folder=settings.recordings_path,
            shelf=archive_shelf(settings),
            archives=ArchiveStore(sessions),
            marks=MarkStore(sessions),
        ),
        require_role(*HEARERS),
        partial(note_heard, line),
        user_id,
    )
    records = records_router(
        JournalReader(settings.journal_path, CODEC),
        PartyStore(sessions).numbers,
        zone,
        require_role(*ACCOUNTANTS),
        clock.utc_now,
    )

    async def known_directory() -> Directory:
        """As core serves it; while core is away, as the configuration has it."""
        try:
            return await line.directory()
        except Unavailable:
            return directory(settings)

    return build(
        line,
        UserStore(engine),
        BoardOptions(
            web=WebOptions(
                session=SessionOptions(key=key),
                gate=gate_options(settings),
                frame=FrameOptions(pages=PAGES, timezone=settings.timezone),
            ),
            directory=directory(settings),
            zone=zone,
            read_directory=line.directory,
            read_accuracies=line.accuracies,
            words_socket=places.words_socket,
        ),
        extra_routers=[
            recordings,
            audio,
            holds_router(line, VaultStore(sessions), require_role(*CHANGERS)),
            call_record_router(line),
            records,
            live_router(line, require_role(*CHANGERS)),
            search_router(SearchStore(sessions), known_directory, zone, require_role(*HEARERS)),
            transcription_router(
                line, RecordingStore(sessions), require_role(*LOOKERS), require_role(*CHANGERS)
            ),
            phone_pages(phone_options(settings)),
            page_routes(LIVE, STATIC / "live"),
            page_routes(RECORDINGS, STATIC / "recordings"),
            page_routes(TRANSCRIPTION, STATIC / "transcription"),
        ],
        metrics_sources=[line.metrics],
    )


async def note_heard(line: WebCore, recording_id: RecordingId, by: str, how: Hearing) -> None:
    await line.request(NoteHeard(recording_id, by, how))


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
    uvicorn.run(
        application(settings),
        host=listener.host,
        port=listener.port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=2,
    )


if __name__ == "__main__":
    main()
