"""A clock that stands where the test puts it."""

from datetime import UTC, datetime, timedelta


class SetClock:
    def __init__(self, boot: str = "boot-1", mono_s: float = 100.0) -> None:
        self.utc = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
        self.mono_s = mono_s
        self.boot = boot

    def pass_s(self, seconds: float) -> None:
        self.utc += timedelta(seconds=seconds)
        self.mono_s += seconds

    def utc_now(self) -> datetime:
        return self.utc

    def monotonic_ns(self) -> int:
        return round(self.mono_s * 1e9)

    def boot_id(self) -> str:
        return self.boot
