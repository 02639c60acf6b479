"""Each event is kept first and then told to all, in order, whatever a listener does."""

from callcenter.conductor import Conductor
from callcenter.events import HouseEvent
from foundation.ids import CallId, PartyId
from telephony.calls.events import CallAnswered, CallArrived, CallEnded, EndedBy, PromptEnded

ARRIVED = CallArrived(CallId("c-1"), PartyId("p-1"), "8000")
ANSWERED = CallAnswered(CallId("c-1"))


def test_journal_comes_before_listeners_and_passing_events_are_not_kept() -> None:
    order: list[str] = []
    conductor = Conductor(lambda event: order.append(f"kept {type(event).__name__}"))
    conductor.listen(lambda event: order.append(f"heard {type(event).__name__}"))
    conductor.tell(ARRIVED)
    conductor.tell(PromptEnded(CallId("c-1")))
    assert order == ["kept CallArrived", "heard CallArrived", "heard PromptEnded"]


def test_event_that_an_event_causes_waits_for_all_listeners() -> None:
    kept: list[HouseEvent] = []
    heard: list[HouseEvent] = []
    conductor = Conductor(kept.append)

    def answer(event: HouseEvent) -> None:
        if event is ARRIVED:
            conductor.tell(ANSWERED)

    conductor.listen(answer)
    conductor.listen(heard.append)
    conductor.tell(ARRIVED)
    assert heard == kept == [ARRIVED, ANSWERED]


def test_listener_that_fails_stops_neither_the_others_nor_the_next_event() -> None:
    heard: list[HouseEvent] = []
    conductor = Conductor(lambda event: None)

    def fail(event: HouseEvent) -> None:
        raise RuntimeError("a fault of ours")

    conductor.listen(fail)
    conductor.listen(heard.append)
    ended = CallEnded(CallId("c-1"), EndedBy.CALLER, "bye")
    conductor.tell(ARRIVED)
    conductor.tell(ended)
    assert heard == [ARRIVED, ended]
