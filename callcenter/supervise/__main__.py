"""The parent's main: python -m callcenter.supervise PLAN; `callcenter serve` turns into it."""

import json
import logging
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from callcenter.supervise import Parent, Role
from callcenter.supervise.sockets import Address
from foundation.errors import CallCentreError


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything the parent is told, as one JSON object on its command line."""

    folder: str
    roles: tuple[Role, ...]
    "In the order in which they are started."
    addresses: tuple[Address, ...]
    echo: bool = False

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Plan":
        plan = json.loads(text)
        roles = tuple(Role(**{**role, "argv": tuple(role["argv"])}) for role in plan["roles"])
        addresses = tuple(Address(*address) for address in plan["addresses"])
        return cls(plan["folder"], roles, addresses, plan["echo"])


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s parent %(message)s")
    plan = Plan.from_json(sys.argv[1])
    try:
        Parent(Path(plan.folder), plan.roles, plan.addresses, echo=plan.echo).run()
    except CallCentreError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
