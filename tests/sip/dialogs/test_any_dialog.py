"""Any state of a dialog x any input: two of our stacks, any verbs, any loss, any pauses.

Whatever happens, each side is told one end of its call, and nothing is left when it is over.
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
    Reoffered,
    StackEffect,
)
from telephony.sip.options import Listener, SipOptions
from tests.support.wire import ANSWER, CENTRE, OFFER, PHONE, Side, Wire, make_stack

LEG = LegId("l-1")
CALLER = CallerIdentity("10086", "", "")
LINE = f"sip:8000@{CENTRE.host}:{CENTRE.port}"
SIDES = st.sampled_from(["centre", "phone"])
BODIES = st.sampled_from([b"", OFFER])


class AnyDialog(RuleBasedStateMachine):
    """A phone calls the centre; from then on anything may happen."""

    @initialize(
        body=BODIES,
        seed=st.integers(0, 1000),
        refresh_s=st.sampled_from([0, 90, 1800]),
        lost=st.sets(st.integers(0, 25), max_size=6),
        doubled=st.sets(st.integers(0, 25), max_size=4),
        late=st.sets(st.integers(0, 25), max_size=4),
    )
    def start(
        self,
        body: bytes,
        seed: int,
        refresh_s: int,
        lost: set[int],
        doubled: set[int],
        late: set[int],
    ) -> None:
        self.centre = Side(make_stack(CENTRE, seed=seed), CENTRE)
        address = (Listener(address=PHONE),)
        options = SipOptions(listeners=address, session_expires_s=refresh_s)
        self.phone = Side(make_stack(PHONE, seed=seed + 1, options=options), PHONE)
        self.wire = Wire(self.centre, self.phone, lost=lost, doubled=doubled, late=late)
        dialled = self.phone.stack.dial(LEG, LINE, 0.0, body=body, caller=CALLER)
        self.wire.perform(self.phone, dialled)

    # -- who does it -----------------------------------------------------------------------------

    def side(self, name: str) -> Side:
        return self.centre if name == "centre" else self.phone

    def leg(self, side: Side) -> LegId:
        if side is self.phone:
            return LEG
        calls = [event for event in side.events if isinstance(event, IncomingCall)]
        return calls[0].leg if calls else LegId("none")

    def do(self, side: Side, effects: list[StackEffect]) -> None:
        self.wire.perform(side, effects)

    # -- what may happen -------------------------------------------------------------------------

    @rule(status=st.sampled_from([180, 183]), body=BODIES)
    def the_centre_is_ringing(self, status: int, body: bytes) -> None:
        stack, leg = self.centre.stack, self.leg(self.centre)
        self.do(self.centre, stack.progress(leg, status, body, self.wire.now))

    @rule(side=SIDES)
    def somebody_accepts(self, side: str) -> None:
        at = self.side(side)
        self.do(at, at.stack.accept(self.leg(at), ANSWER, self.wire.now))

    @rule(side=SIDES, status=st.sampled_from([302, 486, 488, 603]))
    def somebody_rejects(self, side: str, status: int) -> None:
        at = self.side(side)
        self.do(at, at.stack.reject(self.leg(at), status, self.wire.now))

    @rule(side=SIDES, body=BODIES)
    def somebody_offers_anew(self, side: str, body: bytes) -> None:
        at = self.side(side)
        self.do(at, at.stack.reoffer(self.leg(at), body, self.wire.now))

    @rule(side=SIDES)
    def somebody_answers_a_late_offer(self, side: str) -> None:
        at = self.side(side)
        self.do(at, at.stack.acknowledge(self.leg(at), ANSWER, self.wire.now))

    @rule(side=SIDES)
    def somebody_hangs_up(self, side: str) -> None:
        at = self.side(side)
        self.do(at, at.stack.hang_up(self.leg(at), self.wire.now))

    @rule(side=SIDES)
    def a_core_is_followed_by_another(self, side: str) -> None:
        at = self.side(side)
        record = at.stack.record(self.leg(at))
        if record and not any(isinstance(event, Gone | Refused) for event in at.events):
            at.stack = make_stack(at.address, seed=77)
            at.stack.adopt(record, self.wire.now)

    @rule(seconds=st.sampled_from([0.01, 0.03, 0.5, 5.0, 40.0, 1000.0]))
    def time_passes(self, seconds: float) -> None:
        self.wire.run(self.wire.now + seconds)

    @precondition(lambda self: self.wire.now < 5000)
    @rule()
    def a_datagram_is_lost(self) -> None:
        self.wire.lose_next()

    # -- what must hold --------------------------------------------------------------------------

    @invariant()
    def each_side_is_told_one_end_at_most(self) -> None:
        assert len(self.ends(self.phone)) <= 1
        assert len(self.ends(self.centre)) <= 1
        assert len(self.centre.heard(IncomingCall)) <= 1

    @invariant()
    def nothing_happens_after_the_end(self) -> None:
        for side in self.wire.sides:
            told = [e for e in side.events if isinstance(e, Answered | Confirmed | Reoffered | End)]
            ended = [number for number, event in enumerate(told) if isinstance(event, End)]
            assert not ended or ended[0] == len(told) - 1

    def ends(self, side: Side) -> list[object]:
        return [event for event in side.events if isinstance(event, End)]

    def teardown(self) -> None:
        if not hasattr(self, "wire"):
            return
        self.time_passes(60.0)
        for name in ("centre", "phone"):
            self.somebody_hangs_up(name)
        self.time_passes(400.0)
        assert len(self.ends(self.phone)) == 1
        # What the centre itself refuses before its 200 needs no telling.
        assert len(self.ends(self.centre)) == 1 or not self.centre.heard(Confirmed)
        for side in self.wire.sides:
            assert (side.stack.leg_count, side.stack.transaction_count) == (0, 0)


End = Cancelled | Gone | Refused
TestAnyDialog = AnyDialog.TestCase
TestAnyDialog.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
