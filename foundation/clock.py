"""The only file that reads a clock outside an event loop.

`CLOCK_MONOTONIC` is shared by all processes of one boot and survives their restarts; durations are
taken from it. Wall time is for people.
"""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol


class Clock(Protocol):
    """What this module offers; the journal takes one, so that its tests can set the time."""

    def utc_now(self) -> datetime: ...

    def monotonic_ns(self) -> int: ...

    def boot_id(self) -> str: ...


def monotonic_s() -> float:
    """Seconds since an arbitrary point, the same in every process of this boot."""
    return time.monotonic()


def monotonic_ns() -> int:
    return time.monotonic_ns()


def cpu_s() -> float:
    """What this process has used of the processor, all threads."""
    return time.process_time()


def utc_now() -> datetime:
    return datetime.now(UTC)


def boot_id() -> str:
    """Names this boot of the machine; durations across two boots mean nothing."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
