"""Whether a talk is recorded, who pauses it, and what becomes of keys that are pressed in it."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from callcenter.actions.recordings import RecordingActions
from callcenter.conduct.agent_keys import AgentKeys, Passed, Pressed
from callcenter.conduct.card_entry import CardEntry, CardRule, Complete, Over
from callcenter.conduct.contact import Contact
from callcenter.conduct.house import (
    Consent,
    KeyCommand,
    LineRule,
    RecordingMode,
    RecordingRule,
    strictest,
)
from callcenter.conduct.menu_ports import Answer, MenuPorts
from foundation.errors import Conflict
from foundation.ids import CallId, OfferId, RecordingId
from ivr.effects import StartLookup
from ivr.inputs import LookupDone, LookupFailed
from ivr.visit.cards import fits_luhn
from recordings.events import (
    CardEntryEnded,
    CardEntryStarted,
    CardOutcome,
    PauseReason,
    RecordingDeclined,
    RecordingPaused,
    RecordingResumed,
)
from telephony.calls import events as calls
from tests.support.fake_house import EVA, House
from wallboard.commands import HandleRecording, RecordingVerb

V = RecordingVerb
CARD = "4111111111111111"
"The test number of all card schemes' books."
KEYS = {"*9": KeyCommand.PAUSE, "*8": KeyCommand.RECORD, "*7": KeyCommand.CARD}
RULE = CardRule(post_to="http://127.0.0.1:9/cards")
REC = RecordingId("r-c-1")


@dataclass
class Server:
    """Where cards go."""

    asked: list[StartLookup] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)

    def start(self, call_id: CallId, asked: StartLookup, answer: Answer) -> None:
        self.asked.append(asked)
        self.answers.append(answer)

    def stop(self, call_id: CallId) -> None:
        self.answers.clear()


class Talk:
    """Eva talks with a caller."""

    def __init__(
        self,
        *,
        line: LineRule | None = None,
        queue_recording: RecordingMode = RecordingMode.ALWAYS,
        keys: Mapping[str, KeyCommand] = KEYS,
        card: CardRule | None = RULE,
        begin: bool = True,
    ) -> None:
        self.server = Server()
        self.house = House(
            announce_agent=False,
            line=line,
            queue_recording=queue_recording,
            recording=RecordingRule(keys=keys, card=card),
            menus=MenuPorts(lookups=self.server),
        )
        self.house.phone(EVA)
        if begin:
            self.call_id = self.house.queue()
            self.pick_up()

    def pick_up(self) -> None:
        self.house.tell(calls.AgentPickedUp(self.call_id, EVA, OfferId("o-1")))
        self.house.tell(calls.CallBridged(self.call_id, EVA))

    @property
    def contact(self) -> Contact:
        contact = self.house.journey.find(self.call_id)
        assert contact is not None
        return contact

    def press(self, digits: str, side: calls.Side = calls.Side.AGENT) -> None:
        for digit in digits:
            is_held = side is calls.Side.AGENT
            self.house.tell(calls.DigitPressed(self.call_id, side, digit, is_held))

    def do(self, verb: RecordingVerb) -> None:
        actions = RecordingActions(self.house.journey, self.house.conductor.tell)
        actions.handle(HandleRecording(call_id=self.call_id, verb=verb, agent_id=EVA, by="sue"))

    def told(self, *kinds: type) -> list[object]:
        return [event for event in self.house.events if isinstance(event, kinds)]

    def done(self, *verbs: str) -> list[tuple[str, object]]:
        return [(verb, detail) for verb, _, detail in self.house.control.done if verb in verbs]


# -- by rule -------------------------------------------------------------------------------------


def test_stricter_of_line_and_queue_decides() -> None:
    always, demand, never = RecordingMode
    assert strictest(always, demand) is demand
    assert strictest(never, demand) is never
    assert strictest(always, always) is always


@pytest.mark.parametrize(
    ("mode", "recorded"),
    [(RecordingMode.ALWAYS, 1), (RecordingMode.ON_DEMAND, 0), (RecordingMode.NEVER, 0)],
)
def test_talk_is_recorded_by_itself_only_where_that_is_the_rule(
    mode: RecordingMode, recorded: int
) -> None:
    assert len(Talk(queue_recording=mode).done("record")) == recorded
    line = LineRule(flow="main", languages=("en",), recording=mode)
    assert len(Talk(line=line).done("record")) == recorded


def test_recording_on_demand_is_begun_and_ended_by_the_api() -> None:
    talk = Talk(queue_recording=RecordingMode.ON_DEMAND)
    talk.do(V.START)
    talk.do(V.START)
    assert len(talk.done("record")) == 1

    talk.do(V.STOP)
    talk.house.tell(calls.TalkRecorded(REC, 8000, complete=True))
    talk.do(V.STOP)

    assert len(talk.done("stop_recording")) == 1
    assert talk.contact.recording_id is None


def test_recording_on_demand_is_begun_and_ended_by_keys() -> None:
    talk = Talk(queue_recording=RecordingMode.ON_DEMAND)

    talk.press("*8")
    assert talk.contact.recording_id == REC
    talk.press("*8")

    assert len(talk.done("stop_recording")) == 1


def test_what_is_never_recorded_cannot_be_on_demand() -> None:
    with pytest.raises(Conflict, match="never recorded"):
        Talk(queue_recording=RecordingMode.NEVER).do(V.START)


def test_what_is_always_recorded_cannot_be_ended() -> None:
    with pytest.raises(Conflict, match="pause the recording instead"):
        Talk().do(V.STOP)


# -- consent -------------------------------------------------------------------------------------


def asking(consent: Consent) -> LineRule:
    return LineRule(
        flow="main", languages=("en",), consent=consent, consent_prompt="hear", decline_key="9"
    )


def arrived(consent: Consent) -> Talk:
    talk = Talk(line=asking(consent), begin=False)
    talk.call_id = talk.house.arrive()
    talk.house.tell(calls.CallAnswered(talk.call_id))
    return talk


def test_caller_hears_that_the_call_may_be_recorded_before_the_flow() -> None:
    talk = arrived(Consent.ANNOUNCE)
    assert talk.done("play") == [("play", ["hear.wav"])]
    talk.press("9", calls.Side.CALLER)
    assert "FlowStarted" not in talk.house.kinds()

    talk.house.tell(calls.PromptEnded(talk.call_id))

    assert "FlowStarted" in talk.house.kinds()
    assert talk.told(RecordingDeclined) == []


def test_caller_who_declines_is_recorded_by_nobody() -> None:
    talk = arrived(Consent.ASK)
    assert talk.done("play") == [("play", ["hear.wav", "silence:3000"])]

    talk.press("9", calls.Side.CALLER)
    talk.press("1", calls.Side.CALLER)
    talk.pick_up()

    assert talk.told(RecordingDeclined) == [RecordingDeclined(talk.call_id, "8000")]
    assert talk.done("record") == []
    with pytest.raises(Conflict, match="declined"):
        talk.do(V.START)


def test_caller_who_says_nothing_is_recorded() -> None:
    talk = arrived(Consent.ASK)
    talk.press("1", calls.Side.CALLER)
    talk.house.tell(calls.PromptEnded(talk.call_id))
    talk.press("1", calls.Side.CALLER)
    talk.pick_up()

    assert len(talk.done("record")) == 1


# -- pauses --------------------------------------------------------------------------------------


def test_recording_is_paused_and_resumed_by_the_api_and_twice_is_once() -> None:
    talk = Talk()
    for verb in (V.PAUSE, V.PAUSE, V.RESUME, V.RESUME):
        talk.do(verb)

    assert talk.done("pause_recording") == [("pause_recording", True), ("pause_recording", False)]
    assert talk.told(RecordingPaused, RecordingResumed) == [
        RecordingPaused(REC, talk.call_id, PauseReason.AGENT, "sue"),
        RecordingResumed(REC, talk.call_id, PauseReason.AGENT, "sue"),
    ]


def test_recording_is_paused_and_resumed_by_the_agent_s_keys() -> None:
    talk = Talk()
    talk.press("*9")
    talk.press("*9")

    assert talk.done("pause_recording") == [("pause_recording", True), ("pause_recording", False)]
    assert talk.done("send_digits") == []
    assert len(talk.done("signal_agent")) == 2


def test_keys_that_are_no_command_are_passed_on() -> None:
    talk = Talk()
    talk.press("5*1")
    talk.press("*")
    talk.house.wait(2.1)

    passed = "".join(str(digits) for _, digits in talk.done("send_digits"))
    assert passed == "5*1*"


def test_keys_that_the_caller_has_heard_are_not_sent_twice() -> None:
    talk = Talk()
    talk.house.tell(calls.DigitPressed(talk.call_id, calls.Side.AGENT, "5"))

    assert talk.done("send_digits") == []


def test_what_is_not_recorded_cannot_be_paused() -> None:
    with pytest.raises(Conflict, match="not being recorded"):
        Talk(queue_recording=RecordingMode.ON_DEMAND).do(V.PAUSE)


def test_pause_ends_with_the_talk() -> None:
    talk = Talk()
    talk.do(V.PAUSE)
    talk.house.tell(calls.TalkRecorded(REC, 8000, complete=True))

    assert talk.contact.pauses == set()


# -- cards ---------------------------------------------------------------------------------------


def test_card_digits_go_to_the_server_and_nowhere_else(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    talk = Talk()
    talk.press("*7")
    talk.press(CARD + "#", calls.Side.CALLER)

    (asked,) = talk.server.asked
    assert asked.body == {"call_id": "c-1", "agent_id": "eva", "digits": CARD}
    assert talk.done("take_card", "pause_recording") == [
        ("pause_recording", True),
        ("take_card", True),
    ]

    talk.server.answers[0](talk.call_id, LookupDone(0, {"ok": True}))

    assert talk.done("take_card", "pause_recording")[2:] == [
        ("take_card", False),
        ("pause_recording", False),
    ]
    assert talk.told(CardEntryStarted, CardEntryEnded) == [
        CardEntryStarted(talk.call_id, EVA, EVA),
        CardEntryEnded(talk.call_id, CardOutcome.TAKEN),
    ]
    passing = calls.DigitPressed
    kept = [event for event in talk.house.events if not isinstance(event, passing)]
    for digits in (CARD, CARD[:6], CARD[-4:]):
        assert digits not in repr(kept) + caplog.text + repr(talk.contact)


@pytest.mark.parametrize(
    ("typed", "outcome"),
    [("4111#", CardOutcome.WRONG), ("4111111111111112#", CardOutcome.WRONG)],
)
def test_digits_that_are_no_card_go_to_nobody(typed: str, outcome: CardOutcome) -> None:
    talk = Talk()
    talk.do(V.TAKE_CARD)
    talk.press(typed, calls.Side.CALLER)

    assert talk.server.asked == []
    assert talk.told(CardEntryEnded) == [CardEntryEnded(talk.call_id, outcome)]
    assert talk.done("take_card")[-1] == ("take_card", False)


def test_caller_who_keys_nothing_is_heard_again() -> None:
    talk = Talk()
    talk.do(V.TAKE_CARD)
    talk.press("4", calls.Side.CALLER)
    talk.house.wait(29)
    assert talk.contact.card is not None
    talk.house.wait(2)

    assert talk.told(CardEntryEnded) == [CardEntryEnded(talk.call_id, CardOutcome.TIMED_OUT)]


def test_server_that_fails_refuses() -> None:
    talk = Talk()
    talk.do(V.TAKE_CARD)
    talk.press(CARD + "#", calls.Side.CALLER)
    talk.server.answers[0](talk.call_id, LookupFailed(0))

    assert talk.told(CardEntryEnded) == [CardEntryEnded(talk.call_id, CardOutcome.REFUSED)]


def test_recording_that_the_agent_has_paused_stays_so_after_a_card() -> None:
    talk = Talk()
    talk.do(V.PAUSE)
    talk.do(V.TAKE_CARD)
    talk.do(V.CANCEL_CARD)

    assert talk.done("pause_recording") == [("pause_recording", True)]
    assert talk.contact.pauses == {PauseReason.AGENT}


def test_end_of_the_talk_ends_the_card(caplog: pytest.LogCaptureFixture) -> None:
    talk = Talk()
    talk.do(V.TAKE_CARD)
    talk.house.tell(calls.AgentHungUp(talk.call_id, EVA, calls.EndedBy.AGENT))

    assert talk.told(CardEntryEnded) == [CardEntryEnded(talk.call_id, CardOutcome.CANCELLED)]
    assert talk.house.alarms == {}


def test_late_answer_of_the_server_is_nothing() -> None:
    talk = Talk()
    talk.do(V.TAKE_CARD)
    talk.press(CARD + "#", calls.Side.CALLER)
    late = talk.server.answers[0]
    talk.do(V.CANCEL_CARD)
    talk.do(V.TAKE_CARD)

    late(talk.call_id, LookupDone(0, {}))

    assert talk.contact.card is not None


@pytest.mark.parametrize("verb", [V.TAKE_CARD, V.CANCEL_CARD])
def test_card_without_a_server_is_a_conflict(verb: RecordingVerb) -> None:
    with pytest.raises(Conflict):
        Talk(card=None).do(verb)


def test_agent_who_presses_the_card_key_without_a_server_hears_that_it_failed() -> None:
    talk = Talk(card=None)
    talk.press("*7")

    assert talk.done("signal_agent") == [("signal_agent", ["tone:400:400"])]


def test_card_that_an_earlier_core_began_goes_on_hidden_and_is_told_as_interrupted() -> None:
    talk = Talk()
    contact = talk.contact
    contact.takes_card = True
    contact.pauses = {PauseReason.CARD}

    talk.house.journey.taping.adopt(contact)
    talk.press(CARD + "#", calls.Side.CALLER)

    assert talk.server.asked == []
    assert talk.told(CardEntryEnded) == [CardEntryEnded(talk.call_id, CardOutcome.INTERRUPTED)]
    assert talk.done("pause_recording") == [("pause_recording", True), ("pause_recording", False)]


# -- the machines --------------------------------------------------------------------------------


def test_star_begins_a_card_anew_and_the_longest_ends_by_itself() -> None:
    entry = CardEntry(CardRule(post_to="", most=16), now=0.0)
    for digit in "1234*" + CARD[:-1]:
        assert entry.feed(digit, 1.0) is None

    step = entry.feed(CARD[-1], 2.0)

    assert isinstance(step, Complete)
    assert step.digits == CARD
    assert CARD not in repr(step) + repr(entry)
    assert entry.feed("1", 3.0) is None


def test_server_that_never_answers_is_not_waited_for_for_ever() -> None:
    entry = CardEntry(CardRule(post_to="", wait_s=5, timeout_s=3), now=0.0)
    for digit in CARD + "#":
        entry.feed(digit, 1.0)

    assert entry.tick(8.9) is None
    assert entry.tick(9.0) == Over(CardOutcome.REFUSED)


@pytest.mark.parametrize(
    ("digits", "fits"), [(CARD, True), ("79927398713", True), ("79927398710", False)]
)
def test_check_digit(digits: str, fits: bool) -> None:
    assert fits_luhn(digits) is fits


def test_keys_of_a_command_are_held_back_until_it_is_clear_what_they_are() -> None:
    keys = AgentKeys(["*9", "**1"])

    assert keys.feed("*", 0.0) == []
    assert keys.feed("9", 0.5) == [Pressed("*9")]
    assert keys.feed("*", 1.0) == []
    assert keys.feed("*", 1.1) == []
    assert keys.feed("*", 1.2) == [Passed("**")]
    assert keys.feed("9", 1.3) == [Pressed("*9")]
    assert keys.feed("*", 2.0) == []
    assert keys.tick(3.9) == []
    assert keys.tick(4.0) == [Passed("*")]
    assert keys.deadline is None
