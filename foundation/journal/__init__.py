"""Every fact of the house, once, in order; see `foundation.journal.journal`."""

from foundation.journal.codec import EventCodec, JournalGap, UnknownEvent, Upcaster
from foundation.journal.journal import Journal, TooSlow
from foundation.journal.reader import JournalReader
from foundation.journal.rows import Row, to_record
from foundation.journal.writer import JournalOptions

__all__ = [
    "EventCodec",
    "Journal",
    "JournalGap",
    "JournalOptions",
    "JournalReader",
    "Row",
    "TooSlow",
    "UnknownEvent",
    "Upcaster",
    "to_record",
]
