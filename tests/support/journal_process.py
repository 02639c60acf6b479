"""Publishes until it is killed: `python -m tests.support.journal_process FILE`.

Prints the number of each record that it was told to be safe.
"""

import asyncio
import sys
from pathlib import Path

from foundation.ids import CallId
from foundation.journal import Journal
from tests.support.events import CODEC, BellRang


async def main(path: Path) -> None:
    journal = await Journal.open(path, CODEC)
    number = journal.last_seq
    while True:
        for _ in range(10):
            number += 1
            record = journal.publish(BellRang(CallId(f"c-{number}"), number))
        await journal.settled(record.seq)
        sys.stdout.write(f"{record.seq}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
