"""A phone asks us to hand its call over (REFER), and stands in for another call (Replaces)."""

import pytest

from foundation.ids import LegId
from telephony.sip.digest import Credentials, DigestClient
from telephony.sip.events import (
    CallerIdentity,
    DialogKept,
    Gone,
    GoneWhy,
    IncomingCall,
    Referred,
    StackEffect,
)
from telephony.sip.stack import SipStack
from telephony.sip.wording.message import Request
from tests.sip.test_stack_as_server import arrive, give, of, only_answer, talk, write
from tests.support.wire import ANSWER, CENTRE, OFFER, make_stack, requests, responses

ACCOUNTS = {"agent0001": "pw0001"}
TARGET = "Refer-To: <sip:8002@hotline.example>"
SDP = "Content-Type: application/sdp"


class Talk:
    """A call that a phone has made and that is up; the phone asks for one thing after the other."""

    def __init__(self) -> None:
        self.stack = make_stack(accounts=ACCOUNTS)
        self.leg, self.to = talk(self.stack)
        self.cseq = 1

    def ask(
        self, method: str, *headers: str, now: float = 0.0, body: bytes = b""
    ) -> list[StackEffect]:
        self.cseq += 1
        branch = f"{method}{self.cseq}"
        data = write(method, *headers, branch=branch, cseq=self.cseq, to=self.to, body=body)
        return give(self.stack, data, now)

    def refer(self, *headers: str, now: float = 0.0) -> list[StackEffect]:
        return self.ask("REFER", *(headers or (TARGET,)), now=now)

    def answer(self, notify: Request, status: int, now: float = 0.0) -> list[StackEffect]:
        head = [f"SIP/2.0 {status} Whatever"]
        for name in ("via", "from", "to", "call-id", "cseq"):
            head.append(f"{name}: {notify.values(name)[0]}")
        return give(self.stack, ("\r\n".join(head) + "\r\n\r\n").encode(), now)

    def is_up(self) -> bool:
        return self.stack.leg_count == 1


@pytest.fixture
def call() -> Talk:
    return Talk()


def status_of(effects: list[StackEffect]) -> int:
    return only_answer(effects).status


def report(effects: list[StackEffect]) -> tuple[str, str]:
    """Body and subscription state of the one NOTIFY."""
    (notify,) = requests(effects)
    assert notify.method == "NOTIFY"
    assert notify.find("content-type") == "message/sipfrag;version=2.0"
    return notify.body.decode(), notify.find("subscription-state") or ""


# -- REFER -----------------------------------------------------------------------------------------


def test_a_refer_is_told_and_nothing_is_answered_yet(call: Talk) -> None:
    effects = call.refer("Refer-To: <sip:%2B8610@hotline.example>", "Referred-By: <sip:x@y>")
    assert of(Referred, effects) == [Referred(call.leg, "+8610", "hotline.example")]
    assert responses(effects) == []


def test_an_accepted_refer_is_reported_on_to_its_end(call: Talk) -> None:
    call.refer()
    effects = call.stack.accept_refer(call.leg, 1.0)
    accepted = only_answer(effects)
    assert (accepted.status, accepted.find("contact")) == (202, "<sip:192.0.2.1:5060>")
    assert report(effects) == ("SIP/2.0 100 Trying\r\n", "active;expires=180")
    (trying,) = requests(effects)
    assert trying.find("event") == "refer;id=2"
    assert (trying.uri_text, trying.to.tag) == ("sip:10086@192.0.2.2:5070", "f1")
    call.answer(trying, 200)

    ringing = call.stack.notify_refer(call.leg, 180, 5.0)
    assert report(ringing) == ("SIP/2.0 180 Ringing\r\n", "active;expires=176")
    (notify,) = requests(ringing)
    assert notify.cseq.number == trying.cseq.number + 1

    last = call.stack.notify_refer(call.leg, 200, 9.0, "Done\r\nEvil: 1")
    assert report(last) == ("SIP/2.0 200 Done Evil: 1\r\n", "terminated;reason=noresource")
    assert requests(call.stack.notify_refer(call.leg, 200, 9.1)) == []
    assert call.is_up()


def test_a_report_that_is_not_the_last_waits_for_the_answer_to_the_one_before(call: Talk) -> None:
    call.refer()
    call.stack.accept_refer(call.leg, 0.0)
    assert requests(call.stack.notify_refer(call.leg, 180, 0.1)) == []
    assert report(call.stack.notify_refer(call.leg, 200, 0.2))[0] == "SIP/2.0 200 OK\r\n"


def test_what_came_while_a_report_was_unanswered_is_reported_after_it(call: Talk) -> None:
    """The next phone rings before the first report is answered: who has asked would see nothing of
    it until somebody picks up."""
    call.refer()
    (trying,) = requests(call.stack.accept_refer(call.leg, 0.0))
    for status in (181, 180):
        assert requests(call.stack.notify_refer(call.leg, status, 0.1)) == []

    answered = call.answer(trying, 200)
    assert report(answered)[0] == "SIP/2.0 180 Ringing\r\n", "of several the last"
    (ringing,) = requests(answered)
    assert requests(call.answer(ringing, 200)) == [], "once"


def test_what_came_while_a_report_was_refused_is_not_reported(call: Talk) -> None:
    call.refer()
    (trying,) = requests(call.stack.accept_refer(call.leg, 0.0))
    call.stack.notify_refer(call.leg, 180, 0.1)
    assert requests(call.answer(trying, 481)) == []


def test_a_refused_refer_makes_no_subscription(call: Talk) -> None:
    call.refer()
    effects = call.stack.refuse_refer(call.leg, 603, 0.0)
    assert (status_of(effects), requests(effects)) == (603, [])
    assert of(Referred, call.refer()), "the next one may come"


def test_what_fails_after_it_was_accepted_is_reported(call: Talk) -> None:
    call.refer()
    call.stack.accept_refer(call.leg, 0.0)
    failed = call.stack.refuse_refer(call.leg, 486, 1.0)
    assert report(failed) == ("SIP/2.0 486 Busy Here\r\n", "terminated;reason=noresource")


def test_a_last_word_before_the_acceptance_accepts_first(call: Talk) -> None:
    call.refer()
    effects = call.stack.notify_refer(call.leg, 200, 0.0)
    assert status_of(effects) == 202
    assert [each.body for each in requests(effects)] == [
        b"SIP/2.0 100 Trying\r\n",
        b"SIP/2.0 200 OK\r\n",
    ]


def test_who_wants_no_reports_gets_none(call: Talk) -> None:
    call.refer(TARGET, "Refer-Sub: false", "Require: norefersub")
    effects = call.stack.accept_refer(call.leg, 0.0)
    assert only_answer(effects).find("refer-sub") == "false"
    assert requests(effects) == []
    assert status_of(call.refer()) == 491, "it goes on all the same"
    assert call.stack.notify_refer(call.leg, 200, 1.0) == []
    assert of(Referred, call.refer())


def test_one_refer_at_a_time(call: Talk) -> None:
    call.refer()
    assert status_of(call.refer()) == 491
    call.stack.accept_refer(call.leg, 0.0)
    assert status_of(call.refer()) == 491
    call.stack.notify_refer(call.leg, 200, 0.0)
    assert of(Referred, call.refer())


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (["Subject: none"], 400),
        ([TARGET, TARGET], 400),
        (["Refer-To: <sip:a@x>, <sip:b@x>"], 400),
        (["Refer-To: <sip:a@x"], 400),
        (["Refer-To: <mailto:a@x>"], 416),
        (["Refer-To: <sip:a@x;method=SUBSCRIBE>"], 403),
    ],
)
def test_a_refer_that_nobody_can_follow_is_refused(
    headers: list[str], status: int, call: Talk
) -> None:
    effects = call.refer(*headers)
    assert (status_of(effects), of(Referred, effects)) == (status, [])
    assert of(Referred, call.refer())
    call.stack.hang_up(call.leg, 0.0)
    call.stack.tick(100.0)
    assert call.stack.transaction_count == 0


def test_a_body_in_a_refer_is_no_hindrance(call: Talk) -> None:
    effects = call.ask("REFER", TARGET, "Content-Type: text/plain", body=b"hello")
    assert of(Referred, effects)


def test_a_refer_outside_a_dialog_is_forbidden_to_phones_of_ours_too() -> None:
    stack = make_stack(accounts=ACCOUNTS)
    for sender in ("<sip:agent0001@hotline.example>;tag=1", "<sip:10086@example.com>;tag=1"):
        effects = give(stack, write("REFER", TARGET, sender=sender))
        assert (status_of(effects), of(Referred, effects)) == (403, [])
    assert status_of(give(stack, write("REFER", TARGET, to="<sip:8000@x>;tag=gone"))) == 481


def test_a_refer_before_the_call_is_answered_finds_no_call() -> None:
    stack = make_stack()
    leg = arrive(stack)
    to = only_answer(stack.ring(leg, 0.0)).values("to")[0]
    effects = give(stack, write("REFER", TARGET, branch="r", cseq=2, to=to))
    assert (status_of(effects), of(Referred, effects)) == (481, [])


def test_a_copy_of_a_refer_is_answered_as_the_first(call: Talk) -> None:
    data = write("REFER", TARGET, branch="r", cseq=9, to=call.to)
    assert of(Referred, give(call.stack, data))
    assert of(Referred, give(call.stack, data)) == []
    call.stack.refuse_refer(call.leg, 403, 0.0)
    assert status_of(give(call.stack, data)) == 403


# -- bounds ----------------------------------------------------------------------------------------


def test_a_refer_that_nobody_answers_is_refused_in_time(call: Talk) -> None:
    call.refer()
    assert responses(call.stack.tick(19.9)) == []
    assert status_of(call.stack.tick(20.0)) == 503


def test_a_transfer_that_never_ends_is_reported_as_failed(call: Talk) -> None:
    call.refer()
    (trying,) = requests(call.stack.accept_refer(call.leg, 0.0))
    call.answer(trying, 200)
    call.stack.tick(179.0)
    assert report(call.stack.tick(180.0))[0] == "SIP/2.0 408 Request Timeout\r\n"
    assert call.is_up()


@pytest.mark.parametrize("status", [481, 405, 500, None])
def test_a_report_that_is_refused_or_unanswered_ends_the_reports_only(
    status: int | None, call: Talk
) -> None:
    call.refer()
    (trying,) = requests(call.stack.accept_refer(call.leg, 0.0))
    if status is None:
        for tenth in range(330):
            call.stack.tick(tenth / 10)
    else:
        call.answer(trying, status)
    assert requests(call.stack.notify_refer(call.leg, 200, 40.0)) == []
    assert call.is_up()
    assert of(Referred, call.refer(now=40.0))


@pytest.mark.parametrize("is_accepted", [False, True])
def test_the_peers_bye_ends_what_it_asked_for(is_accepted: bool, call: Talk) -> None:
    call.refer()
    if is_accepted:
        call.stack.accept_refer(call.leg, 0.0)
    effects = call.ask("BYE")
    assert [each.status for each in responses(effects)] == [*([] if is_accepted else [487]), 200]
    assert of(Gone, effects) == [Gone(call.leg, GoneWhy.BYE)]
    assert call.stack.notify_refer(call.leg, 200, 0.0) == []
    assert call.stack.accept_refer(call.leg, 0.0) == []


def test_our_own_bye_answers_the_refer_that_waits(call: Talk) -> None:
    call.refer()
    effects = call.stack.hang_up(call.leg, 0.0)
    assert [each.status for each in responses(effects)] == [487]
    assert [each.method for each in requests(effects)] == ["BYE"]
    assert requests(call.stack.notify_refer(call.leg, 200, 0.0)) == []


def test_notifies_are_answered_though_we_never_asked_for_any(call: Talk) -> None:
    assert status_of(call.ask("NOTIFY", "Event: refer", "Subscription-State: active")) == 489
    assert call.is_up()


# -- take-over -------------------------------------------------------------------------------------


def test_the_next_process_reports_that_the_refer_in_flight_has_failed(call: Talk) -> None:
    call.refer()
    (kept, *_) = reversed(of(DialogKept, call.stack.accept_refer(call.leg, 0.0)))
    heir = make_stack(seed=5)
    assert heir.adopt(kept.record, 1.0) == call.leg
    effects = heir.tick(1.0)
    assert report(effects) == (
        "SIP/2.0 503 Service Unavailable\r\n",
        "terminated;reason=noresource",
    )
    (notify,) = requests(effects)
    assert notify.find("event") == "refer;id=2"
    assert [each.method for each in requests(heir.hang_up(call.leg, 2.0))] == ["BYE"]


def test_a_refer_that_was_not_answered_may_come_again_to_the_next_process(call: Talk) -> None:
    data = write("REFER", TARGET, branch="r", cseq=9, to=call.to)
    give(call.stack, data)
    heir = make_stack(seed=5)
    heir.adopt(call.stack.record(call.leg), 1.0)
    assert requests(heir.tick(1.0)) == []
    assert of(Referred, give(heir, data, 1.0))
    assert status_of(heir.refuse_refer(call.leg, 603, 1.0)) == 603


# -- the other dialog ------------------------------------------------------------------------------


def named(leg_to: str, call_id: str, peer_tag: str) -> str:
    """What Replaces says of a call of ours: our own tag is its to-tag."""
    ours = leg_to.rpartition("tag=")[2]
    return f"{call_id};to-tag={ours};from-tag={peer_tag}"


def escaped(replaces: str) -> str:
    text = replaces.replace(";", "%3B").replace("=", "%3D")
    return f"Refer-To: <sip:8001@hotline.example?Replaces={text}>"


def second_line(stack: SipStack) -> tuple[LegId, str]:
    """Another call of the same phone, which rings."""
    data = write("INVITE", SDP, branch="2nd", sender="<sip:x@y>;tag=f2", call_id="c2", body=OFFER)
    leg = arrive(stack, data)
    to = only_answer(stack.ring(leg, 0.0)).values("to")[0]
    return leg, named(to, "c2", "f2")


def test_the_dialog_that_refer_to_names_is_found(call: Talk) -> None:
    leg, replaces = second_line(call.stack)
    effects = call.refer(escaped(replaces))
    assert of(Referred, effects) == [Referred(call.leg, "8001", "hotline.example", replaces=leg)]


def test_tags_the_wrong_way_round_or_of_nobody_name_no_dialog(call: Talk) -> None:
    _, replaces = second_line(call.stack)
    call_id, to_tag, from_tag = replaces.split(";")
    swapped = f"{call_id};to-tag={from_tag[9:]};from-tag={to_tag[7:]}"
    for text in (swapped, f"{call_id};{to_tag};from-tag=x", "c9;to-tag=1;from-tag=2"):
        (told,) = of(Referred, call.refer(escaped(text)))
        assert (told.replaces, told.is_replaces_unknown) == (None, True)
        call.stack.refuse_refer(call.leg, 481, 0.0)


def test_a_call_does_not_replace_itself_nor_one_that_is_over(call: Talk) -> None:
    (told,) = of(Referred, call.refer(escaped(named(call.to, "c1", "f1"))))
    assert told.is_replaces_unknown
    call.stack.refuse_refer(call.leg, 481, 0.0)
    leg, replaces = second_line(call.stack)
    call.stack.hang_up(leg, 0.0)
    (told,) = of(Referred, call.refer(escaped(replaces)))
    assert told.is_replaces_unknown


# -- INVITE with Replaces --------------------------------------------------------------------------


class Phone:
    """A phone of ours that has an account, and calls."""

    def __init__(self, stack: SipStack) -> None:
        self.stack = stack
        self.cseq = 0

    def invite(self, *headers: str, user: str = "8001", prove: bool = True) -> list[StackEffect]:
        effects = self._send(headers, user, [])
        if not prove or status_of(effects) != 401:
            return effects
        digest = DigestClient(Credentials("agent0001", "pw0001"))
        assert digest.take(401, only_answer(effects).values("www-authenticate"))
        uri = f"sip:{user}@hotline.example"
        proof = [f"{name}: {value}" for name, value in digest.answer("INVITE", uri, "c0")]
        return self._send(headers, user, proof)

    def _send(self, headers: tuple[str, ...], user: str, proof: list[str]) -> list[StackEffect]:
        self.cseq += 1
        data = write(
            "INVITE",
            SDP,
            *headers,
            *proof,
            uri=f"sip:{user}@hotline.example",
            sender="<sip:agent0001@hotline.example>;tag=p1",
            branch=f"p{self.cseq}",
            call_id="phone",
            cseq=self.cseq,
            body=OFFER,
        )
        return give(self.stack, data)


@pytest.fixture
def phone(call: Talk) -> Phone:
    return Phone(call.stack)


def test_a_phone_of_ours_takes_a_call_over(call: Talk, phone: Phone) -> None:
    effects = phone.invite(
        f"Replaces: {named(call.to, 'c1', 'f1')}", "Require: replaces", user="any"
    )
    (told,) = of(IncomingCall, effects)
    assert (told.replaces, told.agent_aor) == (call.leg, "agent0001")
    assert call.is_up() is False, "there are two legs now, and the user ends the other"
    assert call.stack.leg_count == 2


@pytest.mark.parametrize("tag", ["f1", "guessed"])
def test_nobody_learns_by_replaces_which_calls_there_are(
    tag: str, call: Talk, phone: Phone
) -> None:
    replaces = f"Replaces: {named(call.to, 'c1', tag)}"
    assert status_of(phone.invite(replaces, prove=False)) == 401
    stranger = write("INVITE", SDP, replaces, branch="s", call_id="s", body=OFFER)
    assert status_of(give(call.stack, stranger)) == 403


def test_replaces_that_cannot_be_done_says_why(call: Talk, phone: Phone) -> None:
    is_up = f"Replaces: {named(call.to, 'c1', 'f1')}"
    assert status_of(phone.invite("Replaces: c9;to-tag=1;from-tag=2")) == 481
    assert status_of(phone.invite(f"{is_up};early-only")) == 486
    assert status_of(phone.invite(is_up, is_up)) == 400
    assert status_of(phone.invite("Replaces: c1")) == 400
    call.stack.hang_up(call.leg, 0.0)
    assert status_of(phone.invite(is_up)) == 603


def test_a_call_that_rings_here_cannot_be_replaced_from_outside(call: Talk, phone: Phone) -> None:
    _, replaces = second_line(call.stack)
    assert status_of(phone.invite(f"Replaces: {replaces}")) == 481


def test_a_call_of_ours_that_rings_elsewhere_can_be_picked_up(call: Talk, phone: Phone) -> None:
    ours = LegId("l-ours")
    caller = CallerIdentity("8000", "", "")
    effects = call.stack.dial(ours, "sip:9@192.0.2.2:5070", 0.0, body=OFFER, caller=caller)
    (invite,) = requests(effects)
    head = [f"{name}: {invite.values(name)[0]}" for name in ("via", "from", "call-id", "cseq")]
    rings = [*head, f"To: {invite.values('to')[0]};tag=g1", "Contact: <sip:9@192.0.2.2:5070>"]
    give(call.stack, ("\r\n".join(["SIP/2.0 180 Ringing", *rings]) + "\r\n\r\n").encode())
    replaces = f"{invite.call_id};to-tag={invite.sender.tag};from-tag=g1;early-only"
    (told,) = of(IncomingCall, phone.invite(f"Replaces: {replaces}"))
    assert told.replaces == ours
    call.stack.hang_up(ours, 0.0)


# -- whom phones of ours may dial ------------------------------------------------------------------


def test_extensions_are_for_phones_of_ours_that_have_proved_it() -> None:
    stack = make_stack(accounts=ACCOUNTS, extensions=lambda user: user == "agent0002")
    phone = Phone(stack)
    assert status_of(phone.invite(user="agent0002", prove=False)) == 401
    (told,) = of(IncomingCall, phone.invite(user="agent0002"))
    assert (told.to_user, told.agent_aor) == ("agent0002", "agent0001")
    assert status_of(phone.invite(user="agent0003")) == 404
    stranger = write("INVITE", SDP, uri="sip:agent0002@hotline.example", call_id="s", body=OFFER)
    assert status_of(give(stack, stranger)) == 404


def test_we_say_that_we_know_refer_and_replaces(call: Talk) -> None:
    options = only_answer(call.ask("OPTIONS"))
    assert {"REFER", "NOTIFY"} <= set(options.items("allow"))
    assert {"replaces", "norefersub"} <= set(options.items("supported"))
    again = call.ask("INVITE", SDP, body=OFFER)
    assert of(Gone, again) == []
    accepted = only_answer(call.stack.accept(call.leg, ANSWER, 0.0))
    assert "replaces" in accepted.items("supported")
    assert CENTRE.host in (accepted.find("contact") or "")


def test_a_prack_that_cannot_be_read_leaves_nothing_behind(call: Talk) -> None:
    before = call.stack.transaction_count
    assert status_of(call.ask("PRACK", "RAck: rubbish")) == 400
    assert call.stack.transaction_count == before
