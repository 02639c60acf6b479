"""How much Hypothesis tries (`tests.support.effort`)."""

from hypothesis import settings

from tests.support.effort import PROFILE

# No deadlines: they would measure what runs beside the tests.
settings.register_profile("everyday", max_examples=50, deadline=None)
settings.register_profile("full", max_examples=100, deadline=None)
settings.register_profile("fuzz", max_examples=3_000, deadline=None)
settings.load_profile(PROFILE)
