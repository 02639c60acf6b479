"""The session timer: who refreshes, what is too brief, and what happens when nobody refreshes."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from foundation.ids import LegId
from telephony.sip.errors import SipParseError
from telephony.sip.events import (
    Answered,
    CallerIdentity,
    DialogKept,
    Gone,
    GoneWhy,
    IncomingCall,
    Refused,
    Reoffered,
    ReofferRefused,
)
from telephony.sip.message import Request, Response, parse_message
from telephony.sip.options import Listener, SipOptions
from telephony.sip.session_timer import (
    RETRY_S,
    Due,
    SessionTerms,
    SessionTimer,
    answer_lines,
    answer_terms,
    as_client,
    is_too_brief,
)
from tests.support.raw_peer import RawPeer
from tests.support.wire import ANSWER, CENTRE, OFFER, PHONE, Side, Wire, make_stack

LEG = LegId("l-1")
HALF_S = 900.0
BYE_AT_S = 1800.0 - 32.0


def options(side: str = "centre", **given: int) -> SipOptions:
    address = CENTRE if side == "centre" else PHONE
    return SipOptions(listeners=(Listener(address=address),), domain="hotline.example", **given)  # type: ignore[arg-type]  # numbers only


class Talk:
    """A phone calls the centre; both are up after `establish`."""

    def __init__(
        self, centre: SipOptions | None = None, phone: SipOptions | None = None, lost: int = -1
    ) -> None:
        self.centre = Side(make_stack(CENTRE, seed=1, options=centre or options()), CENTRE)
        self.phone = Side(make_stack(PHONE, seed=2, options=phone or options("phone")), PHONE)
        self.wire = Wire(self.centre, self.phone, lost=[lost])

    def establish(self) -> None:
        uri = f"sip:8000@{CENTRE.host}:{CENTRE.port}"
        caller = CallerIdentity("10086", "", "")
        dialled = self.phone.stack.dial(LEG, uri, self.wire.now, body=OFFER, caller=caller)
        self.wire.perform(self.phone, dialled)
        self.wire.run(5.0)
        leg = self.leg_at(self.centre)
        self.wire.perform(self.centre, self.centre.stack.accept(leg, ANSWER, self.wire.now))
        self.wire.run(10.0)
        for side in self.wire.sides:
            side.sent.clear()
            side.events.clear()

    def leg_at(self, side: Side) -> LegId:
        calls = [event for event in side.events if isinstance(event, IncomingCall)]
        return calls[0].leg if calls else LEG

    def vanish(self, side: Side) -> None:
        """Nothing reaches or leaves it any more."""
        self.wire.sides = tuple(each for each in self.wire.sides if each is not side)

    def fates(self, side: Side) -> list[object]:
        return [event for event in side.events if not isinstance(event, DialogKept)]


def header(data: bytes, name: str) -> str | None:
    return parse_message(data).find(name)


# -- the clockwork ---------------------------------------------------------------------------------


def test_the_refresher_refreshes_at_half_time_and_the_other_waits_till_shortly_before_the_end() -> (
    None
):
    ours = SessionTimer(1800, 0.0, we_refresh=True)
    theirs = SessionTimer(1800, 0.0, we_refresh=False)
    assert (ours.deadline, theirs.deadline) == (HALF_S, BYE_AT_S)
    assert ours.tick(HALF_S) is Due.REFRESH
    assert ours.tick(HALF_S) is None
    assert ours.deadline == HALF_S + RETRY_S
    assert theirs.tick(BYE_AT_S - 1) is None
    assert theirs.tick(BYE_AT_S) is Due.EXPIRED


def test_a_short_session_ends_after_two_thirds() -> None:
    assert SessionTimer(90, 0.0, we_refresh=False).deadline == 60.0


@pytest.mark.parametrize("text", ["1800", "90;refresher=uac", "90;refresher=uas"])
def test_terms_survive_the_round_trip(text: str) -> None:
    assert str(SessionTerms.parse(text)) == text


@pytest.mark.parametrize("text", ["", "x", "-1", "1.5", "99999999999", "90;=", "९०"])
def test_terms_that_are_no_number_of_seconds_are_an_error(text: str) -> None:
    with pytest.raises(SipParseError):
        SessionTerms.parse(text)


def ask(**headers: str) -> Request:
    names = {"supported": "Supported", "expires": "Session-Expires", "min_se": "Min-SE"}
    return Request("INVITE", "sip:x", [(names[key], value) for key, value in headers.items()])


@pytest.mark.parametrize(
    ("request_", "we_refresh", "terms"),
    [
        # RFC 4028 9, table 2; without timers on the peer's side nobody but us can refresh.
        (ask(), False, None),
        (ask(expires="600"), False, SessionTerms(600, "uas")),
        (ask(expires="60"), False, None),
        (ask(supported="timer"), False, SessionTerms(1800, "uac")),
        (ask(supported="timer"), True, SessionTerms(1800, "uas")),
        (ask(supported="timer", expires="600"), False, SessionTerms(600, "uac")),
        (ask(supported="timer", expires="600;refresher=uas"), False, SessionTerms(600, "uas")),
        (ask(supported="100rel, timer", expires="7200"), False, SessionTerms(1800, "uac")),
        (
            ask(supported="timer", expires="7200", min_se="3600"),
            False,
            SessionTerms(3600, "uac"),
        ),
    ],
)
def test_our_answer_agrees_on(
    request_: Request, we_refresh: bool, terms: SessionTerms | None
) -> None:
    assert answer_terms(request_, options(), we_refresh=we_refresh) == terms


def test_without_a_timer_of_our_own_we_keep_up_the_one_a_peer_asks_for() -> None:
    without = options(session_expires_s=0)
    assert answer_terms(ask(supported="timer"), without, we_refresh=False) is None
    asked = ask(supported="timer", expires="7200")
    assert answer_terms(asked, without, we_refresh=False) == SessionTerms(7200, "uac")


def test_the_peer_is_told_that_it_must_refresh() -> None:
    assert ("Require", "timer") in answer_lines(SessionTerms(90, "uac"))
    assert ("Require", "timer") not in answer_lines(SessionTerms(90, "uas"))


def test_who_knows_no_timers_is_not_told_that_one_is_too_brief() -> None:
    assert is_too_brief(ask(supported="timer", expires="89"), options())
    assert not is_too_brief(ask(expires="89"), options())


def test_an_answer_that_wants_a_refresh_each_second_gets_one_each_45() -> None:
    timer = as_client(Response(200, "OK", [("Session-Expires", "1;refresher=uac")]), options(), 0.0)
    assert timer is not None
    assert timer.deadline == 45.0


def test_an_answer_whose_timer_cannot_be_read_has_none() -> None:
    assert as_client(Response(200, "OK", [("Session-Expires", "soon")]), options(), 0.0) is None


# -- whole talks -----------------------------------------------------------------------------------


def test_a_talk_of_a_day_is_refreshed_all_the_time_and_nobody_above_is_told() -> None:
    talk = Talk()
    talk.establish()
    talk.wire.run(86_400.0)
    assert talk.fates(talk.phone) == talk.fates(talk.centre) == []
    assert talk.phone.starts()[0] == "UPDATE"
    assert 90 <= talk.phone.starts().count("UPDATE") <= 100
    assert talk.centre.starts()[0] == "200 UPDATE"


def test_a_peer_without_update_is_refreshed_by_a_re_invite_with_the_same_sdp() -> None:
    talk = Talk()
    talk.establish()
    leg = talk.phone.stack._book.find(LEG)
    assert leg is not None
    leg.allows_update = False
    talk.wire.run(930.0)
    assert talk.phone.starts() == ["INVITE"]
    assert parse_message(talk.phone.sent[0]).body == OFFER
    assert header(talk.phone.sent[0], "session-expires") == "1800;refresher=uac"
    # The centre's user answers a re-INVITE as any other; here it has not done so yet.
    assert [type(event) for event in talk.fates(talk.centre)] == [Reoffered]


def test_a_refresh_by_re_invite_that_is_answered_tells_no_answer() -> None:
    talk = Talk()
    talk.establish()
    found = talk.phone.stack._book.find(LEG)
    assert found is not None
    found.allows_update = False
    talk.wire.run(906.0)
    reoffered = next(event for event in talk.centre.events if isinstance(event, Reoffered))
    accepted = talk.centre.stack.accept(reoffered.leg, ANSWER, talk.wire.now)
    talk.wire.perform(talk.centre, accepted)
    talk.wire.run(910.0)
    told = (Answered, ReofferRefused)
    assert not [event for event in talk.phone.events if isinstance(event, told)]
    assert found.invite is None
    assert found.session is not None
    assert found.session.deadline > 1800.0


@pytest.mark.parametrize("gone", ["phone", "centre"])
def test_when_one_side_vanishes_the_other_hangs_up_in_time(gone: str) -> None:
    talk = Talk()
    talk.establish()
    lost, left = (talk.phone, talk.centre) if gone == "phone" else (talk.centre, talk.phone)
    talk.vanish(lost)
    talk.wire.run(3000.0)
    (end,) = (event for event in left.events if isinstance(event, Gone))
    assert end.why is GoneWhy.DIALOG_ERROR
    bye = next(data for data in left.sent if data.startswith(b"BYE"))
    if left is talk.centre:
        assert header(bye, "reason") == 'Q.850;cause=102;text="session timer expired"'
    assert left.stack.leg_count == 0


@pytest.mark.parametrize("number", range(12))
def test_the_loss_of_any_datagram_of_a_refresh_ends_no_talk(number: int) -> None:
    talk = Talk(lost=6 + number)
    talk.establish()
    talk.wire.run(4000.0)
    assert talk.fates(talk.phone) == talk.fates(talk.centre) == []


def test_a_timer_that_is_too_brief_is_refused_with_422_and_asked_for_again() -> None:
    talk = Talk(options(min_se_s=600), options("phone", session_expires_s=300))
    talk.establish()
    talk.wire.run(310.0)
    assert "UPDATE" in talk.phone.starts(), "300 s after the answer, half of the 600 s granted"
    assert header(talk.phone.sent[0], "session-expires") == "600;refresher=uac"


def test_422_goes_to_the_caller_with_our_least() -> None:
    calls = Talk(options(min_se_s=600), options("phone", session_expires_s=300))
    uri = f"sip:8000@{CENTRE.host}:{CENTRE.port}"
    dialled = calls.phone.stack.dial(LEG, uri, 0.0, body=OFFER, caller=CallerIdentity("1", "", ""))
    calls.wire.perform(calls.phone, dialled)
    calls.wire.run(1.0)
    assert calls.centre.starts()[0] == "422 INVITE"
    assert header(calls.centre.sent[0], "min-se") == "600"
    again = [data for data in calls.phone.sent if data.startswith(b"INVITE")][1]
    assert header(again, "session-expires") == header(again, "min-se") == "600"


def test_a_peer_that_always_wants_more_is_given_up() -> None:
    stack = make_stack(PHONE, options=options("phone"))
    uri = f"sip:8000@{CENTRE.host}:{CENTRE.port}"
    caller = CallerIdentity("1", "", "")
    effects = stack.dial(LEG, uri, 0.0, body=OFFER, caller=caller)
    sent = 0
    for least in range(2000, 9000, 1000):
        invites = [
            parse_message(each.data)
            for each in effects
            if hasattr(each, "data") and each.data.startswith(b"INVITE")
        ]
        if not invites:
            break
        sent += 1
        refusal = Response(
            422,
            "Session Interval Too Small",
            [
                ("Via", invites[0].values("via")[0]),
                ("From", invites[0].values("from")[0]),
                ("To", f"{invites[0].values('to')[0]};tag=t"),
                ("Call-ID", invites[0].call_id),
                ("CSeq", str(invites[0].cseq)),
                ("Min-SE", str(least)),
            ],
        )
        effects = stack.receive(bytes(refusal), CENTRE, 0, 0.0)
    assert sent == 3
    assert Refused(LEG, 422, "Session Interval Too Small") in effects


def test_without_timers_on_either_side_nothing_is_refreshed() -> None:
    talk = Talk(options(session_expires_s=0), options("phone", session_expires_s=0))
    talk.establish()
    talk.wire.run(86_400.0)
    assert talk.phone.sent == talk.centre.sent == []


def test_a_process_that_takes_the_talk_over_goes_on_refreshing_it() -> None:
    talk = Talk()
    talk.establish()
    talk.wire.run(2000.0)
    record = talk.phone.stack.record(LEG)
    talk.phone.stack = make_stack(PHONE, seed=7, options=options("phone"))
    talk.phone.stack.adopt(record, talk.wire.now)
    talk.phone.sent.clear()
    talk.wire.run(2030.0)
    assert talk.phone.starts() == ["UPDATE"], "soon, since nobody knows when it was done last"
    talk.wire.run(10_000.0)
    assert talk.fates(talk.phone) == talk.fates(talk.centre) == []


@pytest.mark.parametrize("status", [405, 501, 488, 400, 500])
def test_a_refresher_whose_updates_are_refused_goes_on_by_re_invites(status: int) -> None:
    """Some exchanges allow UPDATE, but only to change a description."""
    talk = Talk()
    talk.establish()
    talk.vanish(talk.centre)
    talk.wire.run(915.0)
    update = parse_message(talk.phone.sent[0])
    refusal = Response(
        status,
        "No",
        [
            ("Via", update.values("via")[0]),
            ("From", update.values("from")[0]),
            ("To", update.values("to")[0]),
            ("Call-ID", update.call_id),
            ("CSeq", str(update.cseq)),
        ],
    )
    talk.wire.perform(talk.phone, talk.phone.stack.receive(bytes(refusal), CENTRE, 0, 915.0))
    talk.wire.run(916.0)
    assert "INVITE" in talk.phone.starts()


class AnyTimer(RuleBasedStateMachine):
    """Refreshes come, are lost, or fail: the session never outlives what was agreed."""

    @initialize(interval_s=st.integers(90, 7200), we_refresh=st.booleans())
    def start(self, interval_s: int, we_refresh: bool) -> None:
        self.now = 0.0
        self.interval_s, self.we_refresh = interval_s, we_refresh
        self.refreshed_at = 0.0
        self.expired_at: float | None = None
        self.timer = SessionTimer(interval_s, 0.0, we_refresh=we_refresh)

    @rule()
    def a_refresh_is_accepted(self) -> None:
        if self.expired_at is None:
            self.refreshed_at = self.now
            self.timer = SessionTimer(self.interval_s, self.now, we_refresh=self.we_refresh)

    @rule(seconds=st.sampled_from([0.5, 5.0, 45.0, 600.0, 4000.0]))
    def time_passes(self, seconds: float) -> None:
        until = self.now + seconds
        while self.expired_at is None and self.timer.deadline <= until:
            at = self.timer.deadline
            due = self.timer.tick(at)
            assert due is not None, "a deadline is no false alarm"
            assert due is Due.EXPIRED or (self.we_refresh and self.timer.deadline > at)
            self.expired_at = at if due is Due.EXPIRED else None
        self.now = until

    @invariant()
    def it_ends_before_the_peer_may_forget_us(self) -> None:
        if self.expired_at is not None:
            lived = self.expired_at - self.refreshed_at
            assert self.interval_s / 2 < lived < self.interval_s
        else:
            assert self.now - self.refreshed_at < self.interval_s


TestAnyTimer = AnyTimer.TestCase
TestAnyTimer.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)


def test_a_session_that_expires_while_its_update_waits_ends_once() -> None:
    peer = RawPeer(make_stack(options=options(session_expires_s=90)), stream=False)
    to = f"sip:10086@{PHONE.host}:{PHONE.port}"
    peer.perform(peer.stack.dial(LEG, to, 0.0, body=OFFER, caller=CallerIdentity("8000", "", "")))
    peer.answer(
        peer.asked[0], 200, "Session-Expires: 90;refresher=uac", "Allow: UPDATE", body=ANSWER
    )
    peer.pass_time(400.0)

    assert [event.why for event in peer.events if isinstance(event, Gone)] == [GoneWhy.DIALOG_ERROR]
    assert len({str(request.cseq) for request in peer.asked if request.method == "BYE"}) == 1


def talk_to_be_refreshed(*lines: str, interval_s: int = 90) -> RawPeer:
    """We have called, and it is for us to refresh at half time, which is now."""
    peer = RawPeer(make_stack(options=options(session_expires_s=interval_s)), stream=False)
    to = f"sip:10086@{PHONE.host}:{PHONE.port}"
    peer.perform(peer.stack.dial(LEG, to, 0.0, body=OFFER, caller=CallerIdentity("8000", "", "")))
    session = f"Session-Expires: {interval_s};refresher=uac"
    peer.answer(peer.asked[0], 200, session, *lines, body=ANSWER)
    peer.pass_time(interval_s / 2)
    assert peer.asked[-1].method in ("INVITE", "UPDATE")
    return peer


@pytest.mark.parametrize("status", [408, 481])
def test_a_re_invite_that_waits_is_answered_when_our_refresh_finds_no_dialog(status: int) -> None:
    peer = talk_to_be_refreshed("Allow: UPDATE")
    update = peer.asked[-1]
    peer.ask("INVITE", body=ANSWER)

    peer.answer(update, status)

    assert [finals for (_, method), finals in peer.finals.items() if method == "INVITE"] == [{487}]
    peer.pass_time(100.0)
    assert (peer.stack.leg_count, peer.stack.transaction_count) == (0, 0)


def test_a_refresh_that_met_the_peers_re_invite_says_what_holds_since_then() -> None:
    peer = talk_to_be_refreshed()
    refresh = peer.asked[-1]
    assert (refresh.method, refresh.body) == ("INVITE", OFFER)
    peer.answer(refresh, 491)
    peer.ask("INVITE", "Supported: timer", "Session-Expires: 90;refresher=uas", body=ANSWER)
    peer.perform(peer.stack.accept(LEG, b"v=0 what holds now", peer.now))
    peer.ask("ACK")

    peer.pass_time(50.0)

    assert (peer.asked[-1].method, peer.asked[-1].cseq.number) == ("INVITE", 3)
    assert peer.asked[-1].body == b"v=0 what holds now"


def test_an_offer_of_ours_is_not_taken_for_answered_by_the_answer_to_a_refresh() -> None:
    peer = talk_to_be_refreshed()
    refresh = peer.asked[-1]
    peer.perform(peer.stack.reoffer(LEG, b"v=0 hold", peer.now))

    peer.answer(refresh, 200, "Session-Expires: 90;refresher=uac", body=b"v=0 of the refresh")
    peer.pass_time(5.0)
    peer.answer(peer.asked[-1], 200, body=b"v=0 held")

    told = [event for event in peer.events if isinstance(event, Answered)]
    assert told == [Answered(LEG, ANSWER), Answered(LEG, b"v=0 held")]


def test_an_offer_that_waits_is_not_lost_when_the_one_before_meets_another() -> None:
    peer = talk_to_be_refreshed("Allow: UPDATE")
    peer.perform(peer.stack.reoffer(LEG, b"v=0 hold", peer.now))
    hold = peer.asked[-1]
    peer.perform(peer.stack.reoffer(LEG, b"v=0 resume", peer.now))

    peer.answer(hold, 491)
    peer.pass_time(5.0)

    assert peer.asked[-1].body == b"v=0 resume"


def test_a_refresh_that_is_only_tried_for_ever_is_cancelled_and_tried_again() -> None:
    """No timer ends an INVITE after its first 1xx (RFC 3261 17.1.1.2), so we do (9.1)."""
    peer = talk_to_be_refreshed(interval_s=1800)
    refresh = peer.asked[-1]
    peer.answer(refresh, 100)
    peer.pass_time(31.0)
    assert "CANCEL" not in [each.method for each in peer.asked]

    peer.perform(peer.stack.reoffer(LEG, b"v=0 hold", peer.now))
    peer.pass_time(3.0)
    cancel = next(each for each in peer.asked if each.method == "CANCEL")
    assert (cancel.cseq.number, cancel.via) == (refresh.cseq.number, refresh.via)
    peer.answer(cancel, 200)
    peer.answer(refresh, 487)
    peer.pass_time(5.0)

    assert peer.asked[-1].body == b"v=0 hold", "nothing stands in its way any more"
    assert not [event for event in peer.events if isinstance(event, Gone)]


def test_a_reoffer_that_ends_by_no_answer_nor_by_its_cancel_ends_the_dialog() -> None:
    peer = talk_to_be_refreshed("Allow: UPDATE")
    peer.answer(peer.asked[-1], 200)
    peer.perform(peer.stack.reoffer(LEG, b"v=0 hold", peer.now))
    peer.answer(peer.asked[-1], 180)

    peer.pass_time(63.0)
    assert not [event for event in peer.events if isinstance(event, Gone)]
    peer.pass_time(2.0)

    assert [event.why for event in peer.events if isinstance(event, Gone)] == [GoneWhy.DIALOG_ERROR]
    assert peer.asked[-1].method == "BYE"
    peer.pass_time(100.0)
    assert (peer.stack.leg_count, peer.stack.transaction_count) == (0, 0)


def test_an_answer_that_crosses_the_cancel_of_our_reoffer_counts() -> None:
    peer = talk_to_be_refreshed("Allow: UPDATE")
    peer.answer(peer.asked[-1], 200)
    peer.perform(peer.stack.reoffer(LEG, b"v=0 hold", peer.now))
    hold = peer.asked[-1]
    peer.answer(hold, 100)
    peer.pass_time(32.5)
    assert "CANCEL" in [each.method for each in peer.asked]

    peer.answer(hold, 200, body=b"v=0 held")

    assert peer.events[-1] == Answered(LEG, b"v=0 held")
    peer.pass_time(100.0)
    assert not [event for event in peer.events if isinstance(event, Gone)]


def test_a_peer_that_answers_a_refresh_from_elsewhere_is_heard_and_spoken_to_there() -> None:
    """Some exchanges lead the audio anew at each re-INVITE (RFC 3264 8)."""
    peer = talk_to_be_refreshed(interval_s=1800)
    session = "Session-Expires: 1800;refresher=uac"
    moved = ANSWER.replace(b"192.0.2.1", b"192.0.2.44")

    peer.answer(peer.asked[-1], 200, session, body=moved)

    assert peer.asked[-1].method == "ACK"
    assert peer.events[-1] == Reoffered(LEG, moved)
    before = peer.sent_count
    peer.perform(peer.stack.accept(LEG, OFFER, peer.now))
    assert peer.sent_count == before, "nobody has asked for that answer"
    peer.pass_time(900.0)
    peer.answer(peer.asked[-1], 200, session, body=moved)
    assert len(peer.heard(Reoffered)) == 1
    peer.ask("INVITE", body=moved)
    peer.perform(peer.stack.accept(LEG, OFFER, peer.now))
    assert [finals for (_, method), finals in peer.finals.items() if method == "INVITE"] == [{200}]
