"""Chromium at a served centre: as a caller, and as an agent who is rung."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from acd.events import AgentChanged, AgentState, CallQueued
from recordings import wav
from recordings.events import RecordingEnded, RecordingStarted
from telephony.calls.events import CallBridged, CallEnded, CallHeld, CallResumed, Side
from telephony.media.agreeing import dtls
from tests.support.centre import Centre, Ports, Tones, served
from tests.support.chromium_phone import ChromiumPhone
from tests.support.desk_phone import DeskCall, DeskPhone
from tests.support.page_check import CHROMIUM
from tests.support.tones import seconds_of_tone, tone, write_wav

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed"),
    pytest.mark.skipif(not dtls.IS_INSTALLED, reason="pyOpenSSL is not installed"),
]

BROWSER_HZ = 700.0
WITHIN_HZ = 8.0
AGENTS = [
    {
        "id": f"agent{n:04d}", "name": f"Agent {n}", "sip_password": f"pw{n:04d}",
        "number": str(1000 + n), "skills": {"orders": 5}, "webrtc": n == 1,
    }
    for n in (1, 2)
]  # fmt: skip


@pytest.fixture(scope="module", params=[False, True], ids=["g711", "opus"])
def centre(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, shared: Path
) -> Iterator[Centre]:
    udp, ws = Ports.find().sip, Ports.find().http
    changes = {
        "sip": {"listen": [f"udp:127.0.0.1:{udp}", f"ws:127.0.0.1:{ws}"]},
        "media": {"opus": request.param},
        "agents": AGENTS,
    }
    with served(tmp_path_factory.mktemp("centre"), shared, changes) as centre:
        centre.ports = Ports(udp, centre.ports.http, centre.ports.media)
        yield centre


@pytest.fixture
def voice(tmp_path: Path) -> Path:
    return write_wav(tmp_path / "voice.wav", tone(BROWSER_HZ, 30))


async def registered(centre: Centre, before: int) -> None:
    await centre.told(AgentChanged, before, agent_id="agent0001", state=AgentState.READY)


async def test_a_browser_dials_presses_a_key_and_talks(centre: Centre, voice: Path) -> None:
    before = centre.mark()
    async with ChromiumPhone.opened(centre, voice) as browser, centre.agent(2) as agent:
        await browser.sign_on("agent0001", "pw0001")
        await browser.dial("8000")
        await browser.is_in("talking")
        await browser.has_audio()
        await browser.press("1")
        ringing = await agent.rings()
        ringing.accept()
        await centre.told(CallQueued, before, queue="orders")
        await centre.told(CallBridged, before, agent_id="agent0002")
        said = ringing.play(tone(Tones.AGENT, 180))
        await ringing.hears(BROWSER_HZ, 1.0)
        heard_hz = await browser.loudest_hz()
        ringing.hang_up()
        await browser.is_in("ended")
        said.cancel()
        await centre.told(RecordingEnded, before)

    assert heard_hz == pytest.approx(Tones.AGENT, abs=WITHIN_HZ)
    assert browser.complaints == []
    file = centre.recording(centre.facts(RecordingStarted, before)[0].file)
    assert seconds_of_tone(wav.read_side(file, Side.CALLER)[0], BROWSER_HZ) > 0.8
    assert seconds_of_tone(wav.read_side(file, Side.AGENT)[0], Tones.AGENT) > 0.8


async def picked_up(centre: Centre, browser: ChromiumPhone, caller: DeskPhone) -> DeskCall:
    """The browser is agent 1's, and has just taken the caller."""
    before = centre.mark()
    await browser.sign_on("agent0001", "pw0001")
    await registered(centre, before)
    call = caller.dial("8000")
    await call.answered()
    call.press("1")
    await browser.is_in("incoming")
    await browser.page.click("#answer")
    await centre.told(CallBridged, before, agent_id="agent0001")
    return call


async def test_a_browser_is_rung_as_an_agent_holds_and_outlives_the_media_worker(
    centre: Centre, voice: Path
) -> None:
    before = centre.mark()
    async with ChromiumPhone.opened(centre, voice) as browser, centre.phone() as caller:
        call = await picked_up(centre, browser, caller)
        await browser.has_audio()
        said = call.play(tone(Tones.CALLER, 180))
        await call.hears(BROWSER_HZ, 1.0)
        assert await browser.loudest_hz() == pytest.approx(Tones.CALLER, abs=WITHIN_HZ)

        await browser.page.click("#hold")
        await centre.told(CallHeld, before)
        await browser.page.click("#hold")
        await centre.told(CallResumed, before)
        await call.hears(BROWSER_HZ, 0.5, since_s=call.heard_s)

        await centre.replaced("media-0", centre.kill("media-0"))
        await call.hears(BROWSER_HZ, 0.5, since_s=call.heard_s + 0.2)
        assert await browser.loudest_hz() == pytest.approx(Tones.CALLER, abs=WITHIN_HZ)
        await browser.page.click("#hang_up")
        await centre.told(CallEnded, before)
        said.cancel()

    assert browser.complaints == []
    assert "inline:" not in centre.log_tails()


async def test_a_browsers_talk_outlives_core_and_is_ended_over_the_next_connection(
    centre: Centre, voice: Path
) -> None:
    before = centre.mark()
    async with ChromiumPhone.opened(centre, voice) as browser, centre.phone() as caller:
        call = await picked_up(centre, browser, caller)
        await call.hears(BROWSER_HZ, 0.5)

        await centre.replaced("core", centre.kill("core"))
        await centre.ready()
        await browser.is_registered()
        await call.hears(BROWSER_HZ, 0.5, since_s=call.heard_s)
        await browser.page.click("#hang_up")
        await centre.told(CallEnded, before)
        assert call.end is not None
    assert browser.complaints == []


async def test_a_browser_hears_over_its_next_connection_that_its_caller_has_hung_up(
    centre: Centre, voice: Path
) -> None:
    """Its talk had outlived the core whose connection it had; it would have stood in a dead one."""
    before = centre.mark()
    async with ChromiumPhone.opened(centre, voice) as browser, centre.phone() as caller:
        call = await picked_up(centre, browser, caller)

        await centre.replaced("core", centre.kill("core"))
        await centre.ready()
        await browser.is_registered()
        call.hang_up()
        await centre.told(CallEnded, before)
        await browser.is_in("ended")
    assert browser.complaints == []
