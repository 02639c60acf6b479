"""One agent: the table, cell by cell, and what the table can't say."""

import pytest

from acd.agent import ALREADY_SO, NOT_SIGNED_IN, TRANSITIONS, Agent, Assignment, Step
from acd.events import AgentChanged, AgentState, OfferFailure
from foundation.errors import Conflict, IllegalTransition, LocalError
from foundation.ids import CallId, OfferId
from tests.support.floors import EVA, ORDERS, card

S = AgentState
OFFER = Assignment(CallId("c-1"), ORDERS, OfferId("o-1"))
CHOICES = (Step.SIGN_IN, Step.SIGN_OUT, Step.MAKE_READY, Step.PAUSE)


def agent_in(state: AgentState) -> Agent:
    """Each state entered ten seconds after the last one; the wrap-up began at 40.0."""
    agent = Agent(card(EVA))
    agent.registered = True
    if state is not S.OFF:
        agent.choose(Step.SIGN_IN, now=0.0)
    if state not in (S.OFF, S.PAUSED):
        agent.choose(Step.MAKE_READY, now=10.0)
    if state in (S.RINGING, S.TALKING, S.WRAP_UP):
        agent.offer(OFFER, now=20.0, ring_s=15.0)
    if state in (S.TALKING, S.WRAP_UP):
        agent.pick_up(now=30.0)
    if state is S.WRAP_UP:
        agent.end_talk(now=40.0, wrap_up_s=20.0)
    assert agent.state is state
    return agent


def do(agent: Agent, step: Step) -> list[AgentChanged]:
    match step:
        case Step.OFFER:
            return agent.offer(OFFER, now=50.0, ring_s=15.0)
        case Step.WITHDRAW:
            return agent.withdraw(now=50.0)
        case Step.MISS:
            return agent.miss(now=50.0, why=OfferFailure.NO_ANSWER)
        case Step.PICK_UP:
            return agent.pick_up(now=50.0)
        case Step.END_TALK:
            return agent.end_talk(now=50.0, wrap_up_s=20.0)
        case _:
            return agent.choose(step, now=50.0, reason="meal" if step is Step.PAUSE else "")


@pytest.mark.parametrize("state", AgentState)
@pytest.mark.parametrize("step", Step)
def test_each_step_in_each_state_does_what_the_table_says(state: AgentState, step: Step) -> None:
    agent = agent_in(state)

    if (state, step) in NOT_SIGNED_IN:
        with pytest.raises(Conflict):
            do(agent, step)
    elif (state is S.TALKING and step in CHOICES) or (state, step) in ALREADY_SO:
        assert do(agent, step) == []
        assert agent.state is state
    elif (state, step) in TRANSITIONS:
        (changed,) = do(agent, step)
        assert changed.state is agent.state is TRANSITIONS[state, step]
        assert agent.since == 50.0
    else:
        with pytest.raises(IllegalTransition):
            do(agent, step)
        assert agent.state is state


def test_the_ring_and_the_wrap_up_have_a_deadline_and_nothing_else_has() -> None:
    deadlines = {state: agent_in(state).deadline for state in AgentState}

    assert deadlines.pop(S.RINGING) == 35.0
    assert deadlines.pop(S.WRAP_UP) == 60.0
    assert set(deadlines.values()) == {None}


def test_only_ready_with_a_free_registered_phone_is_available() -> None:
    assert [state for state in AgentState if agent_in(state).is_available] == [S.READY]
    agent = agent_in(S.READY)
    agent.busy = True
    assert not agent.is_available
    agent.busy, agent.registered = False, False
    assert not agent.is_available


def test_a_withdrawn_offer_does_not_interrupt_the_idle_time() -> None:
    agent = agent_in(S.RINGING)

    agent.withdraw(now=25.0)

    assert (agent.idle_since, agent.since) == (10.0, 25.0)


def test_a_pause_interrupts_the_idle_time() -> None:
    agent = agent_in(S.READY)
    agent.choose(Step.PAUSE, now=20.0, reason="meal")
    agent.choose(Step.MAKE_READY, now=30.0)

    assert agent.idle_since == 30.0


def test_a_pause_may_change_its_reason() -> None:
    agent = agent_in(S.PAUSED)

    assert agent.choose(Step.PAUSE, 20.0, "meal") == [AgentChanged(EVA, S.PAUSED, "meal")]
    assert agent.choose(Step.PAUSE, 30.0, "meal") == []
    assert agent.since == 20.0


def test_the_last_choice_while_talking_counts() -> None:
    agent = agent_in(S.TALKING)
    agent.choose(Step.SIGN_OUT, now=31.0)
    agent.choose(Step.PAUSE, now=32.0, reason="meal")
    agent.choose(Step.MAKE_READY, now=33.0)
    agent.end_talk(now=40.0, wrap_up_s=20.0)

    assert agent.finish_wrap_up(now=41.0) == [AgentChanged(EVA, S.READY)]


def test_signing_in_again_while_talking_takes_back_the_sign_out_only() -> None:
    agent = agent_in(S.TALKING)
    agent.choose(Step.SIGN_OUT, now=31.0)
    agent.choose(Step.SIGN_IN, now=32.0)
    assert agent.end_talk(now=40.0, wrap_up_s=0.0) == [AgentChanged(EVA, S.READY)]

    agent = agent_in(S.TALKING)
    agent.choose(Step.PAUSE, now=31.0, reason="meal")
    agent.choose(Step.SIGN_IN, now=32.0)
    assert agent.end_talk(now=40.0, wrap_up_s=0.0) == [AgentChanged(EVA, S.PAUSED, "meal")]


def test_a_choice_made_in_one_talk_is_forgotten_in_the_next() -> None:
    agent = agent_in(S.TALKING)
    agent.choose(Step.PAUSE, now=31.0, reason="meal")
    agent.end_talk(now=40.0, wrap_up_s=0.0)
    agent.choose(Step.MAKE_READY, now=50.0)
    agent.offer(OFFER, now=60.0, ring_s=15.0)
    agent.pick_up(now=61.0)

    assert agent.end_talk(now=70.0, wrap_up_s=0.0) == [AgentChanged(EVA, S.READY)]


def test_what_is_chosen_in_the_wrap_up_is_done_at_once() -> None:
    agent = agent_in(S.WRAP_UP)

    assert agent.choose(Step.PAUSE, 45.0, "meal") == [AgentChanged(EVA, S.PAUSED, "meal")]
    assert agent.deadline is None


def test_the_call_is_kept_through_the_wrap_up() -> None:
    assert agent_in(S.WRAP_UP).get_assignment() == OFFER
    with pytest.raises(LocalError, match="eva has no call while ready"):
        agent_in(S.READY).get_assignment()
