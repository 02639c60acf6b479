"""SIPp against a served centre: its own caller scenario, a digit by INFO, and what is wrong."""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from acd.events import AgentChanged, AgentState, CallQueued, TalkTaken
from ivr.events import MenuChosen
from telephony.calls.events import (
    CallAnswered,
    CallBridged,
    CallEnded,
    EndedBy,
)
from tests.support.centre import Centre, Ports, Tones, served
from tests.support.interop_table import shows
from tests.support.programs import find_free_port, need_program
from tests.support.sipp import Sipp, run_sipp
from tests.support.sipp_messages import (
    BODY,
    HEAD,
    IN_DIALOG,
    PLAIN,
    WRONG,
    answer,
    request,
    scenario,
    send,
)
from tests.support.tones import tone

pytestmark = [pytest.mark.e2e, pytest.mark.interop]

PROGRAM = "SIPp"
CALLS = 10


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Iterator[Centre]:
    need_program("sipp", "sip-tester")
    ports = Ports.find()
    listen = [f"{transport}:127.0.0.1:{ports.sip}" for transport in ("udp", "tcp")]
    changes = {"sip": {"listen": listen}}
    with served(tmp_path_factory.mktemp("centre"), shared, changes, ports=ports) as centre:
        yield centre


def address(centre: Centre) -> str:
    return f"{centre.sip.host}:{centre.sip.port}"


@pytest.fixture
def uac(tmp_path: Path) -> Path:
    """The scenario that SIPp brings along; it ends with a status of its own after printing it."""
    told = subprocess.run(["sipp", "-sd", "uac"], capture_output=True, check=False)
    file = tmp_path / "uac.xml"
    file.write_bytes(told.stdout)
    return file


@shows("calls in")
@pytest.mark.parametrize("transport", ["udp", pytest.param("tcp", marks=shows("TCP"))])
async def test_its_own_uac_scenario_calls_the_line_and_hangs_up(
    centre: Centre, tmp_path: Path, uac: Path, transport: str
) -> None:
    before = centre.mark()

    by = {"udp": "u1", "tcp": "t1"}[transport]
    options = ("-s", "8000", "-m", str(CALLS), "-r", "5", "-d", "300", "-t", by)
    result = await run_sipp(uac, tmp_path, *options, to=address(centre))

    assert result.passed, result.log
    await centre.until(lambda: len(centre.facts(CallEnded, before)) == CALLS)
    assert len(centre.facts(CallAnswered, before)) == CALLS
    assert {fact.by for fact in centre.facts(CallEnded, before)} == {EndedBy.CALLER}


@shows("INFO")
async def test_a_digit_by_info_chooses_from_the_menu(centre: Centre, tmp_path: Path) -> None:
    info = "Content-Type: application/dtmf-relay\nContent-Length: [len]\n\nSignal=2\nDuration=160\n"
    file = tmp_path / "info.xml"
    file.write_text(
        scenario(
            request("INVITE", tail=BODY),
            '<recv response="100" optional="true"/>\n',
            answer(200, keep_to=True),
            request("ACK", IN_DIALOG),
            request("INFO", IN_DIALOG, info, cseq=2),
            answer(200),
            '<pause milliseconds="300"/>\n',
            request("BYE", IN_DIALOG, cseq=3),
            answer(200),
        )
    )
    before = centre.mark()

    result = await run_sipp(file, tmp_path, to=address(centre))

    assert result.passed, result.log
    assert (await centre.told(CallQueued, before)).queue == "brisk"
    assert [chosen.key for chosen in centre.facts(MenuChosen, before)] == ["2"]


KEY_2 = Path("/usr/share/sip-tester/dtmf_2833_2.pcap")
"An RTP event as SIPp brings it along, with payload type 101."


@shows("keys")
@pytest.mark.skipif(
    os.geteuid() != 0 or not KEY_2.exists(),
    reason="SIPp sends packets of a capture by a raw socket, for which it must be root",
)
async def test_a_digit_as_rtp_event_chooses_from_the_menu(centre: Centre, tmp_path: Path) -> None:
    events = BODY.replace("m=audio 9 RTP/AVP 0", "m=audio [media_port] RTP/AVP 0 101")
    file = tmp_path / "key.xml"
    file.write_text(
        scenario(
            request("INVITE", tail=f"{events}a=rtpmap:101 telephone-event/8000\n"),
            '<recv response="100" optional="true"/>\n',
            answer(200, keep_to=True),
            request("ACK", IN_DIALOG),
            f'<nop><action><exec play_pcap_audio="{KEY_2}"/></action></nop>\n',
            '<pause milliseconds="1000"/>\n',
            request("BYE", IN_DIALOG, cseq=2),
            answer(200),
        )
    )
    before = centre.mark()

    port = str(find_free_port() // 2 * 2)
    result = await run_sipp(file, tmp_path, "-mp", port, to=address(centre))

    assert result.passed, result.log
    assert (await centre.told(CallQueued, before)).queue == "brisk"
    assert [chosen.key for chosen in centre.facts(MenuChosen, before)] == ["2"]


REGISTER = """\
REGISTER sip:[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
Max-Forwards: 70
From: <sip:agent0001@[remote_ip]>;tag=[call_number]
To: <sip:agent0001@[remote_ip]>
Call-ID: [call_id]
CSeq: {cseq} REGISTER
Contact: <sip:agent0001@[local_ip]:[local_port]>
Expires: {expires}
{more}Content-Length: 0

"""
PROOF = "[authentication username=agent0001 password=pw0001]\n"
REPLY = """\
SIP/2.0 {status}
[last_Via:]
[last_From:]
[last_To:];tag=[call_number]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:agent0001@[local_ip]:[local_port]>
"""


CHALLENGED = '<recv response="401" auth="true"/>\n'


@asynccontextmanager
async def registered(centre: Centre, folder: Path) -> AsyncIterator[int]:
    """agent0001 by a SIPp that then has left; gives its port, where the calls come."""
    before = centre.mark()
    port = await register(centre, folder, expires=60)
    await centre.told(AgentChanged, before, agent_id="agent0001", state=AgentState.READY)
    yield port
    await register(centre, folder, port, expires=0)
    await centre.told(AgentChanged, before, agent_id="agent0001", state=AgentState.OFF)


async def register(centre: Centre, folder: Path, port: int = 0, *, expires: int) -> int:
    file = folder / f"register-{expires}.xml"
    file.write_text(
        scenario(
            send(REGISTER.format(cseq=1, expires=expires, more="")),
            CHALLENGED,
            send(REGISTER.format(cseq=2, expires=expires, more=PROOF)),
            answer(200),
        )
    )
    sipp = Sipp(file, folder, to=address(centre), port=port)
    result = await sipp.run()
    assert result.passed, result.log
    return sipp.port


@shows("registers", "is rung")
async def test_registers_with_digest_is_rung_as_an_agent_and_hears_the_end(
    centre: Centre, tmp_path: Path
) -> None:
    before = centre.mark()
    called = tmp_path / "called.xml"
    called.write_text(
        scenario(
            '<recv request="INVITE"/>\n',
            send(REPLY.format(status="180 Ringing") + PLAIN),
            send(REPLY.format(status="200 OK") + BODY, retransmit=True),
            '<recv request="ACK"/>\n',
            '<recv request="BYE"/>\n',
            send(REPLY.format(status="200 OK").replace(";tag=[call_number]", "") + PLAIN),
        )
    )
    async with registered(centre, tmp_path) as port, centre.phone() as caller:
        agent = Sipp(called, tmp_path, port=port)
        ringing = asyncio.create_task(agent.run())
        await agent.listens()
        call = caller.dial("8000")
        await call.answered()
        call.press("1")
        await centre.told(CallBridged, before, agent_id="agent0001")
        call.hang_up()
        result = await ringing
        assert result.passed, result.log


ITS_OWN = """\
{method} [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
Max-Forwards: 70
From: [$us];tag=[call_number]
To: [$peer]
[last_Call-ID:]
CSeq: 1 {method}
Contact: <sip:agent0001@[local_ip]:[local_port]>
"""
KNOW_BOTH = (
    '<recv request="INVITE" rrs="true"><action>'
    '<ereg regexp="[^ ].*" search_in="hdr" header="From:" assign_to="peer"/>'
    '<ereg regexp="[^ ].*" search_in="hdr" header="To:" assign_to="us"/>'
    "</action></recv>\n"
)


@shows("transfers")
async def test_its_refer_gives_the_caller_to_a_colleague(centre: Centre, tmp_path: Path) -> None:
    before = centre.mark()
    called = tmp_path / "called.xml"
    refer = ITS_OWN.format(method="REFER") + f"Refer-To: <sip:agent0002@{address(centre)}>\n"
    own_200 = send(REPLY.format(status="200 OK").replace(";tag=[call_number]", "") + PLAIN)
    called.write_text(
        scenario(
            KNOW_BOTH,
            send(REPLY.format(status="200 OK") + BODY, retransmit=True),
            '<recv request="ACK"/>\n',
            # Before the talk the caller is told the agent's number, and a REFER gets 491.
            '<pause milliseconds="3000"/>\n',
            send(refer + PLAIN, retransmit=True),
            answer(202),
            # Of 100, 180 and 200.
            *('<recv request="NOTIFY"/>\n', own_200) * 3,
            '<recv request="BYE"/>\n',
            own_200,
        )
    )
    # Who came later is not the one who is idle longest: the call is offered to SIPp.
    async with (
        registered(centre, tmp_path) as port,
        centre.agent(2) as colleague,
        centre.phone() as caller,
    ):
        agent = Sipp(called, tmp_path, port=port)
        ringing = asyncio.create_task(agent.run())
        await agent.listens()
        call = caller.dial("8000")
        await call.answered()
        call.press("1")
        await centre.told(CallBridged, before, agent_id="agent0001")
        call.play(tone(Tones.CALLER, 180))
        taken = await colleague.rings()
        # Who picks up at once leaves nothing to be told between 100 and 200 (RFC 6665 4.2.2).
        await agent.has_read("SIP/2.0 180")
        taken.accept()
        await taken.hears(Tones.CALLER, 0.6)
        await centre.told(TalkTaken, before, agent_id="agent0002")
        call.hang_up()
        assert not (await asyncio.wait_for(taken.over(), 20)).by_us
        result = await ringing
        assert result.passed, result.log


@shows("holds")
async def test_its_hold_is_mirrored(centre: Centre, tmp_path: Path) -> None:
    file = tmp_path / "hold.xml"
    held = BODY + "a=sendonly\n"
    mirrored = (
        '<recv response="200"><action><ereg regexp="a=recvonly" search_in="msg" check_it="true"'
        ' assign_to="mirrored"/></action></recv>\n<Reference variables="mirrored"/>\n'
    )
    trying = '<recv response="100" optional="true"/>\n'
    file.write_text(
        scenario(
            request("INVITE", tail=BODY), trying, answer(200, keep_to=True),
            request("ACK", IN_DIALOG),
            request("INVITE", IN_DIALOG, held, cseq=2), trying, mirrored,
            request("ACK", IN_DIALOG, cseq=2),
            request("BYE", IN_DIALOG, cseq=3), answer(200),
        )
    )  # fmt: skip
    result = await run_sipp(file, tmp_path, to=address(centre))
    assert result.passed, result.log


@pytest.mark.parametrize("name", WRONG)
async def test_the_answer_due_is_given_to(name: str, centre: Centre, tmp_path: Path) -> None:
    text, status = WRONG[name]
    file = tmp_path / "wrong.xml"
    file.write_text(scenario(send(text), answer(status)))

    result = await run_sipp(file, tmp_path, to=address(centre))

    assert result.passed, result.log


async def test_after_all_that_callers_are_still_answered_and_nothing_was_logged_as_a_bug(
    centre: Centre, tmp_path: Path
) -> None:
    file = tmp_path / "options.xml"
    file.write_text(scenario(request("OPTIONS", HEAD), answer(200)))

    result = await run_sipp(file, tmp_path, to=address(centre))

    assert result.passed, result.log
    assert centre.said("core").count("Traceback") == 0
