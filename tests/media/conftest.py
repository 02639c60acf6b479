"""What the media tests share: both loops."""

from collections.abc import Iterator

import pytest

from telephony.media import native
from telephony.media.native import Library
from tests.support.media_leg import Leg


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    if native.find_compiler() is None:
        pytest.skip("needs a C compiler (gcc, libc6-dev)")
    return native.load(tmp_path_factory.mktemp("library"))


@pytest.fixture(scope="module", params=["python", "c"])
def each_loop(request: pytest.FixtureRequest) -> Iterator[None]:
    """The module's legs are served once by Python and once by C."""
    if request.param == "c":
        Leg.default_library = request.getfixturevalue("library")
    yield
    Leg.default_library = None
