"""`/api/v1/recordings`: lists, audio by ranges, transcripts; every refusal is a sentence."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import numpy as np
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from foundation.errors import CallCentreError, NotAllowed, Unavailable
from foundation.ids import RecordingId
from recordings import wav
from recordings.api import recordings_router
from recordings.archiving.archive import FolderShelf
from recordings.archiving.archive_desk import ArchiveDesk
from recordings.archiving.archive_messages import Reply
from recordings.archiving.archive_messages import Request as ArchiveRequest
from recordings.archiving.archive_options import ArchiveOptions
from recordings.archiving.archive_store import ArchiveStore
from recordings.archiving.archiver import Archiver, ArchiverOptions
from recordings.archiving.flac import FlacAudio
from recordings.events import Hearing
from recordings.marking.marks import Mark, MarkKind
from recordings.marking.marks_desk import MarksDesk
from recordings.marking.marks_store import MarkStore
from recordings.playing.audio_api import AudioPlaces, audio_router
from recordings.recogniser import Word
from recordings.recording import SideTranscript, TranscriptState
from recordings.store import Ended, RecordingStore
from telephony.calls.events import Side
from tests.support.archive_house import voices
from tests.support.database import fresh_sessions, sqlite_file
from tests.support.recording_fakes import STARTED, recording
from tests.support.telephone_speech import write_wav

URL = "/api/v1/recordings"
ONE = RecordingId("r-1")
CALLER = SideTranscript(Side.CALLER, "en", (Word("hello", 0.5, 0.9, 0.98), Word("bye", 3, 3.5, 1)))
AGENT = SideTranscript(Side.AGENT, "zh", (Word("您好", 1.0, 1.5, 0.75),))


def supervisor_only(request: Request) -> None:
    if request.headers.get("x-role") != "supervisor":
        raise NotAllowed("recordings are for supervisors")


async def sentence(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, CallCentreError)
    return JSONResponse({"detail": str(error)}, error.http_status)


@dataclass
class Site:
    http: httpx.AsyncClient
    store: RecordingStore
    folder: Path
    places: AudioPlaces
    heard: list[tuple[RecordingId, str, Hearing]]
    is_core_away: bool = False

    async def note(self, recording_id: RecordingId, by: str, how: Hearing) -> None:
        if self.is_core_away:
            raise Unavailable("Core is away.")
        self.heard.append((recording_id, by, how))

    async def ended(self, number: int = 1) -> RecordingId:
        """A recording of one second whose transcript is waited for."""
        stored = recording(number)
        await self.store.add(stored)
        write_wav(self.folder / stored.file, np.ones((8000, 2), np.int16))
        await self.store.end(Ended(stored.recording_id, 1.0, True, TranscriptState.QUEUED))
        return stored.recording_id


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with fresh_sessions(sqlite_file(tmp_path)) as sessions:
        store = RecordingStore(sessions)
        app = FastAPI()
        app.add_exception_handler(CallCentreError, sentence)
        places = AudioPlaces(
            folder=tmp_path,
            shelf=FolderShelf(tmp_path),
            archives=ArchiveStore(sessions),
            marks=MarkStore(sessions),
        )
        app.include_router(recordings_router(store, ZoneInfo("Asia/Shanghai"), supervisor_only))
        site = Site(httpx.AsyncClient(), store, tmp_path, places, [])
        app.include_router(audio_router(store, places, supervisor_only, site.note, lambda: "sue"))
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app),
            base_url="http://centre",
            headers={"x-role": "supervisor"},
        ) as http:
            site.http = http
            yield site


@pytest.mark.parametrize(
    "path", ["", "/r-1", "/r-1/audio", "/r-1/peaks", "/r-1/marks", "/r-1/transcript"]
)
async def test_every_route_is_guarded(site: Site, path: str) -> None:
    await site.ended()

    answer = await site.http.get(URL + path, headers={"x-role": "agent"})

    assert answer.status_code == 403


async def test_a_recording_is_described(site: Site) -> None:
    await site.ended()

    assert (await site.http.get(f"{URL}/r-1")).json() == {
        "id": "r-1",
        "call_id": "c-1",
        "agent_id": "agent0001",
        "queue": "orders",
        "started": "2026-03-01T09:30:00Z",
        "duration_s": 1.0,
        "complete": True,
        "caller_language": "en",
        "agent_language": "zh",
        "transcript": "queued",
        "transcript_problem": "",
    }


@pytest.mark.parametrize("path", ["", "/audio", "/transcript"])
async def test_what_is_not_there_is_a_404_with_its_name(site: Site, path: str) -> None:
    answer = await site.http.get(f"{URL}/r-9{path}")

    assert answer.status_code == 404
    assert "r-9" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", [3, 2, 1]),
        ("?call_id=c-2", [2]),
        ("?agent_id=a2&queue=support", [2]),
        ("?date=2026-03-01", [1]),
        ("?date=2026-03-02", [3, 2]),
        ("?limit=1&offset=1", [2]),
    ],
)
async def test_the_list_is_filtered_and_paged(site: Site, query: str, numbers: list[int]) -> None:
    await site.store.add(recording(1))
    # 16:00 UTC is midnight in Shanghai, where the centre is.
    midnight = STARTED.replace(hour=16, minute=0)
    await site.store.add(recording(2, call="c-2", agent="a2", queue="support", started=midnight))
    await site.store.add(recording(3, call="c-3", started=midnight + timedelta(hours=3)))

    page = (await site.http.get(URL + query)).json()

    assert [item["id"] for item in page["items"]] == [f"r-{n}" for n in numbers]
    assert page["total"] == (3 if "limit" in query or not query else len(numbers))


@pytest.mark.parametrize("query", ["?limit=0", "?limit=501", "?offset=-1", "?date=yesterday"])
async def test_a_query_that_makes_no_sense_is_a_422(site: Site, query: str) -> None:
    assert (await site.http.get(URL + query)).status_code == 422


async def test_audio_is_the_whole_wav(site: Site) -> None:
    await site.ended()

    answer = await site.http.get(f"{URL}/r-1/audio")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "audio/wav"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.content == (site.folder / "r-1.wav").read_bytes()


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [("bytes=0-43", 0, 44), ("bytes=1000-", 1000, None), ("bytes=-100", -100, None)],
)
async def test_a_range_of_the_audio_is_a_206(
    site: Site, asked: str, start: int, end: int | None
) -> None:
    await site.ended()
    whole = (site.folder / "r-1.wav").read_bytes()

    answer = await site.http.get(f"{URL}/r-1/audio", headers={"range": asked})

    assert answer.status_code == 206
    assert answer.content == whole[start:end]
    assert answer.headers["content-range"].endswith(f"/{len(whole)}")


async def test_a_range_behind_the_end_is_a_416_with_the_size(site: Site) -> None:
    await site.ended()

    answer = await site.http.get(f"{URL}/r-1/audio", headers={"range": "bytes=99999-"})

    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{44 + 32000}"


async def test_audio_of_a_talk_that_goes_on_is_a_409(site: Site) -> None:
    await site.store.add(recording(1))

    for path in ("audio", "transcript"):
        answer = await site.http.get(f"{URL}/r-1/{path}")
        assert answer.status_code == 409
        assert answer.json() == {"detail": "recording 'r-1' is still being made"}


async def test_audio_whose_file_was_removed_is_a_404(site: Site) -> None:
    await site.ended()
    (site.folder / "r-1.wav").unlink()

    assert (await site.http.get(f"{URL}/r-1/audio")).status_code == 404


async def test_a_transcript_has_both_sides_words_in_time(site: Site) -> None:
    await site.ended()
    await site.store.save_transcript(ONE, [CALLER, AGENT])

    transcript = (await site.http.get(f"{URL}/r-1/transcript")).json()

    assert (transcript["caller"], transcript["caller_language"]) == ("hello bye", "en")
    assert (transcript["agent"], transcript["agent_language"]) == ("您好", "zh")
    assert [(w["side"], w["text"], w["start"]) for w in transcript["words"]] == [
        ("caller", "hello", 0.5),
        ("agent", "您好", 1.0),
        ("caller", "bye", 3.0),
    ]
    assert transcript["words"][1] == {
        "text": "您好",
        "start": 1.0,
        "end": 1.5,
        "confidence": 0.75,
        "side": "agent",
    }


async def test_a_transcript_that_is_not_there_yet_or_never_is_a_409_that_says_why(
    site: Site,
) -> None:
    await site.ended()
    early = await site.http.get(f"{URL}/r-1/transcript")
    await site.store.give_up(ONE, "no model")
    never = await site.http.get(f"{URL}/r-1/transcript")

    assert (early.status_code, never.status_code) == (409, 409)
    assert early.json()["detail"] == "recording 'r-1' has not been transcribed yet"
    assert never.json()["detail"] == "recording 'r-1' could not be transcribed: no model"


# -- archived audio ------------------------------------------------------------------------------


async def archived(site: Site, frames: np.ndarray) -> bytes:
    """Recording r-1 with a pause from 0.5 s to 0.75 s, archived; gives its WAV as it was."""
    stored = recording(1)
    await site.store.add(stored)
    write_wav(site.folder / stored.file, frames)
    await site.places.marks.save(ONE, [Mark(1, MarkKind.PAUSE, 0.5, 0.75)])
    desk = MarksDesk(site.folder, site.places.marks, lambda: STARTED, lambda: 0.0)
    await desk.finish([(stored, wav.inspect(site.folder / stored.file))])
    whole = (site.folder / stored.file).read_bytes()
    await site.store.end(Ended(ONE, len(frames) / 8000, True, TranscriptState.NONE))
    await site.places.archives.queue(ONE)
    options = ArchiveOptions(recordings=site.folder)
    core = ArchiveDesk(options, site.places.archives, desk.comment_of, lambda: False, lambda: 0.0)

    class Line:
        async def ask(self, message: ArchiveRequest) -> Reply:
            return await core.answer(message)

    worker = ArchiverOptions(worker="archiver", run="1", recordings=site.folder)
    await Archiver(worker, Line(), site.places.shelf).work_once()
    assert not (site.folder / stored.file).exists()
    return whole


async def test_archived_audio_is_served_as_the_wav_that_it_was(site: Site) -> None:
    whole = await archived(site, voices(2.5))

    answer = await site.http.get(f"{URL}/r-1/audio")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "audio/wav"
    assert answer.headers["content-length"] == str(len(whole))
    assert answer.content == whole


async def test_any_range_of_archived_audio_is_that_of_the_wav(site: Site) -> None:
    whole = await archived(site, voices(1.1))
    size = len(whole)
    ranges = [(0, 43), (0, 0), (40, 50), (45, 46), (1001, 9999), (size - 70, size - 1)]
    for start, end in ranges:
        answer = await site.http.get(f"{URL}/r-1/audio", headers={"range": f"bytes={start}-{end}"})
        assert answer.status_code == 206
        assert answer.headers["content-range"] == f"bytes {start}-{end}/{size}"
        assert answer.content == whole[start : end + 1]


@pytest.mark.parametrize(
    ("query", "accept"),
    [("?format=flac", "*/*"), ("", "audio/flac"), ("", "audio/flac, text/html")],
)
async def test_flac_is_served_to_who_asks_for_it(site: Site, query: str, accept: str) -> None:
    spoken = voices(1)
    await archived(site, spoken)

    answer = await site.http.get(f"{URL}/r-1/audio{query}", headers={"accept": accept})

    assert answer.headers["content-type"] == "audio/flac"
    with FlacAudio(BytesIO(answer.content), "answer") as audio:
        assert np.array_equal(audio.read(0, 8000), spoken)


async def test_flac_of_what_is_not_archived_is_a_conflict(site: Site) -> None:
    await site.ended()

    answer = await site.http.get(f"{URL}/r-1/audio?format=flac")

    assert answer.status_code == 409
    assert "has not been archived yet" in answer.json()["detail"]


async def test_range_of_a_file_that_has_changed_gives_the_whole_one(site: Site) -> None:
    await site.ended()
    whole = await site.http.get(f"{URL}/r-1/audio")
    asked = {"range": "bytes=0-9"}

    same = await site.http.get(
        f"{URL}/r-1/audio", headers={**asked, "if-range": whole.headers["etag"]}
    )
    other = await site.http.get(f"{URL}/r-1/audio", headers={**asked, "if-range": '"another"'})

    assert (same.status_code, other.status_code) == (206, 200)


async def test_peaks_are_alike_before_and_after_the_archive(site: Site) -> None:
    await site.ended(2)
    spoken = voices(1)
    await archived(site, spoken)
    binary = {"accept": "application/octet-stream"}

    kept = await site.http.get(f"{URL}/r-1/peaks", headers=binary)
    fresh = await site.http.get(f"{URL}/r-2/peaks")

    assert len(kept.content) == 4 * 20
    assert fresh.json() == {"peak_ms": 50, "caller": [[0, 0]] * 20, "agent": [[0, 0]] * 20}


async def test_marks_are_told_in_seconds_of_the_recording(site: Site) -> None:
    await archived(site, voices(1))

    answer = await site.http.get(f"{URL}/r-1/marks")

    mark = {"kind": "pause", "from_s": 0.5, "to_s": 0.75, "side": "", "party": ""}
    assert answer.json() == [mark]


# -- the audit -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "how"),
    [
        ({}, Hearing.DOWNLOAD),
        ({"range": "bytes=0-"}, Hearing.LISTEN),
        ({"sec-fetch-dest": "audio"}, Hearing.LISTEN),
    ],
)
async def test_who_hears_is_noted(site: Site, headers: dict[str, str], how: Hearing) -> None:
    await site.ended()
    await site.http.get(f"{URL}/r-1/audio", headers=headers)

    assert site.heard == [(ONE, "sue", how)]


async def test_no_audio_without_its_line_in_the_audit(site: Site) -> None:
    await site.ended()
    site.is_core_away = True
    answer = await site.http.get(f"{URL}/r-1/audio")

    assert answer.status_code == 503
    assert answer.json() == {"detail": "Core is away."}


async def test_what_is_not_there_is_not_noted(site: Site) -> None:
    assert (await site.http.get(f"{URL}/r-1/audio")).status_code == 404
    assert site.heard == []
