"""SIPp, a SIP program that somebody else wrote, against our stack on a real socket.

SIPp calls us, is called by us, and sends what is wrong; each wrong message is named by the answer
that it must get. The scenarios are written here, beside their expectation.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from telephony.sip.events import (
    Answered,
    CallerIdentity,
    Cancelled,
    Confirmed,
    Dropped,
    Gone,
    GoneWhy,
    HostPort,
    IncomingCall,
    InfoDigit,
    Progressed,
    Refused,
    Reoffered,
    SipEvent,
)
from tests.support.sip_phone import SipPhone
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

pytestmark = [pytest.mark.e2e, pytest.mark.interop]

CALLER = CallerIdentity("8000", "Hotline", "")
SDP = b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"


@pytest.fixture
async def centre() -> AsyncIterator[SipPhone]:
    """Answers the line 8000, and a reoffer, at once."""
    lines = {"8000", "8001"}
    async with SipPhone.started({"agent0001": "pw0001"}, lines.__contains__) as phone:

        def answer_at_once(event: SipEvent) -> None:
            if isinstance(event, IncomingCall) and event.to_user == "8000":
                phone.do(phone.stack.ring(event.leg, phone.now))
            if isinstance(event, IncomingCall | Reoffered):
                phone.do(phone.stack.accept(event.leg, SDP, phone.now))

        phone.on_event = answer_at_once
        yield phone


async def play(centre: SipPhone, folder: Path, *steps: str) -> None:
    file = folder / "scenario.xml"
    file.write_text(scenario(*steps))
    to = f"{centre.address.host}:{centre.address.port}"
    result = await run_sipp(file, folder, to=to)
    assert result.passed, result.log


async def test_sipp_calls_reoffers_sends_a_digit_and_hangs_up(
    centre: SipPhone, tmp_path: Path
) -> None:
    info = "Content-Type: application/dtmf-relay\nContent-Length: [len]\n\nSignal=5\nDuration=160\n"
    await play(
        centre,
        tmp_path,
        request("INVITE", tail=BODY),
        answer(100),
        answer(180),
        answer(200, keep_to=True),
        request("ACK", IN_DIALOG),
        request("INVITE", IN_DIALOG, BODY, cseq=2),
        answer(100),
        answer(200),
        request("ACK", IN_DIALOG, cseq=2),
        request("INFO", IN_DIALOG, info, cseq=3),
        answer(200),
        request("OPTIONS", IN_DIALOG, cseq=4),
        answer(200),
        request("BYE", IN_DIALOG, cseq=5),
        answer(200),
    )

    call = await centre.next(IncomingCall)
    assert (call.to_user, call.caller.user) == ("8000", "10086")
    assert await centre.next(Confirmed) == Confirmed(call.leg, b"")
    assert await centre.next(InfoDigit) == InfoDigit(call.leg, "5")
    assert (await centre.next(Gone)).why is GoneWhy.BYE


async def test_sipp_cancels_a_ringing_call_and_gets_200_and_487(
    centre: SipPhone, tmp_path: Path
) -> None:
    centre.on_event = lambda event: (
        centre.do(centre.stack.ring(event.leg, centre.now))
        if isinstance(event, IncomingCall)
        else None
    )
    fixed = HEAD.replace("[branch]", "z9hG4bK-fixed-[call_id]")
    await play(
        centre,
        tmp_path,
        request("INVITE", fixed, BODY),
        answer(100),
        answer(180, keep_to=True),
        request("CANCEL", fixed),
        answer(200),
        answer(487),
        request("ACK", fixed.replace("To: <sip:8000@[remote_ip]:[remote_port]>", "To: [$peer]")),
    )

    assert await centre.next(Cancelled)


async def test_sipp_acknowledges_early_media_and_gets_the_200_after_that(
    centre: SipPhone, tmp_path: Path
) -> None:
    def play_early(event: SipEvent) -> None:
        if isinstance(event, IncomingCall):
            assert event.reliable
            centre.do(centre.stack.progress(event.leg, 183, SDP, centre.now))
            centre.do(centre.stack.accept(event.leg, SDP, centre.now))

    centre.on_event = play_early
    remember = (
        '<recv response="183"><action>'
        '<ereg regexp="[^ ].*" search_in="hdr" header="To:" assign_to="peer"/>'
        '<ereg regexp="[0-9]+" search_in="hdr" header="RSeq:" assign_to="rseq"/>'
        "</action></recv>\n"
    )
    await play(
        centre,
        tmp_path,
        request("INVITE", tail="Require: 100rel\n" + BODY),
        answer(100),
        remember,
        request("PRACK", IN_DIALOG, "RAck: [$rseq] 1 INVITE\n" + PLAIN, cseq=2),
        answer(200),
        answer(200),
        request("ACK", IN_DIALOG),
        request("PRACK", IN_DIALOG, "RAck: [$rseq] 1 INVITE\n" + PLAIN, cseq=3),
        answer(481),
        request("BYE", IN_DIALOG, cseq=4),
        answer(200),
    )

    assert await centre.next(Confirmed)
    assert (await centre.next(Gone)).why is GoneWhy.BYE


async def test_sipp_answers_reliably_and_gets_its_prack(centre: SipPhone, tmp_path: Path) -> None:
    reply = (
        "[last_Via:]\n[last_From:]\n[last_To:];tag=[call_number]\n[last_Call-ID:]\n[last_CSeq:]\n"
        "Contact: <sip:[local_ip]:[local_port]>\n"
    )
    plain_reply = reply.replace(";tag=[call_number]", "")
    file = tmp_path / "reliable.xml"
    file.write_text(
        scenario(
            '<recv request="INVITE"><action><ereg regexp="SIP/2.0/UDP.*" search_in="hdr"'
            ' header="Via:" assign_to="via"/></action></recv>\n',
            send("SIP/2.0 183 Session Progress\n" + reply + "Require: 100rel\nRSeq: 7\n" + BODY),
            '<recv request="PRACK"><action><ereg regexp="7 1 INVITE" search_in="hdr"'
            ' header="RAck:" check_it="true" assign_to="rack"/></action></recv>\n',
            send("SIP/2.0 200 OK\n" + plain_reply + PLAIN),
            send(
                "SIP/2.0 200 OK\nVia: [$via]\n[last_From:]\n[last_To:]\n[last_Call-ID:]\n"
                "CSeq: 1 INVITE\nContact: <sip:[local_ip]:[local_port]>\n" + PLAIN,
                retransmit=True,
            ),
            '<recv request="ACK"/>\n<recv request="BYE"/>\n',
            send("SIP/2.0 200 OK\n" + plain_reply + PLAIN),
            '<Reference variables="rack"/>\n',
        )
    )
    sipp = Sipp(file, tmp_path)
    playing = asyncio.create_task(sipp.run())

    def hang_up(event: SipEvent) -> None:
        if isinstance(event, Answered):
            centre.do(centre.stack.hang_up(event.leg, centre.now, "done"))

    centre.on_event = hang_up
    await sipp.listens()
    centre.dial(f"sip:agent@{sipp.address}", SDP, CALLER)
    result = await playing

    assert result.passed, result.log
    early = await centre.next(Progressed)
    assert (await centre.next(Answered)).body == early.body != b""


@pytest.mark.parametrize("name", WRONG)
async def test_sipp_gets_the_answer_due_for(name: str, centre: SipPhone, tmp_path: Path) -> None:
    text, status = WRONG[name]
    await play(centre, tmp_path, send(text), answer(status))
    assert name.endswith(f"expect-{status}")
    if status >= 300:
        assert await centre.next(Dropped) == Dropped(
            f"refused-{status}", centre_source(centre, tmp_path)
        )


def centre_source(centre: SipPhone, folder: Path) -> HostPort:
    """The port that SIPp used, as its log names it."""
    text = (folder / "messages.log").read_text(errors="replace")
    host_port = text.partition("branch=")[0].rpartition(" ")[2].rpartition("\n")[2]
    host, _, port = host_port.strip(" ;").partition(":")
    assert host == centre.address.host
    return HostPort(host, int(port))


async def test_sipp_registers_with_digest_and_is_called_at_its_binding(
    centre: SipPhone, tmp_path: Path
) -> None:
    register = HEAD.replace("10086@", "agent0001@").replace("8000@", "agent0001@")
    proof = "[authentication username=agent0001 password=pw0001]\n"
    await play(
        centre,
        tmp_path,
        request("REGISTER", register),
        '<recv response="401" auth="true"/>\n',
        request("REGISTER", register, proof + PLAIN, cseq=2),
        answer(200),
    )
    assert centre.stack.is_registered("agent0001", centre.now)


async def test_sipp_is_called_and_we_hang_up(centre: SipPhone, tmp_path: Path) -> None:
    reply = (
        "[last_Via:]\n[last_From:]\n[last_To:];tag=[call_number]\n[last_Call-ID:]\n[last_CSeq:]\n"
        "Contact: <sip:[local_ip]:[local_port]>\n"
    )
    file = tmp_path / "called.xml"
    file.write_text(
        scenario(
            '<recv request="INVITE"/>\n',
            send("SIP/2.0 180 Ringing\n" + reply + PLAIN),
            send("SIP/2.0 200 OK\n" + reply + BODY, retransmit=True),
            '<recv request="ACK"/>\n<recv request="BYE"/>\n',
            send("SIP/2.0 200 OK\n" + reply.replace(";tag=[call_number]", "") + PLAIN),
        )
    )
    sipp = Sipp(file, tmp_path)
    playing = asyncio.create_task(sipp.run())
    await sipp.listens()
    leg = centre.dial(f"sip:agent@{sipp.address}", SDP, CALLER)

    def hang_up(event: SipEvent) -> None:
        if isinstance(event, Answered):
            centre.do(centre.stack.hang_up(leg, centre.now, "done"))

    centre.on_event = hang_up
    result = await playing

    assert result.passed, result.log
    assert (await centre.next(Progressed)).status == 180
    assert (await centre.next(Gone)).why is GoneWhy.OURS


async def test_sipp_is_busy_and_gets_its_ack(centre: SipPhone, tmp_path: Path) -> None:
    file = tmp_path / "busy.xml"
    reply = "[last_Via:]\n[last_From:]\n[last_To:];tag=1\n[last_Call-ID:]\n[last_CSeq:]\n"
    file.write_text(
        scenario(
            '<recv request="INVITE"/>\n',
            send("SIP/2.0 486 Busy Here\n" + reply + PLAIN, retransmit=True),
            '<recv request="ACK"/>\n',
        )
    )
    sipp = Sipp(file, tmp_path)
    playing = asyncio.create_task(sipp.run())
    await sipp.listens()
    leg = centre.dial(f"sip:agent@{sipp.address}", SDP, CALLER)
    result = await playing

    assert result.passed, result.log
    assert await centre.next(Refused) == Refused(leg, 486, "Busy Here")
