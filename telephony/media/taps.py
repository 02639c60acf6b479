"""The taps that run in one worker: whose packets go into which recording, and when it is cut."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from telephony.media.errors import UnknownTap
from telephony.media.session import Session
from telephony.media.sound.g711 import FRAME_MS
from telephony.media.sound.quiet import Quiet
from telephony.media.taping.recorder import Recorder
from telephony.media.taping.tap import BLOCK_MS, Tap, TapSide

_GROUPS = BLOCK_MS // FRAME_MS
"Taps are cut in turn, some of them each 20 ms, so that the writer is fed evenly."


@dataclass(slots=True)
class _RunningTap:
    tap: Tap
    sessions: tuple[Session, Session]
    "Left and right."
    group: int
    quiet: Quiet | None = None
    beside: dict[str, Session] = field(default_factory=dict)
    "More legs of the right side."

    @property
    def legs(self) -> tuple[str, str]:
        return self.sessions[0].leg, self.sessions[1].leg


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

    def paused_of_leg(self, leg: str) -> list[str]:
        return [tap_id for tap_id in self.of_leg(leg) if self._running[tap_id].tap.pauses.is_on]

    def begin(
        self,
        tap_id: str,
        left: Session,
        right: Session,
        file: str,
        now: float,
        silence_s: float = 0.0,
        beside: Sequence[Session] = (),
        *,
        paused: bool = False,
    ) -> None:
        """`silence_s`: the left side may be silent for so long; 0: for ever. `beside`: they are
        heard on the right, too. `paused`: from its first sample on."""
        running = self._running.get(tap_id)
        if running is not None:
            self._move(running, left, right)
            self._set_beside(running, beside)
            return
        tap = Tap(tap_id, now, self._side)
        tap.pause(paused, now)
        self._next_group = (self._next_group + 1) % _GROUPS
        quiet = Quiet(silence_s) if silence_s else None
        self._running[tap_id] = _RunningTap(tap, (left, right), self._next_group, quiet)
        self._groups[self._next_group][tap_id] = tap
        left.sinks += (tap.left,)
        right.sinks += (tap.right,)
        self._set_beside(self._running[tap_id], beside)
        self._recorder.begin(tap_id, file)

    def pause(self, tap_id: str, on: bool, now: float) -> None:
        """Raises `UnknownTap`: who wants a pause must know that there is none."""
        running = self._running.get(tap_id)
        if running is None:
            raise UnknownTap(f"there is no recording {tap_id} to be paused")
        running.tap.pause(on, now)

    def _set_beside(self, running: _RunningTap, wanted: Sequence[Session]) -> None:
        tap, legs = running.tap, {session.leg: session for session in wanted}
        for leg in running.beside.keys() - legs.keys():
            self._take_off_beside(running, leg)
        for leg, session in legs.items():
            if leg not in running.beside:
                running.beside[leg] = session
                session.sinks += (tap.stand_beside(leg),)

    def _take_off_beside(self, running: _RunningTap, leg: str) -> None:
        side = running.tap.leave(leg)
        session = running.beside.pop(leg)
        session.sinks = tuple(sink for sink in session.sinks if sink is not side)

    def released(self, session: Session) -> None:
        """The leg is gone; a guest's voice goes from the recording with it."""
        for running in self._running.values():
            if running.beside.get(session.leg) is session:
                self._take_off_beside(running, session.leg)

    def _move(self, running: _RunningTap, left: Session, right: Session) -> None:
        """Somebody speaks by another leg from now on; the file and its time line go on."""
        _take_off(running)
        running.sessions = (left, right)
        left.sinks += (running.tap.left,)
        right.sinks += (running.tap.right,)

    def tick(self, now: float) -> None:
        """20 ms have passed."""
        self._round = (self._round + 1) % _GROUPS
        over = [
            tap.tap_id
            for tap in self._groups[self._round].values()
            if self._cut(tap, now, final=False)
        ]
        for tap_id in over:
            self.end(tap_id, now)

    def end(self, tap_id: str, now: float) -> None:
        running = self._running.pop(tap_id, None)
        if running is None:
            return
        del self._groups[running.group][tap_id]
        _take_off(running)
        self._cut(running.tap, now, final=True)
        for leg in [*running.beside]:
            self._take_off_beside(running, leg)
        self._recorder.end(tap_id)

    def end_deserted(self, sessions: Mapping[str, Session], now: float) -> None:
        """Nobody is left to be recorded: the file is closed though core did not say so."""
        for tap_id, running in list(self._running.items()):
            if not any(leg in sessions for leg in running.legs):
                self.end(tap_id, now)

    def _cut(self, tap: Tap, now: float, *, final: bool) -> bool:
        """True when it has been silent for as long as it may."""
        block = tap.cut(now, final=final)
        if block is None:
            return False
        self._recorder.write(tap.tap_id, block)
        running = self._running.get(tap.tap_id)
        quiet = None if running is None else running.quiet
        return quiet is not None and quiet.is_over(block.left, block.left_law)


def _take_off(running: _RunningTap) -> None:
    sides = (running.tap.left, running.tap.right)
    for session in running.sessions:
        session.sinks = tuple(sink for sink in session.sinks if sink not in sides)
