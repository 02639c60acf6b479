"""Where packs come from: the centre's `rules/quality/NAME.yaml`, else those that come with us."""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from foundation.errors import ConfigurationError
from recordings.quality.pack import Pack
from recordings.quality.written import parse

SHIPPED = Path(__file__).parent / "packs"
RULES = "rules/quality"
"Below a centre's folder."


def find_file(name: str, centre: Path) -> Path | None:
    """The centre's own file wins over a shipped one of the same name."""
    for folder in (centre / RULES, SHIPPED):
        if (folder / f"{name}.yaml").is_file():
            return folder / f"{name}.yaml"
    return None


def read_file(file: Path, centre: Path | None = None) -> Pack:
    """ConfigurationError names the file from the centre's folder on."""
    is_own = centre is not None and file.is_relative_to(centre)
    shown = file.relative_to(centre).as_posix() if centre is not None and is_own else file.name
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError([f"{shown}: cannot be read: {error}"]) from None
    return parse(text, shown, file.stem)


@cache
def _shipped(file: Path) -> Pack:
    """Ours do not change while we run, and reading one takes 40 ms of CPU."""
    return read_file(file)


def shipped() -> dict[str, Pack]:
    """By name."""
    return {file.stem: _shipped(file) for file in sorted(SHIPPED.glob("*.yaml"))}


def known_names(centre: Path) -> Iterator[str]:
    """Of all packs that `find_file` finds."""
    files = [*SHIPPED.glob("*.yaml"), *(centre / RULES).glob("*.yaml")]
    yield from sorted({file.stem for file in files})


def in_force(names: Mapping[str, str], centre: Path) -> dict[str, Pack]:
    """The pack of each language, as `quality.packs` names them.

    ConfigurationError holds the problems of all of them together.
    """
    packs: dict[str, Pack] = {}
    problems: list[str] = []
    for language, name in names.items():
        file = find_file(name, centre)
        if file is None:
            problems.append(
                f"there is no {RULES}/{name}.yaml; known: {', '.join(known_names(centre))}"
            )
            continue
        try:
            pack = _shipped(file) if file.parent == SHIPPED else read_file(file, centre)
        except ConfigurationError as error:
            problems += error.problems
            continue
        if pack.language != language:
            problems.append(f"{file.name} is in {pack.language!r} and named for {language!r}")
        packs[language] = pack
    if problems:
        raise ConfigurationError(problems)
    return packs
