"""Events that the wallboard folds in a CPU-second, and what one rendering of a large floor costs.

    python -m bench.wallboard_fold [events]

Synthetic calls over one day: 12 queues, 500 agents, about a dozen events for each call.
"""

import sys
import time
from datetime import UTC, datetime, timedelta

from msgspec import json

from acd.events import (
    AgentAnswered,
    AgentChanged,
    AgentOffered,
    AgentState,
    CallAbandoned,
    CallQueued,
    TalkEnded,
)
from foundation.ids import AgentId, CallId, LegId, OfferId, PartyId, QueueId
from foundation.record import Record
from telephony.calls.events import (
    CallAnswered,
    CallArrived,
    CallBridged,
    CallEnded,
    EndedBy,
    LegEnded,
    Side,
)
from wallboard.fold.board import Board, BoardEvent, BoardRecord
from wallboard.screens.document import changes, render

QUEUES = [QueueId(f"queue{number:02}") for number in range(12)]
AGENTS = [AgentId(f"agent{number:04}") for number in range(500)]
MIDNIGHT = datetime(2026, 6, 22, tzinfo=UTC)
RENDERINGS = 50


def one_call(number: int) -> list[BoardEvent]:
    call = CallId(f"c-{number:08x}")
    queue, agent = QUEUES[number % len(QUEUES)], AGENTS[number % len(AGENTS)]
    begun: list[BoardEvent] = [
        CallArrived(call, PartyId("p-1"), "8000"),
        CallAnswered(call),
        CallQueued(call, queue),
    ]
    if number % 20 == 0:
        return [*begun, CallEnded(call, EndedBy.CALLER, "BYE"), CallAbandoned(call, queue)]
    return [
        *begun,
        AgentOffered(call, queue, agent, OfferId("o-1")),
        AgentChanged(agent, AgentState.RINGING, "", call),
        AgentAnswered(call, queue, agent),
        AgentChanged(agent, AgentState.TALKING, "", call),
        CallBridged(call, agent),
        TalkEnded(call, queue, agent),
        AgentChanged(agent, AgentState.WRAP_UP),
        LegEnded(call, LegId("l-1"), Side.CALLER, 1000, 1000, 0, 0.1, None, None),
        CallEnded(call, EndedBy.CALLER, "BYE"),
        AgentChanged(agent, AgentState.READY),
    ]


def journal(events: int) -> list[BoardRecord]:
    records: list[BoardRecord] = []
    for number in range(events):
        for event in one_call(number):
            seconds = 86_000 * len(records) / events
            utc = MIDNIGHT + timedelta(seconds=seconds)
            records.append(Record(len(records) + 1, utc.timestamp(), utc, event))
            if len(records) == events:
                return records
    return records


def main() -> None:
    records = journal(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
    board = Board()
    started_s = time.process_time()
    for record in records:
        board.fold(record)
    took_s = time.process_time() - started_s
    print(f"{len(records)} events, {len(records) / took_s:,.0f} events per CPU-second")

    told = render(board, board.at_s, core_up=True)
    started_s = time.process_time()
    for number in range(RENDERINGS):
        document = render(board, board.at_s + number, core_up=True)
        json.encode(changes(told, document))
        told = document
    took_s = time.process_time() - started_s
    print(f"{1000 * took_s / RENDERINGS:.1f} CPU-ms to render and compare {len(AGENTS)} agents")


if __name__ == "__main__":
    main()
