"""What a role says: one line for each change of a call's fate, the call first.

    02:31:07.120 INFO  core  [c-7f3a01bc22d4] > 180 Ringing

Loggers of a call are made by `for_call`; `>` is what we send, `<` what we get, `-` what we decide.
"""

import json
import logging
import sys
from collections.abc import Mapping, MutableMapping
from datetime import UTC, datetime
from typing import Any, TextIO

from foundation.ids import CallId


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


def set_up(role: str, *, as_json: bool = False, debug: bool = False) -> None:
    """Once, at the start of a process: everything to stderr, which the parent keeps in a file."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(role) if as_json else Lines(role, colour=_is_tty(sys.stderr)))
    logging.basicConfig(
        level=logging.DEBUG if debug else logging.INFO, handlers=[handler], force=True
    )
    # Alembic and asyncio tell at INFO what concerns nobody who runs a call centre.
    for name in ("alembic", "asyncio", "aiosqlite", "websockets", "httpx"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(True)


class Lines(logging.Formatter):
    """For people."""

    COLOURS: Mapping[int, str] = {logging.WARNING: "\x1b[33m", logging.ERROR: "\x1b[31m"}

    def __init__(self, role: str, *, colour: bool = False) -> None:
        super().__init__()
        self._role = role
        self._colour = colour

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S.%f")[:-3]
        call_id = getattr(record, "call_id", None)
        call = f"[{call_id}] " if call_id else ""
        text = f"{time} {record.levelname:<7} {self._role}  {call}{record.getMessage()}"
        if record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        colour = self.COLOURS.get(min(record.levelno, logging.ERROR)) if self._colour else None
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


def _is_tty(stream: TextIO) -> bool:
    return stream.isatty()
