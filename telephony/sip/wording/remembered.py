"""What messages say again and again is read once, and still no stranger fills our memory."""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TypeVar

T = TypeVar("T")

LONGEST = 512
"Characters: longer than phones write, and of 8,192 thousands would be megabytes."


def remembered(most: int) -> Callable[[Callable[[str], T]], Callable[[str], T]]:
    """`lru_cache` for the latest `most` texts that are not too long."""

    def of(read: Callable[[str], T]) -> Callable[[str], T]:
        known = lru_cache(maxsize=most)(read)

        @wraps(read)
        def find(text: str) -> T:
            return known(text) if len(text) <= LONGEST else read(text)

        return find

    return of
