"""A disk that takes no more: the voice is untouched, the recording says so, and so does the board.

The full disk is a limit on the size of the media worker's files: the same error from the same call,
without a file system of our own.
"""

import asyncio
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from recordings import wav
from recordings.events import RecordingEnded, RecordingStarted
from telephony.calls.events import CallBridged, Side
from tests.support.centre import Centre, Tones, served
from tests.support.tones import signal_to_noise_db, tone

pytestmark = pytest.mark.e2e

FULL_BYTES = 40_000
"1.25 s of a stereo recording."
BYTES_PER_S = 32_000


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Iterator[Centre]:
    with served(tmp_path_factory.mktemp("centre"), shared) as centre:
        yield centre


def limit_files(centre: Centre, most_bytes: int) -> None:
    _, hard = resource.prlimit(centre.pid("media-0"), resource.RLIMIT_FSIZE)
    resource.prlimit(centre.pid("media-0"), resource.RLIMIT_FSIZE, (most_bytes, hard))


async def talk_for(centre: Centre, seconds: float) -> RecordingEnded:
    """Both speak all the time and understand each other to the end; gives the recording."""
    before = centre.mark()
    async with centre.phone() as caller, centre.agent(1) as agent:
        call = caller.dial("8000")
        await call.answered()
        call.press("1")
        incoming = await agent.rings()
        incoming.accept()
        await centre.told(CallBridged, before)
        await asyncio.gather(
            call.play(tone(Tones.CALLER, seconds)), incoming.play(tone(Tones.AGENT, seconds))
        )
        await call.hears(Tones.AGENT, seconds - 0.3)
        await incoming.hears(Tones.CALLER, seconds - 0.3)
        call.hang_up()
        ended = await centre.told(RecordingEnded, before)
    assert signal_to_noise_db(call.heard[-24_000:], Tones.AGENT) > 34
    assert signal_to_noise_db(incoming.heard[-24_000:], Tones.CALLER) > 34
    return ended


async def test_full_disk_costs_the_recording_and_not_the_talk(centre: Centre) -> None:
    before = centre.mark()
    limit_files(centre, FULL_BYTES)
    async with centre.board() as screen:
        ended = await talk_for(centre, 3.0)
        await screen.shows(
            lambda s: {"media", "recording_incomplete"} <= {n["kind"] for n in s["notices"]}
        )
        notices = screen.shown["notices"]
    async with centre.web() as web:
        listed = (await web.get(f"/api/v1/recordings/{ended.recording_id}")).json()
    file = centre.recording(centre.facts(RecordingStarted, before)[0].file)

    assert any("cannot be written" in notice["text"] for notice in notices)
    assert not ended.complete
    assert listed["complete"] is False
    assert wav.inspect(file).duration_s == pytest.approx(ended.duration_s, abs=0.01)
    assert 0.5 < ended.duration_s <= FULL_BYTES / BYTES_PER_S
    kept, _ = wav.read_side(file, Side.AGENT)
    assert any(kept)


async def test_when_the_disk_is_back_so_are_the_recordings(centre: Centre) -> None:
    limit_files(centre, resource.RLIM_INFINITY)

    ended = await talk_for(centre, 1.5)

    assert ended.complete
    assert ended.duration_s > 1.4


@pytest.fixture
def centre_without_folder(tmp_path: Path, shared: Path) -> Iterator[Centre]:
    in_the_way = tmp_path / "in_the_way"
    in_the_way.write_text("a file where the folder should be")
    changes = {"recordings": {"path": str(in_the_way / "recordings")}}
    with served(tmp_path / "centre", shared, changes) as centre:
        yield centre


async def test_folder_that_cannot_be_made_costs_the_recordings_only(
    centre_without_folder: Centre,
) -> None:
    async with centre_without_folder.board() as screen:
        ended = await talk_for(centre_without_folder, 1.2)
        await screen.shows(
            lambda s: any("cannot be begun" in notice["text"] for notice in s["notices"])
        )

    assert not ended.complete
    assert ended.duration_s == 0
