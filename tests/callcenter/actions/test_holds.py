"""Legal holds: by the API, and in core."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from callcenter.actions.holds import HoldActions
from callcenter.asks import HoldRecording, ReleaseRecording
from callcenter.codec import CODEC
from callcenter.web.holds_api import holds_router
from foundation.errors import CallCentreError, NotFound
from foundation.ids import CallId, RecordingId
from foundation.ipc import Request as Ask
from foundation.ipc.messages import ReplyT
from foundation.journal import Journal
from foundation.web.users import Role, User
from recordings.archiving.archive import FolderShelf
from recordings.erasing.certificate import Certificates
from recordings.erasing.vault import Vault
from recordings.erasing.vault_store import VaultStore
from recordings.events import RecordingHeld, RecordingReleased
from recordings.store import RecordingStore
from tests.support.database import fresh_sessions, sqlite_file
from tests.support.recording_fakes import recording

NOW = datetime(2026, 11, 28, 3, tzinfo=UTC)
ONE, TWO, THREE = (RecordingId(f"r-{number}") for number in (1, 2, 3))
PATH = "/api/v1/recordings/r-1/hold"


class Site:
    """The API in front of core's side, without the socket between them."""

    def __init__(self, actions: HoldActions, held: VaultStore, journal: Journal) -> None:
        self.actions, self.held, self.journal = actions, held, journal
        app = FastAPI()
        app.add_exception_handler(CallCentreError, self._refuse)
        app.include_router(
            holds_router(self, held, lambda: User("sue", Role.SUPERVISOR, ""))  # type: ignore[arg-type, misc]
        )
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://centre")

    async def request(self, request: Ask[ReplyT]) -> ReplyT:
        if isinstance(request, HoldRecording):
            return await self.actions.hold(request)  # type: ignore[return-value]
        assert isinstance(request, ReleaseRecording)
        return await self.actions.release(request)  # type: ignore[return-value]

    async def _refuse(self, _: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, CallCentreError)
        return JSONResponse({"detail": str(error)}, error.http_status)

    async def kept_events(self) -> list[object]:
        return [record.event async for record in self.journal.reader.read()]


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """r-1 and r-2 are of one call, r-3 of another."""
    journal = await Journal.open(tmp_path / "journal.db", CODEC)
    async with fresh_sessions(sqlite_file(tmp_path)) as sessions:
        store, held = RecordingStore(sessions), VaultStore(sessions)
        for number, call in ((1, "c-1"), (2, "c-1"), (3, "c-3")):
            await store.add(replace(recording(number), call_id=CallId(call)))
        certificates = Certificates(tmp_path / "certificates", b"secret")
        shelf = FolderShelf(tmp_path)
        vault = Vault(tmp_path, shelf, held, certificates, journal.publish, lambda: NOW)
        site = Site(HoldActions(vault, held, store, journal), held, journal)
        async with site.http:
            yield site
    await journal.close()


async def test_hold_is_set_shown_and_released(site: Site) -> None:
    assert (await site.http.put(PATH, json={"reason": "case 4711"})).status_code == 204
    assert (await site.http.get(PATH)).json() == {
        "reason": "case 4711",
        "by": "sue",
        "since": "2026-11-28T03:00:00Z",
    }
    assert (await site.http.delete(PATH)).status_code == 204
    assert (await site.http.get(PATH)).json() is None
    assert await site.kept_events() == [
        RecordingHeld(ONE, "sue", "case 4711"),
        RecordingReleased(ONE, "sue"),
    ]


async def test_hold_of_a_whole_call(site: Site) -> None:
    await site.http.put(PATH, json={"reason": "case 4711", "whole_call": True})
    held = await site.held.holds([ONE, TWO, THREE])

    assert [hold.recording_id for hold in held] == [ONE, TWO]
    await site.http.delete(PATH, params={"whole_call": True})
    assert await site.held.holds([ONE, TWO, THREE]) == []


async def test_another_reason_takes_the_place_of_the_first(site: Site) -> None:
    for reason in ("case 4711", "case 4712"):
        await site.http.put(PATH, json={"reason": reason})

    assert [hold.reason for hold in await site.held.holds([ONE])] == ["case 4712"]


async def test_a_hold_needs_a_reason_and_a_recording(site: Site) -> None:
    unknown = await site.http.put("/api/v1/recordings/r-9/hold", json={"reason": "x"})

    assert (await site.http.put(PATH, json={"reason": ""})).status_code == 422
    assert unknown.status_code == 404
    with pytest.raises(NotFound, match=r"r-1.* is not held"):
        await site.actions.release(ReleaseRecording(ONE, "sue"))
    assert await site.kept_events() == []
