"""How much is tried: half of it in every run, all of it in `make matrix`, much more in `make fuzz`.

What Hypothesis tries is another choice in every run, so that half as much is seen all the same,
in twice as many runs.
"""

import os

PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "everyday")
TIMES = {"everyday": 0.5, "full": 1.0, "fuzz": 30.0}
IS_EVERYDAY = PROFILE == "everyday"


def tries(full: int) -> int:
    """Examples, where a test says their number itself."""
    return int(full * TIMES[PROFILE])
