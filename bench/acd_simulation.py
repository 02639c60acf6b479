"""What a simulated day costs: 20,000 calls, 300 agents, five queues with skills, in virtual time.

python -m bench.acd_simulation      prints
python -m bench acd_simulation      writes docs/performance.md, too
"""

import time

from acd.options import AgentCard, QueueOptions
from acd.simulation.day import DayPlayed, play
from acd.simulation.figures import total
from acd.simulation.scenario import Demand, Duration, Scenario, Shape, Shift
from bench.report import Row
from foundation.ids import AgentId, QueueId

CALLS, AGENTS, QUEUES, HOURS = 20_000, 300, 5, 10
MOST_S = 10.0


def scenario() -> Scenario:
    names = [QueueId(f"skill{n}") for n in range(QUEUES)]
    each = CALLS / QUEUES / (2 * HOURS)
    return Scenario(
        queues={name: QueueOptions(skills={name: 1}, wrap_up_s=30) for name in names},
        demands=tuple(
            Demand(
                queue=name,
                calls=(each,) * (2 * HOURS),
                handle=Duration(mean_s=480, shape=Shape.LOGNORMAL, sd_s=300),
                patience=Duration(mean_s=120),
            )
            for name in names
        ),
        shifts=tuple(
            Shift(
                card=AgentCard(
                    agent_id=AgentId(f"agent{n:03}"),
                    name="",
                    skills={names[n % QUEUES]: 5, names[(n + 1) % QUEUES]: 2},
                ),
                begin_s=0,
                end_s=HOURS * 3600,
            )
            for n in range(AGENTS)
        ),
    )


def simulated_day() -> list[Row]:
    """The best of three: what disturbs a machine only ever makes it slower."""
    used_s, day = min((_played() for _ in range(3)), key=lambda each: each[0])
    whole = total(cell for cells in day.cells.values() for cell in cells)
    return [
        Row("calls offered / answered", f"{whole.offered:,} / {whole.answered:,}"),
        Row("answered in time", f"{whole.service_level or 0:.1%}"),
        Row("CPU-seconds", f"{used_s:.2f}", f"< {MOST_S:g}", used_s < MOST_S),
    ]


def _played() -> tuple[float, DayPlayed]:
    began = time.process_time()
    day = play(scenario(), 1)
    return time.process_time() - began, day


SCENARIOS = {
    "acd_simulation": (f"ACD: a simulated day, {CALLS:,} calls, {AGENTS} agents", simulated_day)
}


def main() -> None:
    for row in simulated_day():
        print(" · ".join(cell for cell in row.cells() if cell))


if __name__ == "__main__":
    main()
