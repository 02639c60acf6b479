"""A short look at what `make fuzz` does for minutes, and all that it ever found."""

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.__main__ import CRASHERS
from tests.fuzz.mutation import mutated
from tests.fuzz.targets import TARGETS

FOUND = sorted(CRASHERS.glob("*/*.bin"))


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_right_is_taken(name: str) -> None:
    assert all(TARGETS[name].take(seed) for seed in TARGETS[name].seeds())


@pytest.mark.parametrize("name", TARGETS)
@given(data=st.binary(max_size=300))
def test_any_bytes_do_no_harm(name: str, data: bytes) -> None:
    TARGETS[name].take(data)


@pytest.mark.parametrize("name", TARGETS)
@given(chance=st.integers(0, 1 << 62))
def test_what_was_spoilt_does_no_harm(name: str, chance: int) -> None:
    TARGETS[name].take(mutated(TARGETS[name].seeds(), random.Random(chance)))


@pytest.mark.parametrize("file", FOUND, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_what_once_did_harm_does_none_any_more(file: Path) -> None:
    TARGETS[file.parent.name].take(file.read_bytes())
