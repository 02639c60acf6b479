"""The only file that reads a clock outside an event loop.

`CLOCK_MONOTONIC` is shared by all processes of one boot and survives their restarts; durations are
taken from it. Wall time is for people.
"""

import time
from datetime import UTC, datetime
from pathlib import Path


def monotonic_s() -> float:
    """Seconds since an arbitrary point, the same in every process of this boot."""
    return time.monotonic()


def monotonic_ns() -> int:
    return time.monotonic_ns()


def utc_now() -> datetime:
    return datetime.now(UTC)


def boot_id() -> str:
    """Names this boot of the machine; durations across two boots mean nothing."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
