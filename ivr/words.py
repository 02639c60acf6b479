"""The words of the announcements that every centre has; a flow or a WAV of the name wins."""

from collections.abc import Mapping
from typing import TypeAlias

from ivr.numbers_zh import number_zh, say_digits_zh

Words: TypeAlias = Mapping[str, str]
"Text by language."

LAST_POSITION = 20
"From here on callers are not told their exact place."

LINE_FAULT = "line_fault"
ALL_BUSY = "all_busy"
ONE_MOMENT = "one_moment"
POSITION_MANY = "position_many"

ANNOUNCEMENTS: Mapping[str, Words] = {
    LINE_FAULT: {
        "en": "There is a fault on the line. Your call cannot be connected.",
        "zh": "线路故障，您的电话暂时无法接通。",
    },
    ALL_BUSY: {
        "en": "All agents are busy. Please call again later. Goodbye.",
        "zh": "坐席全忙，请您稍后再拨。再见。",
    },
    ONE_MOMENT: {
        "en": "One moment please. The next agent is for you.",
        "zh": "请稍等，下一位坐席将为您服务。",
    },
    POSITION_MANY: {
        "en": f"More than {LAST_POSITION} callers are before you. Thank you for your patience.",
        "zh": f"您前面的来电超过{LAST_POSITION}位，感谢您的耐心等待。",
    },
}


def position_name(position: int) -> str:
    return f"position_{position}" if position <= LAST_POSITION else POSITION_MANY


def position(place: int) -> Words:
    """1 is next."""
    return {
        "en": f"You are number {place} in the queue.",
        "zh": f"您排在第{number_zh(place)}位。",
    }


def agent_name(number: str) -> str:
    return f"agent_{number}"


def agent(number: str) -> Words:
    """报工号: the caller hears who will serve him."""
    digits = "".join(digit for digit in number if digit.isdigit())
    return {
        "en": f"Agent {' '.join(digits)} will serve you.",
        "zh": f"工号{say_digits_zh(digits)}，为您服务。",
    }
