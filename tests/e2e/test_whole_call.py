"""Whole calls through a served centre, from the caller's dial to the wallboard."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from acd.events import (
    AgentAnswered,
    AgentChanged,
    AgentOffered,
    AgentState,
    CallAbandoned,
    CallOverflowed,
    CallQueued,
    OfferFailed,
    OfferFailure,
    TalkEnded,
)
from callcenter.demo.phone_call import CallFailed
from foundation.ids import CallId
from ivr.events import MenuChosen
from ivr.speech.synthesis import Utterance, synthesise_all
from recordings import wav
from recordings.error_rate import compare, micro_average
from recordings.events import RecordingEnded, RecordingStarted, TranscriptReady
from recordings.quality.events import QualityScored
from recordings.transcribing.model_folders import model_folder
from recordings.transcribing.vosk_recogniser import VoskRecogniser
from telephony.calls.events import (
    CallAnswered,
    CallArrived,
    CallBridged,
    CallEnded,
    CallHeld,
    CallRefused,
    CallResumed,
    EndedBy,
    LegEnded,
    Side,
)
from telephony.lines.events import LineRegistered
from telephony.media.sound.g711 import Law
from tests.support.centre import BLOCKED, Centre, Tones, identity_gap, served_with
from tests.support.desk_phone import DeskCall, DeskPhone
from tests.support.kamailio import kamailio_pbx
from tests.support.rtpengine import RTPENGINE
from tests.support.tones import seconds_of_tone, signal_to_noise_db, tone

pytestmark = pytest.mark.e2e

QUESTION = "Hello. I want to cancel my order please."
ANSWER = "Of course. What is your email address?"
NUMBERS = {"8000": "main", "8001": "spoken", "9196": "echo"}
FULL_G711_DB = 34.0
"What a -26 dBFS tone keeps through G.711 is 37 dB."


@pytest.fixture(scope="module", params=["direct", "line", RTPENGINE])
def centre(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, shared: Path
) -> Iterator[Centre]:
    """`line`: callers dial at somebody else's PBX, where our numbers are registered by pyVoIP;
    `rtpengine`: it is the media plane."""
    changes: dict[str, Any] = {"recordings": {"transcribe": True}}
    folder = tmp_path_factory.mktemp("centre")
    with ExitStack() as stack:
        pbx = None
        if request.param == "line":
            kamailio = stack.enter_context(kamailio_pbx(folder / "pbx"))
            changes["lines"], pbx = kamailio.lines(NUMBERS), kamailio.address
        driver = "rtpengine" if request.param == "rtpengine" else "own"
        centre = stack.enter_context(served_with(driver, folder / "house", shared, changes, pbx))
        if pbx is not None:
            registered = centre.until(lambda: len(centre.facts(LineRegistered)) == len(NUMBERS))
            asyncio.run(registered)
        yield centre


@asynccontextmanager
async def talk(
    centre: Centre, caller: DeskPhone, agent: DeskPhone, key: str = "1"
) -> AsyncIterator[tuple[DeskCall, DeskCall]]:
    """A caller who is bridged with the agent; hung up by the caller at the end."""
    before = centre.mark()
    out = caller.dial("8000")
    await out.answered()
    out.press(key)
    incoming = await agent.rings()
    incoming.accept()
    await centre.told(CallBridged, before, agent_id=agent.options.user)
    try:
        yield out, incoming
    finally:
        out.hang_up()
        await centre.told(CallEnded, before)


async def test_caller_is_led_to_an_agent_both_talk_and_are_recorded(centre: Centre) -> None:
    before = centre.mark()
    async with centre.board() as screen, centre.phone() as caller, centre.agent(1) as agent:
        shown = dict(screen.shown["totals"])
        call = caller.dial("8000")
        await call.answered()
        await call.hears(Tones.GREETING)
        call.press("1")
        incoming = await agent.rings()
        pressed_at_s = call.heard_s
        await screen.shows(lambda s: s["agents"]["agent0001"]["state"] == "ringing")
        await call.hears(Tones.MUSIC, since_s=pressed_at_s)
        incoming.accept()
        await centre.told(CallBridged, before)
        await screen.shows(lambda s: s["totals"]["talking"] == shown["talking"] + 1)
        await asyncio.gather(
            call.play(tone(Tones.CALLER, 1.5)), incoming.play(tone(Tones.AGENT, 1.5))
        )
        await call.hears(Tones.AGENT, 1.2)
        await incoming.hears(Tones.CALLER, 1.2)
        call.hang_up()
        assert not (await incoming.over()).by_us
        ended = await centre.told(RecordingEnded, before)
        await screen.shows(lambda s: s["totals"]["talking"] == shown["talking"])
        totals = screen.shown["totals"]

    # Barge-in: the greeting's end and the choices were not waited for.
    assert call.heard_tone_s(Tones.GREETING) < 0.8
    assert call.heard_tone_s(Tones.CHOICES) == 0
    assert call.heard_tone_s(Tones.number_of(1)) == pytest.approx(0.6, abs=0.1)
    assert incoming.heard_tone_s(Tones.number_of(1)) == 0
    assert signal_to_noise_db(call.heard, Tones.AGENT) > FULL_G711_DB
    assert signal_to_noise_db(incoming.heard, Tones.CALLER) > FULL_G711_DB
    assert centre.facts(CallEnded, before)[0].by is EndedBy.CALLER
    assert {totals[n] - shown[n] for n in ("offered", "answered")} == {1}
    assert identity_gap(totals) == 0
    assert ended.complete
    check_sides(centre, centre.facts(RecordingStarted, before)[0])


def check_sides(centre: Centre, recording: RecordingStarted) -> None:
    """Left the caller, right the agent, and neither on the other's side."""
    file = centre.recording(recording.file)
    assert wav.inspect(file).duration_s > 1.5
    left, right = (wav.read_side(file, side)[0] for side in Side)
    assert signal_to_noise_db(left, Tones.CALLER) > FULL_G711_DB
    assert signal_to_noise_db(right, Tones.AGENT) > FULL_G711_DB
    assert seconds_of_tone(left, Tones.AGENT) == seconds_of_tone(right, Tones.CALLER) == 0


async def test_what_was_said_is_written_down_with_its_side_and_time(centre: Centre) -> None:
    before = centre.mark()
    question, answer = await asyncio.to_thread(
        synthesise_all,
        [Utterance(QUESTION, "en-us+f2"), Utterance(ANSWER, "en-us+m3")],
    )
    async with centre.phone() as caller, centre.agent(1) as agent:
        async with talk(centre, caller, agent) as (call, incoming):
            await call.play(question)
            await incoming.play(answer)
            # What the agent said last must have come through before the caller hangs up.
            await asyncio.sleep(0.3)
        recording_id = centre.facts(RecordingStarted, before)[0].recording_id
        ready = await centre.told(TranscriptReady, before, within_s=30, recording_id=recording_id)
        scored = await centre.told(QualityScored, before, within_s=10, recording_id=recording_id)
    async with centre.web() as web:
        recording = f"/api/v1/recordings/{recording_id}"
        judged = (await web.get(f"/api/v1/quality/recordings/{recording_id}")).json()["current"]
        transcript = (await web.get(f"{recording}/transcript")).json()
        about = (await web.get(recording)).json()
        audio = await web.get(f"{recording}/audio", headers={"Range": "bytes=0-43"})

    rates = [
        compare(QUESTION, transcript["caller"], "en"),
        compare(ANSWER, transcript["agent"], "en"),
    ]
    assert micro_average(rates).rate <= 0.1, transcript
    caller_s = [word["start"] for word in transcript["words"] if word["side"] == "caller"]
    agent_s = [word["start"] for word in transcript["words"] if word["side"] == "agent"]
    assert max(caller_s) < min(agent_s)
    assert ready.words == len(transcript["words"]) == len(caller_s) + len(agent_s)
    assert (about["agent_id"], about["queue"], about["complete"]) == ("agent0001", "orders", True)
    assert (audio.status_code, audio.content[:4]) == (206, b"RIFF")
    assert (judged["pack"], judged["score"]) == ("en", scored.score)
    assert len(judged["hits"]) == scored.hits
    assert "thanks" in {hit["rule"] for hit in judged["hits"]}, "the agent thanked nobody"
    assert judged["measures"]["ended_by"] == "caller"
    assert -40 < judged["measures"]["agent_dbfs"] < -15


async def test_facts_of_a_call_come_in_order_and_once(centre: Centre) -> None:
    before = centre.mark()
    async with centre.phone() as caller, centre.agent(1) as agent:
        async with talk(centre, caller, agent):
            pass
        await centre.told(LegEnded, before, side=Side.AGENT)
        await centre.told(LegEnded, before, side=Side.CALLER)
        await centre.told(RecordingEnded, before)

    wanted = (
        CallArrived, CallAnswered, MenuChosen, CallQueued, AgentOffered, AgentAnswered,
        RecordingStarted, CallBridged, CallEnded, TalkEnded, RecordingEnded,
    )  # fmt: skip
    kinds = [type(record.event) for record in centre.journal(before)]
    assert [kind for kind in kinds if kind in wanted] == [
        *wanted[:8],
        *sorted(wanted[8:], key=kinds.index),
    ]
    sides = centre.facts(LegEnded, before)
    assert all(side.packets_received for side in sides)
    if "figures" in centre.capabilities:
        assert all(side.packets_sent for side in sides)


async def test_agent_s_hold_gives_music_to_the_caller_until_it_is_taken_back(
    centre: Centre,
) -> None:
    before = centre.mark()
    async with (
        centre.phone() as caller,
        centre.agent(1) as agent,
        talk(centre, caller, agent) as (call, incoming),
    ):
        incoming.play(tone(Tones.AGENT, 180))
        await call.hears(Tones.AGENT)
        agent.hold(incoming)
        await centre.told(CallHeld, before, side=Side.AGENT)
        held_at_s = call.heard_s
        await call.hears(Tones.MUSIC, 0.6, since_s=held_at_s)
        assert call.heard_tone_s(Tones.AGENT, since_s=held_at_s) < 0.2
        agent.resume(incoming)
        await centre.told(CallResumed, before, side=Side.AGENT)
        back_at_s = call.heard_s
        await call.hears(Tones.AGENT, 0.6, since_s=back_at_s)
        assert call.heard_tone_s(Tones.MUSIC, since_s=back_at_s) < 0.2
    assert caller.options.user not in str(centre.journal(before))


async def test_agent_s_hang_up_ends_the_call(centre: Centre) -> None:
    before = centre.mark()
    async with (
        centre.phone() as caller,
        centre.agent(1) as agent,
        talk(centre, caller, agent) as (call, incoming),
    ):
        incoming.hang_up()
        assert not (await asyncio.wait_for(call.over(), 20)).by_us
        assert (await centre.told(CallEnded, before)).by is EndedBy.AGENT


async def test_agent_who_does_not_answer_is_paused_and_the_next_one_rings(centre: Centre) -> None:
    before = centre.mark()
    async with centre.phone() as caller, centre.agent(2) as first, centre.agent(3) as second:
        call = caller.dial("8000")
        await call.answered()
        call.press("2")
        silent = await first.rings()
        answering = await second.rings()
        assert (await asyncio.wait_for(silent.over(), 20)).status == 487
        answering.accept()
        await centre.told(CallBridged, before, agent_id="agent0003")
        call.hang_up()
        await centre.told(CallEnded, before)

    assert centre.facts(OfferFailed, before)[0].why is OfferFailure.NO_ANSWER
    paused = centre.facts(AgentChanged, before, agent_id="agent0002", state=AgentState.PAUSED)
    assert paused[-1].reason == "rona"


async def test_agent_who_declines_is_paused_and_the_next_one_rings(centre: Centre) -> None:
    before = centre.mark()
    async with centre.phone() as caller, centre.agent(4) as first, centre.agent(5) as second:
        call = caller.dial("8000")
        await call.answered()
        call.press("1")
        (await first.rings()).reject(486)
        (await second.rings()).accept()
        await centre.told(CallBridged, before, agent_id="agent0005")
        call.hang_up()
        await centre.told(CallEnded, before)

    assert centre.facts(OfferFailed, before)[0].why is OfferFailure.DECLINED
    paused = centre.facts(AgentChanged, before, agent_id="agent0004", state=AgentState.PAUSED)
    assert paused[-1].reason == "rona"


async def test_wrong_key_then_none_leads_to_the_default_queue(centre: Centre) -> None:
    before = centre.mark()
    async with centre.phone() as caller:
        call = caller.dial("8000")
        await call.answered()
        call.press("9")
        await call.hears(Tones.WRONG_KEY, 0.2)
        await call.hears(Tones.CHOICES)
        queued = await centre.told(CallQueued, before)
        await call.hears(Tones.MUSIC)
        call.hang_up()
        await centre.told(CallAbandoned, before)

    assert queued.queue == "orders"
    assert [chosen.key for chosen in centre.facts(MenuChosen, before)] == [""]


async def test_no_key_at_all_is_asked_again_and_leads_to_the_default_queue(centre: Centre) -> None:
    before = centre.mark()
    async with centre.phone() as caller:
        call = caller.dial("8000")
        await call.answered()
        await call.hears(Tones.NO_KEY, 0.2)
        assert (await centre.told(CallQueued, before)).queue == "orders"
        call.hang_up()
        await centre.told(CallAbandoned, before)

    assert call.heard_tone_s(Tones.GREETING) == pytest.approx(0.8, abs=0.1)
    assert call.heard_tone_s(Tones.CHOICES) == pytest.approx(1.6, abs=0.2)


async def test_blocked_number_hears_a_line_fault_and_is_never_answered(centre: Centre) -> None:
    before = centre.mark()
    async with centre.phone(BLOCKED) as caller:
        call = caller.dial("8000")
        with pytest.raises(CallFailed, match="480"):
            await asyncio.wait_for(call.answered(), 20)
        refused = await centre.told(CallRefused, before)

    assert call.heard_tone_s(Tones.LINE_FAULT) == pytest.approx(0.8, abs=0.1)
    assert refused.rule == "blocked number"
    assert centre.facts(CallAnswered, before) == []


async def test_who_waits_too_long_hears_an_apology_and_overflows(centre: Centre) -> None:
    before = centre.mark()
    async with centre.board() as screen, centre.phone() as caller:
        shown = dict(screen.shown["queues"]["impatient"])
        call = caller.dial("8000")
        await call.answered()
        call.press("3")
        end = await asyncio.wait_for(call.over(), 20)
        assert (await centre.told(CallOverflowed, before)).queue == "impatient"
        await screen.shows(
            lambda s: s["queues"]["impatient"]["overflowed"] == shown["overflowed"] + 1
        )
        now = screen.shown["queues"]["impatient"]

    assert not end.by_us
    assert call.heard_tone_s(Tones.ALL_BUSY) == pytest.approx(0.8, abs=0.1)
    assert now["offered"] == shown["offered"] + 1
    assert identity_gap(now) == 0


async def test_who_gives_up_waiting_has_abandoned(centre: Centre) -> None:
    before = centre.mark()
    async with centre.board() as screen, centre.phone() as caller:
        shown = dict(screen.shown["totals"])
        call = caller.dial("8000")
        await call.answered()
        call.press("1")
        await screen.shows(lambda s: s["totals"]["waiting"] == shown["waiting"] + 1)
        await call.hears(Tones.MUSIC)
        call.hang_up()
        await centre.told(CallAbandoned, before)
        await screen.shows(lambda s: s["totals"]["abandoned"] == shown["abandoned"] + 1)
        assert screen.shown["totals"]["waiting"] == shown["waiting"]
        assert identity_gap(screen.shown["totals"]) == 0


async def test_who_gives_up_while_a_phone_rings_has_abandoned_and_frees_the_agent(
    centre: Centre,
) -> None:
    before = centre.mark()
    async with centre.phone() as caller, centre.agent(1) as agent:
        call = caller.dial("8000")
        await call.answered()
        call.press("1")
        incoming = await agent.rings()
        ringing = centre.mark()
        call.hang_up()
        assert (await asyncio.wait_for(incoming.over(), 20)).status == 487
        await centre.told(CallAbandoned, before)
        await centre.told(
            AgentChanged, ringing, agent_id="agent0001", state=AgentState.READY, reason=""
        )


async def test_echo_line_gives_the_caller_his_own_voice(centre: Centre) -> None:
    before = centre.mark()
    async with centre.phone() as caller:
        call = caller.dial("9196")
        await call.answered()
        await call.play(tone(1400, 1.5))
        await call.hears(1400, 1.2)
        call.hang_up()
        await centre.told(CallEnded, before)

    assert signal_to_noise_db(call.heard, 1400) > FULL_G711_DB


@pytest.mark.parametrize(
    ("callers", "agents"), [(Law.PCMA, Law.PCMU), (Law.PCMU, Law.PCMA), (Law.PCMA, Law.PCMA)]
)
async def test_phones_of_different_laws_understand_each_other(
    centre: Centre, callers: Law, agents: Law
) -> None:
    async with (
        centre.phone(law=callers) as caller,
        centre.agent(1, law=agents) as agent,
        talk(centre, caller, agent) as (call, incoming),
    ):
        await asyncio.gather(
            call.play(tone(Tones.CALLER, 1.3)), incoming.play(tone(Tones.AGENT, 1.3))
        )
        await call.hears(Tones.AGENT, 1.1)
        await incoming.hears(Tones.CALLER, 1.1)

    assert signal_to_noise_db(call.heard, Tones.AGENT) > FULL_G711_DB - 3
    assert signal_to_noise_db(incoming.heard, Tones.CALLER) > FULL_G711_DB - 3


async def test_synthesised_prompt_comes_out_as_the_words_that_were_written(
    centre: Centre, tmp_path: Path
) -> None:
    before = centre.mark()
    async with centre.phone() as caller:
        call = caller.dial("8001")
        await call.answered()
        assert not (await asyncio.wait_for(call.over(), 15)).by_us
        ended = await centre.told(CallEnded, before)

    said = VoskRecogniser(model_folder("tiny-en", tmp_path)).transcribe(call.heard, 8000)
    assert ended.by is EndedBy.CENTRE
    assert " ".join(word.text for word in said) == ("welcome to our service this call is recorded")


async def test_two_callers_get_two_agents_and_hear_nobody_else(centre: Centre) -> None:
    before = centre.mark()
    async with (
        centre.phone("10010") as one,
        centre.phone("10011") as two,
        centre.agent(6) as first,
        centre.agent(7) as second,
    ):
        calls = [one.dial("8000"), two.dial("8000")]
        for call in calls:
            await call.answered()
            call.press("1")
        rung = {phone: await phone.rings() for phone in (first, second)}
        for incoming in rung.values():
            incoming.accept()
        await centre.told(CallBridged, before, agent_id="agent0006")
        await centre.told(CallBridged, before, agent_id="agent0007")
        for freq_hz, call in zip((1000, 1100), calls, strict=True):
            call.play(tone(freq_hz, 1.0))
        heard = []
        for incoming in rung.values():
            await asyncio.wait_for(_hears_either(incoming), 20)
            heard.append([incoming.heard_tone_s(f) > 0.1 for f in (1000, 1100)])
        for call in calls:
            call.hang_up()
        for call_id in {fact.call_id for fact in centre.facts(CallArrived, before)}:
            await centre.told(CallEnded, before, call_id=CallId(call_id))

    assert np.array(heard).sum(axis=0).tolist() == [1, 1]
    assert np.array(heard).sum(axis=1).tolist() == [1, 1]


async def _hears_either(call: DeskCall) -> None:
    while call.heard_tone_s(1000) + call.heard_tone_s(1100) < 0.6:  # noqa: ASYNC110  # audio
        await asyncio.sleep(0.05)


async def _going_on(web: httpx.AsyncClient) -> list[str]:
    """Calls whose end the board has not read yet."""
    calls = (await web.get("/api/v1/calls")).json()
    return [call["id"] for call in calls if call["phase"] != "ended"]


async def test_figures_and_lists_agree_at_the_end(centre: Centre) -> None:
    async with centre.web() as web, centre.board() as screen:
        async with asyncio.timeout(20):
            while await _going_on(web):  # noqa: ASYNC110  # another process
                await asyncio.sleep(0.05)
        queues = (await web.get("/api/v1/queues")).json()
        offered = sum(queue["offered"] for queue in queues)
        await centre.until(
            lambda: screen.shown["totals"]["offered"] == offered, what=f"{offered} offered"
        )

    assert [identity_gap(queue) for queue in queues] == [0] * len(queues)
    assert centre.said("core").count("Traceback") == 0
