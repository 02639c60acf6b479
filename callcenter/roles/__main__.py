"""The start of every role's process: python -m callcenter.roles ROLE FOLDER …

Importing makes objects by the hundred thousand, and hardly any garbage among them: the collector,
which would look through them a hundred times, rests meanwhile. That is a sixth of a start.
"""

import gc
import sys
from importlib import import_module


def main() -> int | None:
    gc.disable()
    role = import_module(f"callcenter.roles.{sys.argv.pop(1)}")
    gc.freeze()
    gc.enable()
    status: int | None = role.main()
    return status


if __name__ == "__main__":
    sys.exit(main())
