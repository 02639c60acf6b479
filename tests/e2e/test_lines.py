"""Lines at somebody else's PBX, driven by pyVoIP: what plain calls do not show.

The plain ones are in `test_whole_call`, which runs over a line too.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from callcenter.demo.phone_call import CallFailed
from foundation.ids import new_leg_id
from ivr.events import MenuChosen
from telephony.calls.events import (
    CallArrived,
    CallBridged,
    CallEnded,
    CallHeld,
    CallResumed,
    EndedBy,
    Side,
)
from telephony.lines.events import LineLost, LineRegistered
from telephony.sip.events import Answered, CallerIdentity, Gone, Refused
from tests.support.centre import BLOCKED, Centre, Tones, served
from tests.support.desk_phone import DeskCall, DeskPhone
from tests.support.kamailio import KamailioPbx, kamailio_pbx
from tests.support.sip_phone import SipPhone
from tests.support.tones import tone

pytestmark = pytest.mark.e2e

REFRESH_S = 4
"What the PBX grants: a short one, so that a test sees it lost and found."
LOST_WITHIN_S = 25.0
FOUND_WITHIN_S = 40.0


@pytest.fixture(scope="module")
def pbx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KamailioPbx]:
    with kamailio_pbx(tmp_path_factory.mktemp("pbx"), REFRESH_S) as pbx:
        yield pbx


@pytest.fixture(scope="module")
def centre(
    pbx: KamailioPbx, tmp_path_factory: pytest.TempPathFactory, shared: Path
) -> Iterator[Centre]:
    lines = pbx.lines({"8000": "main", "9196": "echo"})
    lines[1]["channels"] = 1
    folder = tmp_path_factory.mktemp("centre")
    with served(folder / "house", shared, {"lines": lines}, pbx.address) as centre:
        asyncio.run(centre.until(lambda: len(centre.facts(LineRegistered)) == 2))
        yield centre


@asynccontextmanager
async def talk(
    centre: Centre, caller: DeskPhone, agent: DeskPhone
) -> AsyncIterator[tuple[DeskCall, DeskCall]]:
    """Bridged with the agent; whoever still holds it hangs up."""
    before = centre.mark()
    call = caller.dial("8000")
    await call.answered()
    call.press("1")
    incoming = await agent.rings()
    incoming.accept()
    await centre.told(CallBridged, before)
    yield call, incoming
    call.hang_up()
    await centre.told(CallEnded, before)


async def test_call_arrives_by_its_line_with_the_caller_s_number(centre: Centre) -> None:
    before = centre.mark()
    async with (
        centre.phone("13800138000") as caller,
        centre.agent(1) as agent,
        talk(centre, caller, agent) as (_, incoming),
    ):
        assert incoming.peer == "13800138000"

    assert [fact.trunk for fact in centre.facts(CallArrived, before)] == ["line-8000"]


async def test_hold_by_the_caller_gives_the_agent_music_until_it_is_taken_back(
    centre: Centre,
) -> None:
    before = centre.mark()
    async with (
        centre.phone() as caller,
        centre.agent(1) as agent,
        talk(centre, caller, agent) as (call, incoming),
    ):
        call.play(tone(Tones.CALLER, 180))
        await incoming.hears(Tones.CALLER)
        caller.hold(call)
        await centre.told(CallHeld, before, side=Side.CALLER)
        await incoming.hears(Tones.MUSIC, 0.6, since_s=incoming.heard_s)
        caller.resume(call)
        await centre.told(CallResumed, before, side=Side.CALLER)
        await incoming.hears(Tones.CALLER, 0.6, since_s=incoming.heard_s)


async def test_caller_who_gives_up_before_the_answer_is_gone_on_both_sides(centre: Centre) -> None:
    before = centre.mark()
    async with centre.phone(BLOCKED) as caller:
        call = caller.dial("8000")
        await call.hears(Tones.LINE_FAULT, 0.2)
        call.hang_up()
        ended = await centre.told(CallEnded, before)

    assert ended.by is EndedBy.CALLER
    assert call.end is not None
    assert call.end.status in (0, 487)


async def test_line_whose_channels_are_full_is_busy_at_the_pbx(centre: Centre) -> None:
    async with centre.phone("10010") as one, centre.phone("10011") as two:
        first = one.dial("9196")
        await first.answered()
        with pytest.raises(CallFailed, match="486"):
            await two.dial("9196").answered()
        first.hang_up()


async def test_killed_line_ends_its_own_calls_on_both_sides_and_no_other(centre: Centre) -> None:
    async with (
        centre.phone("10010") as caller,
        centre.phone("10011") as other,
        centre.agent(1) as agent,
        centre.agent(2) as second,
    ):
        before = centre.mark()
        call = caller.dial("8000")
        await call.answered()
        elsewhere = other.dial("9196")
        await elsewhere.answered()
        call.press("1")
        incoming = await asyncio.wait_for(_first_ring(agent, second), 20)
        incoming.accept()
        await centre.told(CallBridged, before)
        pid = centre.kill("line-8000")
        ended = await centre.told(CallEnded, before)
        await asyncio.wait_for(call.over(), 20)
        await asyncio.wait_for(incoming.over(), 20)
        await centre.replaced("line-8000", pid)
        await centre.told(LineRegistered, before, line="8000")
        elsewhere.play(tone(Tones.CALLER, 1.0))
        await elsewhere.hears(Tones.CALLER, 0.6, since_s=elsewhere.heard_s)
        elsewhere.hang_up()
        again = caller.dial("8000")
        await again.answered()
        await again.hears(Tones.GREETING)
        again.hang_up()

    assert (ended.by, ended.reason) == (EndedBy.FAULT, "the line's process ended")
    assert centre.facts(LineLost, before, line="8000")


async def _first_ring(*phones: DeskPhone) -> DeskCall:
    rings = [asyncio.create_task(phone.rings()) for phone in phones]
    done, waiting = await asyncio.wait(rings, return_when=asyncio.FIRST_COMPLETED)
    for ring in waiting:
        ring.cancel()
    return next(iter(done)).result()


async def test_talk_over_a_line_outlives_core(centre: Centre) -> None:
    async with (
        centre.phone() as caller,
        centre.agent(3) as agent,
        talk(centre, caller, agent) as (call, incoming),
    ):
        await centre.replaced("core", centre.kill("core"))
        await centre.ready()
        incoming.play(tone(Tones.AGENT, 1.0))
        await call.hears(Tones.AGENT, 0.6, since_s=call.heard_s)


async def test_pbx_that_goes_away_is_told_and_found_again(centre: Centre, pbx: KamailioPbx) -> None:
    before = centre.mark()
    async with centre.board() as screen, centre.web() as web:
        await asyncio.to_thread(pbx.stop)
        lost = await centre.told(LineLost, before, LOST_WITHIN_S, line="8000")
        await screen.shows(lambda s: any(n["kind"] == "line_lost" for n in s["notices"]))
        text = (await web.get("/metrics")).text
        away = centre.mark()
        await asyncio.to_thread(pbx.start)
        await centre.told(LineRegistered, away, FOUND_WITHIN_S, line="8000")
        async with centre.phone() as caller:
            call = caller.dial("8000")
            await call.answered()
            await call.hears(Tones.GREETING)
            call.hang_up()

    assert lost.sentence == "the server does not answer"
    assert 'callcenter_line_registered{line="8000"} 0.0' in text


SDP = (
    b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    b"m=audio 9 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
)


def account_at(pbx: SipPhone, **changes: object) -> dict[str, Any]:
    """The configuration's changes for a line at `pbx`."""
    account = {
        "server": "127.0.0.1", "port": pbx.address.port, "user": "200", "password": "pw-there",
        "rtp_ports": [32000, 32099], **changes,
    }  # fmt: skip
    return {"lines": [{"number": "8000", "flow": "main", "pyvoip": account}]}


@asynccontextmanager
async def served_beside(folder: Path, shared: Path, changes: Any) -> AsyncIterator[Centre]:  # noqa: ANN401  as `served` takes them
    """A centre, while phones of this loop go on."""
    with ExitStack() as stack:
        house = served(folder, shared, changes)
        yield await asyncio.to_thread(stack.enter_context, house)


async def test_pbx_that_asks_for_the_password_and_sends_digits_by_info(
    tmp_path: Path, shared: Path
) -> None:
    async with (
        SipPhone.started(accounts={"200": "pw-there"}) as pbx,
        served_beside(tmp_path / "house", shared, account_at(pbx, calls=1)) as centre,
    ):
        await centre.told(LineRegistered, 0)
        leg, caller = new_leg_id(), CallerIdentity("10086", "", "")
        pbx.do(pbx.stack.dial(leg, "200", pbx.now, body=SDP, caller=caller))
        await pbx.next(Answered)
        pbx.do(pbx.stack.press(leg, "1", pbx.now))
        assert (await centre.told(MenuChosen, 0)).key == "1"
        pbx.do(pbx.stack.dial(new_leg_id(), "200", pbx.now, body=SDP, caller=caller))
        assert (await pbx.next(Refused)).status == 503
        await asyncio.to_thread(centre.stop)
        assert (await pbx.next(Gone)).reason.endswith('text="the line is closed"')
        assert [fact.by for fact in centre.facts(CallEnded)] == [EndedBy.CENTRE]


@pytest.mark.parametrize(
    ("changes", "trouble"),
    [
        ({"password": "wrong"}, "the server refused the registration with 40"),
        ({"address": "192.0.2.1"}, "the line's ports cannot be opened"),
    ],
)
async def test_line_that_cannot_work_says_why(
    changes: dict[str, str], trouble: str, tmp_path: Path, shared: Path
) -> None:
    async with (
        SipPhone.started(accounts={"200": "pw-there"}) as pbx,
        served_beside(tmp_path / "house", shared, account_at(pbx, **changes)) as centre,
    ):
        lost = await centre.told(LineLost, 0)

    assert lost.sentence.startswith(trouble)
