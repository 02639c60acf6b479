"""A talk goes from one to the next: guests asked in, joined, given the caller, or sent away."""

import pytest

from acd.events import AgentChanged, AgentState, CallQueued, TalkEnded, TalkTaken
from callcenter.actions.talks import TalkActions
from callcenter.conduct.contact import Contact, Stage
from callcenter.events import ActionTaken, CallSentOn, HandoverRefused, Wish
from foundation.errors import Conflict, NotAllowed, NotFound, RemoteError
from foundation.ids import CallId, OfferId, PartyId
from telephony.calls import events as calls
from telephony.calls.control import OutsideTarget
from telephony.calls.events import EndedBy
from telephony.calls.number_rules import Purpose, Refusal, Route
from tests.support.fake_house import EVA, ORDERS, REPAIRS, TOM, FakeControl, House
from wallboard.commands import HandleTalk, TalkVerb

CALL = CallId("c-1")
V = TalkVerb
READY, RINGING, TALKING = AgentState.READY, AgentState.RINGING, AgentState.TALKING
WRAP_UP, PAUSED = AgentState.WRAP_UP, AgentState.PAUSED
OUTSIDE = "+8613912345678"
UNKNOWN = "unknown destination: There is no agent, queue, line or number of this name."


class OneNumber:
    """Allows `OUTSIDE` to agents who consult, and nothing else."""

    def decide(
        self, number: str, purpose: Purpose, call_id: CallId | None = None
    ) -> Route | Refusal:
        if number == OUTSIDE and purpose is Purpose.CONSULT:
            return Route("mobiles", "carrier", number, "02138840000")
        return Refusal("outbound: no rule")


class Talk:
    """Eva talks with a caller; Tom is ready."""

    def __init__(self) -> None:
        self.house = House(announce_agent=False, numbers=OneNumber())
        self.house.phone(EVA)
        self.house.queue(CALL)
        self.tell(calls.AgentPickedUp(CALL, EVA, OfferId("o-1")))
        self.tell(calls.CallBridged(CALL, EVA))
        self.house.phone(TOM)
        self.actions = TalkActions(self.house.journey, self.house.tell)
        self.control.done.clear()
        self.house.recorder.started.clear()

    def tell(self, event: calls.CallEvent) -> None:
        self.house.tell(event)

    @property
    def control(self) -> FakeControl:
        return self.house.control

    @property
    def contact(self) -> Contact:
        contact = self.house.journey.find(CALL)
        assert contact is not None
        return contact

    @property
    def offer(self) -> OfferId:
        return self.house.control.guests[CALL]

    @property
    def states(self) -> tuple[AgentState, AgentState]:
        return self.house.floor.state_of(EVA), self.house.floor.state_of(TOM)

    def refer(self, target: str) -> None:
        self.tell(calls.TransferAsked(CALL, EVA, target))

    def dial(self, target: str) -> None:
        self.tell(calls.ConsultAsked(CALL, EVA, target))

    def join(self) -> None:
        self.tell(calls.GuestJoined(CALL, self.offer))

    def leave(self, status: int = 0) -> None:
        self.tell(calls.GuestLeft(CALL, self.offer, status))

    def transferred(self) -> None:
        self.tell(calls.TalkTransferred(CALL, self.offer))

    def eva_hangs_up(self) -> None:
        self.tell(calls.AgentHungUp(CALL, EVA, EndedBy.AGENT))

    def do(self, verb: TalkVerb, to: str = "") -> None:
        self.actions.handle(command(verb, to))

    def refused(self, verb: TalkVerb, kind: type[RemoteError], to: str = "") -> str:
        done = list(self.control.done)
        with pytest.raises(kind) as refusal:
            self.do(verb, to)
        assert self.control.done == done
        return str(refusal.value)

    @property
    def audit(self) -> list[tuple[str, str, str, str]]:
        lines = (event for event in self.house.events if isinstance(event, ActionTaken))
        return [(line.by, line.action, line.target, line.detail) for line in lines]

    def told(self, kind: type) -> list[object]:
        return [event for event in self.house.events if isinstance(event, kind)]


@pytest.fixture
def talk() -> Talk:
    return Talk()


# -- blind transfer ------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["tom", "1002"])
def test_agent_is_reserved_and_rung_by_id_or_number(talk: Talk, target: str) -> None:
    talk.refer(target)
    assert talk.control.done == [("transfer", CALL, TOM)]
    assert talk.states == (TALKING, RINGING)


def test_guest_who_picks_up_has_the_talk_and_a_recording_of_his_own(talk: Talk) -> None:
    talk.refer("tom")
    talk.join()
    talk.transferred()
    assert talk.states == (WRAP_UP, TALKING)
    assert talk.told(TalkTaken) == [TalkTaken(CALL, ORDERS, TOM)]
    assert talk.house.recorder.started == [(CALL, TOM, ORDERS)]
    assert talk.control.verbs()[-1] == "record"
    talk.tell(calls.AgentHungUp(CALL, TOM, EndedBy.AGENT))
    assert talk.control.done[-1] == ("hang_up", CALL, EndedBy.AGENT)
    assert talk.states == (WRAP_UP, WRAP_UP)


def test_agent_who_does_not_wait_wraps_up_and_the_caller_is_kept(talk: Talk) -> None:
    talk.refer("tom")
    talk.eva_hangs_up()
    assert talk.states == (WRAP_UP, RINGING)
    assert "hang_up" not in talk.control.verbs()
    talk.join()
    talk.transferred()
    assert talk.states == (WRAP_UP, TALKING)
    assert talk.contact.stage is Stage.TALKING
    assert [event for event in talk.told(TalkEnded)] == [TalkEnded(CALL, ORDERS, EVA)]


def test_guest_who_refuses_leaves_the_talk_as_it_was(talk: Talk) -> None:
    talk.refer("tom")
    talk.leave(486)
    assert talk.states == (TALKING, PAUSED)
    assert AgentChanged(TOM, PAUSED, "rona") in talk.house.events
    assert talk.contact.stage is Stage.TALKING
    assert talk.contact.guest is None
    talk.eva_hangs_up()
    assert talk.control.verbs()[-1] == "hang_up"


def test_failed_transfer_without_the_agent_goes_to_the_front_of_the_queue(talk: Talk) -> None:
    talk.refer("tom")
    talk.eva_hangs_up()
    talk.house.wait(1.0)
    waiting = talk.house.queue("c-2")
    talk.leave(486)
    assert CallQueued(CALL, ORDERS, 0, front=True) in talk.house.events
    assert [c.call_id for c in talk.house.floor.waiting(ORDERS)] == [CALL, waiting]
    assert ("play", CALL, ["one_moment.wav"]) in talk.control.done
    talk.tell(calls.CallEnded(CALL, EndedBy.CALLER, "bye"))
    assert talk.house.kinds().count("CallAbandoned") == 1


def test_guest_who_does_not_pick_up_is_sent_away_by_the_floors_time(talk: Talk) -> None:
    talk.refer("tom")
    talk.house.wait(15.0)
    assert talk.control.done[-1] == ("take_back", CALL, None)
    assert talk.states == (TALKING, PAUSED)
    talk.leave(487)
    assert talk.contact.guest is None
    assert talk.states == (TALKING, PAUSED)


def test_caller_who_hangs_up_while_the_guest_rings_frees_everybody(talk: Talk) -> None:
    talk.refer("tom")
    talk.tell(calls.GuestLeft(CALL, talk.offer, 487))
    talk.tell(calls.CallEnded(CALL, EndedBy.CALLER, "bye"))
    assert talk.states[0] is WRAP_UP
    assert talk.house.journey.find(CALL) is None


def test_caller_who_hangs_up_when_only_a_guest_rings_is_not_queued_again(talk: Talk) -> None:
    talk.refer("tom")
    talk.eva_hangs_up()
    talk.house.over.add(CALL)
    talk.leave()
    talk.tell(calls.CallEnded(CALL, EndedBy.CALLER, "bye"))
    assert talk.states == (WRAP_UP, READY)
    assert len(talk.told(CallQueued)) == 1
    assert "CallAbandoned" not in talk.house.kinds()


def test_caller_who_hangs_up_before_the_guest_is_told_gone_frees_everybody(talk: Talk) -> None:
    talk.refer("tom")
    talk.join()
    talk.tell(calls.CallEnded(CALL, EndedBy.CALLER, "bye"))
    talk.leave()
    assert talk.states == (WRAP_UP, READY)


def test_phone_is_told_why_a_transfer_comes_to_nothing(talk: Talk) -> None:
    for target, status, rule in (
        ("eva", 486, "agent not free: The agent cannot be rung: eva is talking."),
        (
            "nobody",
            404,
            "unknown destination: There is no agent, queue, line or number of this name.",
        ),
        ("13900000000", 403, "outbound: no rule"),
    ):
        talk.refer(target)
        assert talk.control.done[-1] == ("refuse_transfer", CALL, status)
        assert talk.told(HandoverRefused)[-1] == HandoverRefused(
            CALL, EVA, Wish.TRANSFER, status, rule
        )
    assert talk.contact.guest is None


def test_agent_who_is_not_ready_is_busy(talk: Talk) -> None:
    talk.tell(calls.PhoneChanged(TOM, registered=True, busy=True))
    talk.refer("tom")
    assert talk.control.done == [("refuse_transfer", CALL, 486)]


def test_phone_that_asks_for_a_call_that_is_gone_gets_its_answer(talk: Talk) -> None:
    gone = CallId("c-9")
    talk.tell(calls.TransferAsked(gone, EVA, "tom"))
    talk.tell(calls.ConsultAsked(gone, EVA, "tom"))
    assert talk.control.done == [("refuse_transfer", gone, 481), ("refuse_consult", gone, 481)]


def test_only_the_agent_of_the_talk_may_send_it_on(talk: Talk) -> None:
    talk.tell(calls.TransferAsked(CALL, TOM, "tom"))
    assert talk.control.done == [("refuse_transfer", CALL, 403)]


# -- into the house ------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["queue:repairs", "repairs", "7002"])
def test_caller_sent_to_a_queue_waits_there_in_front(talk: Talk, target: str) -> None:
    talk.refer(target)
    assert talk.control.done == [
        ("release_for_transfer", CALL, None),
        ("play", CALL, ["one_moment.wav"]),
    ]
    assert talk.states[0] is WRAP_UP
    assert CallSentOn(CALL, EVA, "queue:repairs") in talk.house.events
    assert talk.told(CallQueued)[-1] == CallQueued(CALL, REPAIRS, 0, front=True)
    talk.tell(calls.PromptEnded(CALL))
    assert talk.control.done[-1] == ("loop", CALL, ["music.wav"])


def test_caller_sent_to_a_line_is_in_its_flow(talk: Talk) -> None:
    talk.refer("8000")
    assert talk.control.done == [
        ("release_for_transfer", CALL, None),
        ("play", CALL, ["choices.wav"]),
    ]
    assert CallSentOn(CALL, EVA, "line:8000") in talk.house.events
    assert talk.states[0] is WRAP_UP
    talk.tell(calls.DigitPressed(CALL, calls.Side.CALLER, "1"))
    assert talk.told(CallQueued)[-1] == CallQueued(CALL, ORDERS)


# -- outside -------------------------------------------------------------------------------------


def outside_target(talk: Talk) -> OutsideTarget:
    return OutsideTarget(PartyId(f"p-{OUTSIDE}"), talk.offer, OUTSIDE, "carrier", "02138840000")


def test_number_outside_is_dialled_as_its_rule_says(talk: Talk) -> None:
    talk.refer(OUTSIDE)
    assert talk.control.done == [("transfer", CALL, outside_target(talk))]
    assert talk.states == (TALKING, READY)


def test_caller_goes_on_outside_off_the_floor_and_is_recorded(talk: Talk) -> None:
    talk.refer(OUTSIDE)
    talk.join()
    talk.transferred()
    assert talk.states == (WRAP_UP, READY)
    assert talk.contact.stage is Stage.OUTSIDE
    assert talk.house.recorder.started == [(CALL, EVA, ORDERS)]
    talk.house.wait(60.0)
    assert "take_back" not in talk.control.verbs(), "who has picked up rings no more"
    talk.tell(calls.CallEnded(CALL, EndedBy.AGENT, "the guest hung up"))
    assert talk.house.kinds().count("TalkEnded") == 1


def test_number_outside_that_rings_too_long_is_sent_away(talk: Talk) -> None:
    talk.refer(OUTSIDE)
    talk.eva_hangs_up()
    talk.house.wait(30.0)
    assert talk.control.done[-1] == ("take_back", CALL, None)
    talk.leave()
    assert talk.told(CallQueued)[-1] == CallQueued(CALL, ORDERS, 0, front=True)


# -- consultation and conference -----------------------------------------------------------------


def test_consultation_by_the_phones_second_line_then_transfer(talk: Talk) -> None:
    talk.dial("1002")
    assert talk.control.done == [("consult", CALL, TOM)]
    talk.join()
    assert talk.states == (TALKING, TALKING)
    talk.refer("")
    assert talk.control.done[-1] == ("complete_transfer", CALL, None)
    talk.transferred()
    assert talk.states == (WRAP_UP, TALKING)


def test_guest_who_only_advised_is_ready_again(talk: Talk) -> None:
    talk.dial("tom")
    talk.join()
    talk.leave()
    assert talk.states == (TALKING, READY)


def test_transfer_to_a_guest_who_still_rings_lets_the_agent_go(talk: Talk) -> None:
    talk.dial("tom")
    talk.refer("")
    assert talk.states == (WRAP_UP, RINGING)
    talk.join()
    talk.transferred()
    assert talk.states == (WRAP_UP, TALKING)


def test_agent_who_hangs_up_before_the_consulted_picks_up_has_handed_over(talk: Talk) -> None:
    talk.dial("tom")
    talk.eva_hangs_up()
    assert talk.states == (WRAP_UP, RINGING)
    talk.join()
    talk.transferred()
    assert talk.states == (WRAP_UP, TALKING)


def test_transfer_whose_pick_up_was_never_told_is_one_all_the_same(talk: Talk) -> None:
    talk.dial("tom")
    talk.transferred()
    assert talk.states == (WRAP_UP, TALKING)


def test_agent_who_leaves_a_conference_leaves_the_talk_to_the_guest(talk: Talk) -> None:
    talk.dial("tom")
    talk.join()
    talk.do(V.CONFERENCE)
    talk.tell(calls.ConferenceStarted(CALL, talk.offer))
    talk.transferred()
    assert talk.states == (WRAP_UP, TALKING)
    assert talk.control.verbs()[:2] == ["consult", "conference"]


def test_queue_cannot_be_consulted(talk: Talk) -> None:
    talk.dial("queue:repairs")
    assert talk.control.done == [("refuse_consult", CALL, 403)]


# -- by command ----------------------------------------------------------------------------------


def command(verb: TalkVerb, to: str = "", agent: str = "eva", call_id: str = CALL) -> HandleTalk:
    return HandleTalk(by="sue", call_id=call_id, verb=verb, agent_id=agent, to=to)


def test_take_back_sends_a_ringing_guest_away_without_blame(talk: Talk) -> None:
    talk.dial("tom")
    talk.do(V.TAKE_BACK)
    assert talk.control.done[-1] == ("take_back", CALL, None)
    talk.leave(487)
    assert talk.states == (TALKING, READY)


def test_hold_and_resume_once_each(talk: Talk) -> None:
    assert talk.refused(V.RESUME, Conflict) == "The caller is not on hold."
    talk.do(V.HOLD)
    assert talk.refused(V.HOLD, Conflict) == "The caller is on hold already."
    talk.do(V.RESUME)
    assert talk.control.verbs() == ["hold", "resume"]
    assert talk.audit == [("sue", "hold", CALL, ""), ("sue", "resume", CALL, "")]


@pytest.mark.parametrize(
    ("to", "detail"),
    [
        ("1002", "tom"),
        ("repairs", "queue:repairs"),
        ("8000", "line:8000"),
        (OUTSIDE, "outside by mobiles"),
    ],
)
def test_audit_says_where_to_and_never_a_number_outside(talk: Talk, to: str, detail: str) -> None:
    talk.do(V.TRANSFER, to)
    assert talk.audit == [("sue", "transfer", CALL, detail)]
    first = next(event for event in talk.house.events if isinstance(event, ActionTaken))
    after = talk.house.events[talk.house.events.index(first) + 1 :]
    assert not any(OUTSIDE in str(event) for event in talk.house.events if to == OUTSIDE)
    assert to == OUTSIDE or after, "the effects come after the audit's line"


def test_consult_then_conference_then_complete(talk: Talk) -> None:
    talk.do(V.CONSULT, "tom")
    assert "not picked up" in talk.refused(V.CONFERENCE, Conflict)
    assert "a guest in this talk already" in talk.refused(V.TRANSFER, Conflict, "repairs")
    assert "cannot be held" in talk.refused(V.HOLD, Conflict)
    talk.join()
    talk.do(V.CONFERENCE)
    assert talk.refused(V.CONFERENCE, Conflict) == "All three talk already."
    talk.do(V.COMPLETE)
    assert "transferred already" in talk.refused(V.COMPLETE, Conflict)
    assert "transferred already" in talk.refused(V.CONFERENCE, Conflict)
    talk.transferred()
    assert talk.control.verbs() == ["consult", "conference", "complete_transfer", "record"]
    assert talk.states == (WRAP_UP, TALKING)


@pytest.mark.parametrize("verb", [V.COMPLETE, V.CONFERENCE, V.TAKE_BACK])
def test_what_needs_a_guest_is_refused_without_one(talk: Talk, verb: TalkVerb) -> None:
    assert talk.refused(verb, Conflict) == "There is no guest in the call 'c-1' now."
    assert talk.audit == []


@pytest.mark.parametrize(
    ("verb", "to", "kind", "said"),
    [
        (V.TRANSFER, "nobody", NotFound, "There is no agent"),
        (V.CONSULT, "8000", NotAllowed, "Only an agent or a number outside"),
        (V.CONSULT, "13800000000", NotAllowed, "outbound: no rule"),
        (V.TRANSFER, "eva", Conflict, "eva is talking"),
    ],
)
def test_destination_that_cannot_be_is_refused_with_a_sentence(
    talk: Talk, verb: TalkVerb, to: str, kind: type[RemoteError], said: str
) -> None:
    assert said in talk.refused(verb, kind, to)
    assert talk.audit == []


def test_command_for_a_talk_that_is_another_now_is_refused(talk: Talk) -> None:
    with pytest.raises(Conflict, match="tom does not talk in this call any more"):
        talk.actions.handle(command(V.HOLD, agent="tom"))
    with pytest.raises(NotFound, match="no call 'c-9'"):
        talk.actions.handle(command(V.HOLD, call_id="c-9"))


def test_caller_who_waits_for_the_guest_has_no_agent_to_act_for(talk: Talk) -> None:
    talk.do(V.TRANSFER, "tom")
    talk.eva_hangs_up()
    assert "No agent talks" in talk.refused(V.HOLD, Conflict)
