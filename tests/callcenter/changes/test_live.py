"""Agents and queues changed while calls go on: by command, over restarts, and by a reload."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from acd.events import AcdEvent, AgentOffered, AgentState
from acd.floor import Floor
from acd.inputs import Accept, CallerLeft, Enqueue, PhoneChanged, Ready, SignIn
from callcenter.asks import (
    AddAgentLive,
    ChangeAgentLive,
    ChangeQueueLive,
    Reload,
    ReloadReport,
    RemoveAgentLive,
    ResetLive,
    ShowLive,
)
from callcenter.changes import live_file
from callcenter.changes.live_actions import LiveActions
from callcenter.changes.live_file import LiveAgent, LiveFile
from callcenter.changes.live_house import LiveHouse, LiveParts, read_live
from callcenter.changes.reloading import Reloadable, Reloader
from callcenter.changes.retention import RetentionReload
from callcenter.codec import CODEC
from callcenter.conduct.drivers import FloorDriver
from callcenter.configuration.settings import load
from callcenter.events import ActionTaken
from callcenter.rules.floor import agent_cards, agent_options, queue_options
from callcenter.rules.house import house_rules
from callcenter.rules.media import media_book
from foundation.errors import ConfigurationError, Conflict, NotFound, RemoteError, Unavailable
from foundation.ids import AgentId, CallId, QueueId
from foundation.journal import Journal
from tests.callcenter.configuration.test_queue_checks import centre
from wallboard.directory import AgentCard
from wallboard.events import DirectoryChanged

A1, A2, ORDERS, C1 = AgentId("a1"), AgentId("a2"), QueueId("orders"), CallId("c-1")
TEXT = """
agents:
  - {id: a1, name: Ann, number: "1001", sip_password: long-enough-1, skills: {help: 5}, team: day}
  - {id: a2, name: Bob, number: "1002", sip_password: long-enough-2, skills: {orders: 2}}
queues:
  orders: {skills: {orders: 1}, ring_s: 7, strategy: most_idle}
  help: {skills: {help: 1}}
phones:
  - {id: boss, name: Eve, sip_password: long-enough-9}
"""


class Office:
    """What core has of it, without phones; `restart` is another core in the same folder."""

    spoken_of: frozenset[QueueId] = frozenset()

    def __init__(self, folder: Path, journal: Journal) -> None:
        self.folder = folder
        self.journal = journal
        self.spoken: list[str] = []
        self.told: list[AcdEvent | ActionTaken | DirectoryChanged] = []
        self.start()

    def start(self) -> None:
        self.told.clear()
        configured = load(self.folder)
        live = read_live(configured)
        settings = live_file.overlaid(configured, live)
        floor = Floor(queue_options(settings), agent_cards(settings), agent_options(settings))
        self.floor = FloorDriver(floor, self._tell)
        self.rules = house_rules(settings)
        self.accounts = {"boss": "secret"}
        self.phones = media_book(settings).phones
        self.looked_at: list[AgentId] = []
        parts = LiveParts(
            floor=self.floor,
            rules=self.rules,
            accounts=self.accounts,
            phones=self.phones,
            tell=self._tell,
            look_at_phone=self.looked_at.append,
            speak_numbers=self._speak,
            speaks_of=lambda queue: queue in self.spoken_of,
        )
        self.house = LiveHouse(configured, live, parts)
        lock = asyncio.Lock()
        self.retention = RetentionReload(settings, self.house.with_gone_queues)
        remember = self.retention.remember
        self.actions = LiveActions(self.house, self.journal, self._tell, lock, remember)
        reloadable: list[Reloadable] = [self.house, self.retention]
        self.reloader = Reloader(configured, reloadable, self.journal, self._tell, lock, remember)

    async def _speak(self, numbers: list[str]) -> None:
        self.spoken += numbers

    def _tell(self, event: AcdEvent | ActionTaken | DirectoryChanged) -> None:
        self.told.append(event)
        self.journal.publish(event)

    def sign_in(self, agent: AgentId) -> None:
        self.floor.feed(PhoneChanged(agent, registered=True, busy=False))
        self.floor.feed(SignIn(agent))
        self.floor.feed(Ready(agent))

    def rewrite(self, old: str, new: str) -> None:
        file = self.folder / "callcenter.yaml"
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new), encoding="utf-8")

    async def skills(self, **skills: int) -> None:
        await self.actions.change_agent(ChangeAgentLive("a1", "sue", skills))

    async def queue(self, **fields: object) -> None:
        await self.actions.change_queue(ChangeQueueLive("orders", dict(fields), "sue"))

    @property
    def offered(self) -> list[tuple[CallId, AgentId]]:
        return [(e.call_id, e.agent_id) for e in self.told if isinstance(e, AgentOffered)]

    @property
    def audit(self) -> list[ActionTaken]:
        return [event for event in self.told if isinstance(event, ActionTaken)]


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    folder = centre(tmp_path, TEXT)
    journal = await Journal.open(tmp_path / "journal.db", CODEC)
    office = Office(folder, journal)
    yield office
    office.floor.close()
    await journal.close()


async def test_agent_who_learns_the_skill_is_offered_who_waits_already(office: Office) -> None:
    office.sign_in(A1)
    office.floor.feed(Enqueue(C1, ORDERS))
    assert office.offered == []

    await office.skills(orders=5)
    assert office.offered == [(C1, A1)]
    assert office.audit == [ActionTaken("sue", "agent changed", "a1", '{"skills": {"orders": 5}}')]
    told: list[object] = [*office.told]
    assert told.index(office.audit[0]) < told.index(
        next(event for event in told if isinstance(event, AgentOffered))
    )


async def test_what_was_changed_live_is_so_after_a_restart(office: Office) -> None:
    await office.skills(orders=5)
    await office.actions.change_agent(ChangeAgentLive("a1", "sue", backup=True))
    await office.queue(ring_s=20, strategy="top_down")
    office.start()

    card = office.floor.floor.card_of(A1)
    assert (card.skills, card.backup, card.name) == ({"orders": 5}, True, "Ann")
    options = office.floor.floor.options_of(ORDERS)
    assert (options.ring_s, options.strategy.value, options.skills) == (
        20,
        "top_down",
        {"orders": 1},
    )


@pytest.mark.parametrize("how", ["live", "reset", "reload"])
async def test_queue_that_goes_is_kept_by_what_it_wished_last(office: Office, how: str) -> None:
    """Within the day: nobody has swept since."""
    line = "orders: {skills: {orders: 1}, ring_s: 7, strategy: most_idle}"
    office.rewrite("queues:\n", "queues:\n  first: {keep_recordings_days: 3}\n")
    if how == "reload":
        office.rewrite(line, line[:-1] + ", keep_recordings_days: 900}")
        await office.reloader.reload(Reload("sue"))
        line = line[:-1] + ", keep_recordings_days: 900}"
    else:
        await office.queue(keep_recordings_days=900)
    if how == "reset":
        await office.actions.reset(ResetLive("sue"))

    office.rewrite(f"  {line}\n", "")
    office.start()

    assert ORDERS not in office.house.served.queues
    assert office.retention.days(ORDERS) == (None if how == "reset" else 900)


async def test_reset_makes_it_as_configured_and_leaves_no_file(office: Office) -> None:
    await office.skills(orders=5)
    await office.queue(ring_s=20)
    assert "ring_s: 20" in await office.actions.show(ShowLive())

    await office.actions.reset(ResetLive("sue"))
    assert office.floor.floor.card_of(A1).skills == {"help": 5}
    assert office.floor.floor.options_of(ORDERS).ring_s == 7
    assert not live_file.path_of(office.house.configured).exists()
    assert await office.actions.show(ShowLive()) == ""


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"ring_s": -1}, "queues.orders.ring_s"),
        ({"ringtone": "x"}, "ringtone"),
        ({"requires": "orders>="}, "queues.orders.requires"),
        ({"overflow_to": "nowhere"}, "no queue is called 'nowhere'"),
        ({"number": "1001"}, "'1001' is of the agent a1"),
        ({"needs_wrap_up_code": True}, "no wrap_up_codes"),
    ],
)
async def test_queue_is_changed_to_nothing_that_the_file_could_not_say(
    office: Office, fields: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(RemoteError, match=sentence):
        await office.queue(**fields)
    assert office.told == []
    assert office.floor.floor.options_of(ORDERS).ring_s == 7


async def test_who_is_not_there_is_not_changed(office: Office) -> None:
    with pytest.raises(NotFound, match="'a9'"):
        await office.actions.change_agent(ChangeAgentLive("a9", "sue", backup=True))
    with pytest.raises(NotFound, match="'none'"):
        await office.actions.change_queue(ChangeQueueLive("none", {}, "sue"))


async def test_disk_that_does_not_take_it_leaves_all_as_it_was(office: Office) -> None:
    live_file.path_of(office.house.configured).with_suffix(".new").mkdir(parents=True)
    with pytest.raises(Unavailable, match=r"live\.yaml cannot be written, nothing was changed"):
        await office.skills(orders=5)
    assert office.told == []
    assert office.floor.floor.card_of(A1).skills == {"help": 5}


@pytest.mark.parametrize("text", ["agents: [", "version: 7", "queues: {orders: {ring_s: -3}}"])
async def test_file_that_cannot_be_used_is_put_aside_at_the_start(
    office: Office, text: str
) -> None:
    path = live_file.path_of(office.house.configured)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    office.start()

    assert office.floor.floor.options_of(ORDERS).ring_s == 7
    assert path.with_suffix(".bad").read_text(encoding="utf-8") == text
    assert not path.exists()


def test_changes_add_up() -> None:
    live = LiveFile().with_agent("a1", LiveAgent(skills={"orders": 1}))
    live = live.with_agent("a1", LiveAgent(backup=True)).with_queue("orders", {"ring_s": 9})
    live = live.with_queue("orders", {"wrap_up_s": 1})

    assert live.agents["a1"] == LiveAgent(skills={"orders": 1}, backup=True)
    assert live.queues["orders"] == {"ring_s": 9, "wrap_up_s": 1}


async def test_reload_takes_up_agents_and_queues_and_says_what_waits(office: Office) -> None:
    office.sign_in(A2)
    office.rewrite("name: Ann", "name: Anne")
    office.rewrite("skills: {orders: 2}}", "skills: {orders: 9}}")
    office.rewrite(
        "queues:\n",
        '  - {id: a3, name: Cem, number: "1003", sip_password: long-enough-3}\n'
        "queues:\n  late: {}\n",
    )
    office.rewrite("ring_s: 7", "ring_s: 8")
    office.rewrite("timezone: UTC", "timezone: Asia/Tokyo")
    report = await office.reloader.reload(Reload("sue"))

    assert sorted(report.changed) == [
        "The agent a1 is changed.",
        "The agent a2 is changed.",
        "The agent a3 is new.",
        "The queue late is new.",
        "The queue orders is changed.",
    ]
    assert (report.refused, report.later) == ([], ["timezone"])
    assert office.floor.floor.card_of(A2).skills == {"orders": 9}
    assert office.floor.floor.state_of(A2) is AgentState.READY
    assert office.accounts["a3"] == "long-enough-3"
    assert office.accounts["boss"] == "secret"
    assert office.looked_at == ["a3"]
    assert office.spoken == ["1003"]
    assert office.house.directory().agents[A1] == AgentCard("Anne", "day", {"help": 5})
    assert DirectoryChanged() in office.told
    assert office.audit == [ActionTaken("sue", "reload", "callcenter.yaml")]


async def test_reload_with_an_error_changes_nothing_and_tells_all(office: Office) -> None:
    office.rewrite("ring_s: 7", "ring_s: -7")
    office.rewrite("name: Ann", "nom: Ann")
    with pytest.raises(ConfigurationError) as refused:
        await office.reloader.reload(Reload("sue"))

    assert len(refused.value.problems) >= 2
    assert office.told == []


async def test_agent_who_works_is_not_removed_and_who_is_off_is(office: Office) -> None:
    office.sign_in(A1)
    file = office.folder / "callcenter.yaml"
    lines = file.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if "id: a1" not in line and "id: a2" not in line]
    file.write_text("\n".join(kept).replace("agents:", "agents: []"), encoding="utf-8")
    report = await office.reloader.reload(Reload("sue"))

    assert report.changed == ["The agent a2 is removed."]
    assert report.refused == ["a1 is ready and stays; sign the agent out and reload again."]
    assert [view.agent_id for view in office.floor.floor.agents()] == [A1]
    assert A2 not in office.rules.agents
    assert "a2" not in office.accounts

    with pytest.raises(NotFound, match="no agent 'a1' in the configuration"):
        await office.actions.change_agent(ChangeAgentLive("a1", "sue", backup=True))
    assert office.floor.floor.agent(A1).state is AgentState.READY


HELP = QueueId("help")


async def lose_help(office: Office) -> ReloadReport:
    office.rewrite("  help: {skills: {help: 1}}\n", "")
    return await office.reloader.reload(Reload("sue"))


async def test_queue_that_the_file_has_no_more_is_removed(office: Office) -> None:
    report = await lose_help(office)

    assert report.changed == ["The queue help is removed."]
    assert report.refused == []
    assert HELP not in office.rules.queues
    assert office.floor.floor.queues() == [ORDERS]
    assert DirectoryChanged() in office.told


async def test_queue_that_the_file_has_no_more_stays_while_somebody_waits(office: Office) -> None:
    office.floor.feed(Enqueue(C1, HELP))
    report = await lose_help(office)

    [sentence] = report.refused
    assert sentence.startswith("The queue help is in use and stays: 1 waiting.")
    assert "callcenter queue remove help --when-empty" in sentence
    assert [view.call_id for view in office.floor.floor.waiting(HELP)] == [C1]

    office.floor.feed(CallerLeft(C1))
    await office.skills(orders=5)
    assert HELP in office.rules.queues, "who changes something else does not remove it"
    report = await office.reloader.reload(Reload("sue"))
    assert report.changed == ["The queue help is removed."]


async def test_queue_that_a_call_may_still_come_to_stays(office: Office) -> None:
    office.spoken_of = frozenset({HELP})
    report = await lose_help(office)
    assert "a call that may still come to it" in report.refused[0]
    assert HELP in office.rules.queues


async def test_queue_that_the_file_has_no_more_stays_while_one_names_it_that_stays(
    office: Office,
) -> None:
    office.rewrite("ring_s: 7", "overflow_to: help, ring_s: 7")
    office.start()
    office.floor.feed(Enqueue(C1, ORDERS))
    file = office.folder / "callcenter.yaml"
    text = file.read_text(encoding="utf-8").splitlines()
    kept = [line for line in text if not line.startswith(("  orders:", "  help:", "queues:"))]
    file.write_text("\n".join([*kept, "queues: {night: {}}"]), encoding="utf-8")
    report = await office.reloader.reload(Reload("sue"))

    assert report.refused[1:] == ["The queue help stays: it is named in queues.orders.overflow_to."]
    assert office.floor.floor.queues() == [ORDERS, HELP, QueueId("night")]


async def test_queue_that_was_removed_comes_back_with_the_file(
    office: Office,
) -> None:
    await lose_help(office)
    office.rewrite("queues:\n", "queues:\n  help: {skills: {help: 2}}\n")
    report = await office.reloader.reload(Reload("sue"))
    assert report.changed == ["The queue help is new."]
    assert office.floor.floor.options_of(HELP).skills == {"help": 2}


async def test_live_change_stays_on_top_of_a_reload(office: Office) -> None:
    await office.queue(ring_s=20)
    office.rewrite("ring_s: 7", "ring_s: 9, wrap_up_s: 3")
    await office.reloader.reload(Reload("sue"))

    options = office.floor.floor.options_of(ORDERS)
    assert (options.ring_s, options.wrap_up_s) == (20, 3)


# -- agents who come and go ------------------------------------------------------------------------


async def add(office: Office, **fields: object) -> str:
    """The password that was made."""
    new = {"id": "a3", "name": "Cem", "number": "1003", "skills": {"orders": 4}, **fields}
    return (await office.actions.add_agent(AddAgentLive(new, "sue"))).sip_password


async def remove(office: Office, agent_id: str) -> None:
    await office.actions.remove_agent(RemoveAgentLive(agent_id, "sue"))


async def test_agent_who_is_added_takes_calls_and_is_there_after_a_restart(office: Office) -> None:
    password = await add(office)
    a3 = AgentId("a3")
    assert office.accounts["a3"] == password
    assert len(password) == 20
    assert office.spoken == ["1003"]
    assert office.looked_at == ["a3"]
    assert office.house.directory().agents[a3] == AgentCard("Cem", "", {"orders": 4})
    assert DirectoryChanged() in office.told
    office.sign_in(a3)
    office.floor.feed(Enqueue(C1, ORDERS))
    assert office.offered == [(C1, a3)]

    office.start()
    assert office.floor.floor.card_of(a3).skills == {"orders": 4}
    assert office.house.served.agents[-1].sip_password.get_secret_value() == password
    await office.actions.change_agent(ChangeAgentLive("a3", "sue", backup=True))
    assert office.floor.floor.card_of(a3).backup


async def test_password_is_in_no_audit_and_shown_to_nobody_again(office: Office) -> None:
    password = await add(office)
    shown = await office.actions.show(ShowLive())
    path = live_file.path_of(office.house.configured)

    assert password not in shown
    assert "Cem" in shown
    assert password not in str(office.told)
    assert office.audit[0].action == "agent added"
    assert password in path.read_text(encoding="utf-8")
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("fields", "error", "sentence"),
    [
        ({"id": "a1"}, Conflict, "'a1' is somebody's id"),
        ({"id": "boss"}, Conflict, "'boss' is somebody's id"),
        ({"number": "1002"}, Conflict, "'1002' is the number of the agent a2"),
        ({"id": "a 3"}, RemoteError, "id"),
        ({"name": ""}, RemoteError, "name"),
        ({"skills": {"ordrs": 3}}, RemoteError, "the skill 'ordrs'; did you mean 'orders'"),
        ({"skills": {"orders": 11}}, RemoteError, "skills.orders"),
        ({"shoe_size": 43}, RemoteError, "shoe_size"),
    ],
)
async def test_agent_who_cannot_be_is_refused_and_nothing_is_changed(
    office: Office, fields: dict[str, Any], error: type[RemoteError], sentence: str
) -> None:
    with pytest.raises(error, match=sentence):
        await add(office, **fields)
    assert office.told == []
    assert not live_file.path_of(office.house.configured).exists()


async def test_who_is_removed_is_signed_out_and_the_id_is_never_used_again(office: Office) -> None:
    await add(office)
    office.sign_in(AgentId("a3"))
    for agent_id in ("a3", "a1"):
        await remove(office, agent_id)
        assert agent_id not in office.accounts
        with pytest.raises(Conflict, match="id"):
            await add(office, id=agent_id, number="1004")

    office.start()
    assert [view.agent_id for view in office.floor.floor.agents()] == [A2]
    await office.actions.reset(ResetLive("sue"))
    assert {view.agent_id for view in office.floor.floor.agents()} == {A1, A2}, "as configured"
    with pytest.raises(Conflict, match="'a3' was another agent's id"):
        await add(office)
    with pytest.raises(NotFound):
        await remove(office, "a3")


async def test_who_has_a_call_is_not_removed(office: Office) -> None:
    office.sign_in(A2)
    office.floor.feed(Enqueue(C1, ORDERS))
    for _ in range(2):
        with pytest.raises(Conflict, match="a2 has a call"):
            await remove(office, "a2")
        offer = office.floor.floor.agent(A2).offer_id
        assert offer is not None
        office.floor.feed(Accept(C1, A2, offer))
    office.floor.feed(CallerLeft(C1))
    office.floor.feed(PhoneChanged(A2, registered=True, busy=True))
    with pytest.raises(Conflict, match="a2 has a call"):
        await remove(office, "a2")
    office.floor.feed(PhoneChanged(A2, registered=True, busy=False))
    assert office.floor.floor.state_of(A2) is AgentState.WRAP_UP
    await remove(office, "a2")
    assert A2 not in office.rules.agents


async def test_who_is_configured_by_now_is_as_configured(office: Office) -> None:
    await add(office)
    office.rewrite(
        "queues:\n",
        '  - {id: a3, name: Cemile, number: "1003", sip_password: long-enough-3}\nqueues:\n',
    )
    office.start()
    assert office.house.directory().agents[AgentId("a3")] == AgentCard("Cemile", "")
