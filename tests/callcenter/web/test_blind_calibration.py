"""Inspectors who are compared score by themselves, and a draft is its inspector's alone."""

from dataclasses import replace
from pathlib import Path

from foundation import clock
from foundation.db import make_engine, make_sessions
from recordings.inspection.inspection import (
    Inspection,
    InspectionId,
    save,
    submit,
)
from recordings.inspection.store import InspectionStore
from tests.support.played_inspections import FORM, SHEET
from tests.support.whole_web import WholeWeb, whole_web

OPEN = InspectionId("i-open")
"Given to Ina."


async def read(house: WholeWeb, who: str, inspection_id: str) -> tuple[float | None, bool, bool]:
    """Its score, whether there are points and a summary: the same alone and in the list."""
    alone = (await house.get(who, f"/api/v1/inspections/{inspection_id}")).json()
    items = (await house.get(who, "/api/v1/inspections")).json()["items"]
    assert [each for each in items if each["id"] == inspection_id] == [alone]
    return alone["score"], bool(alone["points"]), bool(alone["summary"])


async def test_nobody_reads_a_draft_or_anothers_score_before_having_given_the_own(
    tmp_path: Path,
) -> None:
    async with whole_web(tmp_path) as house:
        engine = make_engine(house.settings.database_url)
        store = InspectionStore(make_sessions(engine))
        mine = replace(await store.get(OPEN), calibration="c-1")
        theirs = replace(mine, inspection_id=InspectionId("i-theirs"), inspector="sue")
        await store.add([theirs])
        for draft in (mine, theirs):
            await store.replace(save(draft, SHEET, FORM, draft.inspector))
        assert await read(house, "ina", OPEN) == (None, True, True)
        assert await read(house, "sue", OPEN) == (None, False, False)

        def done(sheet: Inspection) -> Inspection:
            return submit(sheet, SHEET, FORM, sheet.inspector, clock.utc_now())

        await store.replace(done(theirs))
        assert await read(house, "ina", "i-theirs") == (None, False, False)
        assert await read(house, "root", "i-theirs") == (100, True, True)

        await store.replace(done(mine))
        assert await read(house, "ina", "i-theirs") == (100, True, True)
        await engine.dispose()
