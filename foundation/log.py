"""Logging as every role does it: one line to stderr, which the parent keeps in `data/log/ROLE.log`.

Lines about a call begin with its id in brackets; `<` is what came in, `>` what went out.
"""

import logging
import os

LEVEL_VARIABLE = "LOG_LEVEL"


def set_up(role: str) -> None:
    """The level is INFO unless the environment's LOG_LEVEL names another."""
    level = os.environ.get(LEVEL_VARIABLE, "INFO").upper()
    logging.basicConfig(
        level=logging.getLevelNamesMapping().get(level, logging.INFO),
        format=f"%(asctime)s {role} %(levelname)-7s %(message)s",
        force=True,
    )
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
