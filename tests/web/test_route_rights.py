"""Who may knock at which route: every route of the application, every kind of user.

A line of the table is a request and what comes of it for each of nine:

    nobody, ann (the agent whom it concerns), bob (her colleague), lea (leads their team),
    leo (leads another team), ina (inspector), sue (supervisor), root (administrator),
    a watch token of the configuration

    y allowed      n refused: 403      - refused: 401, sign in first

A route that is missing in the table fails, and so does a line whose route is gone.
"""

from dataclasses import dataclass
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from tests.support.whole_web import TOKEN, whole_web

WHO = ("nobody", "ann", "bob", "lea", "leo", "ina", "sue", "root", "token")
OPEN = "yyyyyyyyy"
SIGNED_IN = "-yyyyyyy-"
WATCHED = "-yyyyyyyy"
OWN_TALK = "-ynynnyy-"
"The agent, the lead of his team, those who may everywhere."
OWN_TEAM = "-nnynnyy-"
LEADS = "-nnyynyy-"
FLOOR = "-yyyynyy-"
"All who take calls, and who lead them."
HEARERS = "-nnyyyyy-"
BOSSES = "-nnnnnyy-"
LISTENERS = "-nnnnyyy-"
"Who may hear everybody."


@dataclass(frozen=True, slots=True)
class Line:
    rights: str
    method: str
    route: str
    path: str
    "As asked for; the route with its parameters filled in."
    body: object = None


def line(rights: str, request: str, path: str = "", body: object = None) -> Line:
    method, _, route = request.partition(" ")
    return Line(rights, method, route, path or route, body)


TALK, WAITS, ANN = "/api/v1/calls/c-talk", "/api/v1/calls/c-waits", "/api/v1/agents/ann"
CALL, AGENT = "/api/v1/calls/{call_id}", "/api/v1/agents/{agent_id}"
RECORDING = "/api/v1/recordings/{recording_id}"
TRANSCRIPT = "/api/v1/transcription/{recording_id}"
TABLE = [
    line(OPEN, "GET /healthz"),
    line(OPEN, "GET /readyz"),
    line(WATCHED, "GET /metrics"),
    line(OPEN, "GET /sign-in"),
    line(OPEN, "GET /sign-in/style.css"),
    line(OPEN, "GET /sign-in/icon.svg"),
    line(SIGNED_IN, "GET /docs"),
    line(SIGNED_IN, "GET /openapi.json"),
    line(SIGNED_IN, "HEAD /openapi.json"),
    # The frame and the pages.
    line(SIGNED_IN, "GET /"),
    line(SIGNED_IN, "GET /frame/me"),
    line(SIGNED_IN, "GET /account"),
    line(SIGNED_IN, "GET /wallboard"),
    line(SIGNED_IN, "GET /phone"),
    line(SIGNED_IN, "GET /live"),
    line(HEARERS, "GET /recordings"),
    line(LISTENERS, "GET /transcription"),
    line(SIGNED_IN, "GET /phone/settings"),
    # What everybody sees.
    line(SIGNED_IN, "GET /api/v1/me"),
    line(SIGNED_IN, "GET /api/v1/calls"),
    line(SIGNED_IN, f"GET {CALL}", TALK),
    line(SIGNED_IN, "GET /api/v1/queues"),
    line(SIGNED_IN, "GET /api/v1/agents"),
    line(WATCHED, "WS /ws/wallboard"),
    # Talks.
    line(BOSSES, f"POST {CALL}/hangup", f"{TALK}/hangup"),
    line(OWN_TALK, f"POST {CALL}/transfer", f"{TALK}/transfer", {"to": "queue:orders"}),
    line(OWN_TALK, f"POST {CALL}/consult", f"{TALK}/consult", {"to": "bob"}),
    line(OWN_TALK, f"POST {CALL}/hold", f"{TALK}/hold"),
    line(OWN_TALK, f"POST {CALL}/resume", f"{TALK}/resume"),
    line(OWN_TALK, f"POST {CALL}/complete", f"{TALK}/complete"),
    line(OWN_TALK, f"POST {CALL}/conference", f"{TALK}/conference"),
    line(OWN_TALK, f"POST {CALL}/take-back", f"{TALK}/take-back"),
    line(OWN_TALK, f"POST {CALL}/recording", f"{TALK}/recording"),
    line(OWN_TALK, f"DELETE {CALL}/recording", f"{TALK}/recording"),
    line(OWN_TALK, f"POST {CALL}/recording/pause", f"{TALK}/recording/pause"),
    line(OWN_TALK, f"DELETE {CALL}/recording/pause", f"{TALK}/recording/pause"),
    line(OWN_TALK, f"POST {CALL}/card", f"{TALK}/card"),
    line(OWN_TALK, f"DELETE {CALL}/card", f"{TALK}/card"),
    line(OWN_TEAM, f"POST {CALL}/monitor", f"{TALK}/monitor", {"mode": "listen", "phone": "p1"}),
    line(OWN_TEAM, f"DELETE {CALL}/monitor", f"{TALK}/monitor"),
    # Who waits.
    line(OWN_TEAM, f"POST {CALL}/priority", f"{WAITS}/priority", {"priority": "P1"}),
    line(OWN_TEAM, f"POST {CALL}/move", f"{WAITS}/move", {"queue": "night"}),
    line(SIGNED_IN, "GET /api/v1/callbacks"),
    line(FLOOR, "POST /api/v1/callbacks", body={"number": "13900000000", "queue": "orders"}),
    line(FLOOR, "DELETE /api/v1/callbacks/{callback_id}", "/api/v1/callbacks/b-1"),
    # Agents.
    line("-ynyynyy-", f"POST {AGENT}/state", f"{ANN}/state", {"state": "ready"}),
    line(OWN_TALK, f"POST {AGENT}/wrap-up", f"{ANN}/wrap-up", {"finish": True}),
    line(BOSSES, f"PUT {AGENT}/skills", f"{ANN}/skills", {"orders": 3}),
    line(BOSSES, f"PUT {AGENT}/backup", f"{ANN}/backup", {"backup": True}),
    line(BOSSES, "PUT /api/v1/queues/{queue}", "/api/v1/queues/orders", {"ring_s": 9}),
    line(BOSSES, "GET /api/v1/live"),
    line(BOSSES, "DELETE /api/v1/live"),
    # What was recorded and counted.
    line(HEARERS, "GET /api/v1/recordings"),
    line(HEARERS, f"GET {RECORDING}", "/api/v1/recordings/r-1"),
    line(HEARERS, f"GET {RECORDING}/audio", "/api/v1/recordings/r-1/audio"),
    line(HEARERS, f"GET {RECORDING}/peaks", "/api/v1/recordings/r-1/peaks"),
    line(HEARERS, f"GET {RECORDING}/marks", "/api/v1/recordings/r-1/marks"),
    line(BOSSES, f"GET {RECORDING}/hold", "/api/v1/recordings/r-1/hold"),
    line(BOSSES, f"PUT {RECORDING}/hold", "/api/v1/recordings/r-1/hold", {"reason": "case 4711"}),
    line(BOSSES, f"DELETE {RECORDING}/hold", "/api/v1/recordings/r-1/hold"),
    line(HEARERS, f"GET {RECORDING}/transcript", "/api/v1/recordings/r-1/transcript"),
    line(BOSSES, "GET /api/v1/records.csv"),
    line(HEARERS, "GET /api/v1/search", "/api/v1/search?q=hello"),
    line(HEARERS, "GET /api/v1/search/classes"),
    line(OWN_TALK, "WS /ws/calls/{call_id}/transcript", "/ws/calls/c-talk/transcript"),
    line(LISTENERS, "GET /api/v1/transcription"),
    line(BOSSES, "POST /api/v1/transcription/retry"),
    line(BOSSES, f"POST {TRANSCRIPT}/retry", "/api/v1/transcription/r-1/retry"),
    line(BOSSES, f"POST {TRANSCRIPT}/raise", "/api/v1/transcription/r-1/raise", {"priority": 9}),
]
NOT_ASKED = {"POST /sign-in", "POST /sign-out"}
"Those that make and end sessions; test_app.py has them."
ASSETS = (".js", ".css", ".svg")
"Scripts and styles are for everybody who is signed in, and have no secrets; not listed one by one."


def routes_of(app: FastAPI) -> set[str]:
    return {
        f"{method} {context.path_format or context.path}"
        for context in iter_route_contexts(app.routes)
        for method in context.methods or {"WS"}
    }


async def test_every_route_is_in_the_table_and_every_line_has_its_route(tmp_path: Path) -> None:
    async with whole_web(tmp_path) as house:
        routes = routes_of(house.app)

    pages = {route for route in routes if not route.endswith(ASSETS)}
    listed = {f"{each.method} {each.route}" for each in TABLE}
    assert pages - listed - NOT_ASKED == set(), "missing in the table"
    assert listed - routes == set(), "no such route any more"


@pytest.mark.parametrize("who", WHO)
async def test_routes_open_for_whom_the_table_says_and_nobody_else(
    tmp_path: Path, who: str
) -> None:
    """What is allowed is done: an answer beyond 399 is neither a right nor a refusal."""
    async with whole_web(tmp_path) as house:
        headers = {"authorization": f"Bearer {TOKEN}"} if who == "token" else {}
        user = None if who in ("nobody", "token") else who
        wrong = []
        for each in TABLE:
            expected = each.rights[WHO.index(who)]
            status = await house.knock(user, each.method, each.path, each.body, headers)
            got = {401: "-", 403: "n"}.get(status, "y" if status < 400 else str(status))
            if got != expected:
                wrong.append(f"{each.method} {each.path}: {got} instead of {expected}")
        assert wrong == []


async def test_scripts_and_styles_want_a_sign_in_but_for_the_sign_in_page(tmp_path: Path) -> None:
    async with whole_web(tmp_path) as house:
        assets = [route for route in routes_of(house.app) if route.endswith(ASSETS)]
        paths = [route.partition(" ")[2] for route in assets]
        assert len(paths) > 20
        for path in paths:
            refused = await house.knock(None, "GET", path)
            assert refused == (200 if path.startswith("/sign-in/") else 401), path
            assert await house.knock("ann", "GET", path) == 200, path
