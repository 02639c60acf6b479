"""The play is read as it was written, and only those call who will be through in time."""

from itertools import islice
from pathlib import Path

import msgspec
import pytest

from callcenter.demo.script import (
    ROUND_S,
    AgentPart,
    CallerPart,
    Expected,
    Play,
    Turn,
    entries,
    read_play,
)
from telephony.calls.events import Side

TALK = (Turn(Side.CALLER, "Hello.", "en"),)


def caller(name: str, arrives_s: float, *, turns: tuple[Turn, ...] = TALK) -> CallerPart:
    return CallerPart(
        id=name, number=f"+1{name}", arrives_s=arrives_s, language="en", temper="calm", keys="1",
        patience_s=6, queue="orders", turns=turns,
    )  # fmt: skip


def play(*callers: CallerPart, agents: int = 1, absent: int = 0) -> Play:
    present = [AgentPart(id=f"a{n}", picks_up_after_s=1.0) for n in range(agents)]
    never = [AgentPart(id=f"b{n}", picks_up_after_s="never") for n in range(absent)]
    return Play((*present, *never), callers)


def ids(the_play: Play, seconds: float | None, talk_s: float = 10.0) -> list[str]:
    lengths = {one.id: talk_s for one in the_play.callers}
    return [entry.caller.id for entry in entries(the_play, lengths, seconds)]


def test_the_written_play_has_all_kinds_of_people() -> None:
    written = read_play()

    assert {c.expected for c in written.callers} == set(Expected)
    assert "pyvoip" in {c.phone for c in written.callers if c.turns}
    assert "pyvoip" in {a.phone for a in written.agents if a.picks_up_after_s != "never"}
    assert [a.picks_up_after_s for a in written.agents].count("never") == 1
    assert {c.hangs_up for c in written.callers if c.turns} == set(Side)
    assert any(len(c.keys) > 1 for c in written.callers)


def test_turns_know_who_speaks_with_which_voice() -> None:
    first = read_play().callers[0]

    assert first.turns[0] == Turn(Side.CALLER, "Hello, my parcel has not arrived yet.", "en-us+f2")
    assert first.said(Side.AGENT).startswith("I am sorry about that.")


def test_a_misspelt_key_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "play.yaml"
    file.write_text("agents: []\ncallers: [{id: x, numbr: '1'}]\n")

    with pytest.raises(msgspec.ValidationError):
        read_play(file)


def test_who_would_not_be_through_in_time_does_not_call() -> None:
    the_play = play(caller("early", 1), caller("late", 9), agents=2)

    assert ids(the_play, 25) == ["early"]
    assert ids(the_play, 28) == ["early", "late"]


def test_with_one_agent_the_second_caller_waits_for_the_first() -> None:
    callers = caller("first", 1), caller("second", 2)

    assert ids(play(*callers, agents=1), 30) == ["first"]
    assert ids(play(*callers, agents=2), 30) == ["first", "second"]


def test_an_agent_who_does_not_pick_up_costs_the_first_caller_time() -> None:
    assert ids(play(caller("first", 1), absent=0), 20) == ["first"]
    assert ids(play(caller("first", 1), absent=1), 20) == []


def test_who_has_no_patience_needs_no_agent() -> None:
    the_play = play(caller("first", 1), caller("impatient", 2, turns=()))

    assert ids(the_play, 21) == ["first", "impatient"]


def test_without_an_end_everybody_calls_again() -> None:
    forever = entries(play(caller("a", 1), caller("b", 3)), {"a": 10, "b": 10}, None)

    assert [e.at_s for e in islice(forever, 4)] == [1, 3, ROUND_S + 1, ROUND_S + 3]


@pytest.mark.parametrize(("seconds", "rounds"), [(90, 1), (2 * ROUND_S, 2), (3 * ROUND_S, 3)])
def test_a_round_is_begun_again_only_when_all_of_it_fits(seconds: float, rounds: int) -> None:
    assert len(ids(play(caller("a", 1)), seconds)) == rounds
