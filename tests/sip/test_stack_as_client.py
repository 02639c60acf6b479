"""Calls that we make, against a peer written by hand: forks, credentials, late 200s."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foundation.ids import LegId
from telephony.sip.events import (
    Answered,
    CallerIdentity,
    DialogKept,
    Dropped,
    Gone,
    GoneWhy,
    HostPort,
    InfoDigit,
    Progressed,
    Refused,
    ReofferRefused,
    SendDatagram,
    StackEffect,
)
from telephony.sip.stack import SipStack
from telephony.sip.wording.compose import respond
from telephony.sip.wording.message import HeaderLines, Request
from tests.support.wire import ANSWER, CENTRE, OFFER, PHONE, make_stack, requests, responses

LEG = LegId("l-1")
CALLER = CallerIdentity("8000", 'Hot "Line"\r\nX: y', "")
RELIABLE = (("Require", "100rel"), ("RSeq", "1"))
CONTACT = ("Contact", f"<sip:agent@{PHONE.host}:{PHONE.port}>")


class Peer:
    """Answers what our stack sends, as the phone at `PHONE` would."""

    def __init__(self, credentials: tuple[str, str] | None = None, body: bytes = OFFER) -> None:
        self.stack: SipStack = make_stack(CENTRE)
        self.now = 0.0
        uri = f"sip:agent@{PHONE.host}:{PHONE.port}"
        self.dialled = self.stack.dial(
            LEG, uri, 0.0, body=body, caller=CALLER, credentials=credentials
        )
        (self.invite,) = requests(self.dialled)

    def answers(
        self,
        status: int,
        *,
        to: Request | None = None,
        tag: str = "phone",
        headers: HeaderLines = (CONTACT,),
        body: bytes = b"",
    ) -> list[StackEffect]:
        data = respond(to or self.invite, status, CENTRE, tag=tag, headers=headers, body=body)
        return self.stack.receive(data, PHONE, 0, self.now)

    def picks_up(self) -> list[StackEffect]:
        return self.answers(200, body=ANSWER)


def methods(effects: list[StackEffect]) -> list[str]:
    return [request.method for request in requests(effects)]


def facts(effects: list[StackEffect]) -> list[StackEffect]:
    told = (each for each in effects if not isinstance(each, SendDatagram))
    return [each for each in told if type(each).__name__ != "DialogKept"]


def test_the_invite_says_who_calls_and_cannot_be_made_to_say_more() -> None:
    invite = Peer().invite
    assert invite.sender.display_name == 'Hot "Line"  X: y'
    assert invite.sender.uri.user == "8000"
    assert invite.find("x") is None
    assert invite.find("max-forwards") == "70"
    assert invite.body == OFFER


def test_a_200_that_comes_again_is_acknowledged_again_with_the_same_ack() -> None:
    peer = Peer()
    first = peer.picks_up()
    again = peer.picks_up()

    assert facts(first) == [Answered(LEG, ANSWER)]
    assert facts(again) == []
    assert [bytes(each) for each in requests(first)] == [bytes(each) for each in requests(again)]


def test_the_sdp_of_an_answer_with_several_parts_is_told() -> None:
    peer = Peer()
    sdp = b"Content-Type: application/sdp\r\n\r\n" + ANSWER
    body = b"--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b\r\n" + sdp + b"\r\n--b--\r\n"
    data = respond(
        peer.invite, 200, CENTRE, tag="phone", headers=[CONTACT], body=body,
        content_type="multipart/mixed;boundary=b",
    )  # fmt: skip
    assert facts(peer.stack.receive(data, PHONE, 0, 0.0)) == [Answered(LEG, ANSWER)]


@pytest.mark.parametrize("value", ['399 x "', "", '307 isi.edu "a", 399 \xff', ",,,"])
def test_a_warning_that_is_broken_does_not_hide_the_refusal(value: str) -> None:
    told = facts(Peer().answers(488, headers=[("Warning", value), ("Reason", value)]))
    assert told == [Refused(LEG, 488, "Not Acceptable Here")]


def test_a_second_phone_that_answers_gets_ack_and_bye() -> None:
    peer = Peer()
    peer.picks_up()
    effects = peer.answers(200, tag="other", body=ANSWER)

    assert methods(effects) == ["ACK", "BYE"]
    assert {request.to.tag for request in requests(effects)} == {"other"}
    assert facts(effects) == []
    assert methods(peer.stack.hang_up(LEG, 1.0)) == ["BYE"]


def test_a_phone_that_answers_after_the_call_is_over_gets_ack_and_bye() -> None:
    peer = Peer()
    peer.picks_up()
    (bye,) = requests(peer.stack.hang_up(LEG, 1.0))
    peer.answers(200, to=bye, headers=())
    assert methods(peer.answers(200, tag="late", body=ANSWER)) == ["ACK", "BYE"]


def test_only_provisional_answers_above_100_are_told() -> None:
    peer = Peer()
    assert facts(peer.answers(100)) == []
    assert facts(peer.answers(183, body=ANSWER)) == [Progressed(LEG, 183, ANSWER)]


@pytest.mark.parametrize(
    ("status", "challenge", "proof"),
    [
        (401, "WWW-Authenticate", "authorization"),
        (407, "Proxy-Authenticate", "proxy-authorization"),
    ],
)
def test_a_challenge_is_answered_once(status: int, challenge: str, proof: str) -> None:
    peer = Peer(credentials=("8000", "pw"))
    headers = [(challenge, 'Digest realm="r", nonce="n", qop="auth", algorithm=MD5')]
    effects = peer.answers(status, headers=headers)
    ack, again = requests(effects)

    assert (ack.method, again.method) == ("ACK", "INVITE")
    assert again.cseq.number == peer.invite.cseq.number + 1
    assert again.via.branch != peer.invite.via.branch
    assert again.call_id == peer.invite.call_id
    assert "nc=00000001" in (again.find(proof) or "")
    assert again.body == OFFER
    assert again.values("allow") == peer.invite.values("allow")
    assert facts(effects) == []

    refused = peer.answers(status, to=again, headers=headers)
    assert [type(each) for each in facts(refused)] == [Refused]


def test_a_later_request_answers_a_new_nonce_though_nobody_calls_the_old_one_stale() -> None:
    """Many networks say so of no nonce, and would let a call go on whose BYE is not proved."""
    peer = Peer(credentials=("8000", "pw"))
    nonces = [[("WWW-Authenticate", f'Digest realm="r", nonce="{n}", qop="auth"')] for n in "123"]
    _, again = requests(peer.answers(401, headers=nonces[0]))
    peer.answers(200, to=again, body=ANSWER)

    (bye,) = requests(peer.stack.hang_up(LEG, peer.now))
    (proved,) = requests(peer.answers(401, to=bye, headers=nonces[1]))
    assert proved.method == "BYE"
    assert proved.cseq.number == bye.cseq.number + 1
    assert 'nonce="2"' in (proved.find("authorization") or "")

    assert requests(peer.answers(401, to=proved, headers=nonces[2])) == [], "once for each request"


def test_two_requests_at_once_are_each_proved_by_the_challenge_that_they_got() -> None:
    """Where a nonce serves once both are challenged: the second key had been lost, and so had the
    hold that was wanted while a key was under way."""
    peer = Peer(credentials=("8000", "pw"))
    nonces = [[("WWW-Authenticate", f'Digest realm="r", nonce="{n}", qop="auth"')] for n in "0123"]
    _, again = requests(peer.answers(401, headers=nonces[0]))
    peer.answers(200, to=again, body=ANSWER)
    asked = [
        *requests(peer.stack.press(LEG, "1", peer.now)),
        *requests(peer.stack.press(LEG, "2", peer.now)),
        *requests(peer.stack.reoffer(LEG, OFFER + b"a=sendonly\r\n", peer.now)),
    ]

    challenged = zip(asked, nonces[1:], strict=True)
    proved = [requests(peer.answers(401, to=to, headers=nonce))[-1] for to, nonce in challenged]

    assert [each.method for each in proved] == ["INFO", "INFO", "INVITE"]
    assert [each.body for each in proved] == [each.body for each in asked]
    for request, nonce in zip(proved, "123", strict=True):
        proof = request.find("authorization") or ""
        assert f'nonce="{nonce}"' in proof
        assert "nc=00000001" in proof
        refused = peer.answers(401, to=request, headers=nonces[0])
        assert "INFO" not in methods(refused), "once for each request"
        assert "INVITE" not in methods(refused)


def test_a_phone_that_rings_gets_its_prack_proved_where_it_asks_for_that() -> None:
    peer = Peer(credentials=("8000", "pw"))
    (prack,) = requests(peer.answers(183, headers=(CONTACT, *RELIABLE), body=ANSWER))

    headers = [("Proxy-Authenticate", 'Digest realm="r", nonce="n"')]
    (proved,) = requests(peer.answers(407, to=prack, headers=headers))

    assert (proved.method, proved.cseq.number) == ("PRACK", prack.cseq.number + 1)
    assert (proved.uri_text, proved.to.tag) == (prack.uri_text, "phone")
    assert proved.find("rack") == prack.find("rack")
    assert "proxy-authorization" in [name.lower() for name, _ in proved.headers]
    assert requests(peer.answers(407, to=proved, headers=headers)) == []


def test_a_challenge_without_credentials_is_a_refusal() -> None:
    peer = Peer()
    headers = [("WWW-Authenticate", 'Digest realm="r", nonce="n"')]
    assert facts(peer.answers(401, headers=headers)) == [Refused(LEG, 401, "Unauthorized")]


def test_in_dialog_requests_follow_contact_and_route_of_the_200() -> None:
    peer = Peer()
    route = ("Record-Route", "<sip:192.0.2.8;lr>, <sip:192.0.2.7:5090;lr>")
    contact = ("Contact", "<sip:desk@192.0.2.99:5099>")
    effects = peer.answers(200, headers=(route, contact), body=ANSWER)
    (ack,) = requests(effects)

    assert ack.uri_text == "sip:desk@192.0.2.99:5099"
    assert ack.items("route") == ["<sip:192.0.2.7:5090;lr>", "<sip:192.0.2.8;lr>"]
    sent = [each.to for each in effects if isinstance(each, SendDatagram)]
    assert sent == [HostPort("192.0.2.7", 5090)]


def test_the_phone_hangs_up_and_presses_keys_in_our_dialog() -> None:
    peer = Peer()
    (ack,) = requests(peer.picks_up())

    def ask(method: str, number: int, kind: str = "", body: bytes = b"") -> list[StackEffect]:
        headers = [
            ("Via", f"SIP/2.0/UDP {PHONE.host}:{PHONE.port};branch=z9hG4bK{method}"),
            ("From", ack.values("to")[0]),
            ("To", ack.values("from")[0]),
            ("Call-ID", ack.call_id),
            ("CSeq", f"{number} {method}"),
        ]
        headers += [("Content-Type", kind)] if kind else []
        request = Request(method, "sip:8000@192.0.2.1", headers, body)
        return peer.stack.receive(bytes(request), PHONE, 0, 1.0)

    assert facts(ask("INFO", 1, "application/dtmf", b"#")) == [InfoDigit(LEG, "#")]
    effects = ask("BYE", 2)
    assert [answer.status for answer in responses(effects)] == [200]
    assert facts(effects) == [Gone(LEG, GoneWhy.BYE)]


def test_a_refused_cancel_still_ends_after_64_t1() -> None:
    peer = Peer()
    peer.answers(180)
    (cancel,) = requests(peer.stack.hang_up(LEG, 1.0))
    assert cancel.method == "CANCEL"
    assert cancel.via.branch == peer.invite.via.branch
    assert cancel.cseq.number == peer.invite.cseq.number
    peer.answers(481, to=cancel, headers=())

    assert Refused(LEG, 487, "cancelled") in peer.stack.tick(33.0)
    assert peer.stack.leg_count == 0


@pytest.mark.parametrize("status", [408, 481])
def test_a_reoffer_that_finds_no_dialog_ends_it(status: int) -> None:
    peer = Peer()
    peer.picks_up()
    (again,) = requests(peer.stack.reoffer(LEG, OFFER, 1.0))
    effects = peer.answers(status, to=again, headers=())
    assert facts(effects) == [Gone(LEG, GoneWhy.DIALOG_ERROR)]


def test_a_reoffer_that_meets_491_for_ever_is_refused_at_last() -> None:
    peer = Peer()
    peer.picks_up()
    effects = peer.stack.reoffer(LEG, OFFER, 0.0)
    for _ in range(20):
        (again,) = [each for each in requests(effects) if each.method == "INVITE"]
        told = facts(peer.answers(491, to=again, headers=()))
        if told:
            break
        peer.now += 5.0
        effects = peer.stack.tick(peer.now)
    assert told == [ReofferRefused(LEG, 491)]


@pytest.mark.parametrize(
    ("to", "status"),
    [("sip:agent@phones.example", 503), ("sip:a b@192.0.2.2", 404), ("nobody", 480)],
)
def test_who_cannot_be_reached_is_refused_at_once(to: str, status: int) -> None:
    (told,) = make_stack().dial(LEG, to, 0.0, body=OFFER, caller=CALLER)
    assert isinstance(told, Refused)
    assert told.status == status


def test_a_phone_that_the_network_calls_unreachable_is_refused_at_once() -> None:
    peer = Peer()
    assert peer.stack.unreachable(HostPort(PHONE.host, PHONE.port + 1)) == []
    told = peer.stack.unreachable(PHONE)
    assert told == [Refused(LEG, 503, "the phone is unreachable")]
    assert (peer.stack.leg_count, peer.stack.transaction_count, peer.stack.deadline) == (0, 0, None)


def test_a_phone_that_has_answered_is_not_given_up_for_an_icmp_error() -> None:
    peer = Peer()
    peer.answers(180)
    assert peer.stack.unreachable(PHONE) == []
    peer.picks_up()
    peer.stack.reoffer(LEG, OFFER, 1.0)
    assert peer.stack.unreachable(PHONE) == []
    assert peer.stack.leg_count == 1


def test_a_route_is_where_the_first_datagram_goes() -> None:
    stack = make_stack()
    route = HostPort("192.0.2.7", 5090)
    to = "sip:agent@phones.example"
    effects = stack.dial(LEG, to, 0.0, body=OFFER, caller=CALLER, route=route)
    assert [each.to for each in effects if isinstance(each, SendDatagram)] == [route]


def test_a_malformed_answer_is_dropped() -> None:
    peer = Peer()
    data = respond(peer.invite, 200, CENTRE, tag="t", headers=[("Contact", "<sip:a b>")])
    assert peer.stack.receive(data, PHONE, 0, 0.0) == [Dropped("malformed", PHONE)]


CHANGES = st.lists(st.tuples(st.integers(0, 600), st.integers(0, 255)), max_size=3)


def adopted_while_ringing() -> Peer:
    """A phone that rings for a process that is gone; another one has its record."""
    peer = Peer()
    peer.answers(180)
    (kept,) = (each for each in peer.stack.note(LEG, b"agent") if isinstance(each, DialogKept))
    peer.stack = make_stack(seed=2)
    assert peer.stack.adopt(kept.record, 10.0) == LEG
    assert peer.stack.extra(LEG) == b"agent"
    return peer


def test_a_phone_that_rings_for_a_process_that_is_gone_is_cancelled_by_the_next() -> None:
    peer = adopted_while_ringing()

    (cancel,) = requests(peer.stack.hang_up(LEG, 10.0))

    assert cancel.method == "CANCEL"
    assert (cancel.via.branch, cancel.uri_text) == (peer.invite.via.branch, peer.invite.uri_text)
    assert cancel.sender.tag == peer.invite.sender.tag
    peer.answers(200, to=cancel)
    assert methods(peer.answers(487)) == ["ACK"]
    assert peer.stack.leg_count == 0


def test_a_phone_that_is_picked_up_while_it_is_cancelled_by_the_next_gets_ack_and_bye() -> None:
    peer = adopted_while_ringing()
    peer.stack.hang_up(LEG, 10.0)

    assert methods(peer.picks_up()) == ["ACK", "BYE"]


def test_a_phone_that_rings_for_a_process_that_is_gone_may_be_picked_up() -> None:
    peer = adopted_while_ringing()

    effects = peer.picks_up()

    assert facts(effects) == [Answered(LEG, ANSWER)]
    assert methods(effects) == ["ACK"]


@settings(max_examples=200, deadline=None)
@given(CHANGES, st.sampled_from([100, 180, 200, 302, 401, 486]))
def test_no_answer_however_broken_raises(changes: list[tuple[int, int]], status: int) -> None:
    peer = Peer(credentials=("a", "b"))
    headers = (CONTACT, ("Record-Route", "<sip:p;lr>"), ("WWW-Authenticate", 'Digest realm="r"'))
    data = bytearray(respond(peer.invite, status, CENTRE, tag="t", headers=headers, body=ANSWER))
    for place, value in changes:
        data[place % len(data)] = value
    peer.stack.receive(bytes(data), PHONE, 0, 0.0)
    peer.stack.hang_up(LEG, 1.0)
    for at in (2.0, 40.0, 80.0, 120.0):
        peer.stack.tick(at)
    assert peer.stack.leg_count == 0


@settings(max_examples=200, deadline=None)
@given(CHANGES, st.sampled_from(["INVITE", "REGISTER", "OPTIONS", "BYE", "CANCEL", "ACK"]))
def test_no_request_however_broken_raises(changes: list[tuple[int, int]], method: str) -> None:
    stack = make_stack(accounts={"8000": "pw"})
    headers = [
        ("Via", "SIP/2.0/UDP 192.0.2.2:5070;branch=z9hG4bK1;rport"),
        ("From", '"A" <sip:1@x>;tag=1'),
        ("To", "<sip:8000@hotline.example>"),
        ("Call-ID", "c1"),
        ("CSeq", f"1 {method}"),
        ("Contact", "<sip:1@192.0.2.2>"),
        ("Record-Route", "<sip:192.0.2.7;lr>"),
        ("Authorization", 'Digest username="8000", realm="hotline.example"'),
        ("Content-Type", "application/sdp"),
    ]
    data = bytearray(bytes(Request(method, "sip:8000@hotline.example", headers, OFFER)))
    for place, value in changes:
        data[place % len(data)] = value
    effects = stack.receive(bytes(data), PHONE, 0, 0.0)
    for leg in [each.leg for each in effects if type(each).__name__ == "IncomingCall"]:  # type: ignore[union-attr]  # by name
        stack.ring(leg, 0.1)
        stack.accept(leg, ANSWER, 0.2)
        assert make_stack(seed=2).adopt(stack.record(leg), 0.0) == leg
    for at in (40.0, 80.0, 120.0):
        stack.tick(at)
    assert stack.leg_count == 0
