"""What calls are about reaches the recordings, and nothing of calls that nobody recorded."""

from acd.events import WrapUpCoded
from callcenter.conduct.call_classes import CallClasses
from foundation.ids import AgentId, CallId, QueueId, RecordingId
from ivr.events import MenuChosen, SpeechSettled
from recordings.events import RecordingStarted
from telephony.calls.events import CallEnded, EndedBy

ONE, TWO = CallId("c-1"), CallId("c-2")
ANN, ORDERS = AgentId("ann"), QueueId("orders")


def talk(call_id: CallId) -> RecordingStarted:
    return RecordingStarted(RecordingId("r-1"), call_id, ANN, ORDERS, "r-1.wav", ("en", "en"))


def told(*events: object) -> list[tuple[CallId, str, str]]:
    classified: list[tuple[CallId, str, str]] = []
    classes = CallClasses(lambda *one: classified.append(one))
    for event in events:
        classes.on_event(event)
    return classified


def test_choices_before_the_talk_are_told_when_it_is_recorded_and_the_code_after_it() -> None:
    assert told(
        MenuChosen(ONE, "main", "menu", "2"),
        MenuChosen(ONE, "main", "menu", "2"),
        SpeechSettled(ONE, "main", "what", "understood", "refund", 0.9, 1),
        talk(ONE),
        CallEnded(ONE, EndedBy.CALLER, "BYE"),
        WrapUpCoded(ONE, ORDERS, ANN, "refund_done"),
    ) == [
        (ONE, "menu", "main/menu=2"),
        (ONE, "intent", "refund"),
        (ONE, "wrap_up", "refund_done"),
    ]


def test_nothing_is_chosen_by_defaults_and_by_questions_that_fell_back() -> None:
    assert (
        told(
            MenuChosen(ONE, "main", "menu", ""),
            SpeechSettled(ONE, "main", "what", "fell_back", "", 0.0, 3),
            talk(ONE),
        )
        == []
    )


def test_calls_do_not_mix_and_who_hangs_up_in_the_menu_is_forgotten() -> None:
    assert (
        told(
            MenuChosen(ONE, "main", "menu", "1"),
            CallEnded(ONE, EndedBy.CALLER, "BYE"),
            talk(ONE),
            talk(TWO),
        )
        == []
    )
