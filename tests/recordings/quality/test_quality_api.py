"""`/api/v1/quality`: verdicts with their clips, the worst first, rules with figures, trials."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from foundation.errors import CallCentreError, NotAllowed
from foundation.ids import AgentId
from recordings.quality.api import Desk, quality_router
from recordings.quality.figures import PackFigures, RuleFigures
from recordings.quality.store import QualityStore
from recordings.store import RecordingStore
from tests.support.database import fresh_sessions
from tests.support.quality_store_behaviour import ONE, TWO, Shelf, verdict
from tests.support.quality_talks import pack
from tests.support.recording_fakes import STARTED

URL = "/api/v1/quality"
PACK = pack("language: zh\nforbidden: [{phrase: 没办法, severity: 2}]", "zh")
FIGURES = PackFigures(
    pack="zh",
    version=PACK.version,
    language="zh",
    model="tiny-zh",
    measured="2026-03-01",
    calls=70,
    errors=8,
    said=1000,
    rules=[RuleFigures(rule="没办法", kind="forbidden", right=19, missed=1, wrong=0, near=12)],
)


def role(*allowed: str) -> Any:  # noqa: ANN401  a FastAPI dependency
    def guard(request: Request) -> str:
        name = request.headers.get("x-role", "")
        if name not in allowed:
            raise NotAllowed(f"not for {name!r}")
        return name

    return guard


async def sentence(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, CallCentreError)
    return JSONResponse({"detail": str(error)}, error.http_status)


@dataclass
class Site:
    http: httpx.AsyncClient
    shelf: Shelf
    rescored: list[tuple[float, str]] = field(default_factory=list)

    async def rescore(self, days: float, user: str) -> int:
        self.rescored.append((days, user))
        return 2

    async def get(self, path: str, **query: Any) -> Any:  # noqa: ANN401  JSON
        answer = await self.http.get(URL + path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()


def hearing(request: Request) -> frozenset[AgentId] | None:
    """Whom the header names; without it, everybody."""
    named = request.headers.get("x-hears")
    return None if named is None else frozenset({AgentId(named)})


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with fresh_sessions() as sessions:
        shelf = Shelf(RecordingStore(sessions), QualityStore(sessions))
        app = FastAPI()
        app.add_exception_handler(CallCentreError, sentence)
        site = Site(
            httpx.AsyncClient(
                transport=httpx.ASGITransport(app),
                base_url="http://centre",
                headers={"x-role": "inspector"},
            ),
            shelf,
        )
        desk = Desk(
            lambda: {"zh": PACK}, lambda: [FIGURES], lambda: STARTED + timedelta(days=1), UTC
        )
        app.include_router(
            quality_router(
                shelf.recordings,
                shelf.quality,
                desk,
                role("team_lead", "inspector"),
                role("inspector"),
                hearing,
                site.rescore,
            )
        )
        async with site.http:
            yield site


@pytest.mark.parametrize("path", ["/results", "/recordings/r-1", "/rules", "/schema"])
async def test_every_view_is_guarded(site: Site, path: str) -> None:
    answer = await site.http.get(URL + path, headers={"x-role": "agent"})

    assert answer.status_code == 403


@pytest.mark.parametrize("path", ["/try", "/rescore"])
async def test_team_leads_look_and_change_nothing(site: Site, path: str) -> None:
    body = {"pack": "language: zh", "days": 7}
    answer = await site.http.post(URL + path, json=body, headers={"x-role": "team_lead"})

    assert answer.status_code == 403


async def test_list_has_only_talks_that_one_may_hear(site: Site) -> None:
    await site.shelf.transcribed(1, agent="agent0001")
    await site.shelf.quality.add(ONE, STARTED, verdict(92.0, "没办法", version=PACK.version))

    totals = {}
    for hears in ("agent0001", "agent0002"):
        headers = {"x-role": "team_lead", "x-hears": hears}
        totals[hears] = (await site.http.get(f"{URL}/results", headers=headers)).json()["total"]

    assert totals == {"agent0001": 1, "agent0002": 0}


async def test_hit_tells_phrase_time_clip_sentence_and_the_models_errors(site: Site) -> None:
    await site.shelf.transcribed(1)
    await site.shelf.quality.add(ONE, STARTED, verdict(92.0, "没办法", version=PACK.version))

    told = await site.get("/recordings/r-1")

    [hit] = told["current"]["hits"]
    assert (hit["phrase"], hit["start"], hit["end"]) == ("没办法", 5.0, 6.0)
    assert hit["clip"] == "/api/v1/recordings/r-1/audio#t=4.00,7.00"
    assert hit["text"] == {"en": "The agent said “没办法”", "zh": "坐席说了“没办法”"}
    assert (told["current"]["model"], told["current"]["word_error_rate"]) == ("tiny-zh", 0.008)
    [mark] = told["current"]["marks"]
    assert mark["text"]["en"] == ("The caller sounds upset: said “生气”, voice 4 semitones higher")


async def test_earlier_versions_are_shown_beside_the_one_that_counts(site: Site) -> None:
    await site.shelf.transcribed(1)
    await site.shelf.quality.add(ONE, STARTED, verdict(92.0, "没办法", version="old"))
    await site.shelf.quality.add(ONE, STARTED, verdict(100.0, version=PACK.version))

    told = await site.get("/recordings/r-1")

    assert told["current"]["score"] == 100.0
    assert [one["version"] for one in told["earlier"]] == ["old"]


async def test_talk_that_is_not_judged_yet_has_no_verdict(site: Site) -> None:
    await site.shelf.transcribed(1)

    assert await site.get("/recordings/r-1") == {
        "recording_id": "r-1",
        "current": None,
        "earlier": [],
    }
    assert (await site.http.get(URL + "/recordings/r-9")).status_code == 404


async def test_worst_come_first_and_days_are_the_centres(site: Site) -> None:
    await site.shelf.transcribed(1)
    await site.shelf.transcribed(2, days=1)
    await site.shelf.quality.add(ONE, STARTED, verdict(92.0, "没办法"))
    await site.shelf.quality.add(TWO, STARTED, verdict(20.0, "没办法", "没办法"))

    page = await site.get("/results")
    assert [(one["recording_id"], one["rules"]) for one in page["items"]] == [
        ("r-2", {"没办法": 2}),
        ("r-1", {"没办法": 1}),
    ]
    day = STARTED.date().isoformat()
    of_a_day = await site.get("/results", since=day, until=day)
    assert [one["recording_id"] for one in of_a_day["items"]] == ["r-1"]
    assert (await site.get("/results", rule="不解释"))["total"] == 0


async def test_rules_have_precision_recall_counts_and_the_models_errors(site: Site) -> None:
    [told] = await site.get("/rules")

    assert (told["version"], told["word_error_rate"]) == (PACK.version, 0.008)
    assert told["rules"] == [
        {
            "rule": "没办法",
            "kind": "forbidden",
            "severity": 2,
            "penalty": 8.0,
            "precision": 1.0,
            "recall": 0.95,
            "right": 19,
            "missed": 1,
            "wrong": 0,
            "near": 12,
        }
    ]


async def test_trial_says_which_talks_a_pack_would_hit_and_keeps_nothing(site: Site) -> None:
    await site.shelf.transcribed(1)
    await site.shelf.transcribed(2, days=-10)
    await site.shelf.quality.add(ONE, STARTED, verdict(100.0))
    wanted = {"pack": "language: zh\nforbidden: [{phrase: 办法, severity: 3}]", "days": 7}

    answer = await site.http.post(URL + "/try", json=wanted)

    told = answer.json()
    assert (told["talks"], told["hit_talks"]) == (1, 1)
    assert (told["mean_score"], told["mean_score_now"]) == (75.0, 100.0)
    [rule] = told["rules"]
    assert (rule["rule"], rule["hits"], rule["talks"], rule["talks_now"]) == ("办法", 1, 1, 0)
    [call] = told["calls"]
    assert call["recording_id"] == "r-1"
    assert call["hits"][0]["start"] == pytest.approx(5.33, abs=0.01)
    assert len(await site.shelf.quality.results(ONE)) == 1


async def test_trial_of_a_spoilt_pack_is_refused_with_its_line(site: Site) -> None:
    wanted = {"pack": "language: zh\nforbiden: []"}

    answer = await site.http.post(URL + "/try", json=wanted)

    assert answer.status_code == 422
    assert answer.json()["detail"] == (
        "pack:2: forbiden: unknown key 'forbiden'; did you mean 'forbidden'?"
    )


async def test_judging_again_is_asked_of_core(site: Site) -> None:
    answer = await site.http.post(URL + "/rescore", json={"days": 3})

    assert answer.json() == {"talks": 2}
    assert site.rescored == [(3.0, "inspector")]
