"""How much Hypothesis tries (`tests.support.effort`), and what is no garbage: the tests."""

import gc
from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, settings

from tests.support.effort import PROFILE

# How long an example takes says nothing on a machine that does something else, too.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("everyday", PATIENT, max_examples=50)
settings.register_profile("full", PATIENT, max_examples=100)
settings.register_profile("fuzz", max_examples=3_000, deadline=None)
settings.load_profile(PROFILE)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Nothing that is imported is garbage, nor is any test that was found.

    Tests in virtual time collect the garbage, each of them: theirs, not that of 8,000 tests.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.collect()
        gc.freeze()
