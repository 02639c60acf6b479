"""Provisional answers that must arrive: 100rel and PRACK, as the caller and as the called."""

from collections.abc import Callable
from itertools import combinations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from foundation.ids import LegId
from telephony.sip.dialogs.reliable import Rack, ReliableAnswers
from telephony.sip.events import (
    Answered,
    CallerIdentity,
    Cancelled,
    Confirmed,
    DialogKept,
    Dropped,
    EarlyAnswered,
    Gone,
    GoneWhy,
    HostPort,
    IncomingCall,
    Progressed,
    Refused,
    Reoffered,
    StackEffect,
)
from telephony.sip.options import Timers
from telephony.sip.stack import SipStack
from telephony.sip.transactions.transaction import TimedOut, Transmit
from telephony.sip.wording.errors import SipParseError
from telephony.sip.wording.message import Request, Response
from tests.support.raw_peer import RawPeer
from tests.support.wire import (
    ANSWER,
    CENTRE,
    OFFER,
    PHONE,
    Side,
    Wire,
    make_stack,
    requests,
    responses,
)

LEG = LegId("l-1")
LINE = f"sip:8000@{CENTRE.host}:{CENTRE.port}"


class Peer:
    """A caller whose every message is written here, against our stack."""

    def __init__(self, extra: str = "Supported: 100rel", body: bytes = OFFER) -> None:
        self.stack = make_stack()
        self.extra, self.body = extra, body
        self.now = 0.0
        effects = self.ask("INVITE", 1, extra, body)
        self.leg = next(event.leg for event in effects if isinstance(event, IncomingCall))
        self.call = next(event for event in effects if isinstance(event, IncomingCall))
        self.tag = ""

    def ask(
        self,
        method: str,
        cseq: int,
        extra: str = "",
        body: bytes = b"",
        to_tag: str = "",
        branch: str = "",
    ) -> list[StackEffect]:
        tag = f";tag={to_tag}" if to_tag else ""
        branch = branch or f"{method}{cseq}"
        lines = [
            f"{method} {LINE} SIP/2.0",
            f"Via: SIP/2.0/UDP {PHONE.host}:{PHONE.port};branch=z9hG4bK{branch}",
            "Max-Forwards: 70",
            "From: <sip:10086@example.net>;tag=caller",
            f"To: <{LINE}>{tag}",
            "Call-ID: c1",
            f"CSeq: {cseq} {method}",
            f"Contact: <sip:10086@{PHONE.host}:{PHONE.port}>",
            *([extra] if extra else []),
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        data = "\r\n".join(lines).encode() + b"\r\n\r\n" + body
        return self.stack.receive(data, PHONE, 0, self.now)

    def progress(self, status: int = 183, body: bytes = ANSWER) -> list[Response]:
        answers = responses(self.stack.progress(self.leg, status, body, self.now))
        self.tag = answers[-1].to.tag if answers else self.tag
        return answers

    def accept(self) -> list[Response]:
        return responses(self.stack.accept(self.leg, ANSWER, self.now))

    def prack(
        self, provisional: Response, cseq: int = 2, body: bytes = b"", rack: str = ""
    ) -> list[StackEffect]:
        rack = rack or f"{provisional.find('rseq')} 1 INVITE"
        return self.ask("PRACK", cseq, f"RAck: {rack}", body, self.tag)

    def wait(self, seconds: float) -> list[StackEffect]:
        effects = []
        until = self.now + seconds
        while (at := self.stack.deadline) is not None and at <= until:
            effects += self.stack.tick(at)
        self.now = until
        return effects


def statuses(effects: list[StackEffect]) -> list[int]:
    return [each.status for each in responses(effects)]


def told(effects: list[StackEffect]) -> list[StackEffect]:
    hidden = (DialogKept, Dropped)
    return [e for e in effects if not isinstance(e, hidden) and not hasattr(e, "data")]


# -- as the called side ----------------------------------------------------------------------------


def test_early_media_to_a_caller_with_100rel_goes_out_reliably() -> None:
    peer = Peer()
    assert peer.call.reliable
    (session,) = peer.progress()
    assert session.items("require") == ["100rel"]
    assert int(session.find("rseq") or 0) > 0
    assert statuses(peer.prack(session)) == [200]
    assert responses(peer.wait(50)) == []


def test_to_a_caller_without_it_nothing_asks_for_a_prack() -> None:
    peer = Peer(extra="Supported: timer")
    assert not peer.call.reliable
    (session,) = peer.progress()
    assert session.find("rseq") is session.find("require") is None


def test_ringing_without_sdp_is_reliable_only_when_the_caller_requires_it() -> None:
    assert Peer().progress(180, b"")[0].find("rseq") is None
    assert Peer("Require: 100rel").progress(180, b"")[0].find("rseq") is not None


def test_it_is_repeated_with_growing_pauses_until_its_prack() -> None:
    peer = Peer()
    (session,) = peer.progress()
    again = responses(peer.wait(3.6))
    assert [bytes(each) for each in again] == [bytes(session)] * 3, "after 0.5, 1.5, 3.5 s"
    peer.prack(session)
    assert responses(peer.wait(30)) == []


def test_without_any_prack_the_call_is_refused_504() -> None:
    peer = Peer()
    peer.progress()
    effects = peer.wait(40)
    assert 504 in statuses(effects)
    assert told(effects) == [Gone(peer.leg, GoneWhy.NO_ACK, "no PRACK came")]
    peer.wait(60)
    assert (peer.stack.leg_count, peer.stack.transaction_count) == (0, 0)


def test_the_200_waits_for_the_prack_of_sdp_and_carries_none_again() -> None:
    peer = Peer()
    (session,) = peer.progress()
    assert peer.accept() == []
    effects = peer.prack(session)
    assert statuses(effects) == [200, 200]
    final = responses(effects)[1]
    assert final.cseq.method == "INVITE"
    assert final.body == b""
    assert told(peer.ask("ACK", 1, to_tag=peer.tag)) == [Confirmed(peer.leg, b"")]


def test_a_200_that_waits_is_overtaken_by_a_refusal_or_a_cancel() -> None:
    peer = Peer()
    peer.progress()
    peer.accept()
    assert statuses(peer.stack.reject(peer.leg, 486, peer.now)) == [486]
    peer = Peer()
    peer.progress()
    peer.accept()
    effects = peer.ask("CANCEL", 1, branch="INVITE1")
    assert statuses(effects) == [200, 487]
    assert told(effects) == [Cancelled(peer.leg)]


def test_a_200_after_ringing_that_nobody_acknowledged_yet_leaves_at_once() -> None:
    peer = Peer("Require: 100rel")
    (ringing,) = peer.progress(180, b"")
    assert [each.status for each in peer.accept()] == [200]
    assert statuses(peer.prack(ringing)) == [200], "a PRACK that crossed the 200 is right"


def test_while_one_waits_the_next_is_held_back() -> None:
    peer = Peer("Require: 100rel")
    (ringing,) = peer.progress(180, b"")
    assert peer.progress(183, ANSWER) == []
    effects = peer.prack(ringing)
    session = responses(effects)[1]
    assert (session.status, session.body) == (183, ANSWER)
    assert int(session.find("rseq") or 0) == int(ringing.find("rseq") or 0) + 1


@pytest.mark.parametrize("rack", ["1 1 INVITE", "{rseq} 2 INVITE", "{rseq} 1 UPDATE"])
def test_a_prack_of_something_else_is_answered_481(rack: str) -> None:
    peer = Peer()
    (session,) = peer.progress()
    wrong = rack.format(rseq=session.find("rseq"))
    assert statuses(peer.prack(session, rack=wrong)) == [481]
    assert responses(peer.wait(0.6)) != [], "the answer still waits for its own"


def test_a_second_prack_of_the_same_answer_is_answered_481() -> None:
    peer = Peer()
    (session,) = peer.progress()
    assert statuses(peer.prack(session, 2)) == [200]
    assert statuses(peer.prack(session, 2)) == [200], "the same request again"
    assert statuses(peer.prack(session, 3)) == [481]


@pytest.mark.parametrize("rack", ["", "x", "1 INVITE", "1 1", "9999999999 1 INVITE"])
def test_a_prack_whose_rack_cannot_be_read_is_answered_400(rack: str) -> None:
    peer = Peer()
    (session,) = peer.progress()
    effects = peer.ask("PRACK", 2, f"RAck: {rack}", b"", session.to.tag)
    assert statuses(effects) == [400]


def test_a_prack_of_no_call_is_answered_481() -> None:
    assert statuses(Peer().ask("PRACK", 2, "RAck: 1 1 INVITE")) == [481]


def test_our_offer_goes_out_in_the_reliable_183_and_the_prack_brings_the_answer() -> None:
    peer = Peer(body=b"")
    (session,) = peer.progress(183, OFFER)
    assert session.body == OFFER
    effects = peer.prack(session, body=ANSWER)
    assert statuses(effects) == [200]
    assert told(effects) == [EarlyAnswered(peer.leg, ANSWER)]
    (final,) = peer.accept()
    assert final.body == b""


def test_ringing_without_our_offer_is_not_sent_where_it_would_have_to_bring_it() -> None:
    peer = Peer("Require: 100rel", body=b"")
    assert peer.progress(180, b"") == []


def test_an_offer_in_a_prack_is_more_than_we_do() -> None:
    peer = Peer()
    (session,) = peer.progress()
    assert statuses(peer.prack(session, body=OFFER)) == [488]
    assert [each.status for each in peer.accept()] == [200]


# -- UPDATE before the 200 (RFC 3311 5.2) ----------------------------------------------------------


def test_an_early_update_is_told_when_both_sides_know_each_others_sdp() -> None:
    peer = Peer()
    (session,) = peer.progress()
    peer.prack(session)
    effects = peer.ask("UPDATE", 3, body=OFFER, to_tag=peer.tag)
    assert told(effects) == [Reoffered(peer.leg, OFFER)]
    (accepted,) = peer.accept()
    assert (accepted.cseq.method, accepted.body) == ("UPDATE", ANSWER)
    assert accepted.find("session-expires") is None
    (final,) = peer.accept()
    assert final.cseq.method == "INVITE"


def test_an_early_update_that_is_refused_leaves_the_call_as_it_is() -> None:
    peer = Peer()
    (session,) = peer.progress()
    peer.prack(session)
    peer.ask("UPDATE", 3, body=OFFER, to_tag=peer.tag)
    assert statuses(peer.stack.reject(peer.leg, 488, peer.now)) == [488]
    assert statuses(peer.ask("UPDATE", 4, to_tag=peer.tag)) == [200]
    assert [each.status for each in peer.accept()] == [200]


def test_a_second_invite_before_the_first_is_answered_changes_nothing() -> None:
    """RFC 3261 14.2: 500; the first may still be answered or cancelled."""
    peer = Peer()
    (early,) = peer.progress()
    peer.prack(early)

    assert statuses(peer.ask("INVITE", 3, body=OFFER, to_tag=peer.tag)) == [500]

    ended = peer.ask("CANCEL", 1, branch="INVITE1")
    assert statuses(ended) == [200, 487]
    assert told(ended) == [Cancelled(peer.leg)]


def test_an_early_update_comes_too_soon_while_an_offer_is_open() -> None:
    peer = Peer()
    (session,) = peer.progress(180, b"")
    early = peer.ask("UPDATE", 2, body=OFFER, to_tag=session.to.tag)
    assert statuses(early) == [500]
    assert responses(early)[0].find("retry-after") is not None
    offerless = Peer(body=b"")
    offerless.progress(183, OFFER)
    assert statuses(offerless.ask("UPDATE", 2, body=OFFER, to_tag=offerless.tag)) == [491]


@pytest.mark.parametrize("ending", ["bye", "hang_up", "cancel"])
def test_an_early_update_that_waits_is_answered_when_the_call_ends(ending: str) -> None:
    peer = Peer()
    (session,) = peer.progress()
    peer.prack(session)
    peer.ask("UPDATE", 3, body=OFFER, to_tag=peer.tag)
    if ending == "bye":
        effects = peer.ask("BYE", 4, to_tag=peer.tag)
    elif ending == "hang_up":
        effects = peer.stack.hang_up(peer.leg, peer.now)
    else:
        effects = peer.ask("CANCEL", 1, branch="INVITE1")
    answered = [(each.status, each.cseq.method) for each in responses(effects)]
    assert (487, "UPDATE") in answered
    assert any(method == "INVITE" for _, method in answered)


# -- as the calling side ---------------------------------------------------------------------------


class Phone:
    """The called side, written here; `stack` is ours and dials it."""

    def __init__(self, body: bytes = OFFER) -> None:
        self.stack: SipStack = make_stack()
        caller = CallerIdentity("8000", "", "")
        to = f"sip:agent@{PHONE.host}:{PHONE.port}"
        effects = self.stack.dial(LEG, to, 0.0, body=body, caller=caller)
        (self.invite,) = requests(effects)

    def answer(
        self, status: int, *extra: tuple[str, str], body: bytes = b"", tag: str = "phone"
    ) -> list[StackEffect]:
        headers = [
            ("Via", self.invite.values("via")[0]),
            ("From", self.invite.values("from")[0]),
            ("To", f"{self.invite.values('to')[0]};tag={tag}"),
            ("Call-ID", self.invite.call_id),
            ("CSeq", str(self.invite.cseq)),
            ("Contact", f"<sip:agent@{PHONE.host}:{PHONE.port};who={tag}>"),
            *extra,
            *([("Content-Type", "application/sdp")] if body else []),
        ]
        response = Response(status, "x", headers, body)
        return self.stack.receive(bytes(response), PHONE, 0, 0.0)

    def ask(
        self, method: str, cseq: int, tag: str = "phone", body: bytes = b"", host: str = PHONE.host
    ) -> list[StackEffect]:
        headers = [
            ("Via", f"SIP/2.0/UDP {PHONE.host}:{PHONE.port};branch=z9hG4bK{method}{cseq}"),
            ("Max-Forwards", "70"),
            ("From", f"{self.invite.values('to')[0]};tag={tag}"),
            ("To", self.invite.values("from")[0]),
            ("Call-ID", self.invite.call_id),
            ("CSeq", f"{cseq} {method}"),
            ("Contact", f"<sip:agent@{host}:{PHONE.port};who={tag}>"),
            *([("Content-Type", "application/sdp")] if body else []),
        ]
        request = Request(method, f"sip:8000@{CENTRE.host}:{CENTRE.port}", headers, body)
        return self.stack.receive(bytes(request), PHONE, 0, 0.0)

    def reliably(
        self, rseq: int, *, status: int = 183, body: bytes = b"", tag: str = "phone"
    ) -> list[StackEffect]:
        extra = (("Require", "100rel"), ("RSeq", str(rseq)))
        return self.answer(status, *extra, body=body, tag=tag)


def only_prack(effects: list[StackEffect]) -> Request:
    (prack,) = requests(effects)
    assert prack.method == "PRACK"
    return prack


def test_a_phones_reliable_answer_is_acknowledged_in_its_early_dialog() -> None:
    phone = Phone()
    assert "100rel" in phone.invite.items("supported")
    effects = phone.reliably(7, body=ANSWER)
    prack = only_prack(effects)
    assert prack.find("rack") == f"7 {phone.invite.cseq.number} INVITE"
    assert prack.cseq.number == phone.invite.cseq.number + 1
    assert prack.to.tag == "phone"
    assert prack.uri_text.endswith("who=phone")
    assert told(effects) == [Progressed(LEG, 183, ANSWER)]


def test_a_copy_of_it_or_one_before_its_turn_is_passed_over() -> None:
    phone = Phone()
    phone.reliably(7)
    assert phone.reliably(7) == []
    assert phone.reliably(9) == []
    assert only_prack(phone.reliably(8))


def test_each_of_several_phones_counts_for_itself() -> None:
    phone = Phone()
    assert only_prack(phone.reliably(7, tag="a")).to.tag == "a"
    assert only_prack(phone.reliably(90, tag="b")).to.tag == "b"
    assert only_prack(phone.reliably(8, tag="a")).to.tag == "a"


def test_a_200_without_sdp_has_that_of_the_phones_reliable_answer() -> None:
    phone = Phone()
    phone.reliably(1, body=b"v=0 other", tag="other")
    phone.reliably(1, body=ANSWER)
    assert told(phone.answer(200)) == [Answered(LEG, ANSWER)]


def test_a_200_without_sdp_has_that_of_a_183_though_it_was_not_reliable() -> None:
    """RFC 3261 13.2.1 wants it in the 200 too; some exchanges think it said once is enough."""
    phone = Phone()
    phone.answer(183, body=b"v=0 other", tag="other")
    phone.answer(183, body=ANSWER)
    phone.answer(180)
    assert told(phone.answer(200)) == [Answered(LEG, ANSWER)]


def test_the_phone_that_answers_counts_its_requests_for_itself() -> None:
    """Another one that rang may have counted from anywhere (RFC 3261 12.2.1.1)."""
    phone = Phone()
    phone.reliably(1, body=ANSWER, tag="other")
    phone.answer(180)
    assert statuses(phone.ask("INFO", 70_000, tag="other")) == [200]
    assert statuses(phone.ask("INFO", 3)) == [200]

    phone.answer(200, body=ANSWER)

    assert statuses(phone.ask("BYE", 4)) == [200]


OURS_NOW = ANSWER.replace(b"o=- 2 2", b"o=- 2 3")
MOVED = OFFER.replace(b"192.0.2.2", b"192.0.2.9")
"Early media comes from elsewhere now."


def ringing_phone(**settled: bytes) -> Phone:
    """Its 183 has answered our offer, and has its PRACK."""
    phone = Phone()
    for tag, body in (settled or {"phone": ANSWER}).items():
        phone.reliably(1, tag=tag, body=body)
    return phone


def test_a_phone_that_rings_may_move_its_early_media() -> None:
    """As networks do from one announcement to the next: it had got 491 for ever."""
    phone = ringing_phone()

    asked = phone.ask("UPDATE", 1, body=MOVED, host="192.0.2.9")
    assert told(asked) == [Reoffered(LEG, MOVED)]
    assert statuses(asked) == [], "our user has the word"
    (answer,) = responses(phone.stack.accept(LEG, OURS_NOW, 0.0))

    assert (answer.status, answer.cseq.method, answer.body) == (200, "UPDATE", OURS_NOW)
    assert answer.find("session-expires") is None, "RFC 4028 9: only the 2xx to the INVITE"
    prack = only_prack(phone.reliably(2, status=180))
    assert prack.uri.host == "192.0.2.9", "its Contact is the target from now on"


@pytest.mark.parametrize("repeated", [b"", ANSWER])
def test_the_200_of_a_phone_that_moved_brings_nothing_new(repeated: bytes) -> None:
    """RFC 6337 3.1.1: SDP that it repeats is that of the 183; the talk would go to where nobody
    is any more."""
    phone = ringing_phone()
    phone.ask("UPDATE", 1, body=MOVED)
    phone.stack.accept(LEG, OURS_NOW, 0.0)

    assert told(phone.answer(200, body=repeated)) == [Answered(LEG, MOVED)]
    assert statuses(phone.ask("BYE", 2)) == [200]


def test_a_phone_whose_move_was_refused_stays_where_it_was() -> None:
    phone = ringing_phone()
    phone.ask("UPDATE", 1, body=MOVED)
    assert statuses(phone.stack.reject(LEG, 488, 0.0)) == [488]
    assert phone.stack.leg_count == 1

    again = phone.ask("UPDATE", 2, body=MOVED)
    assert told(again) == [Reoffered(LEG, MOVED)], "it may try again"
    phone.stack.reject(LEG, 488, 0.0)
    assert told(phone.answer(200)) == [Answered(LEG, ANSWER)]


def test_a_phone_that_is_picked_up_while_it_moves_is_heard_where_it_went() -> None:
    phone = ringing_phone()
    phone.ask("UPDATE", 1, body=MOVED)

    assert told(phone.answer(200, body=ANSWER)) == [Answered(LEG, MOVED)]
    assert requests(phone.stack.reoffer(LEG, OURS_NOW, 0.0)) == [], "its own offer comes first"
    (answer,) = responses(phone.stack.accept(LEG, OURS_NOW, 0.0))
    assert (answer.status, answer.cseq.method) == (200, "UPDATE")


@pytest.mark.parametrize(
    ("phone", "why"),
    [
        (Phone, "nothing of it has come"),
        (lambda: ringing_phone(phone=b""), "it rings, and has not answered our offer"),
        (lambda: ringing_phone(phone=ANSWER, other=ANSWER), "the talk can follow one only"),
        (lambda: ringing_phone(other=ANSWER), "another has"),
    ],
)
def test_while_our_offer_is_open_another_is_refused(phone: Callable[[], Phone], why: str) -> None:
    rings = phone()
    refused = rings.ask("UPDATE", 1, body=MOVED)
    assert (statuses(refused), told(refused)) == ([491], []), why


def test_sdp_that_came_without_prack_settles_nothing() -> None:
    phone = Phone()
    phone.answer(183, body=ANSWER)
    assert statuses(phone.ask("UPDATE", 1, body=MOVED)) == [491]


def test_a_second_update_waits_for_the_answer_to_the_first() -> None:
    phone = ringing_phone()
    phone.ask("UPDATE", 1, body=MOVED)
    (refused,) = responses(phone.ask("UPDATE", 2, body=MOVED))
    assert refused.status == 500
    assert refused.find("retry-after") is not None


def test_another_phone_that_answers_ends_the_move_of_the_first() -> None:
    phone = ringing_phone()
    phone.ask("UPDATE", 1, body=MOVED)

    answered = phone.answer(200, body=ANSWER, tag="other")
    assert [each for each in told(answered) if isinstance(each, Answered)] == [
        Answered(LEG, ANSWER)
    ]
    assert (481, "UPDATE") in [(each.status, each.cseq.method) for each in responses(answered)]
    assert responses(phone.stack.accept(LEG, OURS_NOW, 0.0)) == [], "nobody waits for it any more"
    assert requests(phone.stack.reoffer(LEG, OURS_NOW, 0.0)), "and nothing else does"


@pytest.mark.parametrize("ending", ["we give up", "it is declined"])
def test_a_move_that_waits_is_answered_when_nobody_rings_any_more(ending: str) -> None:
    phone = ringing_phone()
    phone.ask("UPDATE", 1, body=MOVED)

    effects = phone.stack.hang_up(LEG, 0.0) if ending == "we give up" else phone.answer(603)

    assert (487, "UPDATE") in [(each.status, each.cseq.method) for each in responses(effects)]
    assert phone.stack.accept(LEG, OURS_NOW, 0.0) == []
    if ending == "we give up":
        late = responses(phone.ask("UPDATE", 2, body=MOVED))
        assert [each.status for each in late] == [491]


def test_ringing_phones_beyond_a_measure_are_heard_but_not_kept() -> None:
    phone = Phone()
    for number in range(50):
        phone.answer(180, tag=f"t{number}")
    leg = phone.stack._book.find(LEG)
    assert leg is not None
    assert len(leg.early) == 8


def test_an_invite_without_offer_asks_for_no_reliable_answers() -> None:
    assert Phone(body=b"").invite.items("supported") == ["timer", "replaces", "norefersub"]


def test_a_reliable_answer_whose_number_cannot_be_read_is_dropped() -> None:
    effects = Phone().answer(183, ("Require", "100rel"), ("RSeq", "soon"))
    assert [type(each) for each in effects] == [Dropped]


# -- both, over a wire that loses ------------------------------------------------------------------


def whole_call(lost: tuple[int, ...], body: bytes) -> tuple[Side, Side]:
    centre = Side(make_stack(CENTRE, seed=1), CENTRE)
    phone = Side(make_stack(PHONE, seed=2), PHONE)
    wire = Wire(centre, phone, lost=lost)
    caller = CallerIdentity("10086", "", "")
    wire.perform(phone, phone.stack.dial(LEG, LINE, 0.0, body=body, caller=caller))
    wire.run(9.0)
    (call,) = (event for event in centre.events if isinstance(event, IncomingCall))
    wire.perform(centre, centre.stack.progress(call.leg, 183, ANSWER, 9.0))
    wire.run(9.5)
    wire.perform(centre, centre.stack.accept(call.leg, ANSWER, 9.5))
    wire.run(40.0)
    wire.perform(phone, phone.stack.hang_up(LEG, 40.0))
    wire.run(200.0)
    return centre, phone


@pytest.mark.parametrize("lost", [(), *combinations(range(9), 1), *combinations(range(9), 2)])
def test_a_call_with_early_media_survives_the_loss_of_any_two(lost: tuple[int, ...]) -> None:
    centre, phone = whole_call(lost, OFFER)
    assert phone.heard(Answered) == [Answered(LEG, ANSWER)]
    assert len(centre.heard(Confirmed)) == 1
    assert [type(event) for event in centre.heard(Gone)] == [Gone]
    assert phone.heard(Refused) == []
    for side in (centre, phone):
        assert (side.stack.leg_count, side.stack.transaction_count) == (0, 0)


# -- the machine -----------------------------------------------------------------------------------


def test_a_rack_survives_the_round_trip() -> None:
    assert str(Rack.parse("776656 1 INVITE")) == "776656 1 INVITE"
    with pytest.raises(SipParseError):
        Rack.parse("1 2 INVITE, 3")


class AnyReliable(RuleBasedStateMachine):
    """Any order of answers, PRACKs right and wrong, and time."""

    @initialize(required=st.booleans(), offer=st.booleans(), first=st.integers(1, 2**30))
    def start(self, required: bool, offer: bool, first: int) -> None:
        self.now = 0.0
        self.machine = ReliableAnswers(Timers(), first, is_required=required, has_offer=offer)
        self.sent: list[Rack] = []
        self.acknowledged = 0
        self.failed = False

    @precondition(lambda self: not self.machine.is_waiting and not self.failed)
    @rule(has_sdp=st.booleans())
    def an_answer_leaves(self, has_sdp: bool) -> None:
        rseq = self.machine.next_rseq()
        assert not self.sent or rseq == self.sent[-1].rseq + 1
        self.sent.append(Rack(rseq, 1, "INVITE"))
        self.machine.sent(b"183", 1, self.now, has_sdp=has_sdp and not self.machine.sdp_is_out)

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def some_prack_comes(self, data: st.DataObject) -> None:
        rack = data.draw(st.sampled_from([*self.sent, Rack(1, 2, "INVITE")]))
        was_waiting = self.machine.is_waiting
        if self.machine.acknowledge(rack):
            assert rack == self.sent[-1]
            assert was_waiting
            self.acknowledged += 1
        assert self.acknowledged <= len(self.sent)

    @rule(seconds=st.sampled_from([0.1, 0.5, 4.0, 32.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        while (deadline := self.machine.deadline) is not None and deadline <= self.now:
            for effect in self.machine.tick(deadline):
                assert effect == Transmit(b"183") or effect == TimedOut()
                self.failed = self.failed or effect == TimedOut()
            assert self.machine.deadline != deadline, "a deadline that stays would spin"

    @invariant()
    def what_waits_has_an_end(self) -> None:
        assert self.machine.is_waiting == (self.machine.deadline is not None)
        assert self.machine.sdp_is_out or not self.machine.sdp_is_known


TestAnyReliable = AnyReliable.TestCase
TestAnyReliable.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)


def test_a_phone_elsewhere_is_prackd_where_its_route_says() -> None:
    phone = Phone()
    route = ("Record-Route", "<sip:192.0.2.77:5080;lr>")
    effects = phone.answer(183, ("Require", "100rel"), ("RSeq", "1"), route)
    (sent,) = (each for each in effects if hasattr(each, "to"))
    assert sent.to == HostPort("192.0.2.77", 5080)


def test_a_prack_that_cannot_be_read_is_refused_and_keeps_nothing() -> None:
    peer = RawPeer(make_stack(), stream=False)
    peer.ask("INVITE", "Supported: 100rel", body=OFFER)
    (call,) = (each for each in peer.events if isinstance(each, IncomingCall))
    peer.perform(peer.stack.progress(call.leg, 183, ANSWER, peer.now))
    before = peer.stack.transaction_count
    peer.ask("PRACK", "RAck: 1")

    assert peer.finals["z9hG4bKraw2", "PRACK"] == {400}
    assert peer.stack.transaction_count == before
