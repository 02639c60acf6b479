"""Hits and marks as English and Chinese sentences: each number with what it is held against."""

from collections.abc import Mapping

from recordings.quality.pack import Kind
from recordings.quality.talk import Fact, Hit, Mark, Sign

MISSED = {
    "greeting": {"en": "No greeting", "zh": "没有问候"},
    "agent_number": {"en": "The agent's number was not told", "zh": "没有报工号"},
    "thanks_after_hold": {"en": "No thanks after the hold", "zh": "保持后没有致谢"},
    "anything_else": {"en": "Nobody asked for further wishes", "zh": "没有询问其他需要"},
    "thanks": {"en": "No thanks for the call", "zh": "没有感谢来电"},
    "positive_close": {"en": "No friendly close", "zh": "没有礼貌结束语"},
}
"Names of the shipped packs; a centre's own are told by their phrase."
MOODS = {
    "upset": {"en": "sounds upset", "zh": "情绪激动"},
    "pleased": {"en": "sounds pleased", "zh": "情绪愉快"},
}
SIDES = {"caller": {"en": "The caller", "zh": "客户"}, "agent": {"en": "The agent", "zh": "坐席"}}


def explain(hit: Hit) -> dict[str, str]:
    """By language."""
    match hit.kind:
        case Kind.FORBIDDEN:
            return {
                "en": f"The agent said “{hit.phrase}”",
                "zh": f"坐席说了“{hit.phrase}”",
            }
        case Kind.REQUIRED:
            return _missed(hit)
        case _:
            return _measured(hit.kind, hit.facts)


def explain_mark(mark: Mark) -> dict[str, str]:
    return {
        language: f"{SIDES[mark.side.value][language]}{gap}{MOODS[mark.mood][language]}{colon}"
        + comma.join(_sign(sign)[language] for sign in mark.signs)
        for language, gap, colon, comma in (("en", " ", ": ", ", "), ("zh", "", "：", "，"))
    }


def _missed(hit: Hit) -> dict[str, str]:
    plain = {"en": f"“{hit.phrase}” was not said", "zh": f"没有说“{hit.phrase}”"}
    told = dict(MISSED.get(hit.rule, plain))
    elsewhere = hit.facts.get("elsewhere_s")
    if isinstance(elsewhere, int | float):
        told["en"] += f" where it belongs (it was at {elsewhere:.0f} s)"
        told["zh"] += f"（第{elsewhere:.0f}秒说过，但不在应说之处）"
    return told


def _measured(kind: Kind, facts: Mapping[str, Fact]) -> dict[str, str]:
    given = {name: value for name, value in facts.items() if isinstance(value, int | float)}
    match kind:
        case Kind.SILENCE:
            share, most = given["share"], given["most"]
            return {
                "en": f"Nobody spoke for {share:.0%} of the talk; {most:.0%} are allowed",
                "zh": f"静音占{share:.0%}，上限{most:.0%}",
            }
        case Kind.TALK_OVER:
            share, most = given["share"], given["most"]
            return {
                "en": f"The agent spoke over {share:.0%} of the caller's words; {most:.0%} allowed",
                "zh": f"抢话占客户说话时间的{share:.0%}，上限{most:.0%}",
            }
        case Kind.SPEED:
            speed, least, most = given["per_min"], given["least"], given["most"]
            return {
                "en": f"{speed:.0f} words a minute of the agent; usual: {least:.0f} to {most:.0f}",
                "zh": f"语速每分钟{speed:.0f}字，正常{least:.0f}至{most:.0f}字",
            }
        case Kind.LOUDNESS:
            level, apart = given["dbfs"], given["apart_db"]
            return {
                "en": f"The agent is at {level:.0f} dBFS, {apart:+.0f} dB from the caller",
                "zh": f"坐席音量{level:.0f} dBFS，与客户相差{apart:+.0f} dB",
            }
        case Kind.HOLD:
            seconds, most = given["seconds"], given["most"]
            return {
                "en": f"The caller was on hold for {seconds:.0f} s; {most:.0f} s are allowed",
                "zh": f"客户被保持{seconds:.0f}秒，上限{most:.0f}秒",
            }
        case Kind.HUNG_UP:
            return {"en": "The agent hung up without a goodbye", "zh": "坐席未道别先挂机"}
        case _:
            signs = [_sign(Sign(name, value)) for name, value in facts.items()]
            return {
                "en": "The agent sounds upset: " + ", ".join(sign["en"] for sign in signs),
                "zh": "坐席情绪激动：" + "，".join(sign["zh"] for sign in signs),
            }


def _sign(sign: Sign) -> dict[str, str]:
    value = sign.value
    if isinstance(value, str):
        return {"en": f"said “{value}”", "zh": f"说了“{value}”"}
    match sign.name:
        case "pitch":
            return {"en": f"voice {value:.0f} semitones higher", "zh": f"音调高{value:.0f}个半音"}
        case "level":
            return {"en": f"{value:.0f} dB louder", "zh": f"音量大{value:.0f} dB"}
        case _:
            return {"en": f"{value:.0%} faster", "zh": f"语速快{value:.0%}"}
