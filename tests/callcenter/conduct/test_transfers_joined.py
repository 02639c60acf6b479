"""Transfers through all parts of core at once: floor, journey and switchboard, on played phones."""

from collections import Counter
from contextlib import suppress

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from acd.events import AgentState, CallQueued
from acd.inputs import Ready
from foundation.errors import RemoteError
from foundation.ids import LegId
from telephony.calls.events import CallEnded
from tests.support.effort import tries
from tests.support.fake_house import EVA, ORDERS, TOM
from tests.support.joined_house import MUSIC, JoinedHouse
from wallboard.commands import TalkVerb

V = TalkVerb
RINGING, TALKING = AgentState.RINGING, AgentState.TALKING
WRAP_UP, READY, PAUSED = AgentState.WRAP_UP, AgentState.READY, AgentState.PAUSED
OUTSIDE = "02112345678"


class Talk:
    """A caller and Eva, Tom ready."""

    def __init__(self) -> None:
        self.house = JoinedHouse()
        self.call_id, self.caller, self.eva = self.house.talk()
        self.house.register(TOM)

    @property
    def states(self) -> tuple[AgentState, AgentState]:
        return self.house.floor.state_of(EVA), self.house.floor.state_of(TOM)

    @property
    def tom(self) -> LegId:
        return self.house.legs_to(TOM)[-1]

    def consulting(self) -> LegId:
        self.house.do(self.call_id, V.CONSULT, "tom")
        self.house.pick_up(self.tom)
        return self.tom

    def hear(self, **who: list[str]) -> None:
        for name, sources in who.items():
            assert self.house.hears(getattr(self, name)) == sources, name


def test_consultation_and_completion() -> None:
    talk = Talk()
    house = talk.house
    tom = talk.consulting()
    talk.hear(caller=[MUSIC], eva=[tom], tom=[talk.eva])
    house.do(talk.call_id, V.COMPLETE)
    assert talk.states == (WRAP_UP, TALKING)
    talk.hear(caller=[tom], tom=[talk.caller])
    assert "hang_up" in house.verbs(talk.eva)
    assert [(a, q) for _, a, q in house.recorder.started] == [(EVA, ORDERS), (TOM, ORDERS)]
    house.hang_up(tom)
    assert "hang_up" in house.verbs(talk.caller)
    assert talk.states == (WRAP_UP, WRAP_UP)


def test_conference_and_take_back() -> None:
    talk = Talk()
    tom = talk.consulting()
    talk.house.do(talk.call_id, V.CONFERENCE)
    talk.hear(
        caller=sorted([talk.eva, tom]),
        eva=sorted([talk.caller, tom]),
        tom=sorted([talk.caller, talk.eva]),
    )
    talk.house.do(talk.call_id, V.TAKE_BACK)
    talk.hear(caller=[talk.eva], eva=[talk.caller])
    assert talk.states == (TALKING, READY)


def test_blind_transfer_by_refer_to_who_picks_up_and_who_does_not() -> None:
    talk = Talk()
    house = talk.house
    house.refer(talk.eva, "1002")
    talk.hear(caller=[MUSIC])
    house.refuse(talk.tom)
    talk.hear(caller=[talk.eva], eva=[talk.caller])
    assert talk.states == (TALKING, PAUSED)
    house.feed(Ready(TOM))
    house.refer(talk.eva, "1002")
    house.pick_up(talk.tom)
    assert talk.states == (WRAP_UP, TALKING)
    talk.hear(caller=[talk.tom], tom=[talk.caller])


def test_guest_who_rings_too_long_is_cancelled_and_the_talk_goes_on() -> None:
    talk = Talk()
    talk.house.refer(talk.eva, "1002")
    talk.house.wait(15.0)
    assert "hang_up" in talk.house.verbs(talk.tom)
    talk.hear(caller=[talk.eva], eva=[talk.caller])
    assert talk.states == (TALKING, PAUSED)


def test_agent_who_is_busy_is_not_rung() -> None:
    talk = Talk()
    talk.house.refer(talk.eva, "1001")
    assert ("refuse_refer", talk.eva, 486) in talk.house.sip.done
    talk.hear(caller=[talk.eva])


def test_caller_is_sent_to_a_queue_and_served_there() -> None:
    talk = Talk()
    talk.house.refer(talk.eva, "orders")
    assert talk.states == (WRAP_UP, RINGING)
    talk.house.pick_up(talk.tom)
    talk.hear(caller=[talk.tom], tom=[talk.caller])
    assert talk.states == (WRAP_UP, TALKING)


def test_caller_is_sent_to_a_line_and_hears_its_menu() -> None:
    talk = Talk()
    house = talk.house
    house.refer(talk.eva, "8000")
    assert "hang_up" in house.verbs(talk.eva)
    talk.hear(caller=["choices.wav"])
    house.press(talk.caller, "1")
    house.pick_up(talk.tom)
    talk.hear(caller=[talk.tom], tom=[talk.caller])
    assert talk.states == (WRAP_UP, TALKING)


def test_caller_without_agent_and_guest_is_first_in_the_queue_again() -> None:
    talk = Talk()
    house = talk.house
    house.refer(talk.eva, "1002")
    house.hang_up(talk.eva)
    assert talk.states == (WRAP_UP, RINGING)
    house.refuse(talk.tom)
    assert CallQueued(talk.call_id, ORDERS, 0, front=True) in house.events
    assert talk.house.hears(talk.caller) == ["one_moment.wav"]


def test_caller_who_hangs_up_at_any_step_frees_everybody() -> None:
    for step in range(5):
        talk = Talk()
        house = talk.house
        house.do(talk.call_id, V.CONSULT if step < 3 else V.TRANSFER, "tom")
        if step in (1, 2):
            house.pick_up(talk.tom)
        if step == 2:
            house.do(talk.call_id, V.CONFERENCE)
        if step == 4:
            house.hang_up(talk.eva)
        house.hang_up(talk.caller)
        assert talk.states == (WRAP_UP, READY), step
        assert house.board.is_empty
        assert house.kinds().count("CallAbandoned") == 0


def test_consultation_by_the_second_line() -> None:
    talk = Talk()
    house = talk.house
    line = house.invite("eva.line", "1002", EVA)
    house.pick_up(talk.tom)
    assert house.hears(line) == [talk.tom]
    talk.hear(caller=[MUSIC])
    house.refer(talk.eva, "1002", replaces=line)
    talk.hear(caller=[talk.tom], tom=[talk.caller])
    assert talk.states == (WRAP_UP, TALKING)


def test_second_line_to_who_cannot_be_rung_is_refused() -> None:
    talk = Talk()
    line = talk.house.invite("eva.line", "nobody", EVA)
    assert ("reject", line, 404) in talk.house.sip.done
    talk.hear(caller=[talk.eva])


def test_number_outside_takes_the_caller_over() -> None:
    talk = Talk()
    house = talk.house
    house.refer(talk.eva, OUTSIDE)
    [outside] = house.legs_to(OUTSIDE)
    house.pick_up(outside)
    assert talk.states == (WRAP_UP, READY)
    assert house.hears(talk.caller) == [outside]
    assert house.recorder.started[-1] == (talk.call_id, EVA, ORDERS)
    house.hang_up(outside)
    assert "hang_up" in house.verbs(talk.caller)
    assert house.board.is_empty
    assert house.kinds().count("TalkEnded") == 1


def test_agents_own_call_to_a_colleague() -> None:
    house = JoinedHouse()
    house.register(EVA)
    house.register(TOM)
    own = house.invite("own", "1002", EVA)
    [tom] = house.legs_to(TOM)
    assert house.floor.agent(TOM).busy
    house.pick_up(tom)
    assert "accept" in house.verbs(own)
    assert house.hears(own) == [tom]
    house.hang_up(own)
    assert not house.floor.agent(TOM).busy
    assert house.board.is_empty


def test_what_an_agent_dials_is_in_no_fact() -> None:
    house = JoinedHouse()
    house.register(EVA)
    house.invite("own", OUTSIDE, EVA)
    house.pick_up(house.legs_to(OUTSIDE)[0])
    assert OUTSIDE not in str(house.events)


def test_hold_by_command() -> None:
    talk = Talk()
    talk.house.do(talk.call_id, V.HOLD)
    talk.hear(caller=[MUSIC])
    talk.house.do(talk.call_id, V.RESUME)
    talk.hear(caller=[talk.eva], eva=[talk.caller])


# -- any interleaving ----------------------------------------------------------------------------

picks = st.integers(0, 30)
targets = st.sampled_from(["tom", "eva", "1002", "orders", "8000", OUTSIDE, "nobody"])


class AnyTransfers(RuleBasedStateMachine):
    @initialize()
    def open_the_house(self) -> None:
        self.house = JoinedHouse()
        self.legs = 0
        for agent_id in (EVA, TOM):
            self.house.register(agent_id)

    # what the outside does

    @rule(own=st.sampled_from(["", "", "eva", "tom"]), to=targets)
    def somebody_calls(self, own: str, to: str) -> None:
        if self.legs < 12:
            self.legs += 1
            leg = self.house.invite(f"in.{self.legs}", to if own else "8000", own)
            self.house.press(leg, "1")

    @rule()
    def a_talk_begins(self) -> None:
        self.all_get_ready()
        self.somebody_calls("", "")
        for leg in self._dialled():
            self.house.pick_up(leg)
        self.house.wait(30.0)  # their wrap-up
        self.all_get_ready()

    @rule(pick=picks, verb=st.sampled_from([V.CONSULT, V.TRANSFER]), picks_up=st.booleans())
    def a_colleague_is_asked(self, pick: int, verb: TalkVerb, picks_up: bool) -> None:
        for to in ("eva", "tom"):
            self.a_command_comes(pick, verb, to)
        if picks_up:
            self.a_phone_answers(pick)

    @rule(pick=picks)
    def a_phone_answers(self, pick: int) -> None:
        if dialled := self._dialled():
            self.house.pick_up(dialled[pick % len(dialled)])

    @rule(pick=picks)
    def a_phone_refuses(self, pick: int) -> None:
        if dialled := self._dialled():
            self.house.refuse(dialled[pick % len(dialled)])

    @rule(pick=picks)
    def somebody_hangs_up(self, pick: int) -> None:
        if up := self._up():
            self.house.hang_up(up[pick % len(up)])

    @rule(pick=picks, to=targets, by_refer=st.booleans())
    def somebody_is_wanted(self, pick: int, to: str, by_refer: bool) -> None:
        if not (up := self._up()):
            return
        if by_refer:
            self.house.refer(up[pick % len(up)], to)
        elif self.legs < 12:
            self.legs += 1
            self.house.invite(f"in.{self.legs}", to, ("eva", "tom")[pick % 2])

    @rule(pick=picks, verb=st.sampled_from([*TalkVerb]), to=targets)
    def a_command_comes(self, pick: int, verb: TalkVerb, to: str) -> None:
        if not (call_ids := self.house.board.call_ids()):
            return
        contact = self.house.journey.find(call_ids[pick % len(call_ids)])
        if contact is None or contact.agent_id is None:
            return
        with suppress(RemoteError):
            self.house.do(contact.call_id, verb, to, contact.agent_id)

    @rule()
    def all_get_ready(self) -> None:
        for agent_id in (EVA, TOM):
            self.house.feed(Ready(agent_id))

    @rule(seconds=st.sampled_from([0.5, 5.0, 15.0, 30.0]))
    def time_passes(self, seconds: float) -> None:
        self.house.wait(seconds)

    # what must hold

    @invariant()
    def nobody_talks_without_a_leg(self) -> None:
        for view in self.house.floor.agents():
            if view.state in (RINGING, TALKING):
                assert view.call_id is not None
                assert self.house.board.has_call(view.call_id)

    def teardown(self) -> None:
        for call_id in self.house.board.call_ids():
            caller = self.house.board._calls[call_id].caller.leg_id
            self.house.hang_up(caller)
        house = self.house
        assert house.board.is_empty
        assert not house.rings
        for agent_id in (EVA, TOM):
            view = house.floor.agent(agent_id)
            assert view.state not in (RINGING, TALKING)
            assert not view.busy
        ended = [event for event in house.events if isinstance(event, CallEnded)]
        assert all(event.reason != "internal error" for event in ended)
        kinds = Counter(house.kinds())
        outcomes = ("AgentAnswered", "CallAbandoned", "CallOverflowed", "CallLost")
        assert kinds["CallQueued"] == sum(kinds[name] for name in outcomes)
        assert kinds["TalkEnded"] == kinds["AgentAnswered"] + kinds["TalkTaken"]
        assert kinds["GuestInvited"] == kinds["GuestLeft"] + kinds["TalkTransferred"]
        assert kinds["CallArrived"] == kinds["CallEnded"]

    def _dialled(self) -> list[LegId]:
        """Phones that were rung and have not answered."""
        done = self.house.sip.done
        rung = [LegId(leg) for verb, leg, _ in done if verb in ("dial", "dial_outside")]
        return [leg for leg in rung if self._leg_state(leg) == "dialling"]

    def _up(self) -> list[LegId]:
        return [leg for leg in self.house.board._by_leg if self._leg_state(leg) == "up"]

    def _leg_state(self, leg: LegId) -> str:
        call = self.house.board._by_leg.get(leg)
        found = None if call is None else call.parts.seats.find(leg)
        if found is None:
            return "gone"
        return "up" if found.is_up else found.state.value


TestAnyTransfers = AnyTransfers.TestCase
TestAnyTransfers.settings = settings(
    max_examples=tries(30),
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
