"""What the figures of spoken requests count."""

from bench.triage_outcome import Outcome, Request, rows_of


def outcome(wanted: str, got: str, how: str, at_first: str = "", language: str = "en") -> Outcome:
    request = Request(language, wanted, "some words", "a voice", 150)
    return Outcome(request, got, how, 0.9, 1.0, at_first or got)


def test_figures_tell_the_route_and_what_it_took() -> None:
    outcomes = [
        *[outcome("refund", "refund", "understood")] * 18,
        outcome("refund", "refund", "confirmed", at_first="track"),
        outcome("refund", "", "fell_back"),
        outcome("track", "refund", "understood", language="zh"),
    ]

    rows = {row.what: row for row in rows_of(outcomes)}

    assert rows["en: requests"].value == "20"
    assert rows["en: the right route"].value == "19 of 20, 95.0%"
    assert rows["en: the right route"].held is True
    first = "en: right at the first answer, had callers said yes to anything"
    assert rows[first].value == "18 of 20, 90.0%"
    assert rows["en: confirmed after asking back"].value == "1 of 20, 5.0%"
    assert rows["en: fell back to the keys"].value == "1 of 20, 5.0%"
    assert rows["zh: the right route"].held is False
    assert rows["zh: sent astray"].value == "1 of 1, 100.0%"


def test_language_that_nobody_spoke_has_no_figures() -> None:
    rows = list(rows_of([outcome("track", "track", "understood", language="zh")]))

    assert {row.what[:2] for row in rows} == {"zh"}
