"""A served centre whose recordings are in S3: they go there, are heard from there, and wait here
while the store is away."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from desk.events import TaskOpened
from ivr.events import VoicemailLeft, VoicemailStarted
from recordings.archiving.bucket import Bucket
from recordings.events import RecordingEnded, RecordingStarted
from telephony.calls.events import CallBridged
from tests.support.centre import Centre, served
from tests.support.programs import find_free_port
from tests.support.s3_server import S3Server
from tests.support.tones import tone

pytestmark = pytest.mark.e2e

MESSAGE = """\
languages: [en]
start: a
nodes:
  a: {do: voicemail, box: orders, greeting: choices, silence_s: 60, next: end}
  end: {do: hangup}
"""


@pytest.fixture
def store() -> Iterator[S3Server]:
    server = S3Server(find_free_port())
    server.start()
    try:
        yield server
    finally:
        server.end()


@pytest.fixture
def centre(tmp_path: Path, shared: Path, store: S3Server) -> Iterator[Centre]:
    keys = tmp_path / "s3.keys"
    keys.write_text("AKANY\nof-nobody\n")
    keys.chmod(0o600)
    shelf = {"kind": "s3", "endpoint": store.endpoint, "bucket": "talks", "prefix": "hotline/"}
    recordings = {
        "archive": "flac",
        "shelf": {**shelf, "keys_file": str(keys), "timeout_s": 1},
    }
    changes = {"recordings": recordings, "queues": {"orders": {"announce_agent": False}}}
    with served(tmp_path / "centre", shared, changes, flows={"spoken": MESSAGE}) as centre:
        yield centre


async def talk(centre: Centre) -> str:
    """A second of it; the recording's path in the API."""
    before = centre.mark()
    async with centre.phone() as phone, centre.agent(1) as desk:
        out = phone.dial("8000")
        await out.answered()
        out.press("1")
        (await desk.rings()).accept()
        await centre.told(CallBridged, before)
        out.play(tone(1000, 180))
        await asyncio.sleep(1.0)
        out.hang_up()
        await centre.told(RecordingEnded, before)
    started = centre.facts(RecordingStarted, before)[0]
    return f"/api/v1/recordings/{started.recording_id}"


async def message(centre: Centre) -> str:
    """The path of its task."""
    before = centre.mark()
    async with centre.phone() as phone:
        call = phone.dial("8001")
        await call.answered()
        await centre.told(VoicemailStarted, before)
        call.play(tone(1000, 180))
        await asyncio.sleep(1.0)
        call.hang_up()
        await centre.told(VoicemailLeft, before)
    task = await centre.told(TaskOpened, before)
    return f"/api/v1/tasks/{task.task_id}"


def files(centre: Centre, ending: str) -> list[Path]:
    folder = centre.folder / "data" / "recordings"
    return [file for file in folder.glob("2*/*") if file.name.endswith(ending)]


async def figure(web: httpx.AsyncClient, name: str) -> float:
    lines = (await web.get("/metrics")).text.splitlines()
    found = [line for line in lines if line.startswith(f"callcenter_recordings_store_{name} ")]
    return float(found[0].split()[1]) if found else -1.0


async def test_recordings_go_to_the_store_and_wait_here_while_it_is_away(
    centre: Centre, store: S3Server
) -> None:
    bucket = Bucket(store.options)
    async with centre.web() as web:
        recording = await talk(centre)
        await centre.until(lambda: len(bucket.keys()) == 2, what="audio and peaks are sent")
        await centre.until(lambda: not files(centre, ".sealed"), what="they are gone from here")
        assert not files(centre, ".wav")

        whole = await web.get(f"{recording}/audio")
        part = await web.get(f"{recording}/audio", headers={"range": "bytes=4000-7999"})
        assert (whole.status_code, part.status_code) == (200, 206)
        assert part.content == whole.content[4000:8000]
        assert any(whole.content[-8000:])
        assert (await web.get(f"{recording}/peaks")).json()["caller"]

        store.end()
        task = await message(centre)
        await centre.until(lambda: len(files(centre, ".sealed")) == 2, what="it is archived here")
        await centre.until(lambda: not files(centre, ".wav"), what="nothing plain is left")
        audio = await web.get(f"{task}/audio")
        assert (audio.status_code, audio.headers["content-type"]) == (200, "audio/wav")
        away = await web.get(f"{recording}/audio")
        assert away.status_code == 503
        assert f"the bucket 'talks' at {store.endpoint}" in away.text
        await centre.until(lambda: "2 files wait" in centre.said("archiver"), what="it is tried")
        assert (await figure(web, "up"), await figure(web, "waiting_files")) == (0, 2)

        store.start()
        await centre.until(lambda: len(bucket.keys()) == 2, 15, "the message is sent at last")
        await centre.until(lambda: not files(centre, ".sealed"), what="it is gone from here")
        assert (await web.get(f"{task}/audio")).content == audio.content
