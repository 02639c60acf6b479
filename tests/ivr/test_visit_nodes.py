"""A visit through every kind of node, second by second."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from foundation.ids import CallId, QueueId
from ivr.caller import Caller
from ivr.effects import (
    AskSpeech,
    Effect,
    EnterQueue,
    HandOverCard,
    HangUp,
    OfferCallback,
    PlayPrompts,
    QuestionOver,
    RecordVoicemail,
    SetLanguage,
    StartLookup,
    StopLookup,
    StopPrompts,
    StopSpeech,
    StopTransfer,
    StopVoicemail,
    Transfer,
)
from ivr.engine import State, Visit
from ivr.events import (
    CallerSent,
    CardKeyed,
    DigitsEntered,
    FlowEnded,
    LookupEnded,
    MenuChosen,
    SpeechSettled,
    SurveyAnswered,
)
from ivr.flow import Flow, parse
from ivr.hours import Hours
from ivr.hours import parse as parse_hours
from ivr.inputs import (
    CallbackPromised,
    CallbackRefused,
    CallerLeft,
    Digit,
    LookupDone,
    LookupFailed,
    PromptEnded,
    SpeechBegan,
    SpeechFailed,
    SpeechHeard,
    SpeechSilent,
    Start,
    TransferDone,
    TransferFailed,
    VoicemailEnded,
)
from ivr.spoken import Item, Kind, Prompt, Spoken, Value

CALL = CallId("c-1")
ORDERS = QueueId("orders")
SHANGHAI = ZoneInfo("Asia/Shanghai")
EVA = Caller(
    number="+8613900000001",
    tier="gold",
    line="8000",
    called_at=datetime(2026, 10, 12, 9, 30, tzinfo=SHANGHAI),
    last_agent="agent0002",
    agent_id="agent0001",
)
OFFICE = {"office": parse_hours({"mon-fri": ["09:00-12:00", "13:00-18:00"]}, ["2026-10-13"], {})}


def flow(nodes: str, *, head: str = "", name: str = "main") -> Flow:
    """Its start is `a`; `end` and `sorry` are there."""
    text = f"""\
start: a
{head}
nodes:
  end: {{do: queue, queue: orders}}
  sorry: {{do: hangup, reason: sorry}}
{nodes}
"""
    return parse(text, f"flows/{name}.yaml", name)[0]


def started(
    nodes: str,
    *,
    head: str = "",
    caller: Caller = EVA,
    others: tuple[Flow, ...] = (),
    hours: dict[str, Hours] | None = None,
) -> tuple[Visit, list[Effect]]:
    flows = {other.name: other for other in others}
    visit = Visit(CALL, flow(nodes, head=head), caller=caller, flows=flows, hours=hours or OFFICE)
    return visit, visit.feed(Start(), 0.0)[1:]


def play(*items: Item | str) -> PlayPrompts:
    return PlayPrompts(tuple(Prompt(x) if isinstance(x, str) else x for x in items), ("en",))


QUEUED = [FlowEnded(CALL, "main", "end"), EnterQueue(ORDERS, tier="gold")]
SORRY = [FlowEnded(CALL, "main", "sorry"), HangUp("sorry")]


# -- words -----------------------------------------------------------------------------------------


def test_sentence_with_values_is_made_for_the_caller() -> None:
    visit, effects = started(
        "  a: {do: say, say: 'You call from {caller.number:digits} at {called_at}.', next: end}"
    )
    assert isinstance(effects[0], PlayPrompts)
    said = effects[0].items[0]
    assert isinstance(said, Spoken)
    assert said.pieces["en"][1] == Value(Kind.DIGITS, "8613900000001")
    assert said.text("en") == "You call from 8613900000001 at 09:30:00."
    assert visit.feed(PromptEnded(), 3.0) == QUEUED


def test_fixed_text_is_a_prompt_that_is_made_ahead() -> None:
    visit, effects = started("  a: {do: say, say: Hello., next: end}")
    assert effects == [play("main--a--say")]
    assert visit._flow.prompts["main--a--say"] == {"en": "Hello."}


def test_wav_is_played() -> None:
    _, effects = started("  a: {do: play, wav: jingle, next: end}")
    assert effects == [play("jingle")]


# -- digits ----------------------------------------------------------------------------------------

DIGITS = (
    "  a: {do: digits, prompt: enter, into: order, min: 3, max: 6, wait_s: 8, between_s: 4,"
    " tries: 2, check: \"starts_with(order, '1')\", wrong: bad, none: nothing,"
    " next: end, default: sorry}"
)
ORDER = "variables: {order: digits}"


def typed(visit: Visit, keys: str, at: float = 1.0) -> list[Effect]:
    done: list[Effect] = []
    for place, key in enumerate(keys):
        done += visit.feed(Digit(key), at + place)
    return done


def test_digits_are_collected_up_to_the_terminator() -> None:
    visit, effects = started(DIGITS, head=ORDER)
    assert effects == [play("enter")]
    assert typed(visit, "1234#") == [
        StopPrompts(),
        DigitsEntered(CALL, "main", "a", True, 1),
        *QUEUED,
    ]
    assert visit.variables == {"order": "1234"}


def test_most_digits_need_no_terminator() -> None:
    visit, _ = started(DIGITS, head=ORDER)
    assert typed(visit, "123456")[-2:] == QUEUED


def test_pause_after_a_digit_ends_them() -> None:
    visit, _ = started(DIGITS, head=ORDER)
    visit.feed(PromptEnded(), 5.0)
    assert (visit.state, visit.deadline) == (State.TYPING, 13.0)
    typed(visit, "123", 6.0)
    assert visit.deadline == 12.0
    assert visit.tick(12.0)[-2:] == QUEUED


def test_wrong_digits_are_told_and_asked_again_until_tries_are_over() -> None:
    visit, _ = started(DIGITS, head=ORDER)
    assert typed(visit, "999#") == [StopPrompts(), play("bad", "enter")]
    assert visit.variables == {"order": ""}, "what was refused is not kept"
    assert typed(visit, "12#", 10.0) == [
        StopPrompts(),
        DigitsEntered(CALL, "main", "a", False, 2),
        *SORRY,
    ]


def test_silence_instead_of_digits_has_its_own_words() -> None:
    visit, _ = started(DIGITS, head=ORDER)
    visit.feed(PromptEnded(), 5.0)
    assert visit.tick(13.0) == [play("nothing", "enter")]
    visit.feed(PromptEnded(), 15.0)
    assert visit.tick(23.0)[-2:] == SORRY


def test_star_among_digits_is_wrong() -> None:
    visit, _ = started(DIGITS, head=ORDER)
    assert typed(visit, "12*4#")[-1] == play("bad", "enter")


def test_key_during_words_before_belongs_to_the_digits() -> None:
    visit, _ = started(
        "  a: {do: say, prompt: hello, next: b}\n" + DIGITS.replace("  a:", "  b:"), head=ORDER
    )
    assert typed(visit, "1") == [StopPrompts()]
    assert (visit.node, visit.state) == ("b", State.TYPING)


# -- branch, set, hours, language ------------------------------------------------------------------


def test_branch_takes_the_first_condition_that_is_true() -> None:
    _, effects = started(
        "  a: {do: branch, when: [{if: \"caller.tier == 'silver'\", next: sorry},"
        " {if: hour() < 10, next: end}], default: sorry}"
    )
    assert effects == QUEUED


def test_branch_without_a_true_condition_takes_the_default() -> None:
    _, effects = started("  a: {do: branch, when: [{if: 1 / 0 > 1, next: end}], default: sorry}")
    assert effects == SORRY


def test_set_keeps_the_type_of_the_variable() -> None:
    visit, effects = started(
        "  a: {do: set, next: end,"
        " set: {n: n + 2, late: n > 5, name: \"'x' + name\", due: today()}}",
        head="variables: {n: {type: number, default: 4}, late: bool, name: text, due: date}",
    )
    assert effects == QUEUED
    assert visit.variables == {
        "n": Decimal(6),
        "late": True,
        "name": "x",
        "due": datetime(2026, 10, 12).date(),  # noqa: DTZ001
    }


def hours_from(at: str, **more: str) -> list[Effect]:
    caller = Caller(called_at=datetime.fromisoformat(at).replace(tzinfo=SHANGHAI), **more)
    return started(
        "  a: {do: hours, open: o, closed: c, break: b, holiday: h}\n"
        + "\n".join(f"  {x}: {{do: hangup, reason: {x}}}" for x in "ocbh"),
        head="hours: office",
        caller=caller,
    )[1]


def test_hours_lead_four_ways() -> None:
    assert hours_from("2026-10-12T10:00")[-1] == HangUp("o")
    assert hours_from("2026-10-12T12:30")[-1] == HangUp("b")
    assert hours_from("2026-10-12T20:00")[-1] == HangUp("c")
    assert hours_from("2026-10-13T10:00")[-1] == HangUp("h")


def test_hours_of_the_line_go_before_those_of_the_flow() -> None:
    assert hours_from("2026-10-12T20:00", hours="unknown, so always open")[-1] == HangUp("o")


def test_hours_are_of_the_moment_not_of_the_call() -> None:
    visit, _ = started(
        "  a: {do: say, prompt: long, next: b}\n"
        "  b: {do: hours, hours: office, open: end, closed: sorry}",
        head="limit_s: 7200",
        caller=Caller(called_at=datetime(2026, 10, 12, 11, 59, tzinfo=SHANGHAI)),
    )
    assert visit.feed(PromptEnded(), 61.0) == SORRY


def test_chosen_language_is_spoken_from_there_on() -> None:
    visit, effects = started(
        "  a: {do: menu, prompt: choose, keys: {'1': zh}, default: end}\n"
        "  zh: {do: language, language: zh, next: b}\n"
        "  b: {do: say, prompt: hello, next: end}",
        head="languages: [en, zh]",
    )
    assert effects == [PlayPrompts((Prompt("choose"),), ("en", "zh"))]
    assert visit.feed(Digit("1"), 1.0) == [
        StopPrompts(),
        MenuChosen(CALL, "main", "a", "1"),
        SetLanguage("zh"),
        PlayPrompts((Prompt("hello"),), ("zh",)),
    ]


def test_key_ahead_passes_what_takes_no_time() -> None:
    nodes = (
        "  a: {do: say, prompt: hello, next: b}\n"
        "  b: {do: set, set: {n: n + 1}, next: c}\n"
        "  c: {do: branch, when: [{if: n == 1, next: d}], default: end}\n"
        "  d: {do: say, prompt: more, next: e}\n"
        "  e: {do: menu, prompt: choose, keys: {'1': sorry}, default: end}"
    )
    visit, _ = started(nodes, head="variables: {n: number}")
    assert visit.feed(Digit("1"), 1.0) == [
        StopPrompts(),
        MenuChosen(CALL, "main", "e", "1"),
        *SORRY,
    ]
    assert visit.variables == {"n": Decimal(1)}


def test_key_on_the_way_to_a_queue_changes_nothing() -> None:
    visit, _ = started(
        "  a: {do: say, prompt: hello, next: b}\n  b: {do: set, set: {n: n + 1}, next: end}",
        head="variables: {n: number}",
    )
    assert visit.feed(Digit("1"), 1.0) == []
    assert visit.variables == {"n": Decimal(0)}
    assert visit.feed(PromptEnded(), 2.0) == QUEUED


# -- lookups ---------------------------------------------------------------------------------------

LOOKUP = (
    "  a: {do: lookup, prompt: moment, url: 'https://crm.example/{line}', method: POST,"
    " query: {who: caller.number}, body: {tier: caller.tier, n: 1.5, ok: true}, timeout_s: 4,"
    " into: {status: data.items.0.status, price: price}, next: end, missing: gone, failed: sorry}\n"
    "  gone: {do: hangup, reason: gone}"
)
FOUND = {"data": {"items": [{"status": "shipped"}]}, "price": 12.5}
STATUS = "variables: {status: text, price: number}"


def test_lookup_asks_while_words_are_heard_and_goes_on_after_both() -> None:
    visit, effects = started(LOOKUP, head=STATUS)
    assert effects == [
        StartLookup(
            1,
            "https://crm.example/8000",
            "POST",
            {"who": "+8613900000001"},
            {"tier": "gold", "n": 1.5, "ok": True},
            4.0,
        ),
        play("moment"),
    ]
    assert visit.deadline == 4.0
    assert visit.feed(LookupDone(1, FOUND), 0.5) == [LookupEnded(CALL, "main", "a", "found", 0.5)]
    assert visit.feed(PromptEnded(), 2.0) == QUEUED
    assert visit.variables == {"status": "shipped", "price": Decimal("12.5")}


def test_lookup_that_hangs_holds_nobody_longer_than_its_time() -> None:
    visit, _ = started(LOOKUP, head=STATUS)
    visit.feed(PromptEnded(), 2.0)
    assert visit.tick(3.9) == []
    assert visit.tick(4.0) == [
        StopLookup(1),
        LookupEnded(CALL, "main", "a", "timed_out", 4.0),
        *SORRY,
    ]
    assert visit.feed(LookupDone(1, FOUND), 5.0) == [], "its late answer is nothing"


def test_words_that_go_on_when_the_time_is_over_are_cut() -> None:
    visit, _ = started(LOOKUP, head=STATUS)
    assert visit.tick(4.0)[:2] == [StopPrompts(), StopLookup(1)]


def test_lookup_without_words_goes_on_at_once() -> None:
    visit, _ = started(LOOKUP.replace("prompt: moment, ", ""), head=STATUS)
    assert visit.feed(LookupFailed(1), 0.5) == [
        LookupEnded(CALL, "main", "a", "failed", 0.5),
        *SORRY,
    ]


def test_what_the_server_does_not_know_leads_elsewhere() -> None:
    visit, _ = started(LOOKUP.replace("prompt: moment, ", ""), head=STATUS)
    assert visit.feed(LookupFailed(1, is_missing=True), 0.5)[-1] == HangUp("gone")


def test_answer_that_does_not_fit_is_a_failure() -> None:
    answers: list[object] = [{}, None, [], "x", {"data": {"items": []}}, {**FOUND, "price": "no"}]
    for answer in answers:
        visit, _ = started(LOOKUP.replace("prompt: moment, ", ""), head=STATUS)
        assert visit.feed(LookupDone(1, answer), 0.5)[-1] == HangUp("sorry")
        assert visit.variables["status"] == "", "all of the answer, or nothing of it"


def test_answer_of_another_lookup_is_nothing() -> None:
    visit, _ = started(LOOKUP, head=STATUS)
    assert visit.feed(LookupDone(7, FOUND), 0.5) == []


# -- speech ----------------------------------------------------------------------------------------

ASK = (
    "  a: {do: ask, prompt: what, sure: 0.8, maybe: 0.4, wait_s: 5, limit_s: 10, tries: 2,"
    " keys: {'1': end}, into: said, default: sorry,"
    " choices: {orders: {words: {en: [order, buy]}, next: end},"
    " help: {words: {en: [broken]}, next: b}}}\n"
    "  b: {do: hangup, reason: help}"
)
SAID = "variables: {said: text}"
BACK = (Prompt("ask_you_said"), Prompt("main--a--choices--orders--called"), Prompt("ask_right"))


def listening(nodes: str = ASK, head: str = SAID) -> Visit:
    visit, effects = started(nodes, head=head)
    assert effects == [play("what")]
    visit.feed(PromptEnded(), 2.0)
    assert visit.state is State.HEARING
    return visit


def settled(outcome: str, choice: str, confidence: float, tries: int = 1) -> SpeechSettled:
    return SpeechSettled(CALL, "main", "a", outcome, choice, confidence, tries)


def test_caller_is_listened_to_after_the_words() -> None:
    visit, _ = started(ASK, head=SAID)
    assert visit.feed(PromptEnded(), 2.0) == [
        AskSpeech(1, ("en",), {"en": ("order", "buy", "broken")}, 5.0, 10.0)
    ]
    assert visit.deadline == 22.0


# A question that may be spoken over.

OVER = ASK.replace("{do: ask,", "{do: ask, barge_in: true,")
ASKED_OVER = AskSpeech(1, ("en",), {"en": ("order", "buy", "broken")}, 5.0, 10.0, over_prompt=True)


def asked_over() -> Visit:
    visit, effects = started(OVER, head=SAID)
    assert effects == [play("what"), ASKED_OVER]
    return visit


def test_who_speaks_over_the_question_cuts_it_and_is_heard() -> None:
    visit = asked_over()
    assert visit.feed(SpeechBegan(7), 1.0) == [], "another question's"
    assert visit.feed(SpeechBegan(1), 1.0) == [StopPrompts(), QuestionOver(1)]
    assert visit.deadline == 1.0 + 5.0 + 10.0 + 5.0
    assert visit.feed(SpeechBegan(1), 1.1) == [], "told twice"
    assert visit.feed(SpeechHeard(1, "order", 0.9), 2.5)[0] == settled("understood", "orders", 0.9)


def test_question_that_was_heard_to_its_end_is_answered_as_usual() -> None:
    visit = asked_over()
    assert visit.feed(PromptEnded(), 6.0) == [QuestionOver(1)]
    assert visit.state is State.HEARING
    again = visit.feed(SpeechSilent(1), 11.0)
    assert again[-1] == replace(ASKED_OVER, ask_id=2)


def test_key_ends_the_question_and_the_listening() -> None:
    assert asked_over().feed(Digit("1"), 1.0)[:2] == [StopPrompts(), StopSpeech(1)]


def test_words_that_come_before_we_hear_that_they_began_are_taken() -> None:
    assert asked_over().feed(SpeechHeard(1, "order", 0.9), 2.5) == [
        StopPrompts(),
        settled("understood", "orders", 0.9),
        *QUEUED,
    ]


def test_listener_that_fails_during_the_question_is_asked_once_more_after_it() -> None:
    visit = asked_over()
    assert visit.feed(SpeechFailed(1), 0.5) == []
    assert visit.feed(PromptEnded(), 6.0) == [replace(ASKED_OVER, ask_id=2, over_prompt=False)]


@pytest.mark.parametrize(
    ("words", "more", "is_over"),
    [
        ("How can we help?", "", False),
        ("How can we help?", "barge_in: true,", True),
        ("Please tell us in a few words what it is that we can do for you today.", "", True),
        ("Please tell us in a few words what it is that we can do.", "barge_in: false,", False),
        ("{said}, please tell us in a few words what it is that we can do for you.", "", True),
    ],
)
def test_long_questions_may_be_spoken_over_unless_the_flow_says_so(
    words: str, more: str, is_over: bool
) -> None:
    node = ASK.replace("prompt: what,", f'say: {{en: "{words}"}}, {more}')
    _, effects = started(node, head=SAID)
    assert isinstance(effects[-1], AskSpeech) is is_over


def test_clear_words_are_taken_at_once() -> None:
    visit = listening()
    assert visit.feed(SpeechHeard(1, "I want to order", 0.9), 4.0) == [
        settled("understood", "orders", 0.9),
        *QUEUED,
    ]
    assert visit.variables == {"said": "I want to order"}


def test_doubtful_words_are_asked_back_and_confirmed_by_voice_or_key() -> None:
    for confirm in ("voice", "key"):
        visit = listening()
        assert visit.feed(SpeechHeard(1, "order", 0.5), 4.0) == [PlayPrompts(BACK, ("en",))]
        if confirm == "key":
            assert visit.feed(Digit("1"), 5.0) == [
                StopPrompts(),
                settled("confirmed", "orders", 0.5),
                *QUEUED,
            ]
        else:
            asked = visit.feed(PromptEnded(), 6.0)
            assert isinstance(asked[0], AskSpeech)
            assert "yes" in asked[0].phrases["en"]
            assert visit.feed(SpeechHeard(2, "yes", 0.3), 7.0)[0] == settled(
                "confirmed", "orders", 0.5
            )


def test_what_was_wrong_is_asked_once_more_then_falls_back() -> None:
    visit = listening()
    visit.feed(SpeechHeard(1, "order", 0.5), 4.0)
    visit.feed(PromptEnded(), 6.0)
    assert visit.feed(SpeechHeard(2, "no", 0.9), 7.0) == [play("not_understood", "what")]
    visit.feed(PromptEnded(), 9.0)
    assert visit.feed(SpeechHeard(3, "mumble", 0.9), 10.0) == [
        settled("fell_back", "", 0.9, 2),
        *SORRY,
    ]


def test_choice_that_was_refused_is_not_offered_again() -> None:
    visit = listening()
    assert visit.feed(SpeechHeard(1, "order", 0.5), 4.0) == [PlayPrompts(BACK, ("en",))]
    visit.feed(Digit("2"), 5.0)
    visit.feed(PromptEnded(), 9.0)
    assert visit.feed(SpeechHeard(2, "order", 0.9), 10.0)[0] == settled("fell_back", "", 0.9, 2)


def test_choice_that_was_neither_confirmed_nor_refused_may_be_offered_again() -> None:
    visit = listening()
    visit.feed(SpeechHeard(1, "order", 0.5), 4.0)
    visit.feed(PromptEnded(), 6.0)
    visit.feed(SpeechHeard(2, "mumble", 0.9), 7.0)
    visit.feed(PromptEnded(), 9.0)
    assert visit.feed(SpeechHeard(3, "order", 0.9), 10.0)[0] == settled(
        "understood", "orders", 0.9, 2
    )


def test_silence_and_a_listener_that_hangs_fall_back_after_all_tries() -> None:
    visit = listening()
    assert visit.feed(SpeechSilent(1), 8.0) == [play("not_understood", "what")]
    visit.feed(PromptEnded(), 10.0)
    assert visit.tick(30.0) == [StopSpeech(2), settled("fell_back", "", 0.0, 2), *SORRY]


def test_without_a_listener_the_caller_goes_on_at_once() -> None:
    assert listening().feed(SpeechFailed(1), 2.1) == [settled("unavailable", "", 0.0), *SORRY]


def test_key_goes_before_words() -> None:
    assert listening().feed(Digit("1"), 3.0) == [
        StopSpeech(1),
        settled("key", "", 1.0),
        *QUEUED,
    ]


def test_words_of_an_earlier_question_are_nothing() -> None:
    assert listening().feed(SpeechHeard(0, "order", 1.0), 3.0) == []


def test_free_text_goes_into_its_variable() -> None:
    visit = listening(
        "  a: {do: ask, prompt: what, into: said, next: end, default: sorry}", head=SAID
    )
    assert visit.feed(SpeechHeard(1, "my phone is broken", 0.6), 4.0)[-2:] == QUEUED
    assert visit.variables == {"said": "my phone is broken"}


# -- queue, callback, voicemail, transfer, survey --------------------------------------------------


def test_queue_is_entered_with_its_wishes() -> None:
    _, effects = started(
        "  a: {do: queue, queue: orders, priority: P1, requires: english>=2,"
        " tier: \"'vip'\", prefer_last_agent: true}"
    )
    assert effects[-1] == EnterQueue(ORDERS, 1, "english>=2", "vip", "agent0002")


CALLBACK = "  a: {do: callback, queue: orders, priority: P2, next: sorry, declined: end}"


def test_callback_to_the_callers_own_number() -> None:
    visit, effects = started(CALLBACK)
    assert effects == [play("callback_offer")]
    confirm = visit.feed(Digit("1"), 1.0)[-1]
    assert isinstance(confirm, PlayPrompts)
    assert isinstance(confirm.items[0], Spoken)
    assert "8613900000001" in confirm.items[0].text("en")
    offer = OfferCallback("main", "a.promise", ORDERS, "8613900000001", 2)
    assert visit.feed(Digit("1"), 2.0)[-1] == offer
    assert visit.feed(CallbackPromised(), 2.0) == [play("callback_thanks")]
    assert visit.feed(PromptEnded(), 4.0)[-1] == HangUp("sorry")
    assert visit.feed(CallbackRefused(), 5.0) == []


def refused(text: str) -> Visit:
    visit, _ = started(text)
    visit.feed(Digit("1"), 1.0)
    visit.feed(Digit("1"), 2.0)
    assert visit.state is State.PROMISING
    assert visit.feed(Digit("1"), 2.0) == [], "no key is wanted now"
    return visit


def test_callback_that_is_refused_is_told_and_leads_on() -> None:
    visit = refused(CALLBACK)
    assert visit.feed(CallbackRefused(), 2.0) == [play("callback_sorry")]
    assert visit.feed(PromptEnded(), 4.0)[-2:] == QUEUED, "as one who declined"
    elsewhere = refused(CALLBACK.replace("declined: end", "declined: end, refused: sorry"))
    elsewhere.feed(CallbackRefused(), 2.0)
    assert elsewhere.feed(PromptEnded(), 4.0)[-1] == HangUp("sorry")


def test_callback_of_which_nothing_is_heard_is_refused() -> None:
    visit = refused(CALLBACK)
    assert visit.deadline is not None
    assert visit.tick(visit.deadline) == [play("callback_sorry")]


def test_callback_to_another_number_and_of_who_withholds_his() -> None:
    visit, _ = started(CALLBACK, caller=Caller(number="anonymous"))
    assert visit.feed(Digit("1"), 1.0)[-1] == play("callback_enter")
    typed(visit, "02112345#", 2.0)
    visit.feed(Digit("2"), 12.0)
    typed(visit, "5550#", 13.0)
    assert OfferCallback("main", "a.promise", ORDERS, "5550", 2) in visit.feed(Digit("1"), 20.0)


def test_callback_that_is_not_wanted() -> None:
    visit, _ = started(CALLBACK)
    assert visit.feed(Digit("2"), 1.0)[-2:] == QUEUED
    silent, _ = started(CALLBACK)
    for at in range(1, 30):
        silent.feed(PromptEnded(), at * 10.0)
        silent.tick(at * 10.0 + 9)
        if silent.state is State.ENDED:
            break
    assert silent.state is State.ENDED


VOICEMAIL = "  a: {do: voicemail, box: sales, limit_s: 60, silence_s: 4, next: sorry}"


def recording() -> Visit:
    visit, effects = started(VOICEMAIL)
    assert effects == [play("voicemail_greeting")]
    expected = RecordVoicemail("sales", 60.0, 4.0, languages=("en",))
    assert visit.feed(PromptEnded(), 3.0) == [expected]
    return visit


def test_voicemail_ends_by_key_silence_or_limit() -> None:
    assert recording().feed(Digit("#"), 9.0) == [StopVoicemail(), play("voicemail_thanks")]
    assert recording().feed(VoicemailEnded(), 9.0) == [play("voicemail_thanks")]
    stuck = recording()
    assert stuck.feed(Digit("5"), 9.0) == []
    assert stuck.tick(68.0) == [StopVoicemail(), play("voicemail_thanks")]


TRANSFER = "  a: {do: transfer, prompt: moment, to: '{last_agent}', ring_s: 20, failed: sorry}"


def test_transfer_rings_after_its_words_and_ends_the_flow() -> None:
    visit, effects = started(TRANSFER)
    assert effects == [play("moment")]
    assert visit.feed(PromptEnded(), 2.0) == [Transfer("agent0002", 20.0)]
    assert visit.feed(TransferDone(), 5.0) == [
        CallerSent(CALL, "main", "a", "done"),
        FlowEnded(CALL, "main", "a"),
    ]
    assert visit.state is State.ENDED


def test_transfer_that_fails_or_hangs_leads_on() -> None:
    for hangs in (False, True):
        visit, _ = started(TRANSFER)
        visit.feed(PromptEnded(), 2.0)
        effects = visit.tick(27.0) if hangs else visit.feed(TransferFailed(), 9.0)
        outcome = "timed_out" if hangs else "failed"
        sent = CallerSent(CALL, "main", "a", outcome)
        assert effects == [*([StopTransfer()] if hangs else []), sent, *SORRY]


def test_survey_asks_its_questions_one_after_the_other() -> None:
    visit, effects = started("  a: {do: survey, tries: 1, next: sorry}")
    assert effects == [play("survey_attitude")]
    assert visit.feed(Digit("5"), 1.0) == [
        StopPrompts(),
        SurveyAnswered(CALL, "main", "attitude", 5, "agent0001"),
        play("survey_efficiency"),
    ]
    assert visit.feed(Digit("9"), 2.0)[1:] == [
        SurveyAnswered(CALL, "main", "efficiency", 0, "agent0001"),
        play("survey_clarity"),
    ], "no such answer"
    visit.feed(PromptEnded(), 3.0)
    assert visit.tick(9.0) == [
        SurveyAnswered(CALL, "main", "clarity", 0, "agent0001"),
        play("survey_thanks"),
    ]


# -- flows within flows, limits --------------------------------------------------------------------

SUB = flow(
    "  a: {do: set, set: {out: \"'<' + given + '>'\"}, next: b}\n"
    "  b: {do: say, prompt: inner, next: c}\n  c: {do: return}",
    head="variables: {given: text, out: text}",
    name="sub",
)
CALLING = (
    "  a: {do: call, flow: sub, with: {given: caller.tier}, into: {mine: out}, next: b}\n"
    "  b: {do: branch, when: [{if: \"mine == '<gold>'\", next: end}], default: sorry}"
)


def test_sub_flow_gets_values_and_gives_some_back() -> None:
    visit, effects = started(CALLING, head="variables: {mine: text}", others=(SUB,))
    assert effects == [play("inner")]
    assert (visit.flow, visit.node) == ("sub", "b")
    ended, entered = visit.feed(PromptEnded(), 2.0)
    assert entered == QUEUED[1]
    assert isinstance(ended, FlowEnded)
    assert ended.path == ("a", "sub/a", "sub/b", "sub/c", "b", "end")


def test_caller_of_a_sub_flow_who_leaves_was_in_the_outer_flow() -> None:
    visit, _ = started(CALLING, head="variables: {mine: text}", others=(SUB,))
    assert visit.feed(CallerLeft(), 1.0) == [FlowEnded(CALL, "main", "a")]


def test_flows_deep_within_flows_end_the_visit() -> None:
    endless = flow("  a: {do: call, flow: main, next: end}")
    visit = Visit(CALL, endless, flows={"main": endless})
    assert visit.feed(Start(), 0.0)[-1] == HangUp("the flow 'main' cannot be entered")


def test_return_outside_of_a_sub_flow_hangs_up() -> None:
    _, effects = started("  a: {do: return}")
    assert effects == [FlowEnded(CALL, "main", "a"), HangUp("the flow is over")]


def test_visit_never_lasts_longer_than_the_flows_limit() -> None:
    visit, _ = started(
        "  a: {do: menu, prompt: choose, keys: {'1': b}, default: end, wait_s: 60}\n"
        "  b: {do: say, prompt: again, next: a}",
        head="limit_s: 100",
    )
    for at in range(1, 99):
        visit.feed(PromptEnded(), float(at))
        visit.feed(Digit("1"), float(at))
        assert visit.deadline is not None
        assert visit.deadline <= 100.0
    assert visit.tick(100.0)[-2:] == [
        FlowEnded(CALL, "main", "b"),
        HangUp("stayed too long"),
    ]


# -- cards ---------------------------------------------------------------------------------------

CARD = "4111111111111111"
CARD_FLOW = """\
  a: {do: card, prompt: enter, into: {token: data.token}, wrong: again, none: nothing, tries: 2,
      wait_s: 8, between_s: 4, timeout_s: 6, next: paid, refused: sorry, default: end}
  paid: {do: say, say: "Paid {token}.", next: end}
"""
CARD_HEAD = "variables: {token: text}"


def card_visit() -> Visit:
    visit, _ = started(CARD_FLOW, head=CARD_HEAD)
    visit.feed(PromptEnded(), 1.0)
    return visit


def spoken_by(effects: list[Effect]) -> list[str]:
    played = [one for one in effects if isinstance(one, PlayPrompts)]
    return [item.name for one in played for item in one.items if isinstance(item, Prompt)]


def keyed(visit: Visit, keys: str, now: float = 2.0) -> list[Effect]:
    return [effect for key in keys for effect in visit.feed(Digit(key), now)]


def handed(effects: list[Effect]) -> HandOverCard:
    [only] = [one for one in effects if isinstance(one, HandOverCard)]
    return only


def test_card_is_handed_over_and_the_flow_gets_what_the_server_makes_of_it() -> None:
    visit = card_visit()

    handing = handed(keyed(visit, f"41*{CARD}#"))
    assert (handing.digits, handing.timeout_s) == (CARD, 6.0)
    assert visit.state is State.CHECKING
    told = visit.feed(LookupDone(handing.lookup_id, {"data": {"token": "tok-7"}}), 3.0)

    assert told[0] == CardKeyed(CALL, "main", "a", "taken", 1)
    assert visit.variables == {"token": "tok-7"}


def test_nothing_of_a_flow_shows_the_digits_of_a_card() -> None:
    visit = card_visit()
    keyed(visit, CARD[:8])
    shown = [repr(visit), repr(visit.variables), repr(visit._card), repr(vars(visit))]

    effects = keyed(visit, CARD[8:] + "#")
    shown += [repr(effects), repr(vars(visit)), repr(visit.path)]

    assert not any(part in text for text in shown for part in (CARD, CARD[:8], CARD[8:]))


@pytest.mark.parametrize("keys", ["4111111111111112#", "41111#", "4111111111111112222"])
def test_what_is_no_card_is_asked_for_again_and_then_given_up(keys: str) -> None:
    visit = card_visit()

    assert spoken_by(keyed(visit, keys)) == ["again", "enter"]
    visit.feed(PromptEnded(), 3.0)
    told = keyed(visit, keys, 4.0)

    assert told[0] == CardKeyed(CALL, "main", "a", "wrong", 2)
    assert any(isinstance(one, EnterQueue) for one in told)


def test_who_keys_nothing_or_stops_in_the_middle_is_asked_again() -> None:
    visit = card_visit()
    assert spoken_by(visit.tick(9.0)) == ["nothing", "enter"]
    visit.feed(PromptEnded(), 10.0)
    keyed(visit, "4111", 11.0)

    told = visit.tick(15.0)

    assert told[0] == CardKeyed(CALL, "main", "a", "wrong", 2)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (LookupFailed(1), "refused"),
        (LookupFailed(1, is_missing=True), "refused"),
        (LookupDone(1, {"data": {}}), "refused"),
        (None, "timed_out"),
    ],
)
def test_server_that_does_not_take_the_card_leads_on_elsewhere(
    answer: LookupDone | LookupFailed | None, outcome: str
) -> None:
    visit = card_visit()
    keyed(visit, CARD + "#")

    told = visit.tick(8.0) if answer is None else visit.feed(answer, 3.0)

    facts = [one for one in told if isinstance(one, CardKeyed)]
    assert facts == [CardKeyed(CALL, "main", "a", outcome, 1)]
    assert (StopLookup(1) in told) is (answer is None)
    assert visit.node == "sorry"


def test_caller_who_leaves_takes_the_digits_along() -> None:
    visit = card_visit()
    keyed(visit, CARD)
    visit.feed(CallerLeft(), 3.0)

    assert visit._card.take() == ""
