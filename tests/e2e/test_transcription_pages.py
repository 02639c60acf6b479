"""The pages of recordings, transcription and live text in Chromium."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
from playwright.async_api import Browser, expect

from callcenter.asks import RaiseTranscript, RetryTranscripts
from callcenter.places import Places
from foundation import frames, unix
from foundation.db import make_engine, make_sessions
from foundation.ids import RecordingId
from recordings.following.live_words import Began, Said, Saying, Told
from recordings.store import RecordingStore
from recordings.transcribing.lease import JobState, JobView
from recordings.transcribing.transcription import Progress, WorkerView
from tests.support.eventually import eventually
from tests.support.page_check import COMPLETE, PAGE_MARKS, PageView, page_fixture, page_view
from tests.support.recording_fakes import recording
from tests.support.search_behaviour import keep
from tests.support.whole_web import TALK, WholeWeb, whole_web

pytestmark = PAGE_MARKS
JOBS = (
    JobView(RecordingId("r-7"), JobState.LEASED, 5, 1, 95.0, 0.0, 183.0, "transcriber", 0.4),
    JobView(RecordingId("r-8"), JobState.QUEUED, 0, 1, 80.0, 12.0, 61.0, "", 0.0),
    JobView(RecordingId("r-9"), JobState.QUEUED, 0, 0, 40.0, 0.0, 25.0, "", 0.0),
)
PROGRESS = Progress(
    waiting=2,
    working=1,
    failed=1,
    lag_s=95.0,
    waiting_audio_s=269.0,
    is_resting=True,
    done=41,
    speed=63.2,
    workers=(WorkerView("transcriber", 1.0),),
    jobs=JOBS,
)


@page_fixture
async def house(tmp_path: Path) -> AsyncIterator[WholeWeb]:
    async with whole_web(tmp_path) as house:
        house.core.progress = PROGRESS
        engine = make_engine(house.settings.database_url)
        sessions = make_sessions(engine)
        await keep(sessions, 3, "您好 我 要 退 款 谢谢", "好的 退款 要 三 天", of="ann", call="c-3")
        await keep(sessions, 4, "i want a refund for my order", "one moment please", of="eve")
        store = RecordingStore(sessions)
        await store.add(recording(5, agent="ann"))
        await store.give_up(RecordingId("r-5"), "the speech model models/big cannot be loaded")
        await store.add(recording(6, agent="ann", call="c-6"))
        yield house
        await engine.dispose()


@page_fixture
async def view(house: WholeWeb, chromium: Browser) -> AsyncIterator[PageView]:
    async with page_view(chromium, house.app) as view:
        yield view


async def test_transcription_page_is_sound_and_its_buttons_ask_core(
    house: WholeWeb, view: PageView
) -> None:
    await view.sign_in("sue")
    assert await view.problems("/transcription", ready="#jobs tbody tr") == []

    page = await view.open("/transcription?lang=en", "#jobs tbody tr")
    await expect(page.locator("#tiles")).to_contain_text("1:35")
    await page.set_viewport_size({"width": 390, "height": 844})
    waits = await page.locator("#jobs tr", has_text="r-9").locator(".badge").bounding_box()
    assert waits is not None
    assert waits["width"] < 100, "as wide as its word"
    await expect(page.locator("#tiles")).to_contain_text("calls need the machine")
    await page.locator("#jobs tr", has_text="r-9").get_by_role("button").click()
    await expect(page.locator(".toast.good")).to_have_text("It is next.×")
    await expect(page.locator("#dead tr", has_text="r-5")).to_contain_text("Li Na")
    await page.locator("#dead tr", has_text="r-5").get_by_role("button").click()
    await page.click("#retry-all")
    await page.click("dialog .act")
    await expect(page.locator(".toast.good").last).to_have_text("It is tried again.×")
    await expect(page.locator("dialog")).to_have_count(0)
    assert [one for one in house.core.requests if isinstance(one, RaiseTranscript)] == [
        RaiseTranscript(RecordingId("r-9"), 10, "sue")
    ]
    wanted = [RetryTranscripts(RecordingId("r-5"), "sue"), RetryTranscripts(None, "sue")]
    await eventually(
        lambda: [one for one in house.core.requests if isinstance(one, RetryTranscripts)] == wanted
    )


async def test_inspector_sees_the_jobs_and_may_change_none(view: PageView) -> None:
    await view.sign_in("ina")
    page = await view.open("/transcription", "#jobs tbody tr")
    await expect(page.locator("#jobs button:not(.sort), #dead button:not(.sort)")).to_have_count(0)
    await expect(page.locator("#retry-all")).to_be_hidden()


async def test_recordings_page_is_sound_and_finds_what_was_said(view: PageView) -> None:
    await view.sign_in("sue")
    assert await view.problems("/recordings", ready="#list tbody tr") == []
    assert await view.problems("/recordings?q=退款", ready="#hits li") == []

    page = await view.open("/recordings?lang=en", "#list tbody tr")
    await expect(page.locator("#list tr", has_text="r-6")).to_contain_text("talk goes on")
    await expect(page.locator("[name=side]")).to_be_disabled()
    await page.fill("[name=q]", "refund")
    await expect(page.locator("[name=side]")).to_be_enabled()
    await page.keyboard.press("Enter")
    await expect(page.locator("#found-title")).to_have_text("1 recording found")
    await expect(page.locator("#hits mark")).to_have_text("refund")
    link = await page.locator("#hits ul a").get_attribute("href")
    assert link == "/recordings/r-4?t=2.0"
    await page.select_option("[name=agent_id]", "ann")
    await expect(page.locator("#found-title")).to_have_text("0 recordings found")
    await page.reload()
    await expect(page.locator("[name=agent_id]")).to_have_value("ann")
    await view.is_there(COMPLETE)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.fill("[name=q]", "--")
    await page.keyboard.press("Enter")
    await expect(page.locator(".toast.alarm")).to_contain_text("There is no word")
    assert len([url for url in asked if "/api/" in url]) == 1, asked
    view.complaints.clear()  # the browser writes every refusal to its console


async def test_live_page_says_which_talk_is_shown_and_since_when_each_goes_on(
    view: PageView,
) -> None:
    await view.sign_in("sue")
    page = await view.open("/live?lang=en", "#talks tbody tr")
    talks = page.locator("#talks tbody tr")
    await expect(talks).to_have_count(2)
    await expect(talks.first).to_have_text(re.compile(r"\d\d:\d\d:\d\dShow"))
    await page.set_viewport_size({"width": 390, "height": 420})
    await talks.first.get_by_role("button").click()
    await expect(talks.first.locator(".badge")).to_have_text("shown below")
    await expect(page.locator("#words-title")).to_be_focused()
    await expect(page.locator("#words-title")).to_be_in_viewport()
    assert await view.problems_here() == []


async def test_live_page_shows_an_agent_the_own_talk_word_by_word(
    house: WholeWeb, view: PageView
) -> None:
    listener = Listener(Places(house.settings.data_path).words_socket)
    await listener.start()
    for side in ("caller", "agent"):
        listener.tell(Began(call_id=TALK, side=side, at_s=100.0))
    listener.tell(_said("agent", "您好，请问有什么可以帮您？", 101.0))
    listener.tell(_said("caller", "I want a refund for my order.", 105.0))
    listener.tell(Saying(call_id=TALK, side="agent", text="one mom"))
    await view.sign_in("ann")
    assert await view.problems("/live", ready=".live-words li") == []

    page = await view.open("/live?lang=en", ".live-words li")
    await expect(page.locator(".live-words li")).to_have_count(3)
    listener.tell(_said("agent", "One moment.", 108.0))
    await expect(page.locator(".live-words li:last-child")).to_have_text("0:08AgentOne moment.")
    await expect(page.locator(".live-words li.saying")).to_have_count(0)
    listener.stop()


class Listener:
    """What the listener process tells of a talk, to whoever reads; with nobody to listen to."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._told: list[bytes] = []
        self._readers: list[asyncio.StreamWriter] = []
        self._held: list[asyncio.StreamReader] = []
        "A connection whose reader nobody holds is broken off by the collector."

    async def start(self) -> None:
        self._server = await asyncio.start_unix_server(self._serve, sock=unix.listen(self._socket))

    async def _serve(self, held: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._held.append(held)
        writer.writelines(self._told)
        self._readers.append(writer)

    def tell(self, told: Told) -> None:
        self._told.append(frames.pack(msgspec.msgpack.encode(told)))
        for writer in self._readers:
            writer.write(self._told[-1])

    def stop(self) -> None:
        self._server.close()
        for writer in self._readers:
            writer.close()


def _said(side: str, text: str, at_s: float) -> Said:
    return Said(call_id=TALK, side=side, text=text, language="zh", at_s=at_s, end_s=at_s + 1)
