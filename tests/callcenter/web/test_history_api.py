"""Past calls and the audit, through the real application: who finds what."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from callcenter.asks import ChangeQueueLive
from foundation import clock
from tests.support.whole_web import PAST, PAST_NUMBER, WholeWeb, whole_web


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[WholeWeb]:
    async with whole_web(tmp_path) as house:
        yield house


async def found(house: WholeWeb, who: str, query: str = "") -> list[str]:
    answer = await house.get(who, f"/api/v1/history?{query}")
    assert answer.status_code == 200, answer.text
    return [call["id"] for call in answer.json()["items"]]


@pytest.mark.parametrize(
    ("query", "matches"),
    [
        ("", True),
        ("queue=orders&agent_id=ann&outcome=answered&line=8000", True),
        ("queue=night", False),
        ("agent_id=bob", False),
        ("outcome=abandoned", False),
        ("line=8001", False),
        ("number=1234", True),
        ("number=9999", False),
        ("from=2020-01-01&to=2020-01-31", False),
    ],
)
async def test_calls_are_found_by_what_they_were(
    house: WholeWeb, query: str, matches: bool
) -> None:
    assert await found(house, "sue", query) == ([PAST] if matches else [])


async def test_row_tells_times_recordings_and_the_number_to_whom_it_is_for(
    house: WholeWeb,
) -> None:
    (call,) = (await house.get("sue", "/api/v1/history")).json()["items"]
    assert (call["number"], call["recordings"]) == (PAST_NUMBER, ["r-1"])
    assert (call["queue"], call["agent_id"], call["ended_by"]) == ("orders", "ann", "caller")

    (call,) = (await house.get("ina", "/api/v1/history")).json()["items"]
    assert "number" not in call
    refused = await house.get("ina", "/api/v1/history?number=1")
    assert (refused.status_code, "supervisors" in refused.json()["error"]) == (403, True)


async def test_team_lead_finds_the_own_teams_calls_only(house: WholeWeb) -> None:
    assert await found(house, "lea") == [PAST]
    assert await found(house, "leo") == []
    assert (await house.get("lea", f"/api/v1/calls/{PAST}")).status_code == 200
    assert (await house.get("leo", f"/api/v1/calls/{PAST}")).status_code == 403
    assert (await house.get("bob", f"/api/v1/calls/{PAST}")).status_code == 200, "it rang there"


@pytest.mark.parametrize("query", ["from=2020-01-01", "from=2020-02-01&to=2020-01-01", "limit=0"])
async def test_period_that_makes_no_sense_is_refused(house: WholeWeb, query: str) -> None:
    last = "&to=2020-03-01" if query == "from=2020-01-01" else ""
    assert (await house.get("sue", f"/api/v1/history?{query}{last}")).status_code == 422


async def test_story_of_a_day_is_read_from_the_journal_with_what_was_done_to_the_call(
    house: WholeWeb,
) -> None:
    day = clock.utc_now().date().isoformat()
    story = (await house.get("sue", f"/api/v1/calls/{PAST}?day={day}")).json()
    kinds = [event["kind"] for event in story["events"]]
    assert kinds[0] == "CallArrived"
    assert kinds.index("ActionTaken") < kinds.index("CallPromoted")
    assert "TranscriptReady" in kinds

    gone = await house.get("sue", f"/api/v1/calls/{PAST}?day=2999-01-01")
    assert gone.status_code == 404


@pytest.mark.parametrize(
    ("query", "actions"),
    [
        ("", ["user locked", "priority"]),
        ("by=sue", ["priority"]),
        ("action=lock", ["user locked"]),
        (f"target={PAST}", ["priority"]),
        ("from=2020-01-01", []),
    ],
)
async def test_audit_tells_who_did_what_the_newest_first(
    house: WholeWeb, query: str, actions: list[str]
) -> None:
    told = (await house.get("sue", f"/api/v1/audit?{query}")).json()
    assert [each["action"] for each in told["items"]] == actions


async def test_console_tells_whom_one_may_act_for(house: WholeWeb) -> None:
    lea = (await house.get("lea", "/api/v1/console")).json()
    assert (sorted(lea["agents"]), lea["queues"]) == (["ann", "bob", "lea"], ["orders"])
    assert (lea["may_change"], lea["phone"]) == (False, "lea")
    sue = (await house.get("sue", "/api/v1/console")).json()
    assert (len(sue["agents"]), sue["queues"], sue["may_change"]) == (5, ["orders", "night"], True)
    assert sue["agents"]["ann"]["skills"] == {"orders": 5}


async def test_queue_is_closed_by_its_switch(house: WholeWeb) -> None:
    await house.knock("sue", "PUT", "/api/v1/queues/orders", {"closed": True})
    assert ChangeQueueLive(queue="orders", fields={"closed": True}, by="sue") in house.core.requests
