"""What a simulated day costs: 20,000 calls, 300 agents, five queues with skills, in virtual time.

python -m bench.acd_simulation
"""

import time

from acd.options import AgentCard, QueueOptions
from acd.simulation.day import play
from acd.simulation.figures import total
from acd.simulation.scenario import Demand, Duration, Scenario, Shape, Shift
from foundation.ids import AgentId, QueueId

CALLS, AGENTS, QUEUES, HOURS = 20_000, 300, 5, 10


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


def main() -> None:
    began = time.process_time()
    day = play(scenario(), 1)
    used_s = time.process_time() - began
    whole = total(cell for cells in day.cells.values() for cell in cells)
    print(
        f"a day of {whole.offered:,} calls and {AGENTS} agents: {used_s:.2f} CPU-s; "
        f"answered {whole.answered:,}, service level {whole.service_level or 0:.1%}"
    )


if __name__ == "__main__":
    main()
