"""Who hears of each record, in which order.

Subscribers are called one after the other in the order they subscribed, synchronously; a record
that is published while another is being told waits for its turn, so everybody sees every record in
the order of its number. A subscriber that throws is logged and stops nobody else.

Most hear of a few kinds only. Who hears of which is found once for each kind: a busy house tells
twenty facts of each call to a dozen subscribers.
"""

from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from foundation.errors import LocalError
from foundation.tasks import contain_each

T = TypeVar("T")

MAX_CASCADE = 10_000
"Facts that one fact may cause before we call it a loop."


class Cascade(LocalError):
    """Subscribers answer facts with facts without end."""


class Bus(Generic[T]):
    """Bounded, ordered, synchronous."""

    def __init__(self) -> None:
        self._subscribers: list[tuple[Callable[[T], object], tuple[type, ...]]] = []
        self._hearers: dict[type, tuple[Callable[[T], object], ...]] = {}
        "By the kind of an item; filled as kinds come."
        self._untold: deque[T] = deque()
        self._telling = False

    def subscribe(self, subscriber: Callable[[T], object], *kinds: type) -> Callable[[], None]:
        """Returns the function that ends the subscription. Without `kinds` it hears of all."""
        subscription = (subscriber, kinds)
        self._subscribers.append(subscription)
        self._hearers.clear()

        def end() -> None:
            self._subscribers.remove(subscription)
            self._hearers.clear()

        return end

    def tell(self, item: T) -> None:
        if len(self._untold) >= MAX_CASCADE:
            raise Cascade(f"more than {MAX_CASCADE} facts wait to be told, the last is {item!r}")
        self._untold.append(item)
        if self._telling:
            return
        self._telling = True
        try:
            while self._untold:
                told = self._untold.popleft()
                hearers = self._hearers.get(type(told)) or self._find_hearers(type(told))
                contain_each("a subscriber", hearers, told)
        finally:
            self._telling = False

    def _find_hearers(self, kind: type) -> tuple[Callable[[T], object], ...]:
        found = self._hearers[kind] = tuple(
            subscriber
            for subscriber, kinds in self._subscribers
            if not kinds or issubclass(kind, kinds)
        )
        return found
