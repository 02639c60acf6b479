"""What a call leaves behind in core when it is over: nothing but what is counted and bounded."""

import gc

from callcenter.conduct.narrator import Narrator
from callcenter.events import HouseEvent
from callcenter.revival.kept_past import Past
from foundation import clock
from foundation.record import Record
from telephony.calls.agent_side import AgentSide
from telephony.calls.call import Call
from telephony.calls.parts import Parts
from tests.support.fake_house import EVA
from tests.support.joined_house import JoinedHouse
from tests.support.sizes import sizes
from wallboard.board import Board

BOUNDED = {
    "past.history.ended", "past.history.talks", "board.ended", "board.rushes._minutes",
    "floor._ground._expected_waits",
}  # fmt: skip
"The latest so many, for which they have tests of their own."


class Core(JoinedHouse):
    """All of core between SIP and the disk, with what reads the journal."""

    def __init__(self) -> None:
        super().__init__()
        self.narrator = Narrator(lambda: self.now)
        self.past, self.board_of_web, self.seq = Past(), Board(), 0
        self.conductor.listen(self.narrator.on_event)
        self.conductor.listen(self._record)

    def _record(self, event: HouseEvent) -> None:
        self.seq += 1
        record: Record[object] = Record(self.seq, self.now, clock.utc_now(), event)
        self.past.take(record)
        self.board_of_web.fold(record)

    def call(self, number: int) -> None:
        """Answered, talked, hung up by the caller, wrapped up; every third one gives up waiting."""
        caller = self.invite(f"caller-{number}")
        self.press(caller, "1")
        if number % 3:
            self.pick_up(self.legs_to(EVA)[-1])
        self.wait(5)
        self.hang_up(caller)
        self.wait(30)
        self.sip.done.clear()

    def kept(self) -> dict[str, int]:
        ours = {
            "switchboard": self.board, "floor": self.floor, "ivr": self._ivr,
            "journey": self.journey, "regulars": self.regulars, "limits": self._limits,
            "narrator": self.narrator, "past": self.past, "board": self.board_of_web,
        }  # fmt: skip
        return sizes(ours)


def test_calls_that_are_over_leave_nothing_that_grows() -> None:
    core = Core()
    core.register(EVA)
    for number in range(60):
        core.call(number)
    before = core.kept()
    for number in range(60, 120):
        core.call(number)
    after = core.kept()

    grown = {path: after[path] - before.get(path, 0) for path in after}
    unbounded = {path for path, more in grown.items() if more > 0 and not is_bounded(path)}
    assert unbounded == set()
    assert grown["past.history.ended"] == 60, "it would be seen"


def is_bounded(path: str) -> bool:
    return any(path.startswith(bounded) for bounded in BOUNDED)


def test_call_that_is_over_is_gone_before_the_garbage_collector_looks() -> None:
    core = Core()
    core.register(EVA)
    gc.collect()
    gc.disable()
    try:
        for number in range(6):
            core.call(number)
        left = [each for each in gc.get_objects() if isinstance(each, Call | Parts | AgentSide)]
    finally:
        gc.enable()
    assert left == []
