"""How much Hypothesis tries: a little in every run, much more in `make fuzz`."""

import os

from hypothesis import settings

settings.register_profile("fuzz", max_examples=3_000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))
