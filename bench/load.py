"""Runs hotline_load against a centre and reads its JSON."""

import json
import shutil
import subprocess
from typing import Any

from bench.centre import Centre
from bench.programs import compiled

RUN_WITHIN_S = 900
Result = dict[str, Any]
"hotline_load's document; loadgen/README.md says what each figure means."


def run(centre: Centre, agents: int, calls: int, *options: str) -> Result:
    words = [
        *_real_time(), str(compiled("hotline_load")),
        "--server", centre.sip, "--agents", str(agents), "--register", "--calls", str(calls),
        "--watch", ",".join(str(pid) for pid in centre.pids()), *options,
    ]  # fmt: skip
    told = subprocess.run(words, capture_output=True, text=True, timeout=RUN_WITHIN_S, check=False)
    if not told.stdout:
        raise RuntimeError(f"{' '.join(words)} told nothing: {told.stderr[-2000:]}")
    result: Result = json.loads(told.stdout)
    result["command"] = " ".join(words[words.index("--server") :])
    return result


def _real_time() -> list[str]:
    """The generator must not be what is late: a real-time priority where that is allowed."""
    chrt = shutil.which("chrt")
    words = [chrt or "", "-r", "10"]
    if chrt is None or subprocess.run([*words, "true"], capture_output=True).returncode:
        return []
    return words


def distrust(result: Result) -> list[str]:
    """Why the figures of a run may be the generator's fault, as sentences."""
    generator, sentences = result["generator"], []
    if generator["socket_drops"]:
        sentences.append(f"The generator itself dropped {generator['socket_drops']} packets.")
    if generator["ticks_over_20ms_late"] > 5:
        sentences.append(f"The generator was late {generator['ticks_over_20ms_late']} times.")
    return sentences
