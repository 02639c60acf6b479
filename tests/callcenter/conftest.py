"""Two folders stand for the speech models: what is in them is not these tests' matter."""

import pytest

from callcenter.configuration import settings


@pytest.fixture(autouse=True)
def _two_built_in_models(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path_factory.mktemp("models")
    (folder / "tiny-en").mkdir()
    (folder / "tiny-zh").mkdir()
    monkeypatch.setattr(settings, "BUILT_IN_MODELS", folder)
