"""The pages that are written from the classes say what the classes say."""

from collections.abc import Callable

import pytest

from tools import pages


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("configuration.md", pages.configuration),
        ("events.md", pages.events),
        ("states.md", pages.states),
        ("wallboard.asyncapi.yaml", pages.asyncapi),
    ],
)
def test_page_is_up_to_date(name: str, write: Callable[[], str]) -> None:
    assert (pages.DOCS / name).read_text(encoding="utf-8") == write(), "run: python -m tools.pages"


@pytest.mark.parametrize("write", [pages.configuration, pages.events])
def test_nothing_is_left_without_its_words(write: Callable[[], str]) -> None:
    assert [line for line in write().splitlines() if line.endswith("|  |")] == []
