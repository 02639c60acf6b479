"""The taps that run in one worker: whose packets go into which recording, and when it is cut."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from telephony.media.g711 import FRAME_MS
from telephony.media.recorder import Recorder
from telephony.media.session import Session
from telephony.media.tap import BLOCK_MS, Tap, TapSide

_GROUPS = BLOCK_MS // FRAME_MS
"Taps are cut in turn, some of them each 20 ms, so that the writer is fed evenly."


@dataclass(slots=True)
class _RunningTap:
    tap: Tap
    legs: tuple[str, str]
    group: int


class Taps:
    """Begins, cuts and ends recordings; the packets themselves go straight into the `Tap`."""

    def __init__(self, recorder: Recorder, side: Callable[[float], TapSide] = TapSide) -> None:
        self._recorder = recorder
        self._side = side
        self._running: dict[str, _RunningTap] = {}
        self._groups: tuple[dict[str, Tap], ...] = tuple({} for _ in range(_GROUPS))
        self._next_group = 0
        self._round = 0

    def __bool__(self) -> bool:
        return bool(self._running)

    def of_leg(self, leg: str) -> list[str]:
        return [tap_id for tap_id, running in self._running.items() if leg in running.legs]

    def begin(self, tap_id: str, left: Session, right: Session, file: str, now: float) -> None:
        if tap_id in self._running:
            return
        tap = Tap(tap_id, now, self._side)
        self._next_group = (self._next_group + 1) % _GROUPS
        self._running[tap_id] = _RunningTap(tap, (left.leg, right.leg), self._next_group)
        self._groups[self._next_group][tap_id] = tap
        left.sinks += (tap.left,)
        right.sinks += (tap.right,)
        self._recorder.begin(tap_id, file)

    def tick(self, now: float) -> None:
        """20 ms have passed."""
        self._round = (self._round + 1) % _GROUPS
        for tap in self._groups[self._round].values():
            self._cut(tap, now, final=False)

    def end(self, tap_id: str, sessions: Mapping[str, Session], now: float) -> None:
        running = self._running.pop(tap_id, None)
        if running is None:
            return
        del self._groups[running.group][tap_id]
        sides = (running.tap.left, running.tap.right)
        for leg in running.legs:
            session = sessions.get(leg)
            if session is not None:
                session.sinks = tuple(s for s in session.sinks if s not in sides)
        self._cut(running.tap, now, final=True)
        self._recorder.end(tap_id)

    def end_deserted(self, sessions: Mapping[str, Session], now: float) -> None:
        """Nobody is left to be recorded: the file is closed though core did not say so."""
        for tap_id, running in list(self._running.items()):
            if not any(leg in sessions for leg in running.legs):
                self.end(tap_id, sessions, now)

    def _cut(self, tap: Tap, now: float, *, final: bool) -> None:
        block = tap.cut(now, final=final)
        if block is not None:
            self._recorder.write(tap.tap_id, block)
