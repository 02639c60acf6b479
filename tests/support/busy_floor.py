"""A floor in the middle of its day, for pages: two days of calls, agents in all states, alarms."""

import random
from collections.abc import Iterator

from acd.events import (
    AgentAnswered,
    AgentAway,
    AgentChanged,
    AgentState,
    CallAbandoned,
    CallQueued,
    TalkEnded,
)
from foundation.ids import AgentId, AlarmId, CallId, QueueId
from telephony.calls.events import CallEnded, EndedBy
from telephony.lines.events import LineLost
from tests.support.fake_core import MONDAY_NOON_S, FakeCore, record
from wallboard.directory import AgentCard, Directory, QueueCard, ServiceTarget
from wallboard.events import AlarmKind, AlarmRaised, Level
from wallboard.fold.board import BoardEvent

LONG = "Dietrich-Bonhoeffer von und zu Hohenlohe-Waldenburg-Schillingsfürst"
QUEUES = {
    "orders": "Orders 订单",
    "support": "Support 售后",
    "complaints": f"Complaints of {LONG}",
    "vip": "VIP",
}
PEOPLE = [
    "Li Na 李娜", "Wang Wei 王伟", LONG, "Zhang Min 张敏", "Chen Jie 陈洁", "Zhao Lei 赵磊",
    "Sun Yue 孙悦", "Zhou Kai 周凯", "Wu Fang 吴芳", "Xu Ming 徐明", "Ma Li 马丽", "Guo Rui 郭锐",
]  # fmt: skip
AGENTS = {
    AgentId(f"agent{number:04}"): AgentCard(name, "day" if number % 3 else "evening")
    for number, name in enumerate(PEOPLE, 1)
}
DIRECTORY = Directory(
    agents=AGENTS,
    queues={
        QueueId(queue): QueueCard(name, ServiceTarget(share=0.8, within_s=15.0))
        for queue, name in QUEUES.items()
    },
    sounding=frozenset({"long_wait"}),
)
DAY_S = 86_400.0


async def tell(core: FakeCore, now_s: float = MONDAY_NOON_S + 3 * 3600, calls: int = 60) -> None:
    """`calls` of yesterday and of today up to `now_s`, then how things stand at `now_s`."""
    chance = random.Random(7)
    told = [*_day(chance, now_s - DAY_S, calls), *_day(chance, now_s, calls), *_now(now_s)]
    # Records are in the order of their time, as a journal's.
    told.sort(key=lambda pair: pair[0])
    core.journal += [
        record(number, at_s, event)
        for number, (at_s, event) in enumerate(told, len(core.journal) + 1)
    ]
    core.at_s = now_s
    await core.tell()


def _day(chance: random.Random, until_s: float, calls: int) -> Iterator[tuple[float, BoardEvent]]:
    begin_s = until_s - 7 * 3600
    for number in range(calls):
        at_s = begin_s + (until_s - 600 - begin_s) * (number / calls) ** 0.9
        call_id = CallId(f"c-{int(until_s)}-{number}")
        queue = QueueId(chance.choices(list(QUEUES), (8, 5, 2, 1))[0])
        wait_s = chance.choice([3, 6, 8, 11, 13, 14, 22, 48])
        yield at_s, CallQueued(call_id, queue)
        if chance.random() < 0.12:
            yield at_s + wait_s, CallAbandoned(call_id, queue)
            yield at_s + wait_s, CallEnded(call_id, EndedBy.CALLER, "BYE")
            continue
        agent = chance.choice(list(AGENTS))
        talk_s = chance.uniform(60, 300)
        yield at_s + wait_s, AgentAnswered(call_id, queue, agent)
        yield at_s + wait_s + talk_s, TalkEnded(call_id, queue, agent)
        yield at_s + wait_s + talk_s, CallEnded(call_id, EndedBy.CALLER, "BYE")


def _now(now_s: float) -> Iterator[tuple[float, BoardEvent]]:
    states = [
        (AgentState.TALKING, "", 3725.0), (AgentState.TALKING, "", 95.0),
        (AgentState.TALKING, "", 40.0), (AgentState.READY, "", 61.0), (AgentState.READY, "", 12.0),
        (AgentState.RINGING, "", 6.0), (AgentState.WRAP_UP, "", 33.0),
        (AgentState.WRAP_UP, "", 160.0), (AgentState.PAUSED, "meal", 1900.0),
        (AgentState.PAUSED, "rona", 70.0), (AgentState.PAUSED, "training", 600.0),
    ]  # fmt: skip
    for agent, (state, reason, for_s) in zip(AGENTS, states, strict=False):
        yield now_s - for_s, AgentChanged(agent, state, reason)
    yield now_s - 100, AgentAway(AgentId("agent0009"), "meal", 1800.0)
    yield now_s - 50, LineLost("8002", "pbx.example answered 403 Forbidden")
    waits = (("orders", 62), ("support", 20), ("orders", 9), ("complaints", 4), ("vip", 2))
    for number, (queue, wait_s) in enumerate(waits):
        yield now_s - wait_s, CallQueued(CallId(f"w-{number}"), QueueId(queue))
    yield now_s - 12, _alarm("al-1", "long_wait", "queue:orders", AlarmKind.FIGURE)
    yield now_s - 40, _alarm("al-2", "over_break", "agent:agent0009", AlarmKind.AWAY)


def _alarm(alarm_id: str, rule: str, subject: str, kind: AlarmKind) -> AlarmRaised:
    level = Level.ALARM if kind is AlarmKind.FIGURE else Level.WARNING
    figure = "longest_wait_s" if kind is AlarmKind.FIGURE else ""
    value = 51.0 if figure else 1800.0
    return AlarmRaised(
        AlarmId(alarm_id), rule, kind, level, subject, figure, value, 50.0, detail="meal"
    )
