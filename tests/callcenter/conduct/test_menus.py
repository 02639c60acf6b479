"""What flows want, done through the house: heard, looked up, recorded, sent on, served."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from acd.events import AgentOffered, CallbackQueued, CallQueued, Priority
from callcenter.conduct.card_entry import CardRule
from callcenter.conduct.contact import Guest
from callcenter.conduct.destinations import NumberRules
from callcenter.conduct.house import RecordingRule
from callcenter.conduct.menu_ports import Answer, MenuPorts
from callcenter.conductor import JOURNALED
from foundation.ids import CallId, OfferId, PartyId, QueueId, RecordingId
from ivr.effects import AskSpeech, StartLookup
from ivr.events import (
    CallbackAsked,
    CallerSent,
    CardKeyed,
    FlowEnded,
    FlowStarted,
    LookupEnded,
    SpeechSettled,
    SurveyAnswered,
)
from ivr.flows.flow import Flow, parse
from ivr.inputs import LookupDone
from ivr.speech.spoken import Item, Spoken
from ivr.visit.caller import Caller
from telephony.calls import events as calls
from telephony.calls.control import AgentTarget
from telephony.calls.number_rules import Purpose, Refusal, Route
from tests.support.fake_house import EVA, ORDERS, TOM, House
from tests.support.kept_house import AllNumbers

C1 = CallId("c-1")
END = "  end: {do: queue, queue: orders}\n"


def flow(nodes: str, name: str = "main", head: str = "") -> Flow:
    text = f"start: a\n{head}\nnodes:\n{END if name == 'main' else ''}{nodes}"
    return parse(text, f"flows/{name}.yaml", name)[0]


class Server:
    """Answers when it is told to."""

    def __init__(self) -> None:
        self.asked: list[StartLookup] = []
        self.stopped: list[CallId] = []
        self._answer: Answer | None = None

    def start(self, call_id: CallId, asked: StartLookup, answer: Answer) -> None:
        self.asked.append(asked)
        self._answer = answer

    def stop(self, call_id: CallId) -> None:
        self.stopped.append(call_id)

    def says(self, value: object) -> None:
        assert self._answer is not None
        self._answer(C1, LookupDone(self.asked[-1].lookup_id, value))


class Ears:
    def __init__(self) -> None:
        self.asked: list[AskSpeech] = []
        self.over: list[CallId] = []
        self.stopped: list[CallId] = []

    def start(self, call_id: CallId, asked: AskSpeech, answer: Answer) -> None:
        self.asked.append(asked)

    def question_over(self, call_id: CallId) -> None:
        self.over.append(call_id)

    def stop(self, call_id: CallId) -> None:
        self.stopped.append(call_id)


class Box:
    def __init__(self) -> None:
        self.begun: list[tuple[str, str]] = []
        self.ended: list[tuple[RecordingId, int]] = []

    def begin(
        self, call_id: CallId, box: str, queue: QueueId, language: str
    ) -> tuple[RecordingId, str]:
        self.begun.append((queue, language))
        return RecordingId(f"vm-{box}-1"), f"/voicemail/{box}/1.wav"

    def owns(self, recording_id: RecordingId) -> bool:
        return recording_id.startswith("vm-")

    def end(self, recording_id: RecordingId, frames: int, complete: bool) -> None:
        self.ended.append((recording_id, frames))


class Voice:
    """Makes every sentence when it is told to."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.stopped = 0
        self._play: Callable[[list[str]], None] | None = None

    def say(
        self,
        call_id: CallId,
        items: Sequence[Item],
        languages: Sequence[str],
        play: Callable[[list[str]], None],
    ) -> None:
        self.said += [one.text(languages[0]) for one in items if isinstance(one, Spoken)]
        self._play = play

    def stop(self, call_id: CallId) -> None:
        self.stopped += 1

    def has_made(self, *files: str) -> None:
        assert self._play is not None
        self._play(list(files))


class Known:
    def caller(self, call_id: CallId, line: str, trunk: str, *, hours: str, agent: str) -> Caller:
        return Caller(
            number="+8613900000001", tier="gold", line=line, trunk=trunk, last_agent=TOM,
            hours=hours, agent_id=agent,
        )  # fmt: skip


class OneRule:
    """Numbers that begin with 021 may be dialled."""

    def decide(
        self, number: str, purpose: Purpose, call_id: CallId | None = None
    ) -> Route | Refusal:
        if purpose is Purpose.FLOWS and number.startswith("021"):
            return Route("shanghai", number, "trunk1", "")
        return Refusal("no rule")


class Menu(House):
    """A house whose line 8000 has a flow of the test's."""

    def __init__(
        self,
        nodes: str,
        *others: Flow,
        head: str = "",
        survey: str = "",
        numbers: NumberRules | None = None,
        recording: RecordingRule | None = None,
    ) -> None:
        self.server, self.ears, self.box, self.voice = Server(), Ears(), Box(), Voice()
        ports = MenuPorts(
            known=Known(),
            lookups=self.server,
            listener=self.ears,
            messages=self.box,
            speaker=self.voice,
        )
        flows = {one.name: one for one in (flow(nodes, head=head), *others)}
        super().__init__(
            flows=flows,
            menus=ports,
            survey=survey,
            numbers=numbers or OneRule(),
            recording=recording,
        )

    def begin(self) -> CallId:
        call_id = self.arrive()
        self.tell(calls.CallAnswered(call_id))
        return call_id

    def press(self, digit: str) -> None:
        self.tell(calls.DigitPressed(C1, calls.Side.CALLER, digit))

    def heard(self) -> None:
        self.tell(calls.PromptEnded(C1))

    def facts(self, kind: type) -> list[object]:
        return [event for event in self.events if isinstance(event, kind)]


def test_sentence_is_played_when_it_has_been_made() -> None:
    house = Menu("  a: {do: say, say: 'You call from {caller.number:digits}.', next: end}")
    house.begin()
    assert house.voice.said == ["You call from 8613900000001."]
    assert "play" not in house.control.verbs()
    house.voice.has_made("/cache/1.wav")
    assert house.control.done[-1] == ("play", C1, ["/cache/1.wav"])
    house.heard()
    assert house.facts(CallQueued)


def test_named_prompt_stops_a_sentence_that_is_being_made() -> None:
    house = Menu(
        "  a: {do: say, say: 'It is {called_at}.', next: b}\n"
        "  b: {do: menu, prompt: choices, keys: {'1': c}, default: end}\n"
        "  c: {do: say, prompt: thanks, next: end}"
    )
    house.begin()
    house.press("1")
    assert house.voice.stopped > 0
    assert house.control.done[-1] == ("play", C1, ["thanks.wav"])


def test_lookup_goes_to_the_server_and_its_answer_back_into_the_flow() -> None:
    house = Menu(
        "  a: {do: lookup, url: 'http://crm.example/{line}', into: {x: status}, next: b,"
        " failed: end}\n  b: {do: hangup, reason: found}",
        head="variables: {x: text}",
    )
    house.begin()
    assert house.server.asked[0].url == "http://crm.example/8000"
    house.server.says({"status": "shipped"})
    assert house.control.verbs()[-1] == "hang_up"
    assert house.facts(LookupEnded) == [LookupEnded(C1, "main", "a", "found", 0.0)]


def test_lookup_that_hangs_is_stopped_after_its_time() -> None:
    house = Menu(
        "  a: {do: lookup, url: http://crm.example/, timeout_s: 3, next: end, failed: end}"
    )
    house.begin()
    house.wait(3.0)
    assert house.server.stopped == [C1]
    assert house.facts(CallQueued)


def test_caller_who_leaves_takes_everything_along() -> None:
    house = Menu("  a: {do: lookup, url: http://crm.example/, next: end, failed: end}")
    house.begin()
    house.tell(calls.CallEnded(C1, calls.EndedBy.CALLER, ""))
    assert house.server.stopped == [C1]
    assert house.ears.stopped == [C1]
    house.server.says({})
    assert not house.facts(CallQueued)


def test_without_ports_flows_fall_back() -> None:
    house = House(
        flows={
            "main": flow(
                "  a: {do: ask, prompt: what, into: x, next: end, default: b}\n"
                "  b: {do: lookup, url: http://crm.example/, next: end, failed: c}\n"
                "  c: {do: voicemail, next: end}",
                head="variables: {x: text}",
            )
        }
    )
    house.tell(calls.CallAnswered(house.arrive()))
    for _ in range(3):
        house.tell(calls.PromptEnded(C1))
    assert [event.outcome for event in house.events if isinstance(event, SpeechSettled)] == [
        "unavailable"
    ]
    assert house.kinds().count("CallQueued") == 1


def test_message_is_recorded_after_a_tone_and_told_when_it_is_closed() -> None:
    house = Menu("  a: {do: voicemail, box: sales, silence_s: 4, next: end}")
    house.begin()
    house.heard()
    assert house.control.done[-2:] == [
        ("play", C1, ["tone:880:300"]),
        ("record_message", C1, "/voicemail/sales/1.wav"),
    ]
    house.heard()
    assert not house.facts(CallQueued), "the tone's end is not the message's"
    house.tell(calls.TalkRecorded("vm-sales-1", 16000, complete=True))
    assert house.box.ended == [(RecordingId("vm-sales-1"), 16000)]
    assert house.recorder.ended == []
    house.heard()
    assert house.facts(CallQueued)


@pytest.mark.parametrize(
    ("node", "queue"),
    [("box: sales", ""), ("box: orders", "orders"), ("box: sales, queue: repairs", "repairs")],
)
def test_message_is_for_the_agents_of_a_queue(node: str, queue: str) -> None:
    house = Menu(f"  a: {{do: voicemail, {node}, next: end}}")
    house.begin()
    house.heard()
    assert house.box.begun == [(queue, "en")]


def test_key_ends_a_message() -> None:
    house = Menu("  a: {do: voicemail, next: end}")
    house.begin()
    house.heard()
    house.press("#")
    assert "end_message" in house.control.verbs()


def test_callers_wishes_come_to_the_floor() -> None:
    house = Menu("  a: {do: queue, queue: orders, priority: P1, requires: orders>=0}")
    house.begin()
    waiting = house.facts(CallQueued)[0]
    assert isinstance(waiting, CallQueued)
    assert waiting.priority == 2, "to the floor more is more urgent"
    assert waiting.tier == "gold"


def test_callback_is_a_fact_with_a_party_and_no_number() -> None:
    house = Menu("  a: {do: callback, queue: orders, priority: P2, next: end, declined: end}")
    house.begin()
    house.press("1")
    house.press("1")
    (asked,) = house.facts(CallbackAsked)
    assert isinstance(asked, CallbackAsked)
    wish = CallbackAsked(C1, "main", "a.promise", ORDERS, PartyId("p-+8613900000001"), 2)
    assert replace(asked, refused="") == wish
    assert asked.refused.startswith("That number may not be called back"), "no rule allows it"


def test_callback_that_may_not_be_dialled_is_no_promise(caplog: pytest.LogCaptureFixture) -> None:
    house = Menu("  a: {do: callback, queue: orders, next: end, declined: end}")
    house.begin()
    house.press("1")
    house.press("1")
    assert house.facts(CallbackQueued) == []
    assert "no callback: That number may not be called back" in caplog.text
    assert "callback_sorry" in str(house.control.done[-1])


def test_callback_that_a_rule_allows_waits_in_the_queue_with_its_urgency() -> None:
    house = Menu(
        "  a: {do: callback, queue: orders, priority: P1, next: end, declined: end}",
        numbers=AllNumbers(),
    )
    house.begin()
    house.press("1")
    house.press("1")
    (queued,) = house.facts(CallbackQueued)
    assert isinstance(queued, CallbackQueued)
    assert (queued.party_id, queued.queue) == (PartyId("p-+8613900000001"), ORDERS)
    assert queued.priority == Priority.P1
    assert "callback_thanks" in str(house.control.done[-1])


def test_chosen_language_is_spoken_in_the_queue_too() -> None:
    house = Menu(
        "  a: {do: language, language: zh, next: b}\n  b: {do: queue, queue: orders}",
        head="languages: [en, zh]",
    )
    house.begin()
    contact = house.journey.find(C1)
    assert contact is not None
    assert contact.language == "zh"


# -- transfers -------------------------------------------------------------------------------------

TRANSFER = (
    "  a: {do: transfer, to: '%s', ring_s: 20, failed: sorry}\n  sorry: {do: hangup, reason: sorry}"
)


def sent(house: Menu) -> list[object]:
    return [event.outcome for event in house.events if isinstance(event, CallerSent)]


def test_transfer_to_a_queue_or_a_line() -> None:
    house = Menu(TRANSFER % "queue:orders")
    house.begin()
    assert (sent(house), house.kinds().count("CallQueued")) == (["done"], 1)


def test_lines_that_lead_to_each_other_come_to_an_end() -> None:
    house = Menu(TRANSFER % "8000")
    house.begin()
    assert sent(house) == [*["done"] * 10, "failed"]
    assert house.control.verbs()[-1] == "hang_up"


def test_transfer_to_an_agents_phone_which_is_busy_meanwhile() -> None:
    house = Menu(TRANSFER % "1001")
    house.phone(EVA)
    house.begin()
    assert house.control.done[-1] == ("dial_guest", C1, EVA)
    assert house.floor.agent(EVA).busy
    offer = house.control.guests[C1]
    house.tell(calls.GuestJoined(C1, offer))
    assert sent(house) == ["done"]
    house.tell(calls.CallEnded(C1, calls.EndedBy.CALLER, ""))
    assert not house.floor.agent(EVA).busy


def test_agent_who_does_not_pick_up_leaves_the_caller_with_the_flow() -> None:
    house = Menu(TRANSFER % "1001")
    house.phone(EVA)
    house.begin()
    house.tell(calls.GuestLeft(C1, house.control.guests[C1], 486))
    assert sent(house) == ["failed"]
    assert not house.floor.agent(EVA).busy
    assert house.control.verbs()[-1] == "hang_up"


def test_phone_that_rings_too_long_is_stopped() -> None:
    house = Menu(TRANSFER % "1001")
    house.phone(EVA)
    house.begin()
    house.wait(30.0)
    assert "take_back" in house.control.verbs()
    assert len(sent(house)) == 1
    house.tell(calls.GuestLeft(C1, OfferId("o-late"), 0))
    assert len(sent(house)) == 1


@pytest.mark.parametrize("to", ["1001", "agent0009", "13900000001", "nobody at all"])
def test_transfer_that_cannot_be_leads_on_at_once(to: str) -> None:
    house = Menu(TRANSFER % to)
    house.begin()
    assert sent(house) == ["failed"]


def test_number_outside_is_dialled_as_its_rule_says() -> None:
    house = Menu(TRANSFER % "02155550000")
    house.begin()
    assert house.control.verbs()[-1] == "dial_guest"


# -- surveys ---------------------------------------------------------------------------------------

SURVEY = flow("  a: {do: survey, questions: [attitude], next: b}\n  b: {do: hangup}", "ask")


def talked(house: Menu) -> Menu:
    house.phone(EVA)
    house.begin()
    offered = house.facts(AgentOffered)[0]
    assert isinstance(offered, AgentOffered)
    house.tell(calls.AgentPickedUp(C1, EVA, offered.offer_id))
    house.heard()
    return house


def test_survey_follows_when_the_agent_has_hung_up() -> None:
    house = talked(Menu("  a: {do: queue, queue: orders}", SURVEY, survey="ask"))
    house.tell(calls.AgentHungUp(C1, EVA, calls.EndedBy.AGENT))
    assert house.control.done[-1] == ("play", C1, ["survey_attitude.wav"])
    house.press("5")
    assert house.facts(SurveyAnswered) == [SurveyAnswered(C1, "ask", "attitude", 5, EVA)]
    house.heard()
    assert house.control.verbs()[-1] == "hang_up"
    assert [one.flow for one in house.events if isinstance(one, FlowStarted)] == ["main", "ask"]


def test_fault_is_followed_by_no_survey() -> None:
    house = talked(Menu("  a: {do: queue, queue: orders}", SURVEY, survey="ask"))
    house.tell(calls.AgentHungUp(C1, EVA, calls.EndedBy.FAULT, "no audio"))
    assert house.control.verbs()[-1] == "hang_up"


def test_caller_who_hangs_up_in_a_survey_has_abandoned_nothing() -> None:
    house = talked(Menu("  a: {do: queue, queue: orders}", SURVEY, survey="ask"))
    house.tell(calls.AgentHungUp(C1, EVA, calls.EndedBy.AGENT))
    house.tell(calls.CallEnded(C1, calls.EndedBy.CALLER, ""))
    assert "CallAbandoned" not in house.kinds()
    assert house.kinds().count("TalkEnded") == 1
    assert len(house.facts(FlowEnded)) == 2


def test_flow_that_begins_anew_sends_away_whom_an_earlier_process_had_rung() -> None:
    house = Menu("  a: {do: say, prompt: hello, next: end}")
    call_id = house.arrive()
    contact = house.journey.find(call_id)
    assert contact is not None
    contact.guest = Guest(AgentTarget(EVA, OfferId("o-old")), calls.GuestWay.DIAL)
    house.tell(calls.CallAnswered(call_id))
    assert house.control.verbs()[-2:] == ["take_back", "play"]
    assert contact.guest is None


CARD = "4111111111111111"
TAKES_CARD = (
    "  a: {do: card, prompt: enter, into: {token: token}, next: end, refused: sorry,"
    " default: end}\n"
    "  sorry: {do: say, prompt: sorry, next: end}"
)


def test_card_is_posted_where_cards_of_talks_are_and_is_in_no_fact() -> None:
    rule = RecordingRule(card=CardRule(post_to="https://pay.example/cards"))
    house = Menu(TAKES_CARD, head="variables: {token: text}", recording=rule)
    house.begin()
    for key in f"{CARD}#":
        house.press(key)

    [asked] = house.server.asked
    assert (asked.method, asked.url) == ("POST", "https://pay.example/cards")
    assert asked.body == {"call_id": C1, "agent_id": "", "digits": CARD}
    house.server.says({"token": "tok-7"})

    [keyed] = house.facts(CardKeyed)
    assert keyed == CardKeyed(C1, "main", "a", "taken", 1)
    assert house.facts(CallQueued)
    kept = [event for event in house.events if isinstance(event, JOURNALED)]
    assert not any(CARD in repr(event) or CARD[:8] in repr(event) for event in kept)


def test_without_a_server_for_cards_the_caller_is_told_so() -> None:
    house = Menu(TAKES_CARD, head="variables: {token: text}")
    house.begin()
    for key in f"{CARD}#":
        house.press(key)

    assert house.server.asked == []
    assert house.facts(CardKeyed) == [CardKeyed(C1, "main", "a", "refused", 1)]
