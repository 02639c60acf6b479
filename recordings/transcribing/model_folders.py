"""Where a speech model's folder is: `tiny-en` in the configuration, or a path of the customer's."""

from pathlib import Path

_OURS = Path(__file__).parents[1] / "models"
"The small models that come with the product; their README says what they are."


def builtin_models() -> list[str]:
    return sorted(folder.name for folder in _OURS.iterdir() if folder.is_dir())


def model_folder(name: str, configuration: Path) -> Path:
    """A bare name that is one of ours, otherwise a path relative to the configuration's folder."""
    if name in builtin_models():
        return _OURS / name
    return configuration / name
