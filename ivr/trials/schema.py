"""The JSON Schema of flow files, for editors that complete and check YAML while it is written."""

import json
from typing import Any

from ivr.flows.written import WrittenFlow
from ivr.trials.dialogue_tests import WrittenTests

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def flow_schema() -> dict[str, Any]:
    """Of `flows/NAME.yaml`."""
    schema = WrittenFlow.model_json_schema(by_alias=True, mode="validation")
    return {"$schema": DIALECT, "title": "A callcenter flow", **_without(schema, "title")}


def dialogue_schema() -> dict[str, Any]:
    """Of `flows/NAME.test.yaml`."""
    schema = WrittenTests.model_json_schema(by_alias=True, mode="validation")
    return {"$schema": DIALECT, "title": "Dialogues of a flow", **_without(schema, "title")}


def text(schema: dict[str, Any]) -> str:
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def _without(schema: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in schema.items() if name != key}
