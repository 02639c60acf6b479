"""Days that no calendar has room for, numbers that no database counts: refused with a sentence."""

from pathlib import Path

from tests.support.whole_web import whole_web

DRAW = {"how": "random", "inspectors": ["ina"], "since": "2026-03-01", "until": "2026-03-02"}
HUGE = "99999999999999999999"
LISTS = (
    *(f"recordings?{key}=0001-01-01" for key in ("date", "from")),
    *(f"recordings?{key}=9999-12-31" for key in ("date", "to")),
    f"recordings?offset={HUGE}",
    "quality/results?since=0001-01-01",
    "quality/results?until=9999-12-31",
    f"quality/results?offset={HUGE}",
    f"inspections?offset={HUGE}",
    "inspections/month?month=0000-01",
    "inspections/month?month=9999-12",
    "search?q=hello&from=0001-01-01",
    "search?q=hello&to=9999-12-31",
    f"search?q=hello&offset={HUGE}",
    f"tasks?offset={HUGE}",
    f"history?offset={HUGE}",
)
DRAWS = ({"since": "0001-01-01"}, {"until": "9999-12-31"}, {"agent_id": "\ud800"})


async def test_absurd_days_and_places_in_a_list_are_refused_with_a_sentence(tmp_path: Path) -> None:
    async with whole_web(tmp_path) as house:
        for asked in LISTS:
            answer = await house.get("sue", f"/api/v1/{asked}")
            assert (answer.status_code, "error" in answer.json()) == (422, True), asked
        for wrong in DRAWS:
            path, body = "/api/v1/inspections/draw", {**DRAW, **wrong}
            assert await house.knock("ina", "POST", path, body) == 422, wrong
        assert await house.knock("ina", "POST", "/api/v1/inspections/draw", DRAW) == 200
