"""Every figure that a board or an alarm may name: its unit, its words, and which way is better.

Names are those of the API and of docs/figures.md.
"""

from dataclasses import dataclass
from enum import StrEnum

from wallboard.words import Words


class Unit(StrEnum):
    COUNT = "count"
    SHARE = "share"
    "0 to 1."
    SECONDS = "seconds"
    GIGABYTES = "gigabytes"


class Better(StrEnum):
    HIGH = "high"
    LOW = "low"
    NEITHER = "neither"


class Of(StrEnum):
    """What has such a figure."""

    QUEUES = "queues"
    "A queue, several, or the house."
    AGENTS = "agents"
    "A team, several, or the house."
    BOTH = "both"
    HOUSE = "house"


@dataclass(frozen=True, slots=True)
class Figure:
    name: str
    unit: Unit
    of: Of
    words: Words
    better: Better = Better.NEITHER


def _figures(*figures: Figure) -> dict[str, Figure]:
    return {figure.name: figure for figure in figures}


FIGURES = _figures(
    Figure("offered", Unit.COUNT, Of.QUEUES, Words("Offered", "进线")),
    Figure("answered", Unit.COUNT, Of.BOTH, Words("Answered", "接起")),
    Figure("abandoned", Unit.COUNT, Of.QUEUES, Words("Abandoned", "放弃"), Better.LOW),
    Figure("short_abandoned", Unit.COUNT, Of.QUEUES, Words("Short abandons", "短时放弃")),
    Figure("overflowed", Unit.COUNT, Of.QUEUES, Words("Overflowed", "溢出"), Better.LOW),
    Figure("callback", Unit.COUNT, Of.QUEUES, Words("Callbacks", "预约回呼")),
    Figure("lost", Unit.COUNT, Of.QUEUES, Words("Lost by a fault", "故障"), Better.LOW),
    Figure("waiting", Unit.COUNT, Of.QUEUES, Words("Waiting", "排队"), Better.LOW),
    Figure("talking", Unit.COUNT, Of.QUEUES, Words("Talking", "通话中")),
    Figure(
        "longest_wait_s", Unit.SECONDS, Of.QUEUES, Words("Longest wait", "最长等待"), Better.LOW
    ),
    Figure("service_level", Unit.SHARE, Of.QUEUES, Words("Service level", "服务水平"), Better.HIGH),
    Figure("answer_rate", Unit.SHARE, Of.QUEUES, Words("Answer rate", "接起率"), Better.HIGH),
    Figure("abandon_rate", Unit.SHARE, Of.QUEUES, Words("Abandon rate", "放弃率"), Better.LOW),
    Figure("asa_s", Unit.SECONDS, Of.BOTH, Words("ASA", "平均应答"), Better.LOW),
    Figure("aht_s", Unit.SECONDS, Of.BOTH, Words("AHT", "平均处理"), Better.LOW),
    Figure("agents_ready", Unit.COUNT, Of.AGENTS, Words("Agents ready", "示闲坐席"), Better.HIGH),
    Figure(
        "agents_unreachable",
        Unit.COUNT,
        Of.AGENTS,
        Words("Ready without a phone", "示闲话机不可达"),
        Better.LOW,
    ),
    Figure("agents_talking", Unit.COUNT, Of.AGENTS, Words("Agents talking", "通话坐席")),
    Figure("agents_wrapping_up", Unit.COUNT, Of.AGENTS, Words("In wrap-up", "话后整理")),
    Figure("agents_paused", Unit.COUNT, Of.AGENTS, Words("Paused", "示忙"), Better.LOW),
    Figure("agents_signed_in", Unit.COUNT, Of.AGENTS, Words("Signed in", "签入"), Better.HIGH),
    Figure("occupancy", Unit.SHARE, Of.AGENTS, Words("Occupancy", "占用率")),
    Figure("utilisation", Unit.SHARE, Of.AGENTS, Words("Utilisation", "工时利用率")),
    Figure("transcripts", Unit.COUNT, Of.HOUSE, Words("Transcripts", "转写")),
    Figure(
        "transcript_lag_s",
        Unit.SECONDS,
        Of.HOUSE,
        Words("Transcripts are late by", "转写滞后"),
        Better.LOW,
    ),
    Figure("disk_free_gb", Unit.GIGABYTES, Of.HOUSE, Words("Disk free", "磁盘剩余"), Better.HIGH),
    Figure(
        "store_down_s",
        Unit.SECONDS,
        Of.HOUSE,
        Words("Recordings not taken for", "录音未入库"),
        Better.LOW,
    ),
)


def figures_of(*kinds: Of) -> list[str]:
    """Names of those that one of `kinds` has."""
    return [name for name, figure in FIGURES.items() if figure.of in kinds]
