"""Flows with the callers of today and of now, against a core that is played."""

from pathlib import Path

from foundation.ids import CallId
from ivr.events import FlowEnded, SpeechSettled
from ivr.flows.flow import parse
from ivr.pictures.drawing import shape_of
from ivr.pictures.flows_now import FlowsNow, flows_now
from ivr.pictures.paths import WayCounts
from tests.support.fake_core import FakeCore
from tests.support.web_house import (
    QUICK_FOLLOW,
    board_app,
    caught_up,
    client_of,
    running,
    sign_in,
    user_store,
    web_options,
)
from wallboard.routes.flow_api import flow_routes
from wallboard.web_role import BoardOptions

FLOW = """
start: hello
prompts: {p: {en: Hello.}}
nodes:
  hello: {do: say, prompt: p, next: what}
  what: {do: ask, prompt: p, choices: {a: {words: {en: [a]}, next: end}}, default: menu}
  menu: {do: menu, prompt: p, keys: {"1": end}, default: end}
  end: {do: hangup}
"""


async def test_counts_are_of_who_has_ended_today_and_of_who_is_there(tmp_path: Path) -> None:
    core = FakeCore()
    for name, path in (("c-1", ("hello", "what", "end")), ("c-2", ("hello", "what", "menu"))):
        await core.tell(
            SpeechSettled(CallId(name), "main", "what", "confirmed", "a", 0.6, 1),
            FlowEnded(CallId(name), "main", path[-1], path),
        )
    present = WayCounts()
    present.add("main", ("hello", "what"))
    shape = shape_of(parse(FLOW, "flows/main.yaml", "main")[0])

    async def read() -> FlowsNow:
        return flows_now([shape], present)

    async with user_store(tmp_path) as users:
        options = BoardOptions(web=web_options(), follow=QUICK_FOLLOW)
        app = board_app(core, users, options, board_routers=lambda s: [flow_routes(s, read)])
        async with running(app), client_of(app) as client:
            await caught_up(client)
            await sign_in(client, "sue")
            [summary] = (await client.get("/api/v1/flows")).json()
            flow = (await client.get("/api/v1/flows/main")).json()
            missing = await client.get("/api/v1/flows/none")
            await sign_in(client, "ann")
            refused = await client.get("/api/v1/flows")

    assert summary == {"name": "main", "visits": 3, "here": 1, "left": 1, "asks": True}
    assert {(way["begin"], way["end"]): way["count"] for way in flow["ways"]} == {
        ("hello", "what"): 3,
        ("what", "menu"): 1,
        ("what", "end"): 1,
        ("menu", "end"): 0,
    }
    nodes = {node["name"]: node for node in flow["nodes"]}
    assert nodes["what"]["here"] == 1
    assert nodes["what"]["speech"]["confirmed"] == 2
    assert nodes["menu"]["left"] == 1, "dropped out"
    assert nodes["end"]["left"] == 0, "came to the end"
    assert (missing.status_code, refused.status_code) == (404, 403)
