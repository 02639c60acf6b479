"""A process of a centre imports what it needs at once; each start and restart waits for that."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parent.parent.parent
HEAVY = ("httpx", "rich", "pygments", "alembic", "vosk", "obstore", "jieba", "OpenSSL")
"Of a hundred modules each, or tens of megabytes; few centres need one of them, and later."


def test_core_and_web_start_without_what_they_may_never_need() -> None:
    code = (
        "import sys, callcenter.roles.core, callcenter.roles.web\n"
        f"print(*sorted(sys.modules.keys() & {set(HEAVY)!r}))"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert told.stdout.split() == []
