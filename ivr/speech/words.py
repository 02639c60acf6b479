"""The words of the announcements that every centre has; a flow or a WAV of the name wins."""

from collections.abc import Mapping
from typing import TypeAlias

from ivr.speech.numbers_en import number_en
from ivr.speech.numbers_zh import counted_zh, number_zh, say_digits_zh

Words: TypeAlias = Mapping[str, str]
"Text by language."

LAST_POSITION = 20
"From here on callers are not told their exact place."

LINE_FAULT = "line_fault"
ALL_BUSY = "all_busy"
ONE_MOMENT = "one_moment"
POSITION_MANY = "position_many"
WAIT_SHORT = "wait_short"
WAIT_LONG = "wait_long"
WAIT_LONGER = "wait_longer"
WAIT_MINUTES = (*range(1, 11), 15, 20, 25, 30, 40, 50, 60)
"Waits that are told; one in between as the next longer."

CONSENT_ANNOUNCE, CONSENT_ASK = "consent_announce", "consent_ask"
ANNOUNCEMENTS: Mapping[str, Words] = {
    CONSENT_ANNOUNCE: {
        "en": "This call may be recorded.",
        "zh": "本次通话可能会被录音。",
    },
    CONSENT_ASK: {
        "en": "This call may be recorded. If you do not want that, press 9.",
        "zh": "本次通话可能会被录音，如不同意录音请按9。",
    },
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
    WAIT_SHORT: {
        "en": "Your wait will be less than one minute.",
        "zh": "预计等待时间不到一分钟。",
    },
    WAIT_LONG: {
        "en": "Your wait may be more than one hour.",
        "zh": "预计等待时间超过一小时。",
    },
    WAIT_LONGER: {
        "en": "We are sorry, it takes longer than expected.",
        "zh": "非常抱歉，等待时间比预计的长。",
    },
}


def wait_name(expected_s: float) -> str:
    if expected_s < 60:
        return WAIT_SHORT
    minutes = (minute for minute in WAIT_MINUTES if 60 * minute >= expected_s)
    found = next(minutes, None)
    return WAIT_LONG if found is None else f"wait_{found}"


def waits() -> Mapping[str, Words]:
    return {
        f"wait_{minutes}": {
            "en": f"Your wait will be about {number_en(minutes)} minute{'s' * (minutes > 1)}.",
            "zh": f"预计等待时间约{counted_zh(minutes)}分钟。",
        }
        for minutes in WAIT_MINUTES
    }


def say_name(piece: str) -> str:
    """The prompt that is a piece of a spoken number or date (`speech.saying`): `say_twenty-six`."""
    return f"say_{piece.replace(' ', '_')}"


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
