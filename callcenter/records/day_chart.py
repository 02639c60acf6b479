"""A day as a picture (SVG): calls of each interval, service level, and people on the floor.

Drawn for light and dark by the reader's own preference; no script, no font of its own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 960, 460
LEFT, RIGHT, TOP, BOTTOM = 56, 56, 64, 40
STYLE = """
svg{background:#fff;color:#1b1f24;font:13px system-ui,sans-serif}
.answered{fill:#2f81c7}.abandoned{fill:#d1495b}.level{stroke:#1f9d63;fill:none;stroke-width:2.5}
.people{stroke:#b7791f;fill:none;stroke-width:1.5;stroke-dasharray:5 3}
.grid{stroke:#8884;stroke-width:1}text{fill:currentColor}.small{font-size:11px;opacity:.75}
@media (prefers-color-scheme:dark){svg{background:#12161c;color:#e6e9ee}}
"""


@dataclass(frozen=True, slots=True)
class Bar:
    """One interval. level: 0 to 1, None where nobody called; people: on the floor, on average."""

    label: str
    answered: float
    abandoned: float
    level: float | None
    people: float


def draw_day(title: str, bars: Sequence[Bar]) -> str:
    """The whole SVG document; `title` and labels may be any text."""
    most = max((bar.answered + bar.abandoned for bar in bars), default=0) or 1
    crowd = max((bar.people for bar in bars), default=0) or 1
    body = [*_grid(most, crowd), *_columns(bars, most), *_lines(bars, crowd), *_labels(bars)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(title)}"><style>{STYLE}</style>'
        f'<text x="{LEFT}" y="24" font-size="16">{escape(title)}</text>{"".join(_legend())}'
        f"{''.join(body)}</svg>\n"
    )


def _x(number: float, count: int) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * number / max(1, count)


def _y(share: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share


def _grid(most: float, crowd: float) -> Iterator[str]:
    for quarter in range(5):
        share, y = quarter / 4, _y(quarter / 4)
        yield f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text class="small" x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">'
        yield f"{most * share:.0f}</text>"
        yield f'<text class="small" x="{WIDTH - RIGHT + 6}" y="{y + 4:.1f}">'
        yield f"{share:.0%} · {crowd * share:.0f}</text>"


def _columns(bars: Sequence[Bar], most: float) -> Iterator[str]:
    width = max(1.0, (WIDTH - LEFT - RIGHT) / max(1, len(bars)) * 0.8)
    for number, bar in enumerate(bars):
        x = _x(number + 0.1, len(bars))
        below, above = _y(bar.answered / most), _y((bar.answered + bar.abandoned) / most)
        yield _box("answered", x, below, width, _y(0) - below)
        yield _box("abandoned", x, above, width, below - above)


def _box(name: str, x: float, y: float, width: float, height: float) -> str:
    size = f'width="{width:.1f}" height="{max(0.0, height):.1f}"'
    return f'<rect class="{name}" x="{x:.1f}" y="{y:.1f}" {size}/>'


def _lines(bars: Sequence[Bar], crowd: float) -> Iterator[str]:
    count = len(bars)
    level = [(n + 0.5, bar.level) for n, bar in enumerate(bars) if bar.level is not None]
    people = [(n + 0.5, bar.people / crowd) for n, bar in enumerate(bars)]
    for name, points in (("people", people), ("level", level)):
        path = " ".join(f"{_x(n, count):.1f},{_y(share):.1f}" for n, share in points)
        yield f'<polyline class="{name}" points="{path}"/>'


def _labels(bars: Sequence[Bar]) -> Iterator[str]:
    every = max(1, len(bars) // 12)
    for number, bar in enumerate(bars[::every]):
        x = _x(number * every + 0.5, len(bars))
        yield f'<text class="small" x="{x:.1f}" y="{HEIGHT - 14}" text-anchor="middle">'
        yield f"{escape(bar.label)}</text>"


def _legend() -> Iterator[str]:
    entries = (
        ("answered", "answered 接起"),
        ("abandoned", "abandoned 放弃"),
        ("level", "service level 服务水平"),
        ("people", "on the floor 在线坐席"),
    )
    for number, (name, words) in enumerate(entries):
        x = LEFT + number * 190
        yield f'<g transform="translate({x} 46)">'
        if name in ("answered", "abandoned"):
            yield f'<rect class="{name}" width="14" height="10" y="-9"/>'
        else:
            yield f'<line class="{name}" x2="14" y1="-4" y2="-4"/>'
        yield f'<text class="small" x="20">{words}</text></g>'
