"""Slows down whoever tries passwords: after some failures a pause, doubled by each further one.

Counted for each user name from each address (so nobody can lock out a supervisor from afar), and
for each address over all names. Bounded: the entry that failed longest ago makes room.
"""

from collections import OrderedDict
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LockoutOptions:
    free_failures: int = 5
    free_failures_of_address: int = 20
    first_pause_s: float = 30.0
    longest_pause_s: float = 900.0
    forget_after_s: float = 3600.0
    "Without a failure."
    entries: int = 10_000


@dataclass(slots=True)
class _Failures:
    count: int = 0
    last_s: float = 0.0
    locked_until_s: float = 0.0


class Lockout:
    """Pure; `now_s` is of any steady clock."""

    def __init__(self, options: LockoutOptions | None = None) -> None:
        self._options = options or LockoutOptions()
        self._failures: OrderedDict[tuple[str, str], _Failures] = OrderedDict()

    def locked_for_s(self, user_id: str, address: str, now_s: float) -> float:
        """Seconds until this user may try again from this address; 0 when at once."""
        until_s = max(
            (self._failures[key].locked_until_s for key in _keys(user_id, address)
             if key in self._failures),
            default=0.0,
        )  # fmt: skip
        return max(0.0, until_s - now_s)

    def failed(self, user_id: str, address: str, now_s: float) -> None:
        free = (self._options.free_failures, self._options.free_failures_of_address)
        for key, free_failures in zip(_keys(user_id, address), free, strict=True):
            self._count(key, free_failures, now_s)

    def succeeded(self, user_id: str, address: str) -> None:
        """Forgives the name, not the address: else one good account would cover for guessing."""
        self._failures.pop(_keys(user_id, address)[0], None)

    def __len__(self) -> int:
        return len(self._failures)

    def _count(self, key: tuple[str, str], free_failures: int, now_s: float) -> None:
        entry = self._failures.setdefault(key, _Failures())
        self._failures.move_to_end(key)
        if now_s - entry.last_s > self._options.forget_after_s:
            entry.count = 0
        entry.count += 1
        entry.last_s = now_s
        over = entry.count - free_failures
        if over >= 0:
            pause_s = self._options.first_pause_s * 2 ** min(over, 16)
            entry.locked_until_s = now_s + min(pause_s, self._options.longest_pause_s)
        while len(self._failures) > self._options.entries:
            self._failures.popitem(last=False)


def _keys(user_id: str, address: str) -> tuple[tuple[str, str], tuple[str, str]]:
    return ((user_id, address), ("", address))
