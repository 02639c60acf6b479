"""The other roles' line to core over a real Unix socket, and the commands that use it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from acd.events import AgentState, CallQueued
from acd.views import AgentView, Presence
from callcenter.asks import (
    AddQueueLive,
    BoardAsks,
    ChangeAccounts,
    Erased,
    EraseParty,
    FindJournalEnds,
    IndexTranscript,
    JournalEnds,
    ListAgents,
    ListQueues,
    QueueAdded,
    QueueRemoved,
    QueueView,
    ReadCall,
    ReadDirectory,
    ReadMetrics,
    RemoveQueueLive,
    TranscriberAsks,
)
from callcenter.codec import CODEC
from callcenter.commands.asking import terminal
from callcenter.configuration.settings import load
from callcenter.core_line import CoreLine, TranscriberLine
from callcenter.places import Places
from callcenter.records.call_rows import rows_of_call
from foundation.db import create_schema, make_engine, make_sessions
from foundation.errors import Conflict, NotFound, Unavailable
from foundation.ids import AgentId, CallId, PartyId, QueueId, RecordingId
from foundation.ipc import Server
from foundation.journal import Journal, Row
from foundation.record import Record
from foundation.web.changes import AddToken, RemoveUser
from recordings.messages import LeaseWork, NoWork, Reply
from recordings.searching.search_store import Indexed
from recordings.terms import IndexPart
from telephony.calls.events import CallArrived, Side
from tests.support.centres import run_command, write_centre
from tests.support.search_behaviour import keep
from wallboard.commands import Done, HangUpCall, SetAgentState, WantedState
from wallboard.core_link import CaughtUp, StartOver
from wallboard.directory import Directory
from wallboard.fold.board import BoardRecord

pytestmark = pytest.mark.e2e

C1, ORDERS = CallId("c-1"), QueueId("orders")
EVA_NOW = AgentView(
    agent_id=AgentId("eva"),
    name="Eva Berg",
    state=AgentState.PAUSED,
    reason="meal",
    since=0.0,
    call_id=None,
    offer_id=None,
    registered=True,
    busy=False,
)


class SmallCore:
    """Core's socket and journal, and nothing behind them."""

    def __init__(self, folder: Path) -> None:
        self.path = Places(folder / "data").core_socket
        self.file = folder / "data" / "journal.db"
        self.asked: list[object] = []

    async def open(self) -> None:
        self.journal = await Journal.open(self.file, CODEC)
        self.server = await Server.listen(
            self.path,
            {
                FindJournalEnds: self._ends,
                BoardAsks: self._board,
                TranscriberAsks: self._transcriber,
                ListAgents: self._agents,
                ListQueues: self._queues,
                AddQueueLive: self._add_queue,
                RemoveQueueLive: self._remove_queue,
                ReadMetrics: self._metrics,
                ReadCall: self._call,
                ReadDirectory: self._directory,
                EraseParty: self._erase,
                ChangeAccounts: self._change,
                IndexTranscript: self._index,
            },
            self.journal,
        )

    async def close(self) -> None:
        await self.server.close()
        await self.journal.close()

    async def _ends(self, _: FindJournalEnds) -> JournalEnds:
        journal = self.journal
        return JournalEnds(1, journal.last_seq, journal.opened_seq, journal.run)

    async def _change(self, ask: ChangeAccounts) -> Done:
        self.asked.append(ask.change)
        return Done(0)

    async def _board(self, ask: BoardAsks) -> Done:
        self.asked.append(ask.command)
        if isinstance(ask.command, HangUpCall):
            raise NotFound("There is no call 'c-9' now.")
        if isinstance(ask.command, SetAgentState) and ask.command.agent_id != "eva":
            raise Conflict("is somebody else")
        return Done(self.journal.last_seq)

    async def _transcriber(self, ask: TranscriberAsks) -> Reply:
        self.asked.append(ask.message)
        return NoWork(ask_again_s=1.0)

    async def _directory(self, _: ReadDirectory) -> Directory:
        return Directory()

    async def _agents(self, _: ListAgents) -> list[AgentView]:
        return [EVA_NOW]

    async def _queues(self, _: ListQueues) -> list[QueueView]:
        return [QueueView(QueueId("orders"), "Bestellungen", "leaving", Presence(waiting=3), 2)]

    async def _add_queue(self, ask: AddQueueLive) -> QueueAdded:
        self.asked.append(ask)
        return QueueAdded(1, ["no agent has the skills that this queue asks for"])

    async def _remove_queue(self, ask: RemoveQueueLive) -> QueueRemoved:
        self.asked.append(ask)
        if not ask.when_empty:
            raise Conflict("The queue 'orders' is in use: 3 waiting.")
        return QueueRemoved(1, "3 waiting")

    async def _erase(self, ask: EraseParty) -> Erased:
        self.asked.append(ask)
        return Erased(1, "c.json", {"calls": 2}, [])

    async def _index(self, ask: IndexTranscript) -> None:
        self.asked.append(ask)

    async def _metrics(self, _: ReadMetrics) -> bytes:
        return b"core_calls 1.0\n"

    async def _call(self, ask: ReadCall) -> list[Row]:
        since = datetime.now(UTC) - timedelta(days=1)
        return await rows_of_call(self.journal.reader, ask.call_id, since)


@pytest.fixture
async def core(tmp_path: Path) -> AsyncIterator[SmallCore]:
    core = SmallCore(tmp_path)
    await core.open()
    yield core
    await core.close()


@pytest.fixture
async def line(core: SmallCore) -> AsyncIterator[CoreLine]:
    line = CoreLine(core.path)
    yield line
    await line.close()


async def take(
    line: CoreLine, after_seq: int, count: int
) -> list[BoardRecord | CaughtUp | StartOver]:
    taken: list[BoardRecord | CaughtUp | StartOver] = []
    async with asyncio.timeout(30), aclosing(line.records(after_seq)) as records:  # type: ignore[type-var]  # it is a generator
        async for told in records:
            taken.append(told)
            if len(taken) == count:
                break
    return taken


async def test_history_comes_first_then_the_mark_then_what_happens(
    core: SmallCore, line: CoreLine
) -> None:
    core.journal.publish(CallArrived(C1, PartyId("p-1"), "8000"))
    core.journal.publish(CallQueued(C1, ORDERS))

    history = await take(line, 0, 3)
    assert [getattr(told, "seq", None) for told in history] == [1, 2, None]

    later = await take(line, 2, 1)
    assert isinstance(later[0], CaughtUp), "who knows it all is caught up at once"


async def test_journal_that_is_empty_is_caught_up_with(core: SmallCore, line: CoreLine) -> None:
    assert isinstance((await take(line, 0, 1))[0], CaughtUp)


async def test_answers_and_errors_come_as_core_gave_them(core: SmallCore, line: CoreLine) -> None:
    wanted = SetAgentState(by="sue", agent_id="eva", state=WantedState.READY)
    assert await line.ask(wanted) == Done(0)
    with pytest.raises(NotFound, match="There is no call 'c-9' now"):
        await line.ask(HangUpCall(by="sue", call_id="c-9"))
    assert core.asked[0] == wanted


async def test_metrics_and_a_calls_records_are_read(core: SmallCore, line: CoreLine) -> None:
    core.journal.publish(CallArrived(C1, PartyId("p-1"), "8000"))
    core.journal.publish(CallQueued(CallId("c-2"), ORDERS))
    await core.journal.settled(2)

    assert await line.metrics() == b"core_calls 1.0\n"
    [record] = await line.call(C1)
    assert record.event == CallArrived(C1, PartyId("p-1"), "8000")
    assert await line.call(CallId("c-9")) == []


async def test_line_is_made_again_after_core_was_restarted(core: SmallCore, line: CoreLine) -> None:
    assert await line.metrics()
    await core.close()
    with pytest.raises(Unavailable):
        await line.metrics()

    await core.open()
    assert await line.metrics() == b"core_calls 1.0\n"


async def test_who_has_heard_more_than_was_written_starts_over(
    core: SmallCore, line: CoreLine
) -> None:
    core.journal.publish(CallArrived(C1, PartyId("p-1"), "8000"))
    await take(line, 0, 2)
    await core.close()
    await core.open()

    # One record was read and is on the disk; a second would be news from the dead.
    assert isinstance((await take(line, 1, 1))[0], CaughtUp)
    await core.close()
    await core.open()
    told = await take(line, 2, 3)
    assert [type(each) for each in told] == [StartOver, Record, CaughtUp]


async def test_many_who_ask_at_once_share_one_connection(core: SmallCore, line: CoreLine) -> None:
    answers = await asyncio.gather(*[line.metrics() for _ in range(20)])

    assert answers == [b"core_calls 1.0\n"] * 20
    assert len(core.server._connections) == 1


async def test_transcriber_has_a_line_of_its_own(core: SmallCore) -> None:
    line = TranscriberLine(core.path)
    message = LeaseWork("t-1")

    assert await line.ask(message) == NoWork(ask_again_s=1.0)
    assert core.asked == [message]
    await line.close()


async def test_agents_are_listed_and_commanded_from_the_terminal(
    core: SmallCore, tmp_path: Path
) -> None:
    folder = write_centre(tmp_path)

    listed = await asyncio.to_thread(run_command, "agent", "list", "--dir", folder)
    assert listed.exit_code == 0, listed.output
    for word in ("eva", "Eva Berg", "1001", "registered", "paused", "meal"):
        assert word in listed.stdout

    paused = await asyncio.to_thread(
        run_command, "agent", "pause", "eva", "--reason", "meal", "--dir", folder
    )
    assert paused.stdout == "eva: paused\n"
    command = core.asked[-1]
    assert isinstance(command, SetAgentState)
    assert (command.state, command.reason) == (WantedState.PAUSED, "meal")
    assert command.by.startswith("terminal:")

    refused = await asyncio.to_thread(run_command, "agent", "off", "tom", "--dir", folder)
    assert (refused.exit_code, refused.stderr) == (1, "is somebody else\n")


async def test_queues_are_listed_added_and_removed_from_the_terminal(
    core: SmallCore, tmp_path: Path
) -> None:
    folder = write_centre(tmp_path)

    async def run(*words: str) -> tuple[int, str]:
        done = await asyncio.to_thread(run_command, "queue", *words, "--dir", folder)
        return done.exit_code, done.output

    listed = await run("list")
    assert all(word in listed[1] for word in ("orders", "Bestellungen", "leaving", "3 waiting"))
    added = await run("add", "night", "skills={chess: 2}", "name=Night")
    assert "But no agent has the skills" in added[1]
    assert (await run("remove", "orders")) == (1, "The queue 'orders' is in use: 3 waiting.\n")
    removed = await run("remove", "orders", "--when-empty")
    assert "goes when nobody is in it any more: 3 waiting" in removed[1].replace("\n", " ")

    add, _, remove = core.asked
    assert isinstance(add, AddQueueLive)
    assert (add.queue, add.fields) == ("night", {"skills": {"chess": 2}, "name": "Night"})
    assert isinstance(remove, RemoveQueueLive)
    assert (remove.queue, remove.move_to, remove.when_empty) == ("orders", "", True)


async def test_number_is_erased_by_core_while_it_runs(core: SmallCore, tmp_path: Path) -> None:
    folder = write_centre(tmp_path)
    erased = await asyncio.to_thread(run_command, "party", "erase", "13900000001", "--dir", folder)

    assert erased.stdout == "13900000001 is erased.\n2 calls. Certificate: c.json\n"
    [ask] = core.asked
    assert isinstance(ask, EraseParty)
    assert ask.number == "13900000001"


async def test_users_and_tokens_are_changed_by_core_while_it_runs(
    core: SmallCore, tmp_path: Path
) -> None:
    write_centre(tmp_path)
    for words in (("user", "remove", "sue"), ("token", "add", "cron")):
        result = await asyncio.to_thread(run_command, *words, "--dir", tmp_path)
        assert (result.exit_code, result.stderr) == (0, "")
    removed, added = core.asked
    assert isinstance(removed, RemoveUser)
    assert isinstance(added, AddToken)
    assert removed.by == added.by == terminal()


async def test_board_is_shown_once_in_the_terminal(core: SmallCore, tmp_path: Path) -> None:
    core.journal.publish(CallArrived(C1, PartyId("p-1"), "8000"))
    core.journal.publish(CallQueued(C1, ORDERS))

    shown = await asyncio.to_thread(run_command, "watch", write_centre(tmp_path), "--once")

    assert shown.exit_code == 0, shown.output
    assert "Waiting 1" in shown.stdout


async def test_command_leaves_the_writing_of_the_index_to_a_core_that_runs(
    core: SmallCore, tmp_path: Path
) -> None:
    engine = make_engine(load(write_centre(tmp_path)).database_url)
    await create_schema(engine)
    await keep(make_sessions(engine), 1, "退款", "my order", indexed=False)
    await engine.dispose()

    done = await asyncio.to_thread(run_command, "recordings", "reindex", tmp_path)

    assert (done.exit_code, done.stdout) == (0, "1 transcripts indexed.\n")
    caller = Indexed(Side.CALLER, (IndexPart("退款", "退 款"),))
    agent = Indexed(Side.AGENT, (IndexPart("my order", "my order"),))
    assert core.asked == [IndexTranscript(RecordingId("r-1"), [caller, agent])]
