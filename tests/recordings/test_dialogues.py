"""The demo's dialogues: the small models know every word of them."""

from pathlib import Path
from typing import Any

import pytest

from recordings.error_rate import units
from recordings.transcribing.model_folders import model_folder
from tests.support.telephone_speech import demo_callers

CALLERS = demo_callers()
TALKERS = [caller for caller in CALLERS if "turns" in caller]


def known_words(language: str) -> set[str]:
    words = model_folder(f"tiny-{language}", Path()) / "graph/words.txt"
    return {line.split()[0] for line in words.read_text(encoding="utf-8").splitlines()}


def can_be_spelt(characters: str, words: set[str]) -> bool:
    """Chinese is written without spaces: some way of cutting it must give known words."""
    reached = {0}
    for end in range(1, len(characters) + 1):
        if any(characters[start:end] in words for start in reached):
            reached.add(end)
    return len(characters) in reached


@pytest.mark.parametrize("caller", TALKERS, ids=lambda caller: str(caller["id"]))
def test_every_word_is_in_the_models_vocabulary(caller: dict[str, Any]) -> None:
    words = known_words(caller["language"])
    for turn in caller["turns"]:
        for sentence in turn.values():
            spoken = units(sentence, caller["language"])
            if caller["language"] == "zh":
                assert can_be_spelt("".join(spoken), words), sentence
            else:
                assert set(spoken) <= words, sentence


@pytest.mark.parametrize("caller", TALKERS, ids=lambda caller: str(caller["id"]))
def test_caller_and_agent_speak_in_turn_and_have_a_voice(caller: dict[str, Any]) -> None:
    speakers = [next(iter(turn)) for turn in caller["turns"]]

    assert speakers == [("caller", "agent")[n % 2] for n in range(len(speakers))]
    assert caller["caller_voice"] != caller["agent_voice"]


def test_the_minute_has_all_kinds_of_callers() -> None:
    ids = [caller["id"] for caller in CALLERS]
    arrivals = [caller["arrives_s"] for caller in CALLERS]

    assert len(CALLERS) == len(set(ids)) == 12
    assert arrivals == sorted(arrivals)
    assert arrivals[-1] < 60
    assert {caller["language"] for caller in TALKERS} == {"en", "zh"}
    assert {caller["queue"] for caller in TALKERS} == {"orders", "support"}
    assert sum(caller.get("blocked", False) for caller in CALLERS) == 1
