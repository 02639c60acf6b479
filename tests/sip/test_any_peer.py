"""Any state of a dialog x any message of a peer that keeps no rule, over datagrams and streams.

The stack is called or calls (IncomingLegs, OutgoingLegs); from then on the peer sends any request
and any answer, again and out of order, or says nothing at all, and our side uses any verb. Loss is
the peer that does not react; copies that come late are among its rules.

Whatever happens: each request has one final answer and no other, a leg that was up has one end,
timers neither spin nor go on for ever, and nothing is left when all is over.
"""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from foundation.ids import LegId
from telephony.sip.events import (
    Answered,
    CallerIdentity,
    Cancelled,
    Confirmed,
    Gone,
    IncomingCall,
    Refused,
    StackEffect,
)
from telephony.sip.options import Listener, SipOptions
from tests.support.effort import tries
from tests.support.raw_peer import RawPeer
from tests.support.wire import ANSWER, CENTRE, OFFER, PHONE, make_stack

LEG = LegId("l-1")
End = Cancelled | Gone | Refused
BODIES = st.sampled_from([b"", OFFER])
STATUSES = st.sampled_from(
    [100, 180, 183, 200, 202, 302, 401, 408, 422, 481, 486, 487, 491, 500, 503, 603]
)
SESSION = st.sampled_from(["", "Session-Expires: 90;refresher=uas", "Session-Expires: 90"])
ABILITIES = st.sampled_from(
    ["", "Supported: 100rel", "Require: 100rel", "Supported: timer, 100rel"]
)
REPEATED_WITHIN_S = 32.0
"64 T1: so long a transaction knows copies of its request."


class AnyPeer(RuleBasedStateMachine):
    """One stack, one peer."""

    @initialize(
        we_call=st.booleans(), stream=st.booleans(), body=BODIES, abilities=ABILITIES,
        session=SESSION, refresh_s=st.sampled_from([0, 90, 1800]), seed=st.integers(0, 99),
        begins=st.sampled_from(["asked", "early", "up", "up"]),
    )  # fmt: skip
    def start(
        self, we_call: bool, stream: bool, body: bytes, abilities: str, session: str,
        refresh_s: int, seed: int, begins: str,
    ) -> None:  # fmt: skip
        listener = Listener(address=CENTRE, transport="TCP" if stream else "UDP")
        options = SipOptions(
            listeners=(listener,), domain="hotline.example", session_expires_s=refresh_s
        )
        self.stack = make_stack(options=options, seed=seed)
        self.peer = RawPeer(self.stack, stream=stream)
        self.we_call = we_call
        if we_call:
            to = f"sip:10086@{PHONE.host}:{PHONE.port}" + (";transport=tcp" if stream else "")
            caller = CallerIdentity("8000", "", "")
            self.do(self.stack.dial(LEG, to, 0.0, body=body, caller=caller))
        else:
            self.peer.ask("INVITE", *filter(None, (abilities, session)), body=body)
        if begins != "asked":
            self.it_rings() if we_call else self.we_ring(183, ANSWER if body else b"")
        if begins == "up":
            self.both_agree(body)

    def it_rings(self) -> None:
        self.peer.answer(self.peer.asked[-1], 183, "Require: 100rel", "RSeq: 1", body=ANSWER)

    def both_agree(self, body: bytes) -> None:
        """As polite phones would; from here on it may be otherwise."""
        if self.we_call:
            self.peer.answer(self.peer.asked[0], 200, body=ANSWER if body else OFFER)
            self.do(self.stack.acknowledge(LEG, ANSWER, self.peer.now))
        else:
            if self.peer.rack:
                self.peer.ask("PRACK", f"RAck: {self.peer.rack}")
            self.we_accept()
            self.peer.ask("ACK", body=b"" if body else ANSWER)

    @property
    def leg(self) -> LegId:
        calls = [event for event in self.peer.events if isinstance(event, IncomingCall)]
        return LEG if self.we_call else calls[0].leg if calls else LegId("none")

    def do(self, effects: list[StackEffect]) -> None:
        self.peer.perform(effects)

    # -- our side --------------------------------------------------------------------------------

    @rule(status=st.sampled_from([180, 183]), body=BODIES)
    def we_ring(self, status: int, body: bytes) -> None:
        self.do(self.stack.progress(self.leg, status, body, self.peer.now))

    @rule()
    def we_accept(self) -> None:
        self.do(self.stack.accept(self.leg, ANSWER, self.peer.now))

    @rule(status=st.sampled_from([302, 486, 488, 603]))
    def we_reject(self, status: int) -> None:
        self.do(self.stack.reject(self.leg, status, self.peer.now))

    @rule(body=BODIES)
    def we_offer_anew(self, body: bytes) -> None:
        self.do(self.stack.reoffer(self.leg, body, self.peer.now))

    @rule()
    def we_answer_a_late_offer(self) -> None:
        self.do(self.stack.acknowledge(self.leg, ANSWER, self.peer.now))

    @rule()
    def we_hang_up(self) -> None:
        self.do(self.stack.hang_up(self.leg, self.peer.now))

    # -- the peer --------------------------------------------------------------------------------

    @rule(body=BODIES, session=SESSION)
    def it_offers_anew(self, body: bytes, session: str) -> None:
        if self.peer.their_tag:
            self.peer.ask("INVITE", *filter(None, (session,)), body=body)

    @rule(body=BODIES, session=SESSION)
    def it_updates(self, body: bytes, session: str) -> None:
        self.peer.ask("UPDATE", *filter(None, (session,)), body=body)

    @rule(rack=st.sampled_from(["", "1 1 INVITE", "1"]), body=BODIES)
    def it_pracks(self, rack: str, body: bytes) -> None:
        """The last reliable answer, or one that there was not."""
        if rack or self.peer.rack:
            self.peer.ask("PRACK", f"RAck: {rack or self.peer.rack}", body=body)

    @rule(body=BODIES)
    def it_acknowledges(self, body: bytes) -> None:
        if self.peer.invite is not None:
            self.peer.ask("ACK", body=body)

    @rule()
    def it_cancels(self) -> None:
        if self.peer.invite is not None:
            self.peer.ask("CANCEL")

    @rule(method=st.sampled_from(["BYE", "INFO", "OPTIONS", "REFER", "MESSAGE"]))
    def it_asks(self, method: str) -> None:
        self.peer.ask(method)

    @rule(method=st.sampled_from(["BYE", "UPDATE", "INVITE"]))
    def it_asks_in_a_dialog_that_never_was(self, method: str) -> None:
        self.peer.ask(method, tag="never")

    @precondition(lambda self: self.peer.asked)
    @rule(
        which=st.integers(0, 5), status=STATUSES, tag=st.sampled_from(["raw", "fork"]),
        body=BODIES, rseq=st.sampled_from([0, 1, 2, 9]), more=SESSION,
    )  # fmt: skip
    def it_answers(
        self, which: int, status: int, tag: str, body: bytes, rseq: int, more: str
    ) -> None:
        """One of the last requests of ours, once more or otherwise than before."""
        request = self.peer.asked[-1 - which % len(self.peer.asked)]
        if request.method == "ACK":
            return
        lines = [more] if more and 200 <= status < 300 else []
        if rseq and 100 < status < 200:
            lines += ["Require: 100rel", f"RSeq: {rseq}"]
        self.peer.answer(request, status, *lines, tag=tag, body=body)

    @precondition(lambda self: self.peer.transport == "UDP" and self.peer.written)
    @rule(which=st.integers(0, 9))
    def an_old_datagram_comes_again(self, which: int) -> None:
        at, data = self.peer.written[-1 - which % len(self.peer.written)]
        if self.peer.now - at < REPEATED_WITHIN_S:
            self.do(self.stack.receive(data, PHONE, 0, self.peer.now))

    @rule()
    def the_connection_breaks(self) -> None:
        self.peer.break_connection()

    @rule()
    def there_is_a_connection_again(self) -> None:
        self.peer.connect()

    @rule(seconds=st.sampled_from([0.01, 0.5, 5.0, 31.0, 200.0, 1000.0]))
    def time_passes(self, seconds: float) -> None:
        self.peer.pass_time(seconds)

    # -- what must hold --------------------------------------------------------------------------

    @invariant()
    def a_request_has_one_final_answer_at_most(self) -> None:
        # A CANCEL keeps nothing: its copy finds the INVITE that it ended, or no INVITE any more.
        finals = self.peer.finals.items()
        several = {key: each for key, each in finals if len(each) > 1 and key[1] != "CANCEL"}
        assert several == {}

    @invariant()
    def one_end_and_nothing_after_it(self) -> None:
        told = [each for each in self.peer.events if isinstance(each, Answered | Confirmed | End)]
        ends = [number for number, event in enumerate(told) if isinstance(event, End)]
        assert ends in ([], [len(told) - 1])

    def teardown(self) -> None:
        if not hasattr(self, "peer"):
            return
        self.peer.connect()
        self.time_passes(60.0)
        self.we_hang_up()
        before = self.peer.sent_count
        self.time_passes(400.0)
        assert self.peer.sent_count - before < 100, "a peer that is silent is let be"
        assert {name: self.stack.table_sizes[name] for name in ("legs", "transactions")} == {
            "legs": 0,
            "transactions": 0,
        }
        assert self.stack.deadline is None
        ends = [event for event in self.peer.events if isinstance(event, End)]
        assert len(ends) == 1 or not (self.we_call or self.peer.heard(Confirmed))
        if self.peer.transport == "UDP":
            unanswered = [key for key, found in self.peer.finals.items() if not found]
            assert unanswered == []


TestAnyPeer = AnyPeer.TestCase
TestAnyPeer.settings = settings(max_examples=tries(80), stateful_step_count=25, deadline=None)


def test_an_offer_of_ours_that_waits_for_an_answer_of_ours_looks_ever_more_rarely() -> None:
    machine = AnyPeer()
    machine.start(
        we_call=False, stream=True, body=b"", abilities="", session="", refresh_s=0, seed=0,
        begins="up",
    )  # fmt: skip
    machine.it_offers_anew(b"", "")
    machine.we_offer_anew(b"")

    machine.time_passes(1000)  # raises when it is more than a timer every two seconds
