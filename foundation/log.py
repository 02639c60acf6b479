"""What a role says: one line for each change of a call's fate, the call first.

    02:31:07.120 INFO    core  [c-7f3a01bc22d4] > 180 Ringing

Loggers of a call are made by `for_call`; `>` is what we send, `<` what we get, `-` what we decide.
Everything goes to stderr, which the parent keeps in `data/log/ROLE.log`.
"""

import json
import logging
import os
import sys
from collections.abc import Mapping, MutableMapping
from datetime import UTC, datetime
from typing import Any

from foundation.ids import CallId

LEVEL_VARIABLE = "LOG_LEVEL"
FORMAT_VARIABLE = "LOG_FORMAT"
QUIET = ("alembic", "asyncio", "aiosqlite", "uvicorn", "websockets", "httpx")
"They tell at INFO what concerns nobody who runs a call centre."


class CallLogger(logging.LoggerAdapter[logging.Logger]):
    """Puts the call's id in front of each line and into the JSON."""

    def __init__(self, logger: logging.Logger, call_id: CallId) -> None:
        super().__init__(logger, {"call_id": call_id})

    def process(
        self,
        msg: Any,  # noqa: ANN401  logging's own signature
        kwargs: MutableMapping[str, Any],
    ) -> tuple[Any, MutableMapping[str, Any]]:
        kwargs["extra"] = {**(self.extra or {}), **(kwargs.get("extra") or {})}
        return msg, kwargs


def for_call(logger: logging.Logger, call_id: CallId) -> CallLogger:
    return CallLogger(logger, call_id)


def set_up(role: str, environ: Mapping[str, str] = os.environ) -> None:
    """Once, at the start of a process. LOG_LEVEL names a level, LOG_FORMAT may be json."""
    handler = logging.StreamHandler(sys.stderr)
    as_json = environ.get(FORMAT_VARIABLE) == "json"
    handler.setFormatter(JsonLines(role) if as_json else Lines(role, on_tty=sys.stderr.isatty()))
    level = environ.get(LEVEL_VARIABLE, "INFO").upper()
    logging.basicConfig(
        level=logging.getLevelNamesMapping().get(level, logging.INFO),
        handlers=[handler],
        force=True,
    )
    # What no line shows need not be found out for each: where it was logged, by which thread.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(True)


class Lines(logging.Formatter):
    """For people: short and coloured on a terminal, with the date in a file."""

    COLOURS: Mapping[int, str] = {logging.WARNING: "\x1b[33m", logging.ERROR: "\x1b[31m"}

    def __init__(self, role: str, *, on_tty: bool = False) -> None:
        super().__init__()
        self._role = role
        self._on_tty = on_tty
        self._second = 0
        self._time = ""
        "Of `_second`: calls say much in one, and finding the local time takes the longest."

    def format(self, record: logging.LogRecord) -> str:
        second = int(record.created)
        if second != self._second:
            local = datetime.fromtimestamp(second, UTC).astimezone()
            self._second, self._time = second, local.isoformat(" ")[11 * self._on_tty : 19]
        time = f"{self._time}.{int(record.msecs):03d}"
        call_id = getattr(record, "call_id", None)
        call = f"[{call_id}] " if call_id else ""
        text = f"{time} {record.levelname:<7} {self._role}  {call}{record.getMessage()}"
        if record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        colour = self.COLOURS.get(min(record.levelno, logging.ERROR)) if self._on_tty else None
        return f"{colour}{text}\x1b[0m" if colour else text


class JsonLines(logging.Formatter):
    """For programs that collect logs: one object in a line."""

    def __init__(self, role: str) -> None:
        super().__init__()
        self._role = role

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "role": self._role,
            "logger": record.name,
            "call_id": getattr(record, "call_id", None),
            "text": record.getMessage(),
            "error": self.formatException(record.exc_info) if record.exc_info else None,
        }
        return json.dumps({k: v for k, v in line.items() if v is not None}, ensure_ascii=False)
