"""An alarm as a sentence in English and Chinese: for boards, mails and programs alike."""

from foundation.ids import AgentId, QueueId
from wallboard.directory import Directory
from wallboard.events import AlarmKind
from wallboard.figures.catalogue import FIGURES, Unit
from wallboard.fold.alarm_log import AlarmLine
from wallboard.words import Words

AGENT = "agent:"
REASONS = {
    "rona": Words("did not pick up", "未应答"),
    "meal": Words("meal", "用餐"),
    "rest": Words("rest", "休息"),
    "break": Words("break", "小休"),
    "training": Words("training", "培训"),
    "meeting": Words("meeting", "会议"),
    "unreachable": Words("phone not reachable", "话机不可达"),
    "signed_in": Words("just signed in", "刚签入"),
}
"Of pauses; a centre may have others, which stand as they are."


def names_an_agent(subject: str) -> bool:
    return subject.startswith(AGENT)


def alarm_words(line: AlarmLine, directory: Directory, *, hides_names: bool = False) -> Words:
    """What is wrong with whom; `hides_names`: an agent is "an agent"."""
    who = subject_words(line.subject, directory, hides_names=hides_names)
    match line.kind:
        case AlarmKind.FIGURE:
            return _figure_words(line, who)
        case AlarmKind.RUSH:
            count, limit = _number(line.value), _number(line.limit)
            return Words(
                f"{who.en}: {count} callers in a short time (limit {limit})",
                f"{who.zh}：短时间内 {count} 通来电（限值 {limit}）",
            )
        case AlarmKind.AWAY:
            minutes = _number((line.value or 0.0) / 60)
            reason = REASONS.get(line.detail) or Words(line.detail, line.detail)
            return Words(
                f"{who.en} has been away for {minutes} min ({reason.en})",
                f"{who.zh} 离席已 {minutes} 分钟（{reason.zh}）",
            )
        case AlarmKind.LINE:
            return Words(f"{who.en} is down: {line.detail}", f"{who.zh} 中断：{line.detail}")


def _figure_words(line: AlarmLine, who: Words) -> Words:
    figure = FIGURES.get(line.figure)
    if figure is None:  # of a later version, or an earlier one
        return Words(f"{who.en}: {line.figure}", f"{who.zh}：{line.figure}")
    value, limit = shown(figure.unit, line.value), shown(figure.unit, line.limit)
    return Words(
        f"{who.en}: {figure.words.en} {value} (limit {limit})",
        f"{who.zh}：{figure.words.zh} {value}（限值 {limit}）",
    )


def subject_words(subject: str, directory: Directory, *, hides_names: bool = False) -> Words:
    kind, _, name = subject.partition(":")
    match kind:
        case "house":
            return Words("House", "全局")
        case "queue":
            shown_name = directory.queue_name(QueueId(name))
            return Words(shown_name, shown_name)
        case "agent" if hides_names:
            return Words("An agent", "一名坐席")
        case "agent":
            shown_name = directory.agent_card(AgentId(name)).name
            return Words(shown_name, shown_name)
        case "team":
            return Words(f"Team {name}", f"{name} 组")
        case "choice":
            return Words(f"Choice {name}", f"选项 {name}")
        case _:
            return _line_words(subject)


def _line_words(subject: str) -> Words:
    """`trunk home`, `line 8000`"""
    kind, _, name = subject.partition(" ")
    words = {"trunk": Words("Trunk", "中继"), "line": Words("Line", "线路")}.get(kind)
    return (
        Words(subject, subject)
        if words is None
        else Words(f"{words.en} {name}", f"{words.zh} {name}")
    )


def shown(unit: Unit, value: float | None) -> str:
    """A value with its unit, the same in both languages."""
    if value is None:
        return "–"
    match unit:
        case Unit.SHARE:
            return f"{100 * value:.0f} %"
        case Unit.SECONDS:
            return f"{value:.0f} s"
        case Unit.GIGABYTES:
            return f"{value:.1f} GB"
        case Unit.COUNT:
            return f"{value:.0f}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f}"
