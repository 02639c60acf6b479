"""A visit through digits that a caller keys: numbers, and those of cards."""

import pytest

from ivr.effects import Effect, EnterQueue, HandOverCard, PlayPrompts, StopLookup, StopPrompts
from ivr.events import CardKeyed, DigitsEntered
from ivr.inputs import CallerLeft, Digit, LookupDone, LookupFailed, PromptEnded
from ivr.speech.spoken import Prompt
from ivr.visit.engine import State, Visit
from tests.support.flow_visit import CALL, QUEUED, SORRY, play, started, typed

DIGITS = (
    "  a: {do: digits, prompt: enter, into: order, min: 3, max: 6, wait_s: 8, between_s: 4,"
    " tries: 2, check: \"starts_with(order, '1')\", wrong: bad, none: nothing,"
    " next: end, default: sorry}"
)
ORDER = "variables: {order: digits}"


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
