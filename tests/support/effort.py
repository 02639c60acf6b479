"""How much Hypothesis tries where a test says it itself: a little, and much more in `make fuzz`."""

import os

TIMES_IN_FUZZ = 30


def tries(quick: int) -> int:
    is_fuzz = os.environ.get("HYPOTHESIS_PROFILE") == "fuzz"
    return quick * TIMES_IN_FUZZ if is_fuzz else quick
