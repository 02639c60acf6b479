"""A journal row as it lies on the disk and travels between our processes: an undecoded record."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from foundation.journal.codec import EventCodec
from foundation.record import Record

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class Row(NamedTuple):
    """The columns of table `journal`, in this order."""

    seq: int
    version: int
    utc_us: int
    "Microseconds since 1970."
    mono_ns: int
    "CLOCK_MONOTONIC of the boot `boot_id`."
    boot_id: str
    at_s: float
    kind: str
    body: bytes


def to_us(utc: datetime) -> int:
    return (utc - EPOCH) // MICROSECOND


def to_record(row: Row, codec: EventCodec) -> Record[object]:
    return Record(
        seq=row.seq,
        at_s=row.at_s,
        utc=EPOCH + row.utc_us * MICROSECOND,
        event=codec.decode(row.kind, row.version, row.body),
    )
