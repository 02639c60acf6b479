"""A line names its call first."""

import json
import logging
import sys

from foundation.ids import CallId
from foundation.log import JsonLines, Lines, for_call


class Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


def said(call_id: str, text: str, *args: object) -> logging.LogRecord:
    logger = logging.Logger("calls")
    kept = Kept()
    logger.addHandler(kept)
    for_call(logger, CallId(call_id)).info(text, *args)
    return kept.records[0]


def test_a_line_for_people_has_the_role_the_call_and_the_arrow() -> None:
    line = Lines("core", on_tty=True).format(said("c-7f3a", "> %d Ringing", 180))

    assert line[13:] == "INFO    core  [c-7f3a] > 180 Ringing"


def test_a_line_in_a_file_has_the_date() -> None:
    line = Lines("core").format(said("c-7f3a", "- ended"))

    assert line[24:] == "INFO    core  [c-7f3a] - ended"
    assert line[:2] == "20"


def test_a_line_for_programs_has_them_as_fields() -> None:
    line = json.loads(JsonLines("core").format(said("c-7f3a", "> 说")))

    assert (line["role"], line["call_id"], line["text"]) == ("core", "c-7f3a", "> 说")
    assert "error" not in line


def test_an_error_brings_its_traceback() -> None:
    try:
        raise ValueError("odd")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "", 0, "failed", None, sys.exc_info())

    assert "ValueError: odd" in Lines("core", on_tty=True).format(record)
    assert "ValueError: odd" in json.loads(JsonLines("core").format(record))["error"]
