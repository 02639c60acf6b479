"""Who is refused what has voices or numbers in it is told to core, for the audit."""

from pathlib import Path

from callcenter.asks import NoteRefused
from tests.support.whole_web import whole_web


async def test_refusals_of_recordings_and_messages_are_told_and_others_are_not(
    tmp_path: Path,
) -> None:
    async with whole_web(tmp_path) as house:
        asked = [
            ("ann", "GET", "/api/v1/recordings/r-1/audio"),
            ("ann", "PUT", "/api/v1/recordings/r-1/hold"),
            ("ann", "GET", "/api/v1/records.csv?from=2026-06-01&to=2026-06-02"),
            ("ann", "GET", "/api/v1/audit"),
        ]
        for who, method, path in asked:
            assert await house.knock(who, method, path, {"reason": "x"}) == 403, path
        assert await house.knock(None, "GET", "/api/v1/recordings/r-1/audio") == 401
        assert await house.knock("sue", "GET", "/api/v1/recordings/r-1/audio") == 200

        told = [each for each in house.core.requests if isinstance(each, NoteRefused)]

    assert [(each.by, each.what) for each in told] == [
        ("ann", "GET /api/v1/recordings/r-1/audio"),
        ("ann", "PUT /api/v1/recordings/r-1/hold"),
        ("ann", "GET /api/v1/records.csv"),
    ]
    assert told[0].why.startswith("Recordings are not for agents")


async def test_who_is_refused_while_core_is_away_is_refused_all_the_same(tmp_path: Path) -> None:
    async with whole_web(tmp_path) as house:
        await house.core.go_away()

        assert await house.knock("ann", "GET", "/api/v1/recordings/r-1/audio") == 403
