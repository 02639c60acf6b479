"""The day of last week, read from a real journal."""

from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from acd.events import AgentAnswered, CallQueued
from callcenter.codec import CODEC
from callcenter.records.past_day import read_past
from foundation.ids import AgentId, CallId, QueueId
from foundation.journal import Journal, JournalReader
from tests.support.set_clock import SetClock

ORDERS, SHANGHAI = QueueId("orders"), ZoneInfo("Asia/Shanghai")


async def test_half_hours_of_that_local_day_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = SetClock()  # the first of March, four in the afternoon in Shanghai
    journal = await Journal.open(tmp_path / "journal.db", CODEC, clock=clock)
    for hour in range(24 * 8):
        for call in range(1 + hour % 2):
            call_id = CallId(f"c-{hour}-{call}")
            journal.publish(CallQueued(call_id, ORDERS))
            journal.publish(AgentAnswered(call_id, ORDERS, AgentId("ann")))
        clock.pass_s(3600)
    await journal.close()
    reader = JournalReader(tmp_path / "journal.db", CODEC)

    # 36 callers, each queued and answered.
    second = await read_past(reader, date(2026, 3, 2), SHANGHAI, most=72)
    too_much = await read_past(reader, date(2026, 3, 2), SHANGHAI, most=71)
    before = await read_past(reader, date(2026, 3, 1) - timedelta(days=1), SHANGHAI)

    assert second.day == date(2026, 3, 2)
    assert sorted(second.house) == list(range(0, 48, 2)), "from midnight to midnight, hourly"
    assert sum(counts.offered for counts in second.house.values()) == 36
    assert second.queues["orders"] == second.house
    assert second.intervals(("orders",)) == second.house
    assert second.intervals(("sales",)) == {}
    assert before.house == {}, "the journal begins later"
    assert too_much.house == {}, "half a day would be taken for the whole"
    assert "2026-03-02 has no line" in caplog.text
