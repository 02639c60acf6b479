"""What the journal costs: events per CPU-second from `publish` to the disk, beside a subscriber.

At 1,000 events/s (a busy floor of a few thousand agents), flat out, and one acknowledged action
after the other (`settled`).

    python -m bench.journal [FOLDER]
"""

import asyncio
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from acd.events import CallQueued
from bench.machine import circumstances
from foundation.ids import QueueId, new_call_id
from foundation.journal import EventCodec, Journal

PACED_S, PER_S = 10, 1_000
FLAT_OUT = 200_000
ACTIONS = 300


@dataclass(frozen=True, slots=True)
class Taken:
    events: int
    wall_s: float
    cpu_s: float

    def __str__(self) -> str:
        return (
            f"{self.events} events in {self.wall_s:.1f} s, {self.cpu_s:.2f} CPU-s: "
            f"{self.events / self.cpu_s:,.0f} per CPU-second"
        )


def event() -> CallQueued:
    return CallQueued(new_call_id(), QueueId("orders"))


async def paced(journal: Journal) -> Taken:
    """In steps of 10 ms, as a loop that serves calls would publish."""
    wall, cpu = time.perf_counter(), time.process_time()
    for step in range(PACED_S * 100):
        for _ in range(PER_S // 100):
            journal.publish(event())
        await asyncio.sleep(max(0.0, wall + (step + 1) / 100 - time.perf_counter()))
    await journal.settled(journal.last_seq)
    return Taken(PACED_S * PER_S, time.perf_counter() - wall, time.process_time() - cpu)


async def flat_out(journal: Journal) -> Taken:
    wall, cpu = time.perf_counter(), time.process_time()
    for number in range(FLAT_OUT):
        journal.publish(event())
        if number % 1000 == 0:
            await asyncio.sleep(0)
    await journal.settled(journal.last_seq, timeout_s=60)
    return Taken(FLAT_OUT, time.perf_counter() - wall, time.process_time() - cpu)


async def publish_us(journal: Journal) -> float:
    """Of one call of `publish`, which is what a call pays."""
    began = time.perf_counter()
    for _ in range(10_000):
        journal.publish(event())
    took = time.perf_counter() - began
    await journal.settled(journal.last_seq, timeout_s=60)
    return took / 10_000 * 1e6


async def actions(journal: Journal) -> tuple[float, float]:
    """(median, p99) in ms of publish and `settled`, one after the other."""
    took_ms = []
    for _ in range(ACTIONS):
        began = time.perf_counter()
        await journal.settled(journal.publish(event()).seq)
        took_ms.append((time.perf_counter() - began) * 1000)
    return statistics.median(took_ms), statistics.quantiles(took_ms, n=100)[98]


async def main(folder: Path) -> None:
    print(circumstances())
    journal = await Journal.open(folder / "journal.db", EventCodec([CallQueued]))
    seen = 0

    def count(_: object) -> None:
        nonlocal seen
        seen += 1

    journal.subscribe(count)
    print(f"{PER_S}/s: {await paced(journal)}")
    print(f"flat out: {await flat_out(journal)}")
    print(f"publish: {await publish_us(journal):.1f} us")
    median, p99 = await actions(journal)
    print(f"acknowledged action: {median:.1f} ms, p99 {p99:.1f} ms")
    assert seen == journal.last_seq == await journal.reader.last_seq()
    await journal.close()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        asyncio.run(main(Path(sys.argv[1])))
    else:
        with tempfile.TemporaryDirectory() as temporary:
            asyncio.run(main(Path(temporary)))
