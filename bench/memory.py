"""How much memory processes have while something goes on, and how fast it grows."""

import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

PAGE_BYTES = 4096
EVERY_S = 0.5
Sample = tuple[float, int]
"Seconds since the beginning, resident bytes."


class Watch:
    """Samples processes by name until its block ends."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self.names = list(pids)
        self._pids = pids
        self.samples: dict[str, list[Sample]] = {name: [] for name in pids}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="memory")

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        begun_at = time.monotonic()
        while not self._ended.wait(EVERY_S):
            for name, pid in self._pids.items():
                sample = (time.monotonic() - begun_at, resident_bytes(pid))
                self.samples[name].append(sample)

    def settled(self, name: str, after: float) -> list[Sample]:
        """Without the first share `after`."""
        samples = self.samples[name]
        return samples[int(len(samples) * after) :]

    def slope_bytes_per_s(self, name: str, after: float) -> float:
        return slope(self.settled(name, after))

    def between_mb(self, name: str, after: float) -> tuple[float, float]:
        samples = self.settled(name, after)
        return samples[0][1] / 1e6, samples[-1][1] / 1e6


def resident_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_BYTES


def slope(samples: list[Sample]) -> float:
    """Least squares, bytes per second."""
    middle_s = sum(at for at, _ in samples) / len(samples)
    middle = sum(size for _, size in samples) / len(samples)
    above = sum((at - middle_s) * (size - middle) for at, size in samples)
    below = sum((at - middle_s) ** 2 for at, _ in samples)
    return above / below if below else 0.0
