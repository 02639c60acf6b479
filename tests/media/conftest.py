"""What the media tests share: both loops."""

from collections.abc import Iterator

import pytest

from telephony.media.lanes import native
from telephony.media.lanes.native import Library
from tests.support.media_leg import Leg


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    if native.find_compiler() is None:
        pytest.skip("needs a C compiler (gcc, libc6-dev)")
    return native.load(tmp_path_factory.mktemp("library"))


@pytest.fixture(scope="module", params=["python", "careful", "c"])
def each_loop(request: pytest.FixtureRequest) -> Iterator[None]:
    """The module's legs are served by Python, by its careful way alone, and by C."""
    Leg.default_can_narrow = request.param != "careful"
    if request.param == "c":
        Leg.default_library = request.getfixturevalue("library")
    yield
    Leg.default_library = None
    Leg.default_can_narrow = True
