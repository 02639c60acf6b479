"""When the house is told that recordings do not reach their store, and when they do again. Pure.

ShelfNow, all well ─▶ · told once          trouble for `grace_s`, or `most_bytes` wait
        ▲                                          │
        └──── no trouble, half as much waits ──────┘ ShelfTroubled … ShelfMended
"""

from dataclasses import dataclass

from recordings.events import ShelfMended, ShelfTroubled

GIB = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchOptions:
    grace_s: float = 60.0
    "A trouble that is over sooner is nobody's."
    most_bytes: int = 20 * GIB
    "More than this waits: the backlog is full."


@dataclass(frozen=True, slots=True, kw_only=True)
class ShelfNow:
    """What waits on this disk for the store, as its mover told it last."""

    files: int = 0
    bytes: int = 0
    oldest_s: float = 0.0
    "Age of the file that waits longest."
    trouble: str = ""
    "A sentence; '' when files go."


class ShelfWatch:
    """Of one store."""

    def __init__(self, options: WatchOptions) -> None:
        self._options = options
        self.now: ShelfNow | None = None
        "None before it is heard of."
        self._since: float | None = None
        "Of the trouble."
        self._told: bool | None = None
        "That all is well; None: what an earlier process told is not known."

    def feed(self, told: ShelfNow, now: float) -> list[ShelfTroubled | ShelfMended]:
        self.now = told
        self._since = (now if self._since is None else self._since) if told.trouble else None
        if (sentence := self._sentence(told, now)) and self._told is not False:
            self._told = False
            return [ShelfTroubled(sentence, told.files, told.bytes)]
        if not sentence and self._is_well(told) and self._told is not True:
            self._told = True
            return [ShelfMended()]
        return []

    def _sentence(self, told: ShelfNow, now: float) -> str:
        if told.bytes > self._options.most_bytes:
            full = f"{told.bytes / GIB:.1f} GB of recordings wait on this disk for their store"
            return f"{full}: {told.trouble}" if told.trouble else full
        is_over = self._since is not None and now - self._since >= self._options.grace_s
        return told.trouble if is_over else ""

    def _is_well(self, told: ShelfNow) -> bool:
        return not told.trouble and told.bytes <= self._options.most_bytes / 2
