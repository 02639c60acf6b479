"""How much Hypothesis tries (`tests.support.effort`)."""

from hypothesis import HealthCheck, settings

from tests.support.effort import PROFILE

# How long an example takes says nothing on a machine that does something else, too.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("everyday", PATIENT, max_examples=50)
settings.register_profile("full", PATIENT, max_examples=100)
settings.register_profile("fuzz", max_examples=3_000, deadline=None)
settings.load_profile(PROFILE)
