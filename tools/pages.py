"""Write docs/configuration.md, events.md and states.md from the code: `python -m tools.pages`.

A test holds the pages against the code, so a new setting or event without its line fails.
"""

import ast
import dataclasses
import importlib
import inspect
import itertools
import textwrap
import types
from collections.abc import Iterable
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic_core import PydanticUndefined

from callcenter.conductor import JOURNALED
from callcenter.configuration.settings import Settings

DOCS = Path(__file__).parent.parent / "docs"


def configuration() -> str:
    """Every key of callcenter.yaml."""
    lines = [
        "# Settings",
        "",
        "Written from the classes by `python -m tools.pages`. All keys of `callcenter.yaml`;",
        "whatever is left out has the default shown. The environment overrides it:",
        "`CALLCENTER_HTTP__LISTEN=127.0.0.1:8081`, lists as JSON. Unknown keys are errors that",
        "name the nearest known key: `callcenter check DIR`.",
        "",
    ]
    sections = [(name, model) for name, model in _models(Settings)]
    lines += ["## The file", "", *_table(Settings)]
    for name, model in sections:
        lines += ["", f"## {name}", "", *_table(model)]
        for inner_name, inner in _models(model):
            lines += ["", f"### {name}.{inner_name}", "", *_table(inner)]
    return "\n".join(lines) + "\n"


def events() -> str:
    """Every fact that the journal keeps."""
    lines = [
        "# Events",
        "",
        "Written from the classes by `python -m tools.pages`. The facts that the journal keeps,",
        "by the package that tells them; each row has its number, UTC, the journal's clock `at_s`,",
        "kind (the name here) and a JSON body.",
    ]
    package = ""
    for event in JOURNALED:
        if event.__module__ != package:
            package = event.__module__
            lines += [
                "",
                f"## {package}",
                "",
                "| event | fields | what happened |",
                "|---|---|---|",
            ]
        fields = ", ".join(f"`{field.name}`" for field in dataclasses.fields(event))
        lines.append(f"| {event.__name__} | {fields} | {_sentence(event)} |")
    return "\n".join(lines) + "\n"


MACHINES = {
    "INVITE and other transactions, as a client": "telephony.sip.transactions.client_transaction",
    "INVITE and other transactions, as a server": "telephony.sip.transactions.server_transaction",
    "Reliable provisional answers": "telephony.sip.dialogs.reliable",
    "The session timer": "telephony.sip.dialogs.session_timer",
    "A SIP leg": "telephony.sip.dialogs.leg",
    "A REFER": "telephony.sip.dialogs.referral",
    "The SIP stack": "telephony.sip.stack",
    "A call to a number outside": "telephony.sip.dialogs.outside",
    "Registering as a client": "telephony.sip.trunks.registration",
    "A trunk that we call": "telephony.sip.trunks.trunk_line",
    "A leg": "telephony.calls.leg",
    "A leg that is rung": "telephony.calls.rung_leg",
    "A call": "telephony.calls.call",
    "A call's guest": "telephony.calls.guest_side",
    "The caller of a call that we placed": "telephony.calls.placed_leg",
    "Who hears whom": "telephony.calls.sound",
    "What one leg hears": "telephony.calls.hearing",
    "The agent's second line": "telephony.calls.second_line",
    "A phone's REFER": "telephony.calls.referral",
    "A call carried from another PBX": "telephony.lines.carried",
    "A line's place at its PBX": "telephony.lines.pyvoip.registration",
    "Symmetric RTP": "telephony.media.packets.latch",
    "The media session": "telephony.media.session",
    "A caller in the menus": "ivr.visit.engine",
    "An agent": "acd.agent",
    "The floor": "acd.floor",
    "A caller for a chosen agent": "acd.claims",
    "Guests in a talk": "acd.guests",
    "Callbacks": "acd.callbacks",
    "A stream of SIP messages": "telephony.sip.wording.stream",
    "A task": "desk.task",
    "A transcription job": "recordings.transcribing.lease",
    "An alarm": "wallboard.alarms.alarms",
    "An answer by voice": "recordings.following.endpoint",
    "A call's path": "callcenter.conduct.journey",
    "The parent": "callcenter.supervise",
}
"Where the diagrams stand, on top of the code that they describe."


def states() -> str:
    """The diagrams of all machines, as they stand in the code."""
    lines = [
        "# The machines",
        "",
        "Written from the modules' own heads by `python -m tools.pages`.",
    ]
    for title, name in MACHINES.items():
        head = inspect.getdoc(importlib.import_module(name)) or ""
        lines += ["", f"## {title}", "", f"`{name}`", "", "```text", head, "```"]
    return "\n".join(lines) + "\n"


def _table(model: type[BaseModel]) -> list[str]:
    words = _attribute_docs(model)
    rows = ["| key | default | what it is |", "|---|---|---|"]
    for name, field in model.model_fields.items():
        default = _default(field.get_default(call_default_factory=True))
        rows.append(f"| `{field.alias or name}` | {default} | {words.get(name, '')} |")
    return rows


def _default(value: object) -> str:
    if value is PydanticUndefined:
        return "must be given"
    if isinstance(value, BaseModel):
        return "see below"
    if isinstance(value, SecretStr):
        return f"`{value.get_secret_value()}`"
    if isinstance(value, tuple):
        return "`[" + ", ".join(str(one) for one in value) + "]`"
    if value is None or value == "" or value == {}:
        return "–"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _models(model: type[BaseModel]) -> Iterable[tuple[str, type[BaseModel]]]:
    for name, field in model.model_fields.items():
        for inner in _classes(field.annotation):
            yield name, inner


def _classes(annotation: Any) -> Iterable[type[BaseModel]]:  # noqa: ANN401  an annotation may be anything
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        if issubclass(annotation, BaseModel):
            yield annotation
    elif get_origin(annotation) is not None:
        for argument in get_args(annotation):
            yield from _classes(argument)


def _attribute_docs(model: type) -> dict[str, str]:
    """The strings that stand below the attributes in the class's source, parents included."""
    found: dict[str, str] = {}
    for cls in reversed(model.__mro__):
        if cls.__module__.startswith("callcenter"):
            tree = ast.parse(textwrap.dedent(inspect.getsource(cls))).body[0]
            assert isinstance(tree, ast.ClassDef)
            found |= dict(_pairs(tree.body))
    return found


def _pairs(body: list[ast.stmt]) -> Iterable[tuple[str, str]]:
    for before, after in itertools.pairwise(body):
        if (
            isinstance(before, ast.AnnAssign)
            and isinstance(before.target, ast.Name)
            and isinstance(after, ast.Expr)
            and isinstance(after.value, ast.Constant)
        ):
            yield before.target.id, " ".join(str(after.value.value).split())


def _sentence(event: type) -> str:
    text = inspect.getdoc(event) or ""
    return "" if text.startswith(f"{event.__name__}(") else " ".join(text.split("\n\n")[0].split())


def asyncapi() -> str:
    """The wallboard's socket, as the web role serves its description."""
    return (DOCS.parent / "wallboard" / "static" / "asyncapi.yaml").read_text(encoding="utf-8")


def main() -> None:
    (DOCS / "configuration.md").write_text(configuration(), encoding="utf-8")
    (DOCS / "events.md").write_text(events(), encoding="utf-8")
    (DOCS / "states.md").write_text(states(), encoding="utf-8")
    (DOCS / "wallboard.asyncapi.yaml").write_text(asyncapi(), encoding="utf-8")


if __name__ == "__main__":
    main()
