"""What the journal has of one call, for its story (`web.call_record`) and its inspection."""

from datetime import datetime

import msgspec

from foundation.ids import CallId, RecordingId
from foundation.journal import JournalReader, Row
from recordings import events as recordings


async def rows_of_call(reader: JournalReader, call_id: CallId, since: datetime) -> list[Row]:
    """Core's part: what the journal has since then of the call and of its recordings, in order."""
    parts = [_member("call_id", call_id), _member("target", call_id)]  # and what was done to it
    rows = await reader.mentioning(parts, since)
    made = [
        msgspec.json.decode(row.body, type=_OfRecording).recording_id
        for row in rows
        if row.kind == recordings.RecordingStarted.__name__
    ]
    if not made:
        return rows
    later = await reader.mentioning([_member("recording_id", each) for each in made], since)
    return [Row(*row) for row in sorted({*rows, *later})]


class _OfRecording(msgspec.Struct):
    recording_id: RecordingId


def _member(name: str, value: str) -> bytes:
    """As it stands in a row's JSON."""
    return f'"{name}":'.encode() + msgspec.json.encode(value)
