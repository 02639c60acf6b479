"""How good a figure is: `good`, `warn`, `alarm`, or '' where nothing was promised."""

from wallboard.figures.catalogue import FIGURES, Better, Unit

NEAR = 0.1
"A share that misses its target by no more is a warning."
FAR = 3.0
"A time or a number beyond so many times its target is an alarm."


def grade(figure: str, value: float | None, target: float | None) -> str:
    if value is None or target is None:
        return ""
    known = FIGURES[figure]
    if known.better is Better.NEITHER:
        return ""
    if known.better is Better.HIGH:
        return _of_high(value, target, NEAR if known.unit is Unit.SHARE else target / 2)
    if value <= target:
        return "good" if known.unit is Unit.SHARE else ""
    near = target + NEAR if known.unit is Unit.SHARE else target * FAR
    return "warn" if value <= near else "alarm"


def _of_high(value: float, target: float, near: float) -> str:
    if value >= target:
        return "good"
    return "warn" if value >= target - near else "alarm"


def service_grade(value: float | None, target: float) -> str:
    return grade("service_level", value, target)


def wait_grade(longest_s: float | None, within_s: float) -> str:
    return grade("longest_wait_s", longest_s, within_s)
