"""Call records as CSV: on the command line, over HTTP, and what is in the cells."""

import csv
import io
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest

from callcenter.codec import CODEC
from callcenter.configuration.settings import load
from callcenter.records.records_csv import COLUMNS, Days, WrongPeriod, csv_text
from callcenter.roles.web import application
from foundation.clock import utc_now
from foundation.db import make_engine, make_sessions
from foundation.ids import CallId, PartyId
from foundation.journal import Journal, JournalReader
from foundation.web.store import UserStore
from telephony.calls import events as calls
from telephony.calls.store import PartyStore
from tests.support.database import connections_ended, put_schema
from tests.support.web_house import USERS, client_of, running, sign_in

SHANGHAI = ZoneInfo("Asia/Shanghai")
CENTRE = "timezone: Asia/Shanghai\nrecordings: {transcribe: false}\n"
KNOWN, ERASED = PartyId("p-known"), PartyId("p-erased")


async def write_journal(folder: Path, facts: Sequence[object]) -> JournalReader:
    journal = await Journal.open(folder / "journal.db", CODEC)
    for fact in facts:
        journal.publish(fact)
    await journal.close()
    return JournalReader(folder / "journal.db", CODEC)


def story(count: int, reason: str = "bye") -> list[object]:
    facts: list[object] = []
    for n in range(count):
        call_id = CallId(f"c-{n}")
        facts.append(calls.CallArrived(call_id, KNOWN if n % 2 else ERASED, "8000", "north"))
        facts.append(calls.CallEnded(call_id, calls.EndedBy.CALLER, reason))
    return facts


async def nobody(party_ids: Sequence[PartyId]) -> Mapping[PartyId, str]:
    return {}


def today() -> date:
    return utc_now().astimezone(SHANGHAI).date()


def yesterday() -> date:
    """For what was written a moment ago, which may have been before midnight."""
    return today() - timedelta(days=1)


def parsed(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_days_are_of_the_centres_time_zone_and_both_included() -> None:
    days = Days(date(2026, 6, 22), date(2026, 6, 23), SHANGHAI)
    assert days.since == datetime(2026, 6, 21, 16, tzinfo=UTC)
    assert days.until == datetime(2026, 6, 23, 16, tzinfo=UTC)


def test_day_with_a_change_of_the_clock_has_its_own_length() -> None:
    days = Days(date(2026, 3, 29), date(2026, 3, 29), ZoneInfo("Europe/Berlin"))
    assert (days.until - days.since).total_seconds() == 23 * 3600


@pytest.mark.parametrize(
    ("first", "last"), [(date(2026, 6, 22), date(2026, 6, 21)), (date.min, date.max)]
)
def test_days_that_make_no_period_are_refused(first: date, last: date) -> None:
    with pytest.raises(WrongPeriod):
        Days(first, last, SHANGHAI)


async def test_numbers_are_looked_up_some_hundred_at_a_time(tmp_path: Path) -> None:
    reader = await write_journal(tmp_path, story(1200))
    asked: list[int] = []
    seen: list[int] = []

    async def numbers(party_ids: Sequence[PartyId]) -> Mapping[PartyId, str]:
        asked.append(len(party_ids))
        return {KNOWN: "+8613900000001"}

    days = Days(yesterday(), today(), SHANGHAI)
    pieces = [piece async for piece in csv_text(reader, days, numbers, seen.append)]

    rows = parsed("".join(pieces))
    assert max(asked) <= 500
    assert len({row["call_id"] for row in rows}) == len(rows) == 1200
    assert {row["caller"] for row in rows} == {"+8613900000001", ""}
    assert all((row["caller"] == "") == (int(row["call_id"][2:]) % 2 == 0) for row in rows)
    assert seen == [500, 1000, 1500, 2000]


async def test_times_stand_in_utc_and_in_local_time(tmp_path: Path) -> None:
    reader = await write_journal(tmp_path, story(1))
    days = Days(yesterday(), today(), SHANGHAI)
    (row,) = parsed("".join([piece async for piece in csv_text(reader, days, nobody)]))

    assert tuple(row) == COLUMNS
    assert row["arrived_utc"].endswith("Z")
    assert row["arrived_local"].endswith("+08:00")
    utc, local = (datetime.fromisoformat(row[f"arrived_{zone}"]) for zone in ("utc", "local"))
    assert utc == local
    assert (row["answered_utc"], row["trunk"], row["outcome"]) == ("", "north", "cancelled")


@pytest.mark.parametrize(
    ("number", "cell"),
    [
        ("+8613900000001", "+8613900000001"),
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("+1+cmd", "'+1+cmd"),
        ("@sum", "'@sum"),
        ("-1", "'-1"),
        ('a"b,c', 'a"b,c'),
        ("李娜", "李娜"),
    ],
)
async def test_callers_name_is_no_formula(tmp_path: Path, number: str, cell: str) -> None:
    async def numbers(party_ids: Sequence[PartyId]) -> Mapping[PartyId, str]:
        return dict.fromkeys(party_ids, number)

    reader = await write_journal(tmp_path, story(1))
    days = Days(yesterday(), today(), SHANGHAI)
    (row,) = parsed("".join([piece async for piece in csv_text(reader, days, numbers)]))
    assert row["caller"] == cell


# -- the command and the address -------------------------------------------------------------------


async def fill(folder: Path) -> Path:
    """A centre with a day of three calls."""
    (folder / "callcenter.yaml").write_text(CENTRE, encoding="utf-8")
    settings = load(folder)
    settings.data_path.mkdir(exist_ok=True)
    engine = make_engine(settings.database_url)
    put_schema(settings.database_url)
    parties = PartyStore(make_sessions(engine))
    parties.save(KNOWN, "+8613900000001")
    assert await parties.flush()
    for user in USERS:
        await UserStore(engine).add(user)
    await engine.dispose()
    await write_journal(settings.data_path, story(3))
    return folder


@pytest.fixture
async def centre(tmp_path: Path) -> Path:
    return await fill(tmp_path)


@pytest.fixture
async def client(centre: Path) -> AsyncIterator[httpx.AsyncClient]:
    app = application(load(centre))
    with connections_ended():
        async with running(app), client_of(app) as client:
            yield client


async def test_supervisor_reads_the_records_of_a_day(client: httpx.AsyncClient) -> None:
    await sign_in(client, "sue")
    first = yesterday()
    answer = await client.get("/api/v1/records.csv", params={"from": str(first)})

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert f"calls-{first}-{today()}.csv" in answer.headers["content-disposition"]
    rows = parsed(answer.text)
    assert [row["caller"] for row in rows] == ["", "+8613900000001", ""]


async def test_day_without_calls_is_a_header(client: httpx.AsyncClient) -> None:
    await sign_in(client, "root")
    answer = await client.get("/api/v1/records.csv?from=2020-01-01&to=2020-01-02")
    assert answer.text.strip().split(",") == list(COLUMNS)


@pytest.mark.parametrize(("name", "status"), [("tom", 403), ("ann", 403), (None, 401)])
async def test_callers_numbers_are_not_for_everybody(
    client: httpx.AsyncClient, name: str | None, status: int
) -> None:
    if name is not None:
        await sign_in(client, name)
    assert (await client.get("/api/v1/records.csv")).status_code == status


@pytest.mark.parametrize("query", ["from=yesterday", "from=2026-06-22&to=2026-06-21"])
async def test_days_that_are_none_are_422(client: httpx.AsyncClient, query: str) -> None:
    await sign_in(client, "sue")
    assert (await client.get(f"/api/v1/records.csv?{query}")).status_code == 422


async def test_without_a_journal_the_answer_is_503(client: httpx.AsyncClient, centre: Path) -> None:
    (centre / "data" / "journal.db").unlink()
    await sign_in(client, "sue")
    assert (await client.get("/api/v1/records.csv")).status_code == 503
