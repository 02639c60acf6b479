"""A client and a server transaction, INVITE and others, over datagrams and streams, on a fake wire.

Which messages are lost, doubled and late is a list of numbers. Whatever the wire does, the request
is told to the server's user once, the client's user hears one final answer or that none came, no
message is repeated for longer than 64 T1, and both machines come to their end.

`AnyInput` feeds each of the four machines anything in any state.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from foundation.errors import IllegalTransition
from telephony.sip.options import Timers
from telephony.sip.transactions.client_transaction import ClientTransaction, InviteClientTransaction
from telephony.sip.transactions.server_transaction import InviteServerTransaction, ServerTransaction
from telephony.sip.transactions.transaction import (
    AckArrived,
    Deliver,
    RequestAgain,
    Respond,
    ResponseArrived,
    State,
    TimedOut,
    TransactionEffect,
    Transmit,
)
from tests.support.effort import tries

TIMERS = Timers()
DELAY_S = 0.02
LATE_S = 3.0
"Of one that is overtaken by several repetitions."
Client = InviteClientTransaction | ClientTransaction
Server = InviteServerTransaction | ServerTransaction
REQUEST, ACK = b"request", b"ACK"
ANSWERS = {status: b"%d" % status for status in (100, 180, 200, 404, 486, 603)}
NUMBERS = st.sets(st.integers(0, 30), max_size=20)


@dataclass
class Pair:
    """Both machines and what flies between them; the server's user answers at `answers`' times."""

    client: Client
    server_of: Callable[[], Server]
    answers: list[tuple[float, int]]
    lost: set[int]
    doubled: set[int]
    late: set[int]
    server: Server | None = None
    flying: list[tuple[float, int, str, bytes]] = field(default_factory=list)
    now: float = 0.0
    sent: int = 0
    requests_told: int = 0
    told: list[int] = field(default_factory=list)
    "Answers that the client's user heard."
    timeouts: list[str] = field(default_factory=list)
    last_sent_at: float = 0.0
    refusals: int = 0
    "That reached the client before its end."
    acks: int = 0

    def launch(self, to: str, effects: list[TransactionEffect], status: int = 0) -> None:
        for effect in effects:
            if isinstance(effect, Transmit):
                self.acks += effect.data == ACK
                self._send(to, effect.data)
            elif isinstance(effect, Deliver) and to == "server":
                self.told.append(status)
            elif isinstance(effect, TimedOut):
                self.timeouts.append("client" if to == "server" else "server")

    def _send(self, to: str, data: bytes) -> None:
        number, self.sent, self.last_sent_at = self.sent, self.sent + 1, self.now
        if number in self.lost:
            return
        delay = LATE_S if number in self.late else DELAY_S
        copies = [delay, delay + 0.3] if number in self.doubled else [delay]
        self.flying += [(self.now + each, number, to, data) for each in copies]

    def run(self, until: float = 500.0) -> None:
        self.launch("server", self.client.start(0.0))
        for _ in range(1000):
            at = self._next()
            if at is None or at > until:
                return
            self.now = max(self.now, at)
            self._step()
        raise AssertionError("the two never come to rest")

    def _next(self) -> float | None:
        times = [flight[0] for flight in self.flying]
        times += [each.deadline for each in (self.client, self.server) if each and each.deadline]
        if self.server is not None:
            times += [at for at, _ in self.answers[:1]]
        return min(times, default=None)

    def _step(self) -> None:
        for flight in sorted(each for each in self.flying if each[0] <= self.now):
            self.flying.remove(flight)
            self._arrive(flight[2], flight[3])
        if self.server is not None and self.answers and self.answers[0][0] <= self.now:
            self._answer(self.answers.pop(0)[1])
        for machine, to in ((self.client, "server"), (self.server, "client")):
            if machine is not None and machine.deadline and machine.deadline <= self.now:
                before = machine.deadline
                self.launch(to, machine.tick(self.now))
                assert machine.deadline != before, "a deadline that stays would spin"

    def _arrive(self, to: str, data: bytes) -> None:
        if to == "client":
            status = int(data)
            self.refusals += status >= 300 and not self.client.is_over
            self.launch("server", self.client.feed(ResponseArrived(status, ACK), self.now), status)
        elif self.server is None:
            self.server = self.server_of()
            self.requests_told += data == REQUEST
        elif not self.server.is_over:
            given = AckArrived() if data == ACK else RequestAgain()
            self.launch("client", self.server.feed(given, self.now))

    def _answer(self, status: int) -> None:
        assert self.server is not None
        if not self.server.is_over:
            self.launch("client", self.server.feed(Respond(status, ANSWERS[status]), self.now))


@pytest.mark.parametrize("reliable", [False, True], ids=["datagrams", "stream"])
@pytest.mark.parametrize("invite", [False, True], ids=["other", "INVITE"])
@given(
    final=st.sampled_from([200, 404, 486, 603]),
    provisional=st.lists(st.sampled_from([100, 180]), max_size=2),
    thinks_s=st.sampled_from([0.0, 0.4, 3.0, 20.0]),
    lost=NUMBERS,
    doubled=NUMBERS,
    late=NUMBERS,
)
@settings(max_examples=tries(150), deadline=None)
def test_any_loss_order_and_copies_lead_to_one_final_answer_or_none(
    invite: bool, reliable: bool, final: int, provisional: list[int], thinks_s: float,
    lost: set[int], doubled: set[int], late: set[int],
) -> None:  # fmt: skip
    client = InviteClientTransaction if invite else ClientTransaction
    server = InviteServerTransaction if invite else ServerTransaction
    answers = [(0.1 * n, status) for n, status in enumerate(provisional)] + [
        (thinks_s + 0.3, final)
    ]
    if reliable:
        lost, doubled, late = set(), set(), set()
    pair = Pair(
        client(REQUEST, TIMERS, reliable=reliable),
        lambda: server(TIMERS, reliable=reliable),
        answers, lost, doubled, late,
    )  # fmt: skip
    pair.run()

    finals = [status for status in pair.told if status >= 200]
    assert pair.requests_told <= 1
    # A 2xx of an INVITE is told each time that it comes: the user's ACK may have been lost.
    assert set(finals) <= {final}
    assert len(finals) <= 1 or (invite and final < 300)
    assert finals or "client" in pair.timeouts or pair.client.state is State.PROCEEDING
    assert not (finals and "client" in pair.timeouts)
    if not lost:
        assert finals, "nothing was lost"
        assert pair.timeouts == []
    assert pair.acks == (pair.refusals if invite else 0), "each refusal is acknowledged"
    # An INVITE that rings lasts for as long as its user lets it.
    assert pair.client.is_over or (invite and pair.client.state is State.PROCEEDING)
    assert pair.server is None or pair.server.is_over
    assert pair.last_sent_at <= thinks_s + 2 * TIMERS.give_up + 2 * LATE_S
    assert pair.sent <= 80


STATUSES = st.sampled_from([100, 180, 183, 200, 202, 302, 401, 486, 503, 603])
WAITS_FOR_ITS_USER = (State.TRYING, State.PROCEEDING, State.TERMINATED)


class AnyServerInput(RuleBasedStateMachine):
    """Any state x any input, of both server machines."""

    @initialize(invite=st.booleans(), reliable=st.booleans())
    def start(self, invite: bool, reliable: bool) -> None:
        self.now, self.finals = 0.0, 0
        self.invite, self.reliable = invite, reliable
        kind = InviteServerTransaction if invite else ServerTransaction
        self.machine: Server = kind(TIMERS, reliable=reliable)

    @rule(status=STATUSES)
    def we_answer(self, status: int) -> None:
        before = self.machine.state
        try:
            effects = self.machine.feed(Respond(status, b"%d" % status), self.now)
        except IllegalTransition:
            assert before not in (State.TRYING, State.PROCEEDING)
            return
        assert effects == [Transmit(b"%d" % status)]
        self.finals += status >= 200
        # RFC 6026: a 2xx is sent again by the user, and nothing else after a final answer.
        assert self.finals <= 1 or before is State.ACCEPTED

    @rule(arrived=st.sampled_from([RequestAgain(), AckArrived()]))
    def the_peer_sends(self, arrived: RequestAgain | AckArrived) -> None:
        for effect in self.machine.feed(arrived, self.now):
            assert isinstance(effect, Transmit | Deliver)
            if isinstance(effect, Deliver):
                assert self.machine.state is State.ACCEPTED

    @rule(seconds=st.sampled_from([0.1, 0.5, 4.0, 5.0, 32.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        while (deadline := self.machine.deadline) is not None and deadline <= self.now:
            effects = self.machine.tick(deadline)
            assert not self.reliable or not any(isinstance(each, Transmit) for each in effects)
            assert self.machine.deadline != deadline, "a deadline that stays would spin"

    @invariant()
    def a_state_with_an_answer_ends_by_itself_and_soon(self) -> None:
        deadline = self.machine.deadline
        assert (deadline is None) == (self.machine.state in WAITS_FOR_ITS_USER)
        assert deadline is None or deadline <= self.now + TIMERS.give_up


class AnyClientInput(RuleBasedStateMachine):
    """Any state x any input, of both client machines."""

    @initialize(invite=st.booleans(), reliable=st.booleans())
    def start(self, invite: bool, reliable: bool) -> None:
        self.now, self.finals = 0.0, 0
        self.invite, self.reliable = invite, reliable
        kind = InviteClientTransaction if invite else ClientTransaction
        self.machine: Client = kind(REQUEST, TIMERS, reliable=reliable)
        assert self.machine.start(0.0) == [Transmit(REQUEST)]

    @rule(status=STATUSES)
    def the_peer_answers(self, status: int) -> None:
        effects = self.machine.feed(ResponseArrived(status, ACK), self.now)
        if Transmit(ACK) in effects:
            assert self.invite
            assert status >= 300
        if Deliver() in effects:
            assert not self.finals or (self.invite and 200 <= status < 300)
            self.finals += status >= 200

    @rule(seconds=st.sampled_from([0.1, 0.5, 5.0, 32.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        while (deadline := self.machine.deadline) is not None and deadline <= self.now:
            effects = self.machine.tick(deadline)
            assert TimedOut() not in effects or not self.finals
            assert not (self.reliable and Transmit(REQUEST) in effects)
            assert self.machine.deadline != deadline, "a deadline that stays would spin"

    @invariant()
    def only_ringing_lasts_for_ever(self) -> None:
        if not hasattr(self, "machine"):
            return
        deadline, state = self.machine.deadline, self.machine.state
        if deadline is None:
            assert state is State.TERMINATED or (self.invite and state is State.PROCEEDING)
        else:
            assert deadline <= self.now + TIMERS.give_up


QUICK = settings(max_examples=tries(100), stateful_step_count=20, deadline=None)
TestAnyServerInput = AnyServerInput.TestCase
TestAnyServerInput.settings = QUICK
TestAnyClientInput = AnyClientInput.TestCase
TestAnyClientInput.settings = QUICK
