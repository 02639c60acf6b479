"""The JSON Schema that editors use is that of the code."""

from pathlib import Path
from typing import Any, get_args

import pytest

from ivr.flows.written import AnyNode
from ivr.trials import schema

SHIPPED = Path(__file__).parents[3] / "docs" / "schema"


@pytest.mark.parametrize(
    ("file", "made"),
    [("flow.json", schema.flow_schema()), ("flow-test.json", schema.dialogue_schema())],
)
def test_shipped_schema_is_current(file: str, made: dict[str, Any]) -> None:
    shipped = (SHIPPED / file).read_text(encoding="utf-8")
    assert shipped == schema.text(made), "write it anew: callcenter ivr schema"


def test_schema_knows_every_kind_of_node_and_its_keys() -> None:
    made = schema.flow_schema()
    kinds = {
        one["properties"]["do"]["const"]: set(one["properties"])
        for one in made["$defs"].values()
        if "do" in one.get("properties", {})
    }
    assert len(kinds) == len(get_args(get_args(AnyNode)[0]))
    assert {"when", "default"} <= kinds["branch"]
    assert {"with", "into", "flow"} <= kinds["call"]
    assert {"break", "holiday"} <= kinds["hours"]
