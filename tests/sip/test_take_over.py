"""A process dies while a phone rings: the next one ends the early leg by the record kept of it."""

from collections.abc import Iterable

import pytest

from foundation.ids import LegId
from telephony.sip.dialog import BadRecord
from telephony.sip.events import (
    CallerIdentity,
    Cancelled,
    Confirmed,
    DialogKept,
    Dropped,
    Gone,
    GoneWhy,
    IncomingCall,
    Progressed,
    Refused,
    SendDatagram,
    StackEffect,
)
from telephony.sip.options import Listener, SipOptions
from telephony.sip.wording.message import Request, parse_message
from tests.support.wire import (
    ANSWER,
    CENTRE,
    OFFER,
    PHONE,
    SECRET,
    Side,
    Wire,
    describe,
    make_stack,
    responses,
)

LEG = LegId("l-1")
REASON = "the centre was restarted"
CANCELLED = f'SIP;cause=487;text="{REASON}"'


class Lines:
    """Two stacks on a wire; either may die and be followed by one that has its records only."""

    def __init__(self, lost: Iterable[int] = ()) -> None:
        self.centre = Side(make_stack(CENTRE, seed=1), CENTRE)
        self.phone = Side(make_stack(PHONE, seed=2), PHONE)
        self.wire = Wire(self.centre, self.phone, lost=lost)

    def dial(self, caller: Side, called: Side) -> None:
        to = f"sip:8000@{called.address.host}:{called.address.port}"
        identity = CallerIdentity("10086", "", "")
        effects = caller.stack.dial(LEG, to, self.wire.now, body=OFFER, caller=identity)
        self.wire.perform(caller, effects)

    def progress(self, side: Side, status: int, body: bytes = b"") -> None:
        leg = called_leg(side)
        self.wire.perform(side, side.stack.progress(leg, status, body, self.wire.now))

    def accept(self, side: Side) -> None:
        self.wire.perform(side, side.stack.accept(called_leg(side), ANSWER, self.wire.now))

    def restart(self, side: Side) -> LegId:
        """The records of all legs go to a new stack."""
        record = [each.record for each in side.events if isinstance(each, DialogKept)][-1]
        side.stack = make_stack(side.address, seed=9)
        side.sent.clear()
        return side.stack.adopt(record, self.wire.now)

    def end(self, side: Side, leg: LegId) -> None:
        """As `callcenter.revival.take_over` does."""
        stack, now = side.stack, self.wire.now
        self.wire.perform(side, stack.reject(leg, 500, now, REASON))
        self.wire.perform(side, stack.hang_up(leg, now, REASON))

    def pass_s(self, seconds: float) -> None:
        self.wire.run(self.wire.now + seconds)


def called_leg(side: Side) -> LegId:
    (call,) = (event for event in side.events if isinstance(event, IncomingCall))
    return call.leg


def fates(side: Side) -> list[StackEffect]:
    skipped = ("DialogKept", "Dropped")
    return [event for event in side.events if type(event).__name__ not in skipped]


def first(side: Side, method: str) -> Request:
    found = (parse_message(data) for data in side.sent)
    return next(each for each in found if isinstance(each, Request) and each.method == method)


@pytest.fixture
def lines() -> Lines:
    return Lines()


# -- an agent's phone that rings -------------------------------------------------------------------


def test_a_ringing_phone_is_cancelled_by_the_next_process(lines: Lines) -> None:
    lines.dial(lines.centre, lines.phone)
    invite = first(lines.centre, "INVITE")
    lines.pass_s(0.1)
    lines.progress(lines.phone, 180)
    lines.pass_s(5)
    leg = lines.restart(lines.centre)
    lines.end(lines.centre, leg)
    lines.pass_s(1)

    assert leg == LEG
    assert lines.centre.starts() == ["CANCEL", "ACK"]
    cancel = first(lines.centre, "CANCEL")
    assert cancel.values("via") == invite.values("via")
    assert (cancel.uri_text, cancel.cseq.number) == (invite.uri_text, invite.cseq.number)
    assert fates(lines.phone)[1:] == [Cancelled(called_leg(lines.phone), CANCELLED)]
    assert fates(lines.centre)[-1] == Refused(LEG, 487, "Request Terminated")
    lines.pass_s(60)
    assert (lines.centre.stack.leg_count, lines.centre.stack.transaction_count) == (0, 0)


def test_without_a_provisional_answer_the_invite_goes_out_again_before_its_cancel() -> None:
    lines = Lines(lost=[1])
    lines.dial(lines.centre, lines.phone)
    lines.pass_s(0.1)
    lines.end(lines.centre, lines.restart(lines.centre))
    assert lines.centre.starts() == []
    lines.pass_s(1)

    assert lines.centre.starts() == ["INVITE", "CANCEL", "ACK"]
    assert fates(lines.phone)[1:] == [Cancelled(called_leg(lines.phone), CANCELLED)]


def test_a_200_that_crosses_the_cancel_of_the_next_process_gets_ack_and_bye(lines: Lines) -> None:
    lines.dial(lines.centre, lines.phone)
    lines.pass_s(0.1)
    lines.progress(lines.phone, 180)
    lines.pass_s(0.1)
    lines.accept(lines.phone)
    lines.end(lines.centre, lines.restart(lines.centre))
    lines.pass_s(1)

    assert lines.centre.starts() == ["CANCEL", "ACK", "BYE"]
    phone_leg = called_leg(lines.phone)
    gone = Gone(phone_leg, GoneWhy.BYE, f'Q.850;cause=16;text="{REASON}"')
    assert fates(lines.phone)[1:] == [Confirmed(phone_leg, b""), gone]


def test_a_phone_that_was_picked_up_meanwhile_is_hung_up(lines: Lines) -> None:
    """The 200 comes again until it is acknowledged, and it finds the next process."""
    lines.dial(lines.centre, lines.phone)
    lines.pass_s(0.1)
    lines.progress(lines.phone, 180)
    lines.pass_s(0.1)
    # Nobody is there: a stack that would know our calls would end this one.
    lines.centre.stack = make_stack(CENTRE, seed=8, secret=b"deaf")
    lines.accept(lines.phone)
    lines.pass_s(2)
    lines.end(lines.centre, lines.restart(lines.centre))
    lines.pass_s(5)

    assert lines.centre.starts()[:3] == ["CANCEL", "ACK", "BYE"]
    assert isinstance(fates(lines.phone)[-1], Gone)


def pick_up_while_nobody_is_there(lines: Lines, next_secret: bytes = SECRET) -> None:
    """The next process has no record of the leg: the one before it had begun to end it."""
    lines.dial(lines.centre, lines.phone)
    lines.pass_s(0.1)
    lines.progress(lines.phone, 180)
    lines.pass_s(0.1)
    lines.centre.stack = make_stack(CENTRE, seed=8, secret=next_secret)
    lines.centre.sent.clear()
    lines.accept(lines.phone)
    lines.pass_s(2)


def test_a_phone_that_picks_up_what_nobody_knows_of_any_more_is_hung_up(lines: Lines) -> None:
    """Without an ACK it would repeat its 200 for 32 s, and could not hang up."""
    pick_up_while_nobody_is_there(lines)
    leg = called_leg(lines.phone)

    assert lines.centre.starts() == ["ACK", "BYE"]
    assert fates(lines.phone)[1:] == [Confirmed(leg, b""), Gone(leg, GoneWhy.BYE, "")]
    lines.pass_s(60)
    assert (lines.centre.stack.leg_count, lines.centre.stack.transaction_count) == (0, 0)


def test_a_200_to_what_we_have_not_begun_is_let_be(lines: Lines) -> None:
    pick_up_while_nobody_is_there(lines, next_secret=b"another house's")

    assert lines.centre.sent == []
    assert Dropped("unmatched-response", PHONE) in lines.centre.events


def test_ack_and_bye_of_an_unknown_200_go_where_it_came_from(lines: Lines) -> None:
    """Not to its Contact: nobody has us write to others."""
    lines.dial(lines.centre, lines.phone)
    lines.pass_s(0.1)
    lines.accept(lines.phone)
    theirs = lines.phone.sent[-1].replace(b"192.0.2.2:5070>", b"203.0.113.9>")
    effects = make_stack(CENTRE, seed=8).receive(theirs, PHONE, 0, lines.wire.now)

    assert b"<sip:203.0.113.9" in theirs or b"@203.0.113.9" in theirs
    sent = [effect for effect in effects if isinstance(effect, SendDatagram)]
    assert [describe(each.data) for each in sent] == ["ACK", "BYE"]
    assert {each.to for each in sent} == {PHONE}


def test_a_200_whose_ack_was_lost_with_the_process_gets_it_of_the_next_one(lines: Lines) -> None:
    lines.dial(lines.centre, lines.phone)
    lines.pass_s(0.1)
    lines.accept(lines.phone)
    lines.pass_s(0.015)
    assert lines.centre.starts()[-1] == "ACK"
    lines.wire.drop_all()
    lines.restart(lines.centre)
    lines.pass_s(2)

    assert lines.centre.starts() == ["ACK"]
    assert fates(lines.phone)[1:] == [Confirmed(called_leg(lines.phone), b"")]
    assert lines.centre.stack.leg_count == 1


def test_a_200_to_the_dead_process_s_reinvite_gets_its_ack_and_the_talk_goes_on(
    lines: Lines,
) -> None:
    lines.dial(lines.centre, lines.phone)
    lines.pass_s(0.1)
    lines.accept(lines.phone)
    lines.pass_s(0.1)
    lines.wire.perform(lines.centre, lines.centre.stack.reoffer(LEG, OFFER, lines.wire.now))
    lines.pass_s(0.015)
    lines.restart(lines.centre)
    lines.accept(lines.phone)
    lines.pass_s(1)

    assert lines.centre.starts() == ["ACK"]
    assert (lines.centre.stack.leg_count, lines.phone.stack.leg_count) == (1, 1)
    lines.pass_s(40)
    assert lines.phone.stack.leg_count == 1, "a 200 without its ACK ends the call after 32 s"


def test_a_phone_that_refused_meanwhile_gets_its_ack(lines: Lines) -> None:
    lines.dial(lines.centre, lines.phone)
    lines.pass_s(0.1)
    lines.progress(lines.phone, 180)
    lines.pass_s(0.1)
    lines.centre.stack = make_stack(CENTRE, seed=8)
    phone = lines.phone
    lines.wire.perform(phone, phone.stack.reject(called_leg(phone), 486, lines.wire.now))
    lines.pass_s(0.2)
    lines.end(lines.centre, lines.restart(lines.centre))
    lines.pass_s(10)

    assert "ACK" in lines.centre.starts()
    assert phone.starts().count("486 INVITE") == 2
    assert lines.centre.stack.leg_count == 0


def test_the_record_of_a_ringing_leg_is_told_with_the_invite_and_when_it_rings(
    lines: Lines,
) -> None:
    lines.dial(lines.centre, lines.phone)
    assert [type(event) for event in lines.centre.events] == [DialogKept]
    lines.pass_s(0.1)
    lines.progress(lines.phone, 180)
    lines.pass_s(0.1)
    lines.progress(lines.phone, 183, ANSWER)
    lines.pass_s(0.1)
    kinds = [type(event) for event in lines.centre.events]
    assert kinds.count(DialogKept) == 3, "for the INVITE, the first answer, and the PRACK's CSeq"
    assert kinds.count(Progressed) == 2
    kept = [event for event in lines.centre.events if isinstance(event, DialogKept)]
    # Without the second the INVITE is sent once more, and answered once more.
    assert [event.is_urgent for event in kept] == [True, False, True]


# -- a caller without an answer --------------------------------------------------------------------


@pytest.mark.parametrize("early_media", [b"", ANSWER])
def test_a_caller_without_an_answer_gets_a_final_one_of_the_next_process(
    lines: Lines, early_media: bytes
) -> None:
    lines.dial(lines.phone, lines.centre)
    lines.pass_s(0.1)
    if early_media:
        lines.progress(lines.centre, 183, early_media)
    leg = lines.restart(lines.centre)
    lines.wire.lose_next()
    lines.end(lines.centre, leg)
    lines.pass_s(2)

    assert leg == called_leg(lines.centre)
    finals = [start for start in lines.centre.starts() if start != "481 PRACK"]
    assert finals == ["500 INVITE", "500 INVITE"], "again until the ACK came"
    assert fates(lines.phone)[-1] == Refused(LEG, 500, REASON)
    lines.pass_s(60)
    assert (lines.centre.stack.leg_count, lines.centre.stack.transaction_count) == (0, 0)


def test_the_final_answer_has_the_tag_of_the_answers_before_it(lines: Lines) -> None:
    lines.dial(lines.phone, lines.centre)
    lines.pass_s(0.1)
    lines.progress(lines.centre, 180)
    ringing = parse_message(lines.centre.sent[-1])
    lines.end(lines.centre, lines.restart(lines.centre))
    refused = parse_message(lines.centre.sent[-1])

    assert refused.to.tag == ringing.to.tag
    for name in ("via", "from", "call-id", "cseq"):
        assert refused.values(name) == ringing.values(name)


def test_a_cancel_after_the_restart_is_answered_and_so_is_its_invite(lines: Lines) -> None:
    lines.dial(lines.phone, lines.centre)
    lines.pass_s(0.1)
    leg = lines.restart(lines.centre)
    lines.wire.perform(lines.phone, lines.phone.stack.hang_up(LEG, lines.wire.now))
    lines.pass_s(1)

    assert lines.centre.starts() == ["200 CANCEL", "487 INVITE"]
    assert fates(lines.centre)[-1] == Cancelled(leg)
    assert fates(lines.phone)[-1] == Refused(LEG, 487, "Request Terminated")


def test_a_cancel_that_crosses_the_final_answer_is_only_answered(lines: Lines) -> None:
    lines.dial(lines.phone, lines.centre)
    lines.pass_s(0.1)
    leg = lines.restart(lines.centre)
    lines.wire.perform(lines.phone, lines.phone.stack.hang_up(LEG, lines.wire.now))
    lines.end(lines.centre, leg)
    lines.pass_s(1)

    assert lines.centre.starts() == ["500 INVITE", "200 CANCEL"]
    assert fates(lines.phone)[-1] == Refused(LEG, 500, REASON)


def test_a_repeated_invite_of_an_adopted_caller_is_no_second_call(lines: Lines) -> None:
    lines.dial(lines.phone, lines.centre)
    invite = lines.phone.sent[0]
    lines.pass_s(0.1)
    leg = lines.restart(lines.centre)
    assert lines.centre.stack.receive(invite, PHONE, 0, lines.wire.now) == []
    accepted = lines.centre.stack.accept(leg, ANSWER, lines.wire.now)
    assert [answer.status for answer in responses(accepted)] == [200]


def test_a_record_of_a_caller_does_not_grow_with_what_the_caller_writes() -> None:
    stack = make_stack()
    padding = "".join(f"X-{n}: {'x' * 8000}\r\n" for n in range(5))
    head = (
        "INVITE sip:8000@hotline.example SIP/2.0\r\n"
        "v: SIP/2.0/UDP 192.0.2.2:5070;branch=z9hG4bK1\r\nf: <sip:a@b>;tag=1\r\n"
        "t: <sip:8000@hotline.example>\r\ni: c\r\nCSeq: 1 INVITE\r\nm: <sip:a@192.0.2.2>\r\n"
        f"c: application/sdp\r\n{padding}\r\n"
    )
    effects = stack.receive(head.encode() + OFFER, PHONE, 0, 0.0)
    (kept,) = (each for each in effects if isinstance(each, DialogKept))

    assert len(kept.record) < 2_000
    after = make_stack(seed=3)
    (answer,) = responses(after.reject(after.adopt(kept.record, 1.0), 500, 1.0))
    assert (answer.status, answer.via.branch, answer.sender.tag) == (500, "z9hG4bK1", "1")


# -- records that cannot be used -------------------------------------------------------------------


def early_record() -> bytes:
    lines = Lines()
    lines.dial(lines.centre, lines.phone)
    (kept,) = (each for each in lines.centre.events if isinstance(each, DialogKept))
    return kept.record


def test_a_record_with_a_broken_invite_is_refused() -> None:
    record = early_record().replace(b"INVITE sip:", b"INVITE\0sip:")
    with pytest.raises(BadRecord, match="INVITE"):
        make_stack().adopt(record, 0.0)


def test_a_record_of_a_listener_that_is_gone_is_refused() -> None:
    two = SipOptions(listeners=(Listener(address=CENTRE), Listener(address=CENTRE)))
    stack = make_stack(options=two)
    lines = Lines()
    lines.dial(lines.phone, lines.centre)
    effects = stack.receive(lines.phone.sent[0], PHONE, 1, 0.0)
    (kept,) = (each for each in effects if isinstance(each, DialogKept))
    with pytest.raises(BadRecord, match="listener 1"):
        make_stack().adopt(kept.record, 0.0)
