"""A number outside is called by one way after the other, and our user knows one leg."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foundation.ids import LegId
from telephony.sip.dialogs.outside import attempts_by
from telephony.sip.digest import Credentials
from telephony.sip.events import (
    Answered,
    Gone,
    GoneWhy,
    HostPort,
    Progressed,
    Refused,
    SendDatagram,
    StackEffect,
)
from telephony.sip.stack import SipStack
from telephony.sip.trunks.targets import Destination, Wanted
from telephony.sip.trunks.trunk_line import TrunkOptions
from telephony.sip.wording.message import Request, parse_message
from tests.support.wire import ANSWER, OFFER, make_stack

LEG = LegId("l-out")
FIRST, SECOND = HostPort("198.51.100.1", 5060), HostPort("198.51.100.2", 5060)
OPTIONS = TrunkOptions(
    name="carrier",
    wanted=Wanted("sip.example"),
    credentials=Credentials("acc", "pw"),
    max_call_s=3600,
)


class Outside:
    """Our stack, and networks that answer as they are told."""

    def __init__(self, options: TrunkOptions = OPTIONS) -> None:
        self.stack = make_stack()
        self.options = options
        self.now = 0.0
        self.told: list[StackEffect] = []
        self.sent: list[SendDatagram] = []

    def dial(self, *addresses: HostPort, show: str = "+8610") -> None:
        targets = [Destination(each) for each in addresses]
        attempts = attempts_by(self.options, targets, "013800138000", show, [("X-A", "b")])
        self.take(self.stack.dial_outside(LEG, attempts, self.now, body=OFFER))

    def take(self, effects: list[StackEffect]) -> None:
        for effect in effects:
            if isinstance(effect, SendDatagram):
                self.sent.append(effect)
            elif isinstance(effect, Answered | Progressed | Refused | Gone):
                self.told.append(effect)

    def pass_s(self, seconds: float) -> None:
        end = self.now + seconds
        while self.stack.deadline is not None and self.stack.deadline <= end:
            self.now = max(self.now, self.stack.deadline)
            self.take(self.stack.tick(self.now))
        self.now = end

    def requests(self, method: str = "INVITE") -> list[tuple[Request, HostPort]]:
        """Each once, however often it was sent."""
        found: dict[str, tuple[Request, HostPort]] = {}
        for each in self.sent:
            message = parse_message(each.data)
            if isinstance(message, Request) and message.method == method:
                found.setdefault(message.via.branch, (message, each.to))
        return list(found.values())

    def answer(self, which: int, status: int, *headers: str, body: bytes = b"") -> None:
        request, source = self.requests()[which]
        lines = [f"SIP/2.0 {status} Whatever"]
        lines += [f"{name}: {request.values(name)[0]}" for name in ("via", "from", "call-id")]
        lines += [f"CSeq: {request.cseq}", f"To: {request.values('to')[0]};tag=t{which}"]
        lines += [f"Contact: <sip:x@{source.host}>", *headers]
        lines += ["Content-Type: application/sdp"] if body else []
        data = "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body
        self.take(self.stack.receive(data, source, 0, self.now))

    def is_left(self) -> tuple[int, int]:
        return self.stack.leg_count, self.stack.transaction_count


@pytest.fixture
def outside() -> Outside:
    return Outside()


def test_the_network_is_told_who_calls(outside: Outside) -> None:
    outside.dial(FIRST)
    [(invite, to)] = outside.requests()
    assert to == FIRST
    assert invite.uri_text == "sip:013800138000@sip.example"
    assert invite.values("to") == ["<sip:013800138000@sip.example>"]
    assert invite.sender.uri_text == "sip:+8610@sip.example"
    assert invite.find("p-asserted-identity") == "<sip:+8610@sip.example>"
    assert invite.find("x-a") == "b"


def test_a_trunk_may_want_its_account_in_from_and_a_transport() -> None:
    wanted = Wanted("sip.example", 5061, "TLS")
    options = TrunkOptions(name="t", wanted=wanted, from_user="acc")
    [attempt] = attempts_by(options, [Destination(FIRST, "TLS")], "110", "+8610", ())
    assert attempt.uri == "sip:110@sip.example:5061;transport=tls"
    assert attempt.sender == "sip:acc@sip.example"
    assert attempt.headers == (("P-Asserted-Identity", "<sip:+8610@sip.example>"),)
    [nobody] = attempts_by(
        TrunkOptions(name="t", wanted=wanted), [Destination(FIRST, "TLS")], "110", "", ()
    )
    assert (nobody.sender, nobody.headers) == ("sip:anonymous@sip.example", ())


@pytest.mark.parametrize("status", [503, 408])
def test_a_network_that_cannot_gives_way_to_the_next(status: int, outside: Outside) -> None:
    outside.dial(FIRST, SECOND)
    outside.stack.note(LEG, b"noted")
    outside.answer(0, status)
    outside.pass_s(0.0)
    (first, _), (second, to) = outside.requests()
    assert to == SECOND
    assert second.call_id != first.call_id
    outside.answer(1, 200, body=ANSWER)
    assert outside.told == [Answered(LEG, ANSWER)]
    assert outside.stack.extra(LEG) == b"noted"


@pytest.mark.parametrize("status", [404, 486, 480, 500, 403, 603])
def test_another_refusal_is_the_last_word(status: int, outside: Outside) -> None:
    outside.dial(FIRST, SECOND)
    outside.answer(0, status)
    outside.pass_s(50.0)
    assert outside.told == [Refused(LEG, status, "Whatever")]
    assert len(outside.requests()) == 1
    assert outside.is_left() == (0, 0)


def test_silence_gives_way_soon_and_an_icmp_error_at_once(outside: Outside) -> None:
    outside.dial(FIRST, SECOND, FIRST)
    outside.pass_s(3.9)
    assert len(outside.requests()) == 1
    outside.pass_s(0.2)
    assert [to for _, to in outside.requests()] == [FIRST, SECOND]
    outside.take(outside.stack.unreachable(SECOND))
    outside.pass_s(0.0)
    assert [to for _, to in outside.requests()] == [FIRST, SECOND, FIRST]
    assert outside.told == []
    outside.pass_s(40.0)
    assert outside.told == [Refused(LEG, 408, "no answer came")], "the last one has timer B"
    outside.pass_s(40.0)
    assert outside.is_left() == (0, 0)


def test_a_network_that_has_said_something_is_waited_for(outside: Outside) -> None:
    outside.dial(FIRST, SECOND)
    outside.answer(0, 100)
    outside.pass_s(60.0)
    assert len(outside.requests()) == 1
    outside.answer(0, 180)
    outside.answer(0, 503)
    outside.pass_s(0.0)
    assert outside.told == [Progressed(LEG, 180, b""), Refused(LEG, 503, "Whatever")]


@pytest.mark.parametrize(
    "refusal", [(401, 'WWW-Authenticate: Digest realm="r", nonce="n"'), (422, "Min-SE: 3600")]
)
def test_a_network_that_wants_the_call_otherwise_has_said_something(
    refusal: tuple[int, str], outside: Outside
) -> None:
    """Else the number would be called twice at once, by both networks."""
    outside.dial(FIRST, SECOND)
    outside.answer(0, *refusal)
    outside.pass_s(10.0)
    assert [to for _, to in outside.requests()] == [FIRST, FIRST]
    assert outside.requests("CANCEL") == []

    outside.pass_s(30.0)
    assert [to for _, to in outside.requests()] == [FIRST, FIRST, SECOND], "it does not live on"


def test_who_wakes_up_late_is_sent_away(outside: Outside) -> None:
    outside.dial(FIRST, SECOND)
    outside.pass_s(4.0)
    outside.answer(0, 180)
    [(cancel, to)] = outside.requests("CANCEL")
    assert (to, cancel.call_id) == (FIRST, outside.requests()[0][0].call_id)
    outside.answer(1, 200, body=ANSWER)
    outside.answer(0, 200, body=ANSWER)
    assert outside.told == [Answered(LEG, ANSWER)]
    [(bye, to)] = outside.requests("BYE")
    assert (to, bye.to.tag) == (FIRST, "t0")


def test_a_challenge_is_answered_on_each_way_anew(outside: Outside) -> None:
    challenge = 'WWW-Authenticate: Digest realm="x", nonce="{}", qop="auth"'
    outside.dial(FIRST, SECOND)
    outside.answer(0, 401, challenge.format("n1"))
    assert 'nonce="n1"' in (outside.requests()[1][0].find("authorization") or "")
    outside.answer(1, 503)
    outside.pass_s(0.0)
    assert outside.requests()[2][0].find("authorization") is None
    outside.answer(2, 401, challenge.format("n2"))
    assert 'nonce="n2"' in (outside.requests()[3][0].find("authorization") or "")
    outside.answer(3, 200, body=ANSWER)
    assert outside.told == [Answered(LEG, ANSWER)]


def test_hanging_up_stops_all_further_attempts(outside: Outside) -> None:
    outside.dial(FIRST, SECOND)
    outside.answer(0, 100)
    outside.take(outside.stack.hang_up(LEG, outside.now))
    outside.answer(0, 503)
    outside.pass_s(0.0)
    assert outside.told == [Refused(LEG, 503, "Whatever")]
    assert len(outside.requests()) == 1


def test_hanging_up_between_two_attempts_ends_the_call(outside: Outside) -> None:
    outside.dial(FIRST, SECOND)
    outside.answer(0, 503)
    outside.take(outside.stack.hang_up(LEG, outside.now))
    outside.pass_s(60.0)
    assert outside.told == [Refused(LEG, 487, "cancelled")]
    assert (len(outside.requests()), outside.is_left()) == (1, (0, 0))


def test_what_no_listener_of_ours_reaches_is_refused(outside: Outside) -> None:
    outside.dial(HostPort("2001:db8::1", 5060))
    outside.dial()
    assert outside.told == [Refused(LEG, 503, "no listener of ours reaches the trunk")] * 2
    assert outside.sent == []


def test_a_trunks_calls_are_counted_until_they_are_over(outside: Outside) -> None:
    outside.dial(FIRST)
    outside.answer(0, 200, body=ANSWER)
    assert (outside.stack.count_on("carrier"), outside.stack.count_on("other")) == (1, 0)
    heir = make_stack(seed=9)
    heir.adopt(outside.stack.record(LEG), 0.0)
    assert heir.count_on("carrier") == 1
    outside.take(outside.stack.hang_up(LEG, 1.0))
    assert outside.stack.count_on("carrier") == 0


def hang_up_after(stack: SipStack, at: float) -> list[Gone]:
    return [each for each in stack.tick(at) if isinstance(each, Gone)]


def test_a_call_lasts_no_longer_than_the_trunk_allows_also_over_a_restart(
    outside: Outside,
) -> None:
    outside.dial(FIRST)
    outside.answer(0, 200, body=ANSWER)
    record = outside.stack.record(LEG)
    outside.pass_s(3599.0)
    assert outside.told == [Answered(LEG, ANSWER)]
    outside.pass_s(1.0)
    assert outside.told[1:] == [Gone(LEG, GoneWhy.DIALOG_ERROR, "maximum call length")]
    assert len(outside.requests("BYE")) == 1
    heir = make_stack(seed=9)
    heir.adopt(record, 100.0)
    assert hang_up_after(heir, 3699.0) == []
    assert len(hang_up_after(heir, 3700.0)) == 1


DEEDS = st.one_of(
    st.tuples(st.just("answer"), st.sampled_from([100, 180, 200, 404, 408, 503, 603])),
    st.tuples(st.just("late"), st.sampled_from([180, 200, 503])),
    st.tuples(st.just("wait"), st.sampled_from([0, 1, 5, 40])),
    st.tuples(st.just("unreachable"), st.just(0)),
    st.tuples(st.just("hang_up"), st.just(0)),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(DEEDS, max_size=10), st.integers(1, 4))
def test_whatever_the_networks_do_the_user_hears_one_outcome_of_one_leg(
    deeds: list[tuple[str, int]], ways: int
) -> None:
    outside = Outside()
    outside.dial(*[HostPort(f"198.51.100.{n}", 5060) for n in range(1, ways + 1)])
    for deed, how in deeds:
        match deed:
            case "answer":
                outside.answer(-1, how, body=ANSWER if how == 200 else b"")
            case "late":
                outside.answer(0, how, body=ANSWER if how == 200 else b"")
            case "wait":
                outside.pass_s(how)
            case "unreachable":
                outside.take(outside.stack.unreachable(outside.requests()[-1][1]))
            case _:
                outside.take(outside.stack.hang_up(LEG, outside.now))
    outside.pass_s(200.0)
    outcomes = [each for each in outside.told if isinstance(each, Answered | Refused)]
    outside.take(outside.stack.hang_up(LEG, outside.now))
    outside.pass_s(400.0)

    ends = [each for each in outside.told if isinstance(each, Gone | Refused)]
    assert len(ends) == 1
    assert len(outcomes) <= 1
    assert len(outside.requests()) <= ways
    assert (outside.is_left(), outside.stack.count_on("carrier")) == ((0, 0), 0)
