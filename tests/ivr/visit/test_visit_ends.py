"""A visit through what leads out of it: queue, callback, voicemail, transfer, other flows."""

from ivr.effects import (
    EnterQueue,
    HangUp,
    OfferCallback,
    PlayPrompts,
    RecordVoicemail,
    StopPrompts,
    StopTransfer,
    StopVoicemail,
    Transfer,
)
from ivr.events import CallerSent, FlowEnded, SurveyAnswered
from ivr.inputs import (
    CallbackPromised,
    CallbackRefused,
    CallerLeft,
    Digit,
    PromptEnded,
    Start,
    TransferDone,
    TransferFailed,
    VoicemailEnded,
)
from ivr.speech.spoken import Spoken
from ivr.visit.caller import Caller
from ivr.visit.engine import State, Visit
from tests.support.flow_visit import CALL, ORDERS, QUEUED, SORRY, flow, play, started, typed


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
    assert visit.tick(100.0)[-2:] == [FlowEnded(CALL, "main", "b"), HangUp("stayed too long")]
