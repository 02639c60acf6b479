"""Who may knock at which route: every route of the application, every kind of user.

A line of the table is a request and what comes of it for each of twelve:

    nobody, ann (the agent whom it concerns), bob (her colleague), lea (leads their team),
    leo (leads another team), ina (inspector), sue (supervisor), root (administrator),
    a watch token of the configuration, API tokens: a supervisor's that only reads, a supervisor's
    that acts, an administrator's that acts

    y allowed      n refused: 403      - refused: 401, sign in first

A route that is missing in the table fails, and so does a line whose route is gone.
"""

from dataclasses import dataclass
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from tests.support.whole_web import API_TOKENS, TOKEN, whole_web
from tests.support.whole_web import PEOPLE as PEOPLE_BY_NAME

WHO = (
    "nobody",
    "ann",
    "bob",
    "lea",
    "leo",
    "ina",
    "sue",
    "root",
    "token",
    "reader",
    "actor",
    "chief",
)
OPEN = "yyyyyyyyyyyy"
SIGNED_IN = "-yyyyyyy-"
WATCHED = "-yyyyyyyy"
PEOPLE = "-yyyyyyy-nnn"
"Whoever has signed in, but no token."
OWN_TALK = "-ynynnyy-"
"The agent, the lead of his team, those who may everywhere."
OWN_TEAM = "-nnynnyy-"
READERS = "-nnyyyyy-"
"Of a list; it shows a team lead the own team's."
LEADS = "-nnyynyy-"
FLOOR = "-yyyynyy-"
"All who take calls, and who lead them."
HEARERS = "-nnyyyyy-"
"Of what was said and judged; a list shows each what he may hear."
OWN_HEARERS = "-nnynyyy-"
"Of one recording."
INSPECTORS = "-nnnnyyy-"
BOSSES = "-nnnnnyy-"
CHIEFS = "-nnnnnny-nnn"
"Administrators in person: users and tokens are not for tokens."
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
    """`rights` of the first nine are enough: a token may what its role may, if it is to act."""
    method, _, route = request.partition(" ")
    if len(rights) == len(WHO) - 3:
        supervisor, administrator = rights[6], rights[7]
        looks = method in ("GET", "HEAD", "WS")
        rights += (supervisor if looks else "n") + supervisor + administrator
    return Line(rights, method, route, path or route, body)


TALK, WAITS, ANN = "/api/v1/calls/c-talk", "/api/v1/calls/c-waits", "/api/v1/agents/ann"
CALL, AGENT = "/api/v1/calls/{call_id}", "/api/v1/agents/{agent_id}"
USER = "/api/v1/users/{user_id}"
INSPECTIONS = "/api/v1/inspections"
INSPECTION = f"{INSPECTIONS}/{{inspection_id}}"
RECORDING = "/api/v1/recordings/{recording_id}"
HEARD = "/api/v1/triage/heard/{heard_id}"
TASK = "/api/v1/tasks/{task_id}"
JUDGED = "/api/v1/quality/recordings/{recording_id}"
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
    line("-nnnnnny-", "GET /users"),
    line(LEADS, "GET /console"),
    line(LEADS, "GET /api/v1/console"),
    line(READERS, "GET /calls"),
    line(READERS, "GET /calls/{call_id}", "/calls/c-talk"),
    line(READERS, "GET /api/v1/history"),
    line(BOSSES, "GET /audit"),
    line(BOSSES, "GET /api/v1/audit"),
    line(SIGNED_IN, "GET /wallboard"),
    line(SIGNED_IN, "GET /recordings/{recording_id}", "/recordings/r-1"),
    line(SIGNED_IN, "GET /quality"),
    line(SIGNED_IN, "GET /phone"),
    line(SIGNED_IN, "GET /live"),
    line(HEARERS, "GET /recordings"),
    line(LISTENERS, "GET /transcription"),
    line(SIGNED_IN, "GET /phone/settings"),
    # What everybody sees.
    line(SIGNED_IN, "GET /api/v1/me"),
    line(SIGNED_IN, "GET /api/v1/calls"),
    line("-ynynyyy-", f"GET {CALL}", TALK),
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
    line(OWN_TALK, f"POST {CALL}/take", f"{WAITS}/take", {"agent": "ann"}),
    line("-yyynnyy-", f"DELETE {CALL}/take", f"{WAITS}/take"),
    line(SIGNED_IN, "GET /api/v1/callbacks"),
    line(FLOOR, "POST /api/v1/callbacks", body={"number": "13900000000", "queue": "orders"}),
    line(FLOOR, "DELETE /api/v1/callbacks/{callback_id}", "/api/v1/callbacks/b-1"),
    # Agents.
    line(OWN_TALK, f"POST {AGENT}/state", f"{ANN}/state", {"state": "ready"}),
    line(OWN_TALK, f"POST {AGENT}/wrap-up", f"{ANN}/wrap-up", {"finish": True}),
    line(BOSSES, "POST /api/v1/agents", body={"id": "new", "name": "New", "number": "1009"}),
    line(BOSSES, f"DELETE {AGENT}", ANN),
    line(BOSSES, f"PUT {AGENT}/skills", f"{ANN}/skills", {"orders": 3}),
    line(BOSSES, f"PUT {AGENT}/backup", f"{ANN}/backup", {"backup": True}),
    line(BOSSES, "PUT /api/v1/queues/{queue}", "/api/v1/queues/orders", {"ring_s": 9}),
    line(BOSSES, "POST /api/v1/queues", body={"id": "new"}),
    line(BOSSES, "DELETE /api/v1/queues/{queue}", "/api/v1/queues/night"),
    line(BOSSES, "GET /api/v1/live"),
    line(BOSSES, "DELETE /api/v1/live"),
    # One's own account. Passwords are wrong on purpose: 403 as well, hence no 'y'.
    line("-nnnnnnn-nnn", "POST /api/v1/account/password", body={"old": "x", "new": "y"}),
    line(PEOPLE, "GET /api/v1/account/sessions"),
    line(PEOPLE, "GET /api/v1/account/totp"),
    line(PEOPLE, "POST /api/v1/account/totp/new"),
    line("-nnnnnnn-nnn", "POST /api/v1/account/totp/off", body={"password": "x"}),
    # Users and tokens.
    line(CHIEFS, "GET /api/v1/users"),
    line(CHIEFS, "POST /api/v1/users", body={"user_id": "new", "role": "agent"}),
    line(CHIEFS, f"PUT {USER}", "/api/v1/users/zoe", {"role": "inspector"}),
    line(CHIEFS, f"POST {USER}/password", "/api/v1/users/zoe/password"),
    line(CHIEFS, f"POST {USER}/lock", "/api/v1/users/zoe/lock", {"is_locked": True}),
    line(CHIEFS, f"DELETE {USER}/sessions", "/api/v1/users/zoe/sessions"),
    line(CHIEFS, f"DELETE {USER}/totp", "/api/v1/users/zoe/totp"),
    line(CHIEFS, f"DELETE {USER}", "/api/v1/users/zoe"),
    line(CHIEFS, "GET /api/v1/tokens"),
    line(CHIEFS, "POST /api/v1/tokens", body={"name": "new", "role": "agent"}),
    line(CHIEFS, "DELETE /api/v1/tokens/{token_id}", "/api/v1/tokens/t-old"),
    # What every caller hears first.
    line(SIGNED_IN, "GET /api/v1/emergency"),
    line(BOSSES, "POST /api/v1/emergency", body={"name": "storm"}),
    line(BOSSES, "DELETE /api/v1/emergency"),
    # Tasks.
    line(SIGNED_IN, "GET /tasks"),
    line(SIGNED_IN, "GET /api/v1/tasks"),
    line(SIGNED_IN, f"GET {TASK}", "/api/v1/tasks/t-1"),
    line(SIGNED_IN, f"GET {TASK}/audio", "/api/v1/tasks/t-1/audio"),
    line(FLOOR, f"POST {TASK}/take", "/api/v1/tasks/t-1/take"),
    line(FLOOR, f"POST {TASK}/release", "/api/v1/tasks/t-1/release"),
    line(FLOOR, f"POST {TASK}/done", "/api/v1/tasks/t-1/done", {"note": "rang him"}),
    line(FLOOR, f"POST {TASK}/call-back", "/api/v1/tasks/t-1/call-back", {"queue": "orders"}),
    # Flows.
    line(HEARERS, "GET /flows"),
    line(HEARERS, "GET /flows/{flow}", "/flows/main"),
    line(HEARERS, "GET /api/v1/flows"),
    line(HEARERS, "GET /api/v1/flows/{flow}", "/api/v1/flows/main"),
    line(HEARERS, "GET /api/v1/flows/{flow}/picture", "/api/v1/flows/main/picture"),
    line(HEARERS, "GET /api/v1/triage/heard"),
    line(HEARERS, f"PUT {HEARD}", "/api/v1/triage/heard/h-1", {"intent": "orders"}),
    # What was recorded and counted.
    line(HEARERS, "GET /api/v1/recordings"),
    line(OWN_HEARERS, f"GET {RECORDING}", "/api/v1/recordings/r-1"),
    line(OWN_HEARERS, f"GET {RECORDING}/audio", "/api/v1/recordings/r-1/audio"),
    line(OWN_HEARERS, f"GET {RECORDING}/transcript", "/api/v1/recordings/r-1/transcript"),
    line(OWN_HEARERS, f"GET {RECORDING}/peaks", "/api/v1/recordings/r-1/peaks"),
    line(OWN_HEARERS, f"GET {RECORDING}/marks", "/api/v1/recordings/r-1/marks"),
    line(BOSSES, f"GET {RECORDING}/hold", "/api/v1/recordings/r-1/hold"),
    line(BOSSES, f"PUT {RECORDING}/hold", "/api/v1/recordings/r-1/hold", {"reason": "case 4711"}),
    line(BOSSES, f"DELETE {RECORDING}/hold", "/api/v1/recordings/r-1/hold"),
    line(BOSSES, "GET /api/v1/records.csv"),
    # The wallboard.
    line(SIGNED_IN, "GET /wallboard/asyncapi.yaml"),
    line(SIGNED_IN, "GET /api/v1/boards"),
    line(SIGNED_IN, "GET /api/v1/alarms"),
    line(LEADS, "POST /api/v1/alarms/{alarm_id}/acknowledge", "/api/v1/alarms/al-1/acknowledge"),
    line(BOSSES, "GET /api/v1/tv-links"),
    line(BOSSES, "POST /api/v1/tv-links", body={"name": "Hall"}),
    line(BOSSES, "DELETE /api/v1/tv-links/{link_id}", "/api/v1/tv-links/tv-1"),
    # Inspectors' work.
    line(SIGNED_IN, f"GET {INSPECTIONS}"),
    line(SIGNED_IN, f"GET {INSPECTIONS}/form"),
    line(SIGNED_IN, f"GET {INSPECTIONS}/month", f"{INSPECTIONS}/month?month=2026-11"),
    line(INSPECTORS, f"GET {INSPECTIONS}/calibrations"),
    line(INSPECTORS, f"GET {INSPECTIONS}/calibrations/{{name}}", f"{INSPECTIONS}/calibrations/c-1"),
    line("-ynynyyy-", f"GET {INSPECTION}", f"{INSPECTIONS}/i-done"),
    line("-nnnnyyy-", f"GET {INSPECTION}", f"{INSPECTIONS}/i-open"),
    line(
        INSPECTORS,
        f"POST {INSPECTIONS}/draw",
        body={"how": "random", "inspectors": ["ina"], "since": "2026-03-01", "until": "2026-03-02"},
    ),
    line(INSPECTORS, f"POST {INSPECTIONS}", body={"recording_id": "r-1", "inspector": "ina"}),
    line("-nnnnynn-", f"PUT {INSPECTION}", f"{INSPECTIONS}/i-open", {"summary": "hm"}),
    line("-ynnnnnn-", f"POST {INSPECTION}/appeal", f"{INSPECTIONS}/i-done/appeal", {"text": "no"}),
    line(
        "-nnnnnyy-",
        f"POST {INSPECTION}/settle",
        f"{INSPECTIONS}/i-appealed/settle",
        {"answer": "so"},
    ),
    # Rules of quality.
    line(HEARERS, "GET /api/v1/quality/results"),
    line(OWN_HEARERS, f"GET {JUDGED}", "/api/v1/quality/recordings/r-1"),
    line(HEARERS, "GET /api/v1/quality/rules"),
    line(HEARERS, "GET /api/v1/quality/schema"),
    line(INSPECTORS, "POST /api/v1/quality/try", body={"pack": "language: zh", "days": 7}),
    line(INSPECTORS, "POST /api/v1/quality/rescore", body={"days": 7}),
    line(HEARERS, "GET /api/v1/search", "/api/v1/search?q=hello"),
    line(HEARERS, "GET /api/v1/search/classes"),
    line(OWN_TALK, "WS /ws/calls/{call_id}/transcript", "/ws/calls/c-talk/transcript"),
    line(LISTENERS, "GET /api/v1/transcription"),
    line(BOSSES, "POST /api/v1/transcription/retry"),
    line(BOSSES, f"POST {TRANSCRIPT}/retry", "/api/v1/transcription/r-1/retry"),
    line(BOSSES, f"POST {TRANSCRIPT}/raise", "/api/v1/transcription/r-1/raise", {"priority": 9}),
]
NOT_ASKED = {
    "POST /sign-in",
    "POST /sign-in/code",
    "POST /sign-out",
    "PUT /api/v1/account/totp",
    "DELETE /api/v1/account/sessions",
    "DELETE /api/v1/account/sessions/{session_id}",
}
"Those that make and end sessions; test_app.py and test_accounts.py have them."
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
        bearer = {"token": TOKEN, **API_TOKENS}.get(who)
        headers = {} if bearer is None else {"authorization": f"Bearer {bearer}"}
        user = who if who in PEOPLE_BY_NAME else None
        wrong = []
        for each in TABLE:
            expected = each.rights[WHO.index(who)]
            status = await house.knock(user, each.method, each.path, each.body, headers)
            got = {401: "-", 403: "n"}.get(status, "y" if status < 400 else str(status))
            if got != expected:
                wrong.append(f"{each.method} {each.path}: {got} instead of {expected}")
        assert wrong == []


FOR_SCREENS = ("/sign-in/", "/frame/", "/wallboard/")
"Scripts and styles that a board needs that was opened by a link, without a sign-in."


async def test_scripts_and_styles_want_a_sign_in_but_for_screens(tmp_path: Path) -> None:
    async with whole_web(tmp_path) as house:
        assets = [route for route in routes_of(house.app) if route.endswith(ASSETS)]
        paths = [route.partition(" ")[2] for route in assets]
        assert len(paths) > 20
        for path in paths:
            refused = await house.knock(None, "GET", path)
            assert refused == (200 if path.startswith(FOR_SCREENS) else 401), path
            assert await house.knock("ann", "GET", path) == 200, path
