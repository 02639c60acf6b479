"""Who hears of each record, in which order.

Subscribers are called one after the other in the order they subscribed, synchronously; a record
that is published while another is being told waits for its turn, so everybody sees every record in
the order of its number. A subscriber that throws is logged and stops nobody else.
"""

from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from foundation.errors import LocalError
from foundation.tasks import contain

T = TypeVar("T")

MAX_CASCADE = 10_000
"Facts that one fact may cause before we call it a loop."


class Cascade(LocalError):
    """Subscribers answer facts with facts without end."""


class Bus(Generic[T]):
    """Bounded, ordered, synchronous."""

    def __init__(self) -> None:
        self._subscribers: list[Callable[[T], None]] = []
        self._untold: deque[T] = deque()
        self._telling = False

    def subscribe(self, subscriber: Callable[[T], None]) -> Callable[[], None]:
        """Returns the function that ends the subscription."""
        self._subscribers.append(subscriber)
        return lambda: self._subscribers.remove(subscriber)

    def tell(self, item: T) -> None:
        if len(self._untold) >= MAX_CASCADE:
            raise Cascade(f"more than {MAX_CASCADE} facts wait to be told, the last is {item!r}")
        self._untold.append(item)
        if self._telling:
            return
        self._telling = True
        try:
            while self._untold:
                self._tell_all(self._untold.popleft())
        finally:
            self._telling = False

    def _tell_all(self, item: T) -> None:
        for subscriber in list(self._subscribers):
            contain(f"the subscriber {subscriber!r}", subscriber, item)
