"""Queues added, renamed, removed and brought back while callers wait in them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import pytest

from acd.events import (
    AcdEvent,
    AgentOffered,
    CallAbandoned,
    CallbackDue,
    CallbackFailure,
    CallbackQueued,
    CallLeftForCallback,
    CallLost,
    CallOverflowed,
    OverflowCause,
    TalkEnded,
)
from acd.inputs import (
    Accept,
    AgentLeft,
    CallerLeft,
    CancelCallback,
    Enqueue,
    FinishWrapUp,
    PartyUnreached,
    QueueCallback,
    SignOut,
)
from callcenter.asks import (
    AddQueueLive,
    ChangeQueueLive,
    ListQueues,
    QueueView,
    Reload,
    RemoveQueueLive,
    ResetLive,
)
from callcenter.changes import live_file
from callcenter.changes.live_queues import EMPTIES, LiveQueues
from callcenter.changes.retention import RetentionReload
from callcenter.codec import CODEC
from callcenter.configuration.settings import load
from callcenter.events import ActionTaken
from foundation.errors import ConfigurationError, Conflict, NotFound, RemoteError
from foundation.ids import CallbackId, CallId, PartyId, QueueId
from foundation.journal import Journal
from tests.callcenter.changes.test_live import A2, C1, ORDERS, Office
from tests.callcenter.configuration.test_queue_checks import centre
from wallboard.events import DirectoryChanged

HELP, NIGHT, C2 = QueueId("help"), QueueId("night"), CallId("c-2")
TEXT = """
agents:
  - {id: a1, name: Ann, number: "1001", sip_password: long-enough-1, skills: {help: 5}, team: day}
  - {id: a2, name: Bob, number: "1002", sip_password: long-enough-2, skills: {orders: 2}}
queues:
  orders: {skills: {orders: 1}, ring_s: 7, wrap_up_s: 20, callbacks: {}}
  help: {skills: {help: 1}}
"""
FLOW = """
languages: [en]
start: to_night
nodes:
  to_night: {do: queue, queue: night}
"""


class News(asyncio.Event):
    """Tells when it is waited for and not there: what was there has been dealt with."""

    def __init__(self) -> None:
        super().__init__()
        self.set()
        self.dealt_with = asyncio.Event()

    async def wait(self) -> Literal[True]:
        if not self.is_set():
            self.dealt_with.set()
        return await super().wait()


class QueueOffice(Office):
    """With the queues' part; `settle` lets it do what waits to be done."""

    def start(self) -> None:
        super().start()
        self.queues = LiveQueues(self.actions, self.house)
        self.queues._news = self.news = News()

    def _tell(self, event: AcdEvent | ActionTaken | DirectoryChanged) -> None:
        super()._tell(event)
        if isinstance(event, CallOverflowed) and event.to is not None:
            # As the journey does.
            self.floor.feed(Enqueue(event.call_id, event.to, waited_s=event.waited_s))
        if hasattr(self, "queues"):
            self.queues.on_event(event)

    async def settle(self) -> None:
        self.news.dealt_with.clear()
        run = asyncio.create_task(self.queues.run())
        async with asyncio.timeout(20):
            await self.news.dealt_with.wait()
        run.cancel()
        with suppress(asyncio.CancelledError):
            await run

    async def add(self, queue: str = "night", **fields: object) -> list[str]:
        return (await self.queues.add(AddQueueLive(queue, dict(fields), "sue"))).doubts

    async def remove(self, queue: str = "help", move_to: str = "", when_empty: bool = False) -> str:
        ask = RemoveQueueLive(queue, "sue", move_to, when_empty)
        return (await self.queues.remove(ask)).left

    @property
    def ids(self) -> list[str]:
        return [view.queue for view in self.shown]

    @property
    def shown(self) -> list[QueueView]:
        return [self.house.view(name) for name in self.house.served.queues]


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[QueueOffice]:
    folder = centre(tmp_path, TEXT)
    journal = await Journal.open(tmp_path / "journal.db", CODEC)
    office = QueueOffice(folder, journal)
    yield office
    office.floor.close()
    await journal.close()


def talk(office: QueueOffice) -> None:
    """Bob talks with C1, of the orders."""
    office.sign_in(A2)
    office.floor.feed(Enqueue(C1, ORDERS))
    offer = [event for event in office.told if isinstance(event, AgentOffered)][-1]
    office.floor.feed(Accept(C1, A2, offer.offer_id))


# -- added -----------------------------------------------------------------------------------------


async def test_queue_that_is_added_serves_at_once_and_after_a_restart(office: QueueOffice) -> None:
    assert await office.add(name="Night shift", skills={"orders": 2}, ring_s=9) == []
    office.sign_in(A2)
    office.floor.feed(Enqueue(C1, NIGHT))

    assert office.offered == [(C1, A2)]
    assert office.house.directory().queues[NIGHT].name == "Night shift"
    assert office.audit[0].action == "queue added"
    office.start()
    assert office.floor.floor.options_of(NIGHT).ring_s == 9
    assert office.rules.queues[NIGHT].music == "music"


async def test_queue_that_nobody_suits_is_added_with_a_doubt(office: QueueOffice) -> None:
    assert await office.add(skills={"chess": 1}) == [
        "no agent has the skills that this queue asks for"
    ]


@pytest.mark.parametrize(
    ("queue", "fields", "error", "sentence"),
    [
        ("help", {}, Conflict, "There is a queue 'help' already"),
        ("ni ght", {}, RemoteError, "ni ght"),
        ("night", {"ring_s": -1}, RemoteError, "queues.night.ring_s"),
        ("night", {"ringtone": "x"}, RemoteError, "ringtone"),
        ("night", {"overflow_to": "nowhere"}, RemoteError, "no queue is called 'nowhere'"),
        ("night", {"number": "1001"}, RemoteError, "'1001' is of the agent a1"),
    ],
)
async def test_queue_that_cannot_be_is_refused_and_nothing_is_changed(
    office: QueueOffice,
    queue: str,
    fields: dict[str, Any],
    error: type[RemoteError],
    sentence: str,
) -> None:
    with pytest.raises(error, match=sentence):
        await office.add(queue, **fields)
    assert office.told == []
    assert not live_file.path_of(office.house.configured).exists()


async def test_renamed_it_is_the_same_queue(office: QueueOffice) -> None:
    office.floor.feed(Enqueue(C1, HELP))
    await office.actions.change_queue(ChangeQueueLive("help", {"name": "Hilfe 帮助"}, "sue"))

    assert office.house.directory().queues[HELP].name == "Hilfe 帮助"
    assert [view.call_id for view in office.floor.floor.waiting(HELP)] == [C1]


def write_flow(office: QueueOffice, queue: str) -> None:
    (office.folder / "flows").mkdir(exist_ok=True)
    text = FLOW.replace("queue: night", f"queue: {queue}")
    (office.folder / "flows" / "night.yaml").write_text(text, encoding="utf-8")


async def test_flow_may_name_a_queue_that_was_added(office: QueueOffice) -> None:
    write_flow(office, "night")
    with pytest.raises(ConfigurationError, match="no queue is called 'night'"):
        load(office.folder)
    await office.add()
    report = await office.reloader.reload(Reload("sue"))

    assert "night" in office.house.configured.flows
    assert report.refused == []
    with pytest.raises(Conflict, match=r"flows/night\.yaml at the node to_night"):
        await office.remove("night")
    with pytest.raises(RemoteError, match=r"flows/night\.yaml.*no queue 'night'"):
        await office.actions.reset(ResetLive("sue"))
    assert "night" in office.ids


# -- removed ---------------------------------------------------------------------------------------


async def test_empty_queue_is_gone_at_once_and_stays_so(office: QueueOffice) -> None:
    assert await office.remove() == ""
    assert office.ids == ["orders"]
    assert HELP not in office.rules.queues
    assert HELP not in office.house.directory().queues
    assert office.audit == [ActionTaken("sue", "queue removed", "help")]
    with pytest.raises(NotFound, match="no queue 'help'"):
        office.floor.feed(Enqueue(C1, HELP))
    office.start()
    assert office.ids == ["orders"]


async def test_brought_back_it_is_as_it_was(office: QueueOffice) -> None:
    await office.add(ring_s=9, number="7009")
    await office.remove("night")
    await office.remove("help")
    await office.add("night", wrap_up_s=1)
    await office.add("help")

    assert office.ids == ["orders", "help", "night"]
    options = office.floor.floor.options_of(NIGHT)
    assert (options.ring_s, options.wrap_up_s) == (9, 1)
    assert office.rules.queues[NIGHT].number == "7009"
    assert office.floor.floor.options_of(HELP).skills == {"help": 1}
    office.start()
    assert office.ids == ["orders", "help", "night"]


async def test_queue_with_callers_is_refused_with_how_many(office: QueueOffice) -> None:
    for call in (C1, C2):
        office.floor.feed(Enqueue(call, HELP))
    with pytest.raises(Conflict, match="'help' is in use: 2 waiting"):
        await office.remove()
    assert office.audit == []
    assert office.ids == ["orders", "help"]


@pytest.mark.parametrize(
    ("target", "error", "sentence"),
    [
        ("nowhere", NotFound, "'nowhere'"),
        ("help", RemoteError, "to where they are"),
        ("orders", Conflict, "'orders' is closed"),
    ],
)
async def test_callers_are_moved_to_an_open_queue_only(
    office: QueueOffice, target: str, error: type[RemoteError], sentence: str
) -> None:
    office.floor.feed(Enqueue(C1, HELP))
    await office.actions.change_queue(ChangeQueueLive("orders", {"closed": True}, "sue"))
    with pytest.raises(error, match=sentence):
        await office.remove(move_to=target)
    assert [view.call_id for view in office.floor.floor.waiting(HELP)] == [C1]


async def test_callers_are_moved_with_their_age_and_the_queue_is_gone(office: QueueOffice) -> None:
    for call, waited_s in ((C1, 5), (C2, 4)):
        office.floor.feed(Enqueue(call, HELP, waited_s=waited_s))
    assert await office.remove(move_to="orders") == ""

    assert office.ids == ["orders"]
    assert [view.call_id for view in office.floor.floor.waiting(ORDERS)] == [C1, C2]
    moved = [event for event in office.told if isinstance(event, CallOverflowed)]
    assert {(event.cause, event.to) for event in moved} == {(OverflowCause.MOVED, ORDERS)}
    assert office.audit[-1] == ActionTaken("sue", "queue removed", "help", "move_to orders")


async def test_closed_for_new_callers_it_goes_after_the_last_wrap_up(office: QueueOffice) -> None:
    talk(office)
    assert await office.remove("orders", when_empty=True) == "1 talking"
    assert [view.state for view in office.shown] == ["leaving", "open"]
    office.floor.feed(Enqueue(C2, ORDERS))
    refused = [event for event in office.told if isinstance(event, CallOverflowed)]
    assert refused[-1].cause is OverflowCause.CLOSED

    office.floor.feed(AgentLeft(C1, A2))
    await office.settle()
    assert office.ids == ["orders", "help"], "notes are being written"
    office.floor.feed(FinishWrapUp(A2))
    await office.settle()
    assert office.ids == ["help"]


async def test_leaving_queue_is_leaving_after_a_kill_too_and_loses_nobody(
    office: QueueOffice,
) -> None:
    office.floor.feed(Enqueue(C1, HELP))
    await office.remove(when_empty=True)
    office.start()
    await office.settle()
    assert office.ids == ["orders"], "whoever waited is gone with the core that knew him"

    await office.add("help")
    office.floor.feed(Enqueue(C1, HELP))
    await office.remove(when_empty=True)
    await office.settle()
    assert [view.call_id for view in office.floor.floor.waiting(HELP)] == [C1]
    office.floor.feed(CallerLeft(C1))
    await office.settle()
    assert office.ids == ["orders"]


async def test_who_rang_when_the_others_were_moved_is_moved_when_nobody_picks_up(
    office: QueueOffice,
) -> None:
    office.sign_in(A2)
    office.floor.feed(Enqueue(C1, ORDERS))
    assert await office.remove("orders", move_to="help") == "1 waiting"
    office.floor.feed(FinishWrapUp(A2))
    [offer] = [event for event in office.told if isinstance(event, AgentOffered)]
    assert offer.call_id == C1

    office.floor.feed(SignOut(A2))
    await office.settle()
    assert office.ids == ["help"]
    assert [view.call_id for view in office.floor.floor.waiting(HELP)] == [C1]


async def test_target_that_is_closed_meanwhile_takes_nobody_and_who_waits_is_served(
    office: QueueOffice,
) -> None:
    office.sign_in(A2)
    office.floor.feed(Enqueue(C1, ORDERS))
    await office.remove("orders", move_to="help")
    await office.actions.change_queue(ChangeQueueLive("help", {"closed": True}, "sue"))
    office.floor.feed(SignOut(A2))
    await office.settle()
    assert [view.call_id for view in office.floor.floor.waiting(ORDERS)] == [C1]
    assert office.ids == ["orders", "help"]


async def test_queue_that_a_flow_names_while_it_is_leaving_stays(office: QueueOffice) -> None:
    office.floor.feed(Enqueue(C1, HELP))
    await office.remove(when_empty=True)
    write_flow(office, "help")
    await office.reloader.reload(Reload("sue"))
    office.floor.feed(CallerLeft(C1))
    await office.settle()
    assert [view.state for view in office.shown] == ["open", "open"]


async def test_opened_again_it_stays(office: QueueOffice) -> None:
    office.floor.feed(Enqueue(C1, HELP))
    await office.remove(when_empty=True)
    await office.actions.change_queue(ChangeQueueLive("help", {"closed": False}, "sue"))
    office.floor.feed(CallerLeft(C1))
    await office.settle()
    assert [view.state for view in office.shown] == ["open", "open"]


async def test_promised_callback_keeps_the_queue_until_it_is_over(office: QueueOffice) -> None:
    callback = CallbackId("b-1")
    office.floor.feed(QueueCallback(callback, PartyId("p-1"), ORDERS))
    with pytest.raises(Conflict, match="1 to be called back"):
        await office.remove("orders")
    assert await office.remove("orders", when_empty=True) == "1 to be called back"
    office.floor.feed(CancelCallback(callback))
    await office.settle()
    assert office.ids == ["help"]


async def test_promised_callbacks_are_moved_with_their_age(office: QueueOffice) -> None:
    callback, clock = CallbackId("b-1"), asyncio.get_running_loop()
    began_at = clock.time()
    office.floor.feed(QueueCallback(callback, PartyId("p-1"), ORDERS, waited_s=600))
    assert await office.remove("orders", move_to="help") == ""
    took_s = clock.time() - began_at
    assert office.ids == ["help"]
    told = [event for event in office.told if isinstance(event, CallbackQueued)][-1]
    assert told.queue == HELP
    assert 600 <= told.waited_s <= 600 + took_s
    assert office.floor.floor.presence(HELP).callbacks == 1


async def test_promise_that_was_being_dialled_is_moved_when_nobody_was_reached(
    office: QueueOffice,
) -> None:
    callback = CallbackId("b-1")
    office.sign_in(A2)
    office.floor.feed(FinishWrapUp(A2))
    office.floor.feed(QueueCallback(callback, PartyId("p-1"), ORDERS))
    [due] = [event for event in office.told if isinstance(event, CallbackDue)]
    assert await office.remove("orders", move_to="help") == "1 to be called back"
    why = CallbackFailure.NO_ANSWER
    office.floor.feed(PartyUnreached(callback, due.offer_id, why))
    await office.settle()
    assert office.ids == ["help"]
    assert office.floor.floor.presence(HELP).callbacks == 1


async def test_queue_stays_while_a_call_still_speaks_of_it(office: QueueOffice) -> None:
    office.spoken_of = frozenset({HELP})
    office.start()
    await office.remove(when_empty=True)
    await office.settle()
    assert office.ids == ["orders", "help"]


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("wrap_up_s: 20", "wrap_up_s: 20, overflow_to: help", r"queues\.orders\.overflow_to"),
        ("team: day", "allocation: {help: 60}", "the allocation of the agent a1"),
        (
            "agents:\n",
            "emergency: {storm: {text: {en: Storm}, then: queue, queue: help}}\nagents:\n",
            r"emergency\.storm",
        ),
        (
            "agents:\n",
            'alarms: {rules: {long_wait: {of: "queue:help", above: 60, clear: 30}}}\nagents:\n',
            r"alarms\.rules\.long_wait",
        ),
    ],
)
async def test_queue_that_is_named_elsewhere_stays(
    office: QueueOffice, old: str, new: str, place: str
) -> None:
    office.rewrite(old, new)
    office.start()
    with pytest.raises(Conflict, match=f"'help' cannot go, it is named in {place}"):
        await office.remove(when_empty=True)
    assert office.ids == ["orders", "help"]


async def test_board_that_shows_the_queue_keeps_it(office: QueueOffice) -> None:
    (office.folder / "boards").mkdir()
    (office.folder / "boards" / "wall.yaml").write_text("queues: [help]\n", encoding="utf-8")
    office.start()
    with pytest.raises(Conflict, match=r"boards/wall\.yaml"):
        await office.remove()


async def test_removed_queue_that_a_flow_names_by_now_comes_back_at_a_start(
    office: QueueOffice,
) -> None:
    await office.add(ring_s=9)
    await office.remove("night")
    write_flow(office, "night")
    with pytest.raises(ConfigurationError, match="no queue is called 'night'"):
        load(office.folder)
    write_flow(office, "help")
    await office.remove("help")
    with pytest.raises(ConfigurationError, match="no queue 'help'"):
        await office.reloader.reload(Reload("sue"))
    office.start()
    assert "help" in office.ids


async def test_reset_is_refused_while_somebody_is_in_a_queue_that_would_be_gone(
    office: QueueOffice,
) -> None:
    await office.add()
    office.floor.feed(Enqueue(C1, NIGHT))
    with pytest.raises(Conflict, match="'night' would be gone and is in use: 1 waiting"):
        await office.actions.reset(ResetLive("sue"))
    office.floor.feed(CallerLeft(C1))
    await office.remove("help")
    await office.actions.reset(ResetLive("sue"))
    assert office.ids == ["orders", "help"]


async def test_recordings_of_a_removed_queue_are_kept_as_long_as_before(
    office: QueueOffice,
) -> None:
    await office.add(keep_recordings_days=3650)
    await office.remove("night")
    retention = RetentionReload(office.house.configured, office.house.with_gone_queues)
    assert retention.days(NIGHT) == 3650


async def test_list_tells_name_state_and_who_is_there(office: QueueOffice) -> None:
    talk(office)
    office.floor.feed(Enqueue(C2, HELP))
    orders, help_ = await office.queues.show(ListQueues())
    assert (orders.queue, orders.state, orders.present.talking, orders.agents) == (
        "orders",
        "open",
        1,
        1,
    )
    assert (help_.present.waiting, help_.agents) == (1, 0)


def test_every_end_of_a_visit_is_looked_at() -> None:
    assert {CallAbandoned, CallOverflowed, CallLost, CallLeftForCallback, TalkEnded} <= set(EMPTIES)
