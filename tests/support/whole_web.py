"""The web role's real application, from a centre's folder, with core played: for rights and pages.

async with whole_web(tmp_path) as house:      # users of every role, a talk, one who waits
    status = await house.knock("sue", "GET", "/api/v1/calls")
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import numpy as np
from fastapi import FastAPI
from starlette.types import Message

from acd.events import (
    AgentAnswered,
    AgentChanged,
    AgentOffered,
    AgentState,
    CallbackQueued,
    CallPromoted,
    CallQueued,
    OfferFailed,
    OfferFailure,
    Priority,
    TalkEnded,
)
from acd.expected_wait import Accuracy
from acd.views import Expectation, FloorNow, PhoneTrouble
from callcenter.asks import (
    AddAgentLive,
    AddQueueLive,
    AgentAdded,
    ChangeAccounts,
    EmergencyStatus,
    EndEmergency,
    ListTvLinks,
    MadeTvLink,
    MakeTvLink,
    QueueAdded,
    QueueRemoved,
    ReadAlarmRules,
    ReadEmergency,
    ReadFlows,
    ReadTranscription,
    RemoveQueueLive,
    RescoreTalks,
    RetryTranscripts,
    ShowLive,
    SwitchEmergency,
)
from callcenter.codec import CODEC
from callcenter.configuration.settings import Settings, load
from callcenter.events import ActionTaken
from callcenter.roles.web import application
from callcenter.rules.screens import directory
from desk.store import TaskStore
from desk.task import Task, TaskKind, TaskState
from foundation.db import make_engine, make_sessions
from foundation.ids import (
    AgentId,
    AlarmId,
    CallbackId,
    CallId,
    LegId,
    OfferId,
    PartyId,
    QueueId,
    RecordingId,
    TaskId,
)
from foundation.ipc import Request
from foundation.ipc.messages import ReplyT
from foundation.journal import Journal
from foundation.record import Record
from foundation.web.store import UserStore
from foundation.web.tokens import ApiToken, hash_token
from foundation.web.users import Role, User
from ivr.events import FlowEnded, FlowStarted, MenuChosen
from ivr.flows.flow import parse
from ivr.pictures.drawing import shape_of
from ivr.pictures.flows_now import flows_now
from ivr.pictures.paths import WayCounts
from ivr.store import HeardStore
from ivr.understanding.heard import Heard
from recordings.events import RecordingEnded, RecordingStarted, TranscriptReady
from recordings.recogniser import Word
from recordings.recording import Recording, SideTranscript, TranscriptState
from recordings.store import Ended, RecordingStore
from recordings.terms import index_parts
from recordings.transcribing.transcription import Progress
from telephony.calls.events import (
    CallAnswered,
    CallArrived,
    CallBridged,
    CallEnded,
    EndedBy,
    LegEnded,
    Side,
)
from telephony.calls.store import PartyStore
from telephony.sip.events import TrunkDown
from tests.support.database import connections_ended, put_schema
from tests.support.fake_core import FakeCore
from tests.support.played_inspections import inspections_played
from tests.support.recording_fakes import STARTED
from tests.support.telephone_speech import write_wav
from tests.support.web_house import CHEAP, PASSWORD, client_of, running
from wallboard.commands import Done
from wallboard.directory import Directory
from wallboard.events import AlarmKind, AlarmRaised, Level
from wallboard.figures.boards import Plan

TOKEN = "0123456789abcdef0123456789abcdef"
FAR_S = 4_000_000_000.0
READY_WITHIN_S = 10.0
"On a busy machine."
ORDERS, ANN, EVE = QueueId("orders"), AgentId("ann"), AgentId("eve")
TALK, WAITS, NIGHT = CallId("c-talk"), CallId("c-waits"), CallId("c-night")
"Ann of the day team talks in the first, Eve of the night team in the third."
CALLBACK = CallbackId("b-1")
PAST, PAST_PARTY, PAST_NUMBER = CallId("c-past"), PartyId("p-past"), "+8613900001234"
CALLBACK, ALARM = CallbackId("b-1"), AlarmId("al-1")
CENTRE = f"""
sip: {{domain: hotline.example, listen: ["ws:127.0.0.1:5066"]}}
recordings: {{transcribe: false}}
http: {{watch_tokens: ["{TOKEN}"]}}
timezone: Asia/Shanghai
agents:
  - {{id: ann, name: Li Na, number: "101", team: day, skills: {{orders: 5}}, sip_password: s1}}
  - {{id: bob, name: Wang Wei, number: "102", team: day, skills: {{orders: 5}}, sip_password: s2}}
  - {{id: lea, name: Zhang Min, number: "103", team: day, skills: {{orders: 5}}, sip_password: s3}}
  - {{id: eve, name: Zhao Lei, number: "104", team: night, skills: {{night: 5}}, sip_password: s4}}
  - {{id: leo, name: Chen Jie, number: "105", team: night, skills: {{night: 5}}, sip_password: s5}}
queues:
  orders: {{skills: {{orders: 1}}}}
  night: {{skills: {{night: 1}}}}
"""
_MAIN = """
start: hello
prompts: {p: {en: Hello.}}
nodes:
  hello: {do: say, prompt: p, next: what}
  what:
    do: ask
    prompt: p
    choices:
      orders: {words: {en: [order]}, next: orders}
      repairs: {words: {en: [broken]}, next: repairs}
    default: choices
  choices: {do: menu, prompt: p, keys: {"1": orders, "2": repairs, "9": hello}, default: bye}
  orders: {do: queue, queue: orders}
  repairs: {do: queue, queue: night}
  bye: {do: hangup, prompt: p}
"""
_PRESENT = WayCounts()
_PRESENT.add("main", ("hello", "what"))
FLOWS_NOW = flows_now([shape_of(parse(_MAIN, "flows/main.yaml", "main")[0])], _PRESENT)
"One caller is asked now."
PEOPLE = {
    "ann": User("ann", Role.AGENT, "", "ann"),
    "bob": User("bob", Role.AGENT, "", "bob"),
    "lea": User("lea", Role.TEAM_LEAD, "", "lea"),
    "leo": User("leo", Role.TEAM_LEAD, "", "leo"),
    "ina": User("ina", Role.INSPECTOR, ""),
    "sue": User("sue", Role.SUPERVISOR, ""),
    "root": User("root", Role.ADMINISTRATOR, ""),
    "zoe": User("zoe", Role.AGENT, ""),
}
"Ann's colleague is Bob, her team lead Lea; Leo leads the other team. Zoe is there to be changed."
API_TOKENS = {name: f"cc_{name}-{'0' * 40}" for name in ("reader", "actor", "chief", "old")}


EMERGENCY = EmergencyStatus(None, ["storm"], [])


class PlayedCore(FakeCore):
    """Implements `callcenter.core_line.WebCore`."""

    def __init__(self, settings: Settings, users: UserStore) -> None:
        super().__init__()
        self.settings = settings
        self.users = users
        self.requests: list[object] = []
        self.past: list[Record[object]] = []
        self.desks: dict[type, Callable[[Any], Awaitable[Any]]] = {}
        "Real ones; what has none is answered as done."
        self.progress = Progress()

    async def request(self, request: Request[ReplyT]) -> ReplyT:
        self._check_up()
        self.requests.append(request)
        if isinstance(request, ChangeAccounts):
            await self.users.apply(request.change)
        if (desk := self.desks.get(type(request))) is not None:
            return await desk(request)  # type: ignore[no-any-return]  # by the request's type
        answers: dict[type, object] = {
            ShowLive: "",
            ReadTranscription: self.progress,
            RescoreTalks: 0,
            RetryTranscripts: 1,
            SwitchEmergency: EMERGENCY,
            EndEmergency: EMERGENCY,
            ReadEmergency: EMERGENCY,
            ReadFlows: FLOWS_NOW,
            ReadAlarmRules: "{}",
            AddAgentLive: AgentAdded(1, "made"),
            AddQueueLive: QueueAdded(1, []),
            RemoveQueueLive: QueueRemoved(1, ""),
            ListTvLinks: [],
            MakeTvLink: MadeTvLink("tv-1", "a token"),
        }
        return answers.get(type(request), Done(len(self.journal)))  # type: ignore[return-value]

    async def directory(self) -> Directory:
        return directory(self.settings)

    async def boards(self) -> dict[str, Plan]:
        return dict(self.settings.boards)

    async def floor(self) -> FloorNow:
        return FloorNow(
            {ORDERS: Expectation(150.0, Accuracy(9, 20.0, 45.0))}, {EVE: PhoneTrouble.AWAY}
        )

    async def metrics(self) -> bytes:
        return b""

    async def call(self, call_id: CallId) -> list[Record[object]]:
        present: list[Record[object]] = [
            Record(told.seq, told.at_s, told.utc, told.event)
            for told in self.journal
            if getattr(told.event, "call_id", None) == call_id
        ]
        return present or (self.past if call_id == PAST else [])


@dataclass
class WholeWeb:
    app: FastAPI
    core: PlayedCore
    settings: Settings
    users: UserStore
    cookies: dict[str, str] = field(default_factory=dict)

    @property
    def asked(self) -> list[Any]:
        """By people. The web role's own alarms come between: the house's callers have waited since
        June, and a rule looks at them as long as a slow machine takes for a page."""
        return [each for each in self.core.asked if getattr(each, "by", "") != "web"]

    async def knock(
        self,
        who: str | None,
        method: str,
        path: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> int:
        """The answer's status, for a request from another machine; 101 where a socket opens.

        `who`: one of PEOPLE, signed in; None: nobody."""
        cookie = "" if who is None else await self.cookie(who)
        sent = {"cookie": cookie, "host": "house", **(headers or {})}
        if method == "WS":
            return (await _ask(self.app, "websocket", "", path, sent, b"")).status
        content = b"" if body is None else json.dumps(body).encode()
        sent["content-type"] = "application/json"
        return (await _ask(self.app, "http", method, path, sent, content)).status

    async def get(self, who: str, path: str) -> httpx.Response:
        async with client_of(self.app) as client:
            return await client.get(path, headers={"cookie": await self.cookie(who)})

    async def cookie(self, who: str) -> str:
        """Of a session that is signed in with name and password, once for each."""
        if who not in self.cookies:
            form = urlencode({"name": who, "password": PASSWORD}).encode()
            answer = await _ask(self.app, "http", "POST", "/sign-in", {"host": "house"}, form)
            self.cookies[who] = answer.cookie
        return self.cookies[who]


@asynccontextmanager
async def whole_web(folder: Path) -> AsyncIterator[WholeWeb]:
    with connections_ended():
        async with _whole_web(folder) as house:
            yield house


@asynccontextmanager
async def _whole_web(folder: Path) -> AsyncIterator[WholeWeb]:
    (folder / "callcenter.yaml").write_text(CENTRE, encoding="utf-8")
    settings = load(folder)
    engine = make_engine(settings.database_url)
    put_schema(settings.database_url)
    users = UserStore(engine)
    hashed = CHEAP.hash(PASSWORD)
    for user in PEOPLE.values():
        await users.add(User(user.user_id, user.role, hashed, user.agent_id))
    for name, token in API_TOKENS.items():
        await users.add_token(_token(name, token))
    recordings = RecordingStore(make_sessions(engine))
    settings.recordings_path.mkdir(parents=True)
    for number, agent in ((1, ANN), (2, EVE)):
        await _recorded(recordings, settings.recordings_path, number, agent)
    await TaskStore(make_sessions(engine)).add(_tasks())
    await HeardStore(make_sessions(engine)).add([_heard()])
    core = PlayedCore(settings, users)
    core.desks = await inspections_played(make_sessions(engine), recordings)
    await _tell_the_day(core)
    await _write_down_a_past_call(settings, core)
    parties = PartyStore(make_sessions(engine))
    parties.save(PAST_PARTY, PAST_NUMBER)
    await parties.flush()
    try:
        app = application(settings, core)
        async with running(app):
            house = WholeWeb(app, core, settings, users)
            async with asyncio.timeout(READY_WITHIN_S):
                while await house.knock(None, "GET", "/readyz") != 200:  # noqa: ASYNC110  # no event tells
                    await asyncio.sleep(0)
            yield house
    finally:
        await engine.dispose()


def _token(name: str, text: str) -> ApiToken:
    return ApiToken(
        token_id=f"t-{name}",
        name=name,
        token_hash=hash_token(text),
        role=Role.ADMINISTRATOR if name == "chief" else Role.SUPERVISOR,
        reads_only=name == "reader",
        made_by="root",
        made_s=0.0,
        expires_s=FAR_S,
    )


async def _tell_the_day(core: PlayedCore) -> None:
    for call_id, queue, agent in ((TALK, ORDERS, ANN), (NIGHT, QueueId("night"), EVE)):
        await core.tell(
            CallArrived(call_id, PartyId("p-1"), "8000"),
            CallQueued(call_id, queue),
            AgentAnswered(call_id, queue, agent),
            AgentChanged(agent, AgentState.TALKING, call_id=call_id),
        )
    await core.tell(
        CallArrived(WAITS, PartyId("p-2"), "8000"),
        CallQueued(WAITS, ORDERS),
        CallbackQueued(CALLBACK, PartyId("p-3"), ORDERS),
        AlarmRaised(ALARM, "line_down", AlarmKind.LINE, Level.ALARM, "trunk home", detail="away"),
        TrunkDown("home", "away"),
    )


def past_call() -> list[object]:
    """A caller of the day team's: menu, queue, one agent who does not pick up, Ann who does."""
    first, second = OfferId("o-1"), OfferId("o-2")
    return [
        CallArrived(PAST, PAST_PARTY, "8000"),
        CallAnswered(PAST),
        FlowStarted(PAST, "main"),
        MenuChosen(PAST, "main", "choose", "1"),
        FlowEnded(PAST, "main", "orders"),
        CallQueued(PAST, ORDERS),
        AgentOffered(PAST, ORDERS, AgentId("bob"), first),
        OfferFailed(PAST, ORDERS, AgentId("bob"), first, OfferFailure.NO_ANSWER),
        ActionTaken("sue", "priority", PAST, "P1"),
        CallPromoted(PAST, ORDERS, Priority.P1),
        AgentOffered(PAST, ORDERS, ANN, second),
        AgentAnswered(PAST, ORDERS, ANN),
        RecordingStarted(RecordingId("r-1"), PAST, ANN, ORDERS, "r-1.wav", ("en", "en")),
        CallBridged(PAST, ANN),
        TalkEnded(PAST, ORDERS, ANN),
        LegEnded(PAST, LegId("l-1"), Side.CALLER, 500, 500, 2, 3.5, 1, 2.5, mos=4.2),
        CallEnded(PAST, EndedBy.CALLER, "the caller hung up"),
        RecordingEnded(RecordingId("r-1"), 1.0, True),
        TranscriptReady(RecordingId("r-1"), 1),
    ]


async def _write_down_a_past_call(settings: Settings, core: PlayedCore) -> None:
    """Into the journal's file, which the web role reads for past days; and for core's answers."""
    journal = await Journal.open(settings.journal_path, CODEC)
    for event in past_call():
        journal.publish(event)
    journal.publish(ActionTaken("root", "user locked", "zoe"))
    await journal.close()
    core.past = [record async for record in journal.reader.read()][:-1]


def _heard() -> Heard:
    return Heard(
        heard_id="h-1",
        at=STARTED,
        call_id=TALK,
        party_id=PartyId("p-1"),
        flow="main",
        node="what",
        text="where has it got to",
        confidence=0.8,
        outcome="fell_back",
        choice="",
    )


def _tasks() -> list[Task]:
    """A message that everybody may hear, and a caller who was not content."""
    message = Task(
        task_id=TaskId("t-1"),
        kind=TaskKind.VOICEMAIL,
        call_id=TALK,
        party_id=PartyId("p-1"),
        line="8000",
        queue=QueueId(""),
        opened=STARTED,
        due=STARTED + timedelta(hours=4),
        recording_id=RecordingId("r-1"),
        detail="sales",
    )
    unhappy = replace(
        message,
        task_id=TaskId("t-2"),
        kind=TaskKind.FOLLOW_UP,
        recording_id=RecordingId(""),
        queue=ORDERS,
        agent_id=ANN,
        detail="attitude 1",
        state=TaskState.TAKEN,
        taken_by="lea",
        changed=STARTED,
    )
    return [message, unhappy]


async def _recorded(store: RecordingStore, folder: Path, number: int, agent: AgentId) -> None:
    """A talk of one second of silence, with its transcript."""
    recording = Recording(
        recording_id=RecordingId(f"r-{number}"),
        call_id=TALK if agent == ANN else NIGHT,
        agent_id=agent,
        queue=ORDERS,
        file=f"r-{number}.wav",
        started=STARTED,
        languages=("en", "en"),
    )
    await store.add(recording)
    write_wav(folder / recording.file, np.zeros((8000, 2), np.int16))
    await store.end(Ended(recording.recording_id, 1.0, True, TranscriptState.QUEUED))
    said = SideTranscript(Side.CALLER, "en", (Word("hello", 0.1, 0.4, 0.9),))
    parts = {said.side: index_parts(said.words)}
    await store.save_transcript(recording.recording_id, [said], parts)


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    cookie: str


async def _ask(
    app: FastAPI, kind: str, method: str, path: str, headers: Mapping[str, str], content: bytes
) -> _Answer:
    """One request by ASGI itself: httpx knows no WebSocket."""
    bare, _, query = path.partition("?")
    scope = {
        "type": kind,
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http" if kind == "http" else "ws",
        "path": bare,
        "raw_path": bare.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("192.0.2.7", 40000),
        "server": ("house", 80),
        "subprotocols": [],
        "extensions": {"websocket.http.response": {}},
        "state": {},
    }
    incoming: list[Message] = (
        [{"type": "http.request", "body": content, "more_body": False}, {"type": "http.disconnect"}]
        if kind == "http"
        else [{"type": "websocket.connect"}, {"type": "websocket.disconnect", "code": 1000}]
    )
    sent: list[Message] = []

    async def receive() -> Message:
        return incoming.pop(0) if len(incoming) > 1 else incoming[0]

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    first = sent[0]
    status = 101 if first["type"] == "websocket.accept" else int(first["status"])
    set_cookie = next(
        (value.decode() for name, value in first.get("headers", ()) if name == b"set-cookie"), ""
    )
    kept = "; ".join(f"{key}={morsel.value}" for key, morsel in SimpleCookie(set_cookie).items())
    return _Answer(status, kept)
