"""How much Hypothesis tries: a little in every run, much more in `make fuzz`."""

import os

from hypothesis import HealthCheck, settings

# How long an example takes says nothing on a machine that does something else, too.
settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("fuzz", max_examples=3_000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))
