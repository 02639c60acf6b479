"""A visit through questions to other servers."""

from decimal import Decimal

from ivr.effects import HangUp, StartLookup, StopLookup, StopPrompts
from ivr.events import LookupEnded
from ivr.inputs import LookupDone, LookupFailed, PromptEnded
from tests.support.flow_visit import CALL, QUEUED, SORRY, play, started

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
