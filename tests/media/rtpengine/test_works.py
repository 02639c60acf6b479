"""Verbs that wait for answers: one after the other within a call, side by side between calls."""

import pytest

from telephony.media.rtpengine.ng import Command, Reply
from telephony.media.rtpengine.works import Work, Works


class Desk:
    """Notes what is sent and what has ended."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.ended: list[str] = []
        self.works: Works[str] = Works(self._send)

    def _send(self, command: Command) -> str:
        self.sent.append(command.verb)
        return command.verb

    def begin(self, call: str, name: str, *, commands: int = 1) -> None:
        self.works.begin(call, work(name, commands), self.ended.append)


def work(name: str, commands: int) -> Work[str]:
    for n in range(commands):
        yield Command(f"{name}{n}")
    return name


def test_of_one_call_the_second_begins_when_the_first_has_ended() -> None:
    desk = Desk()
    desk.begin("c-1", "a", commands=2)
    desk.begin("c-1", "b")

    assert desk.sent == ["a0"]
    desk.works.settle("a0", Reply())
    assert desk.sent == ["a0", "a1"]
    desk.works.settle("a1", Reply())

    assert desk.sent == ["a0", "a1", "b0"]
    assert desk.ended == ["a"]


def test_another_call_does_not_wait() -> None:
    desk = Desk()
    desk.begin("c-1", "a")
    desk.begin("c-2", "b")

    assert desk.sent == ["a0", "b0"]


def test_what_needs_no_answer_ends_at_once_in_its_turn() -> None:
    desk = Desk()
    desk.begin("c-1", "a", commands=0)
    desk.begin("c-1", "b")
    desk.begin("c-1", "c", commands=0)

    assert desk.ended == ["a"]
    desk.works.settle("b0", Reply())
    assert desk.ended == ["a", "b", "c"]
    assert not desk.works.is_busy("c-1")


def test_a_second_answer_is_ignored() -> None:
    desk = Desk()
    desk.begin("c-1", "a", commands=2)

    desk.works.settle("a0", Reply())
    desk.works.settle("a0", Reply())

    assert desk.sent == ["a0", "a1"]


def test_what_comes_after_all_waits_for_those_before_and_for_no_others() -> None:
    desk = Desk()
    desk.begin("c-1", "a")
    desk.begin("c-2", "b")
    desk.works.after_all(lambda: desk.ended.append("list"))
    desk.begin("c-3", "c")

    desk.works.settle("a0", Reply())
    assert desk.ended == ["a"]
    desk.works.settle("b0", Reply())
    assert desk.ended == ["a", "b", "list"]


def test_a_fault_in_one_does_not_stop_those_that_come_after() -> None:
    desk = Desk()

    def faulty() -> Work[str]:
        yield Command("x0")
        raise RuntimeError("a bug")

    desk.works.begin("c-1", faulty(), desk.ended.append)
    desk.begin("c-1", "a")
    with pytest.raises(RuntimeError):
        desk.works.settle("x0", Reply())
    desk.begin("c-1", "b")
    desk.works.settle("a0", Reply())

    assert desk.sent == ["x0", "a0", "b0"]
