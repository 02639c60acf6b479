"""A caller in a small flow, and what is done for him: for the tests of each kind of node."""

from datetime import datetime
from zoneinfo import ZoneInfo

from foundation.ids import CallId, QueueId
from ivr.effects import Effect, EnterQueue, HangUp, PlayPrompts
from ivr.events import FlowEnded
from ivr.flows.flow import Flow, parse
from ivr.inputs import Digit, Start
from ivr.language.hours import Hours
from ivr.language.hours import parse as parse_hours
from ivr.speech.spoken import Item, Prompt
from ivr.visit.caller import Caller
from ivr.visit.engine import Visit

CALL = CallId("c-1")
ORDERS = QueueId("orders")
SHANGHAI = ZoneInfo("Asia/Shanghai")
EVA = Caller(
    number="+8613900000001",
    tier="gold",
    line="8000",
    called_at=datetime(2026, 10, 12, 9, 30, tzinfo=SHANGHAI),
    last_agent="agent0002",
    agent_id="agent0001",
)
OFFICE = {"office": parse_hours({"mon-fri": ["09:00-12:00", "13:00-18:00"]}, ["2026-10-13"], {})}


def flow(nodes: str, *, head: str = "", name: str = "main") -> Flow:
    """Its start is `a`; `end` and `sorry` are there."""
    text = f"""\
start: a
{head}
nodes:
  end: {{do: queue, queue: orders}}
  sorry: {{do: hangup, reason: sorry}}
{nodes}
"""
    return parse(text, f"flows/{name}.yaml", name)[0]


def started(
    nodes: str,
    *,
    head: str = "",
    caller: Caller = EVA,
    others: tuple[Flow, ...] = (),
    hours: dict[str, Hours] | None = None,
) -> tuple[Visit, list[Effect]]:
    flows = {other.name: other for other in others}
    visit = Visit(CALL, flow(nodes, head=head), caller=caller, flows=flows, hours=hours or OFFICE)
    return visit, visit.feed(Start(), 0.0)[1:]


def play(*items: Item | str) -> PlayPrompts:
    return PlayPrompts(tuple(Prompt(x) if isinstance(x, str) else x for x in items), ("en",))


QUEUED = [FlowEnded(CALL, "main", "end"), EnterQueue(ORDERS, tier="gold")]
SORRY = [FlowEnded(CALL, "main", "sorry"), HangUp("sorry")]


def typed(visit: Visit, keys: str, at: float = 1.0) -> list[Effect]:
    done: list[Effect] = []
    for place, key in enumerate(keys):
        done += visit.feed(Digit(key), at + place)
    return done
