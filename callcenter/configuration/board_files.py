"""`boards/*.yaml`: one wallboard each; `default.yaml` is the one shown when none is named.

text ─▶ BoardFile (pydantic: shape) ─▶ problems_of (names, against the centre) ─▶ Plan
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from foundation import yaml_lines
from foundation.errors import ConfigurationError, RemoteError
from wallboard.figures.boards import DEFAULT, DEFAULT_PLAN, NORMS, Compare, Norm, Panel, Plan, Tile
from wallboard.figures.catalogue import FIGURES
from wallboard.figures.formulas import FORMULAS
from wallboard.figures.scope import Kind, Scope
from wallboard.words import Words

FOLDER = "boards"
MOST_BOARDS = 50
MOST_TILES = 16

Problem = tuple[yaml_lines.Path, str]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Title(_Part):
    en: str = Field(min_length=1, max_length=80)
    zh: str = Field(min_length=1, max_length=80)

    def words(self) -> Words:
        return Words(self.en, self.zh)


def _title(written: object) -> object:
    """One word for both languages may stand by itself."""
    return {"en": written, "zh": written} if isinstance(written, str) else written


def _share(written: object) -> object:
    """`80%` is 0.8."""
    if isinstance(written, str) and written.endswith("%"):
        try:
            return float(written[:-1]) / 100
        except ValueError:
            raise ValueError("write a number, or per cent as 80%") from None
    return written


AnyTitle = Annotated[Title, BeforeValidator(_title)]
Value = Annotated[float, BeforeValidator(_share)]


class TileFile(_Part):
    figure: str
    "Which one; docs/figures.md."
    of: str | None = None
    "`queue:NAME`, `team:NAME` or `house`; not given: of all that the board shows."
    formula: str | None = None
    "Which of the figure's formulas; not given: the board's."
    title: AnyTitle | None = None
    target: Value | None = None
    beside: tuple[str, ...] = Field(default=(), max_length=4)
    "Figures that stand small below."


class NormFile(_Part):
    figure: str
    value: Value
    title: AnyTitle


def _tile(written: object) -> object:
    return {"figure": written} if isinstance(written, str) else written


class BoardFile(_Part):
    """Everything that a file of `boards/` may say."""

    title: AnyTitle | None = None
    queues: tuple[str, ...] | None = Field(default=None, min_length=1)
    "Those shown, in this order; not given: all, and each caller counts once in the totals."
    teams: tuple[str, ...] | None = Field(default=None, min_length=1)
    tiles: tuple[Annotated[TileFile, BeforeValidator(_tile)], ...] | None = Field(
        default=None, max_length=MOST_TILES
    )
    "Not given: those of the board that is there without a file."
    panels: tuple[Panel, ...] | None = None
    "What stands below the tiles; not given: all."
    formulas: dict[str, str] = {}
    "Formula by figure, for the tables and the curve, and for tiles that name none."
    norms: tuple[str | NormFile, ...] = ()
    "Published ones by name, or others with figure, value and title."
    compare: Compare = Compare.WEEK
    alarms: tuple[str, ...] | None = None
    "Rules of callcenter.yaml whose alarms are shown; not given: all."

    def plan(self, name: str) -> Plan:
        fallback = DEFAULT_PLAN.title if name == DEFAULT else Words(name, name)
        return Plan(
            name=name,
            title=self.title.words() if self.title else fallback,
            queues=self.queues,
            teams=self.teams,
            tiles=DEFAULT_PLAN.tiles if self.tiles is None else tuple(map(_to_tile, self.tiles)),
            panels=DEFAULT_PLAN.panels if self.panels is None else self.panels,
            formulas=self.formulas,
            norms=tuple(map(_to_norm, self.norms)),
            compare=self.compare,
            alarms=self.alarms,
        )


@dataclass(frozen=True, slots=True)
class Inventory:
    """What a board may speak of in this centre."""

    queues: Collection[str]
    teams: Collection[str]
    alarms: Collection[str]


def read_boards(texts: Mapping[str, str], known: Inventory) -> tuple[dict[str, Plan], list[str]]:
    """`texts`: each file's, by its name without `.yaml`; gives the boards, and all problems."""
    plans, problems = {DEFAULT: DEFAULT_PLAN}, []
    for name, text in list(texts.items())[:MOST_BOARDS]:
        try:
            plans[name] = read_board(name, text, known)
        except ConfigurationError as error:
            problems += error.problems
    if len(texts) > MOST_BOARDS:
        problems.append(f"{FOLDER}/: holds {len(texts)} boards, {MOST_BOARDS} are the most")
    return plans, problems


def read_board(name: str, text: str, known: Inventory) -> Plan:
    """ConfigurationError: all problems of the file, with their lines."""
    document = yaml_lines.read(text, f"{FOLDER}/{name}.yaml")
    try:
        written = BoardFile.model_validate(document.value or {})
    except ValidationError as error:
        complaints = yaml_lines.complaints(document, error, BoardFile)
        raise ConfigurationError([*document.doubles, *complaints]) from None
    found = [document.complaint(*one) for one in problems_of(written, known)]
    if problems := [*document.doubles, *found]:
        raise ConfigurationError(problems)
    return written.plan(name)


def problems_of(written: BoardFile, known: Inventory) -> Iterable[Problem]:
    """What the shape alone does not show."""
    yield from _unknown(("queues",), written.queues, known.queues, "queue")
    yield from _unknown(("teams",), written.teams, known.teams, "team")
    yield from _unknown(("alarms",), written.alarms, known.alarms, "alarm rule")
    for figure, formula in written.formulas.items():
        yield from _formula_problems(("formulas", figure), figure, formula)
    for number, norm in enumerate(written.norms):
        if isinstance(norm, str):
            yield from _unknown(("norms",), [norm], NORMS, "norm", number)
        else:
            yield from _figure_problems(("norms", number, "figure"), norm.figure)
    for number, tile in enumerate(written.tiles or ()):
        yield from _tile_problems(("tiles", number), tile, known)


def _tile_problems(path: yaml_lines.Path, tile: TileFile, known: Inventory) -> Iterable[Problem]:
    if tile.figure not in FIGURES:
        yield from _figure_problems((*path, "figure"), tile.figure)
        return
    if tile.formula is not None:
        yield from _formula_problems((*path, "formula"), tile.figure, tile.formula)
    for name in tile.beside:
        yield from _figure_problems((*path, "beside"), name)
    if tile.of is not None:
        yield from scope_problems((*path, "of"), tile.of, [tile.figure, *tile.beside], known)


def scope_problems(
    path: yaml_lines.Path,
    of: str,
    figures: Iterable[str],
    known: Inventory,
    *,
    may_be_all: bool = False,
) -> Iterable[Problem]:
    """Also for alarm rules, which may be of `queue:*`."""
    try:
        scope = Scope.parse(of)
    except RemoteError as error:
        yield path, str(error)
        return
    names = {Kind.QUEUE: known.queues, Kind.TEAM: known.teams}.get(scope.kind)
    if names is not None and scope.name not in names and not (may_be_all and scope.name == "*"):
        yield (
            path,
            f"there is no {scope.kind} {scope.name!r}; {yaml_lines.nearest(scope.name, names)}",
        )
    for figure in figures:
        if figure in FIGURES and not scope.has(figure):
            yield path, f"a {scope.kind} has no figure {figure}"


def _figure_problems(path: yaml_lines.Path, figure: str) -> Iterable[Problem]:
    if figure not in FIGURES:
        yield path, f"there is no figure {figure!r}; {yaml_lines.nearest(figure, FIGURES)}"


def _formula_problems(path: yaml_lines.Path, figure: str, formula: str) -> Iterable[Problem]:
    if figure not in FORMULAS:
        hint = yaml_lines.nearest(figure, FORMULAS)
        yield path, f"{figure!r} has no formulas to choose from; {hint}"
    elif formula not in FORMULAS[figure]:
        hint = yaml_lines.nearest(formula, FORMULAS[figure])
        yield path, f"{figure} has no formula {formula!r}; {hint}"


def _unknown(
    path: yaml_lines.Path,
    given: Collection[str] | None,
    known: Collection[str],
    what: str,
    first: int = 0,
) -> Iterable[Problem]:
    for number, name in enumerate(given or (), first):
        if name not in known:
            yield (*path, number), f"there is no {what} {name!r}; {yaml_lines.nearest(name, known)}"


def _to_tile(tile: TileFile) -> Tile:
    return Tile(
        figure=tile.figure,
        of=None if tile.of is None else Scope.parse(tile.of),
        formula=tile.formula or "",
        title=tile.title.words() if tile.title else None,
        target=tile.target,
        beside=tile.beside,
    )


def _to_norm(norm: str | NormFile) -> Norm:
    if isinstance(norm, str):
        return NORMS[norm]
    return Norm(norm.figure, norm.value, norm.title.words())


def schema() -> dict[str, Any]:
    """Of a file, for editors."""
    return BoardFile.model_json_schema()
