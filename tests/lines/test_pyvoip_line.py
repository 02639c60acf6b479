"""The PBX's side of a line: pyVoIP with its cures, no socket."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.lines.carried import PbxHungUp, PbxReoffered, PbxVanished
from tests.support.pbx_wire import OFFER, PBX, STRANGER, PaperLine, request, tag_of


@pytest.fixture
def pbx() -> PaperLine:
    return PaperLine()


def ringing(pbx: PaperLine) -> str:
    """A call that came in; our tag."""
    pbx.receive(request("INVITE", body=OFFER))
    pbx.line.progress("a@pbx", 180, "")
    return tag_of(pbx.last)


def talking(pbx: PaperLine) -> str:
    tag = ringing(pbx)
    pbx.line.accept("a@pbx", "our sdp")
    pbx.receive(request("ACK", tag=tag))
    return tag


def test_call_is_told_with_its_whole_body_and_gets_100_only(pbx: PaperLine) -> None:
    assert pbx.receive(request("INVITE", body=OFFER)) == ["SIP/2.0 100 Trying"]

    (call,) = pbx.invited
    assert bytes(call.first.raw).decode().endswith(OFFER)


def test_copy_of_the_invite_gets_the_last_answer_and_is_no_second_call(pbx: PaperLine) -> None:
    ringing(pbx)

    assert pbx.receive(request("INVITE", body=OFFER)) == ["SIP/2.0 180 Ringing"]
    assert len(pbx.invited) == 1


def test_same_call_by_another_way_is_a_loop(pbx: PaperLine) -> None:
    ringing(pbx)

    assert pbx.receive(request("INVITE", branch="2")) == ["SIP/2.0 482 Loop Detected"]


def test_answer_goes_back_with_route_tag_and_contact_and_is_repeated_until_its_ack(
    pbx: PaperLine,
) -> None:
    tag = ringing(pbx)
    pbx.line.accept("a@pbx", "our sdp")

    assert pbx.last.startswith("SIP/2.0 200 OK")
    assert pbx.last.endswith("Content-Length: 7\r\n\r\nour sdp")
    assert "Record-Route: <sip:192.0.2.9;lr>" in pbx.last
    assert "Contact: <sip:200@192.0.2.1:5070>" in pbx.last
    assert pbx.socket.sent[-1][1] == PBX
    due = pbx.line.sip.again._sendings["a@pbx"].due_at
    assert pbx.tick(due) == ["SIP/2.0 200 OK"]
    pbx.receive(request("ACK", tag=tag))
    assert pbx.tick(due + 30) == []


def test_answer_that_is_never_acknowledged_is_told_after_32_s(pbx: PaperLine) -> None:
    ringing(pbx)
    pbx.line.accept("a@pbx", "our sdp")

    sent = pbx.tick(pbx.line.sip.again._sendings["a@pbx"].until)

    assert sent == ["BYE sip:10086@192.0.2.55:5062 SIP/2.0"]
    assert pbx.told == [("a@pbx", PbxVanished())]


def test_bye_instead_of_the_ack_ends_the_call_and_the_repeating(pbx: PaperLine) -> None:
    tag = ringing(pbx)
    pbx.line.accept("a@pbx", "our sdp")
    due = pbx.line.sip.again._sendings["a@pbx"].due_at

    assert pbx.receive(request("BYE", branch="2", tag=tag, cseq=2)) == ["SIP/2.0 200 OK"]
    assert pbx.tick(due) == []
    assert pbx.told == [("a@pbx", PbxHungUp(""))]


def test_cancel_gets_200_and_the_invite_487(pbx: PaperLine) -> None:
    ringing(pbx)
    reason = 'Reason: SIP;cause=200;text="Call completed elsewhere"\r\n'

    assert pbx.receive(request("CANCEL", more=reason)) == [
        "SIP/2.0 200 OK",
        "SIP/2.0 487 Request Terminated",
    ]
    assert pbx.told == [("a@pbx", PbxHungUp("Call completed elsewhere"))]


def test_cancel_after_the_answer_changes_nothing(pbx: PaperLine) -> None:
    talking(pbx)

    assert pbx.receive(request("CANCEL")) == ["SIP/2.0 200 OK"]
    assert pbx.told == []


def test_refused_call_may_come_again_under_its_old_name(pbx: PaperLine) -> None:
    ringing(pbx)
    pbx.line.refuse("a@pbx", 503)
    assert pbx.last.startswith("SIP/2.0 503")

    assert pbx.receive(request("INVITE", branch="2")) == ["SIP/2.0 100 Trying"]
    assert len(pbx.invited) == 2


def test_reinvite_waits_for_core_and_a_second_one_meanwhile_is_pending(pbx: PaperLine) -> None:
    tag = talking(pbx)

    assert pbx.receive(request("INVITE", branch="2", tag=tag, body="hold", cseq=2)) == [
        "SIP/2.0 100 Trying"
    ]
    assert pbx.told == [("a@pbx", PbxReoffered("hold"))]
    assert pbx.receive(request("INVITE", branch="3", tag=tag, body="x", cseq=3)) == [
        "SIP/2.0 491 Request Pending"
    ]
    pbx.line.accept("a@pbx", "music")
    assert pbx.last.endswith("music")
    assert "CSeq: 2 INVITE" in pbx.last


def test_refused_reinvite_leaves_the_call_up(pbx: PaperLine) -> None:
    tag = talking(pbx)
    pbx.receive(request("INVITE", branch="2", tag=tag, body="hold", cseq=2))

    pbx.line.refuse("a@pbx", 488)

    assert pbx.last.startswith("SIP/2.0 488")
    assert pbx.receive(request("BYE", branch="4", tag=tag, cseq=4)) == ["SIP/2.0 200 OK"]
    assert pbx.told[-1] == ("a@pbx", PbxHungUp(""))


def test_our_bye_follows_the_route_and_tells_why(pbx: PaperLine) -> None:
    talking(pbx)

    pbx.line.hang_up("a@pbx", "the centre closes")

    assert pbx.last.startswith("BYE sip:10086@192.0.2.55:5062 SIP/2.0")
    assert "Route: <sip:192.0.2.9;lr>" in pbx.last
    assert 'Reason: Q.850;cause=16;text="the centre closes"' in pbx.last
    assert "To: <sip:10086@pbx.example>;tag=caller" in pbx.last
    assert pbx.told == []


def test_hang_up_while_a_reinvite_waits_answers_it_too(pbx: PaperLine) -> None:
    tag = talking(pbx)
    pbx.receive(request("INVITE", branch="2", tag=tag, body="hold", cseq=2))
    before = len(pbx.socket.sent)

    pbx.line.hang_up("a@pbx")

    sent = [message.split(" ", 2)[:2] for message, _ in pbx.socket.sent[before:]]
    assert sent == [["SIP/2.0", "503"], ["BYE", "sip:10086@192.0.2.55:5062"]]


@pytest.mark.parametrize("method", ["INVITE", "BYE", "CANCEL", "OPTIONS", "REGISTER", "ACK"])
def test_stranger_who_finds_the_port_is_not_even_answered(pbx: PaperLine, method: str) -> None:
    tag = talking(pbx)
    kept = dict(pbx.line.sip._answers)

    assert pbx.receive(request(method, branch="9", tag=tag), STRANGER) == []
    assert (len(pbx.invited), pbx.told, pbx.line.sip._answers) == (1, [], kept)


def test_pbx_may_send_from_each_address_of_its_name_and_from_older_ones(pbx: PaperLine) -> None:
    pbx.line.sip.use_addresses(["192.0.2.10", "192.0.2.11"])

    for number, host in enumerate(["192.0.2.9", "192.0.2.10", "192.0.2.11"]):
        options = request("OPTIONS", branch=f"o{number}", call=f"o{number}")
        assert pbx.receive(options, (host, 5060)) == ["SIP/2.0 200 OK"]
    assert pbx.line.sip.peer == ("192.0.2.10", 5060)


@given(st.binary(max_size=400), st.sampled_from(["", request("INVITE"), request("BYE")]))
def test_whatever_the_pbx_sends_nothing_breaks(noise: bytes, message: str) -> None:
    pbx = PaperLine()
    data = bytearray(message.encode() or noise or b" ")
    for at, byte in enumerate(noise[:20]):
        data[(at * 37 + byte) % len(data) : (at * 37 + byte) % len(data) + 1] = bytes([byte])
    pbx.line.sip._receive(bytes(data), PBX)


def test_bye_answers_the_reinvite_that_waits(pbx: PaperLine) -> None:
    tag = talking(pbx)
    pbx.receive(request("INVITE", branch="2", tag=tag, body="hold", cseq=2))

    assert pbx.receive(request("BYE", branch="3", tag=tag, cseq=3)) == [
        "SIP/2.0 200 OK",
        "SIP/2.0 487 Request Terminated",
    ]
    assert "CSeq: 2 INVITE" in pbx.last


def test_what_a_pbx_requires_beyond_our_means_is_named(pbx: PaperLine) -> None:
    assert pbx.receive(request("INVITE", more="Require: 100rel\r\n")) == [
        "SIP/2.0 420 Bad Extension"
    ]
    assert "Unsupported: 100rel" in pbx.last
    assert pbx.invited == []
    assert pbx.line.sip.tagLibrary.keys() == {"register"}


def test_digit_by_info_is_told_and_options_are_answered(pbx: PaperLine) -> None:
    tag = talking(pbx)

    assert pbx.receive(request("INFO", branch="2", tag=tag, body="Signal=5\r\nDuration=90")) == [
        "SIP/2.0 200 OK"
    ]
    assert pbx.digits == [("a@pbx", "5")]
    assert pbx.receive(request("OPTIONS", branch="3", call="ping")) == ["SIP/2.0 200 OK"]


def test_caller_without_a_sip_address_is_a_call_all_the_same(pbx: PaperLine) -> None:
    invite = request("INVITE").replace("<sip:10086@pbx.example>", "<tel:+8613800138000>")

    assert pbx.receive(invite) == ["SIP/2.0 100 Trying"]


def test_ended_call_is_forgotten_with_all_that_was_kept_for_it(pbx: PaperLine) -> None:
    tag = talking(pbx)
    pbx.receive(request("BYE", branch="2", tag=tag, cseq=2))
    end = pbx.line.sip._answers[next(iter(pbx.line.sip._answers))][0] + 1

    pbx.tick(end)
    pbx.tick(end + 33)

    assert pbx.line.calls == {}
    assert pbx.line.sip._answers == {}
    assert pbx.line.sip.tagLibrary.keys() == {"register"}
    assert pbx.receive(request("BYE", branch="3", tag=tag, cseq=3)) == [
        "SIP/2.0 481 Call/Transaction Does Not Exist"
    ]


def test_successor_ends_what_a_killed_process_has_left(pbx: PaperLine) -> None:
    talking(pbx)
    talk = pbx.invited[0].kept
    pbx.receive(request("INVITE", call="b@pbx", branch="5", body=OFFER))
    early = pbx.invited[1].kept
    successor = PaperLine()

    successor.line.finish(talk)
    successor.line.finish(early)

    (bye, to), (refusal, _) = successor.socket.sent
    assert bye.startswith("BYE sip:10086@192.0.2.55:5062")
    assert f"tag={talk.tag}" in bye
    assert to == PBX
    assert refusal.startswith("SIP/2.0 503 Service Unavailable")
    assert "Call-ID: b@pbx" in refusal
