"""The four transaction machines in virtual time (RFC 3261 17). Any input: test_any_transaction."""

import pytest

from foundation.errors import IllegalTransition
from telephony.sip.dialogs.unacked import UnackedAnswer
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
    Transaction,
    TransactionEffect,
    Transmit,
)

TIMERS = Timers()


def run_out(machine: Transaction, until: float = 1000.0) -> list[tuple[float, TransactionEffect]]:
    """Tick at each deadline; what happened when."""
    told: list[tuple[float, TransactionEffect]] = []
    tick = machine.tick  # type: ignore[attr-defined]  # each of the four has it
    while machine.deadline is not None and machine.deadline <= until:
        now = machine.deadline
        told += [(now, effect) for effect in tick(now)]
    return told


def sent_at(told: list[tuple[float, TransactionEffect]]) -> list[float]:
    return [at for at, effect in told if isinstance(effect, Transmit)]


def test_timer_a_doubles_without_ceiling_and_timer_b_ends_it() -> None:
    machine = InviteClientTransaction(b"INVITE", TIMERS)
    assert machine.start(0.0) == [Transmit(b"INVITE")]
    told = run_out(machine)

    assert sent_at(told) == [0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
    assert told[-1] == (32.0, TimedOut())
    assert machine.is_over


def test_timer_e_doubles_up_to_t2_and_timer_f_ends_it() -> None:
    machine = ClientTransaction(b"BYE", TIMERS)
    machine.start(0.0)
    told = run_out(machine)

    assert sent_at(told) == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert told[-1] == (32.0, TimedOut())


def test_a_provisional_answer_slows_a_request_down_to_t2() -> None:
    machine = ClientTransaction(b"BYE", TIMERS)
    machine.start(0.0)
    assert machine.feed(ResponseArrived(100), 0.2) == [Deliver()]
    assert sent_at(run_out(machine, 13.0)) == [4.2, 8.2, 12.2]


def test_a_provisional_answer_stops_the_invite_for_as_long_as_it_takes() -> None:
    machine = InviteClientTransaction(b"INVITE", TIMERS)
    machine.start(0.0)
    machine.feed(ResponseArrived(180), 0.1)
    assert machine.deadline is None


def test_timer_d_keeps_acknowledging_a_refusal_for_32_seconds() -> None:
    machine = InviteClientTransaction(b"INVITE", TIMERS)
    machine.start(0.0)
    assert machine.feed(ResponseArrived(486, b"ACK"), 1.0) == [Transmit(b"ACK"), Deliver()]
    assert machine.feed(ResponseArrived(486, b"ACK"), 2.0) == [Transmit(b"ACK")]
    assert machine.feed(ResponseArrived(200), 3.0) == []
    assert machine.deadline == 33.0
    assert run_out(machine) == []
    assert machine.is_over


def test_timer_m_lets_each_200_pass_for_64_t1() -> None:
    machine = InviteClientTransaction(b"INVITE", TIMERS)
    machine.start(0.0)
    assert machine.feed(ResponseArrived(200), 1.0) == [Deliver()]
    assert machine.feed(ResponseArrived(200), 2.0) == [Deliver()]
    assert machine.feed(ResponseArrived(486, b"ACK"), 2.0) == []
    assert machine.deadline == 33.0


def test_timer_k_absorbs_answers_that_come_again() -> None:
    machine = ClientTransaction(b"BYE", TIMERS)
    machine.start(0.0)
    assert machine.feed(ResponseArrived(200), 1.0) == [Deliver()]
    assert machine.feed(ResponseArrived(200), 2.0) == []
    assert machine.deadline == 6.0


def test_timer_g_repeats_a_refusal_until_timer_h() -> None:
    machine = InviteServerTransaction(TIMERS)
    machine.feed(Respond(486, b"486"), 0.0)
    told = run_out(machine)

    assert sent_at(told) == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert told[-1] == (32.0, TimedOut())


def test_timer_i_absorbs_acks_that_come_again() -> None:
    machine = InviteServerTransaction(TIMERS)
    machine.feed(Respond(486, b"486"), 0.0)
    assert machine.feed(AckArrived(), 1.0) == []
    assert machine.state is State.CONFIRMED
    assert machine.feed(AckArrived(), 2.0) == []
    assert machine.feed(RequestAgain(), 2.0) == []
    assert machine.deadline == 6.0


def test_timer_l_repeats_the_200_to_a_repeated_invite_and_hands_on_its_ack() -> None:
    machine = InviteServerTransaction(TIMERS)
    machine.feed(Respond(180, b"180"), 0.0)
    assert machine.feed(RequestAgain(), 0.5) == [Transmit(b"180")]
    machine.feed(Respond(200, b"200"), 1.0)
    assert machine.feed(RequestAgain(), 1.5) == [Transmit(b"200")]
    assert machine.feed(AckArrived(), 2.0) == [Deliver()]
    assert machine.deadline == 33.0


def test_timer_j_repeats_the_answer_to_a_repeated_request() -> None:
    machine = ServerTransaction(TIMERS)
    assert machine.feed(RequestAgain(), 0.0) == []
    machine.feed(Respond(200, b"200"), 0.1)
    assert machine.feed(RequestAgain(), 0.5) == [Transmit(b"200")]
    assert machine.deadline == pytest.approx(32.1)
    assert run_out(machine) == []
    assert machine.is_over


@pytest.mark.parametrize("machine", [InviteServerTransaction(TIMERS), ServerTransaction(TIMERS)])
def test_a_second_final_answer_is_a_bug_of_ours(
    machine: InviteServerTransaction | ServerTransaction,
) -> None:
    machine.feed(Respond(486, b"486"), 0.0)
    with pytest.raises(IllegalTransition):
        machine.feed(Respond(200, b"200"), 0.0)


def test_over_a_stream_nothing_is_repeated_and_nothing_waits_for_copies() -> None:
    client = InviteClientTransaction(b"INVITE", TIMERS, reliable=True)
    client.start(0.0)
    assert client.deadline == 32.0
    client.feed(ResponseArrived(486, b"ACK"), 1.0)
    assert client.deadline == 1.0
    server = InviteServerTransaction(TIMERS, reliable=True)
    server.feed(Respond(486, b"486"), 0.0)
    assert server.deadline == 32.0
    server.feed(AckArrived(), 1.0)
    assert server.deadline == 1.0


def test_an_unacknowledged_200_is_repeated_up_to_t2_and_given_up_after_64_t1() -> None:
    answer = UnackedAnswer(b"200", 1, TIMERS, 0.0)
    sent = []
    while answer.deadline is not None:
        now = answer.deadline
        for effect in answer.tick(now):
            sent.append((now, type(effect)))
    assert [at for at, kind in sent if kind is Transmit] == [
        0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5,
    ]  # fmt: skip
    assert sent[-1] == (32.0, TimedOut)


def test_only_the_first_ack_of_the_right_invite_counts() -> None:
    answer = UnackedAnswer(b"200", 2, TIMERS, 0.0)
    assert not answer.feed(1)
    assert answer.feed(2)
    assert not answer.feed(2)
    assert answer.deadline is None
