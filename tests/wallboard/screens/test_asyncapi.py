"""The socket's AsyncAPI document against real messages, and against itself."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator
from msgspec import json

import wallboard
from tests.support.busy_floor import DIRECTORY, tell
from tests.support.fake_core import CoreClock, FakeCore
from wallboard.figures.boards import DEFAULT_PLAN, NORMS, Panel
from wallboard.figures.catalogue import Unit
from wallboard.fold.board import Board
from wallboard.fold.notices import NoticeKind
from wallboard.screens.screens import NO_SUCH_BOARD, REVOKED, TOO_MANY, TOO_SLOW, Screens, View
from wallboard.service import BoardService

FILE = Path(wallboard.__file__).parent / "static" / "asyncapi.yaml"
DOCUMENT: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
SCHEMAS = DOCUMENT["components"]["schemas"]


def validator(name: str) -> Draft7Validator:
    return Draft7Validator({"$ref": f"#/components/schemas/{name}", **DOCUMENT})


def complaints(message: str) -> list[str]:
    found = json.decode(message)
    name = {"snapshot": "Snapshot", "delta": "Delta"}[found["type"]]
    return [
        f"{'/'.join(map(str, each.absolute_path))}: {each.message}"
        for each in validator(name).iter_errors(found)
    ]


class Hall:
    """Screens on a board that has seen a busy day."""

    def __init__(self, *, hides_names: bool) -> None:
        self.core = FakeCore()
        self.board = Board(directory=DIRECTORY)
        service = BoardService(self.board, self.core, clock=CoreClock(self.core))
        self.view = View(hides_names=hides_names)
        self.screens = Screens(service)
        self.screens.join(self.view)

    async def live_through(self, step: int) -> list[str]:
        """Every message of a day, `step` records at a time."""
        await tell(self.core)
        told = [self.screens.snapshot(self.view)]
        for number, each in enumerate(self.core.journal):
            self.board.fold(each)
            if number % step == 0:
                self.core.at_s = each.at_s + 0.5
                self.screens.publish()
                told += self.screens.first(self.view, json.decode(told[-1])["seq"])
        return [*told, self.screens.snapshot(self.view)]


@pytest.mark.parametrize("hides_names", [False, True])
async def test_every_message_of_a_day_is_as_the_document_says(hides_names: bool) -> None:
    hall = Hall(hides_names=hides_names)
    told = await hall.live_through(step=3)

    assert len(told) > 100
    assert [each for message in told for each in complaints(message)] == []


@pytest.mark.parametrize(
    ("spoil", "where"),
    [
        ({"seq": "1"}, "seq"),
        ({"seq": None}, "seq"),
        ({"more": 1}, ""),
        ({"totals": {"waiting": -1}}, "totals/waiting"),
        ({"agents": {"ann": {"state": "asleep"}}}, "agents/ann"),
        ({"notices": [{"kind": "rain", "at_s": 1, "text": "", "call_id": None}]}, "notices/0/kind"),
        ({"alarms": {"al-1": {"level": "panic"}}}, "alarms/al-1"),
    ],
)
def test_wrong_message_is_seen(spoil: dict[str, Any], where: str) -> None:
    message = {"type": "delta", "seq": 1, "at_s": 1.0}

    assert complaints(json.encode(message).decode()) == []
    found = complaints(json.encode({**message, **spoil}).decode())
    assert len(found) == 1
    assert found[0].startswith(where)


def test_document_is_of_asyncapi_3_and_names_only_what_it_has() -> None:
    def look_up(reference: str) -> object:
        found: Any = DOCUMENT
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
        return found

    def references(node: object) -> list[str]:
        if isinstance(node, dict):
            own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
            return own + [each for value in node.values() for each in references(value)]
        if isinstance(node, list):
            return [each for value in node for each in references(value)]
        return []

    assert DOCUMENT["asyncapi"] == "3.0.0"
    for key in ("info", "servers", "channels", "operations", "components"):
        assert key in DOCUMENT
    named = references(DOCUMENT)
    for reference in named:
        look_up(reference)
    unused = SCHEMAS.keys() - {reference.rpartition("/")[2] for reference in named}
    assert unused == set()
    for operation in DOCUMENT["operations"].values():
        assert operation["action"] in ("send", "receive")
    for name in SCHEMAS:
        Draft7Validator.check_schema(SCHEMAS[name])


def test_document_knows_all_words_of_the_code() -> None:
    panels = SCHEMAS["Plan"]["properties"]["panels"]["items"]["enum"]
    assert set(panels) == {panel.value for panel in Panel}
    assert set(SCHEMAS["Unit"]["enum"]) == {unit.value for unit in Unit}
    kinds = SCHEMAS["Notices"]["items"]["properties"]["kind"]["enum"]
    assert set(kinds) == {kind.value for kind in NoticeKind}
    for code in (NO_SUCH_BOARD, REVOKED, TOO_MANY, TOO_SLOW):
        assert f"| {code} |" in DOCUMENT["info"]["description"]


def test_plan_with_norms_is_as_the_document_says() -> None:
    core = FakeCore()
    plan = {"default": DEFAULT_PLAN.__class__(tiles=DEFAULT_PLAN.tiles, norms=(NORMS["nena15"],))}
    screens = Screens(BoardService(Board(directory=DIRECTORY), core, clock=CoreClock(core)), plan)
    screens.join()

    assert complaints(screens.snapshot()) == []
