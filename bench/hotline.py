"""The hotline under load: what a bridged call costs, how fast a caller meets a free agent.

Runs against centres of their own, with `transcribe: false` and `announce_agent: false`, all
processes counted:

    steady    100 callers bridged and recorded for a minute     CPU, lost frames, deaf or crossed
    free      1100 calls, always an agent free                  digit → INVITE, 200 → both hear
    waiting   1100 calls, always callers waiting                agent freed → next INVITE
    short     very short calls, as many a second as go through  CPU for each
"""

import json
import subprocess
import tempfile
import wave
from collections.abc import Mapping

from bench.centre import Centre, running
from bench.load import Result, distrust, run
from bench.programs import compiled
from bench.report import Row

MOST_CPU_S_PER_CALL_MINUTE = 0.20
MOST_INVITE_MS = 10.0
MOST_HEAR_MS = 40.0
MOST_CPU_MS_PER_SHORT_CALL = 6.0
WARM_UP_CALLS = 300
LEAST_SAMPLES = 1000
KEY_MS = 100
"How long a key is held; hotline_load's own default."
PACKET_MS = 20


def steady(calls: int = 100, seconds: int = 60) -> list[Row]:
    with running(agents=calls) as centre:
        talk_ms = 1000 * (seconds + 15)
        result = run(
            centre, calls, calls, "--rate", "20", "--talk-ms", str(talk_ms), "--dtmf-after-ms",
            "500",
        )  # fmt: skip
        files = recorded(centre)
    floor = floor_of(calls)
    return [*_steady_rows(calls, result, floor), files, *trust(result)]


def _steady_rows(calls: int, result: Result, floor: Result) -> list[Row]:
    stretch = result["watched"]["steady"]
    media, audio = result["media"], result["audio"]
    lost = sum(media[way]["frames_lost"] for way in ("agent_to_caller", "caller_to_agent"))
    wrong = sum(audio.values())
    rows = [
        Row("calls asked for / ok", f"{calls} / {result['calls']['ok']}", "all",
            result["calls"]["ok"] == calls),
        Row("frames lost, both ways", str(lost), "0", lost == 0),
        Row("deaf or crossed legs", str(wrong), "0", wrong == 0),
        Row("delay through the centre p50 / p99, agent to caller",
            f"{media['delay_agent_to_caller_ms']['p50']} / "
            f"{media['delay_agent_to_caller_ms']['p99']} ms"),
    ]  # fmt: skip
    if stretch is None:
        return [*rows, Row("all bridged at once", "never", "a minute", held=False)]
    cost, least = stretch["cpu_s_per_call_minute"], floor["cpu_s_per_call_minute"]
    return [
        *rows,
        Row(f"CPU-s per bridged call-minute, over {stretch['seconds']:.0f} s", f"{cost:.3f}",
            f"≤ {MOST_CPU_S_PER_CALL_MINUTE}", cost <= MOST_CPU_S_PER_CALL_MINUTE),
        Row("the floor: a C relay that only forwards and records", f"{least:.3f}"),
        Row("times the floor", f"{cost / least:.1f}"),
        Row("memory per call", f"{stretch['rss_kb_per_call']:.0f} kB"),
    ]  # fmt: skip


def free(calls: int = 1100) -> list[Row]:
    with running(agents=60) as centre:
        # The agents ring for a moment: the key is taken at its first packet, and until the caller
        # has let go of it the generator says nothing that an agent could hear.
        result = run(
            centre, 60, calls, "--rate", "20", "--concurrency", "40", "--talk-ms", "800",
            "--dtmf-after-ms", "400", "--answer-ms", "200", "--dtmf-ms", str(KEY_MS),
        )  # fmt: skip
    count_from_first_packet(result["ms"]["queued_to_agent_invite"])
    return [
        outcomes(result),
        timing(result, "queued_to_agent_invite", "last digit's first packet → free agent's INVITE",
               MOST_INVITE_MS),
        timing(result, "agent_200_to_both_hear", "agent's 200 → both hear", MOST_HEAR_MS),
        *trust(result),
    ]  # fmt: skip


def count_from_first_packet(times: Result | None) -> None:
    """The generator counts from the key's end; a key of 100 ms began four packets before that."""
    for name in ("min", "p50", "p90", "p95", "p99", "max", "mean"):
        if times is not None:
            times[name] += KEY_MS - PACKET_MS


def waiting(calls: int = 1100) -> list[Row]:
    with running(agents=20) as centre:
        result = run(
            centre, 20, calls, "--rate", "60", "--concurrency", "60", "--talk-ms", "600",
            "--dtmf-after-ms", "200",
        )  # fmt: skip
    what = "agent freed while callers wait → next INVITE"
    name = "agent_freed_to_next_invite_while_queue"
    return [outcomes(result), timing(result, name, what, MOST_INVITE_MS), *trust(result)]


def short(calls: int = 1500) -> list[Row]:
    load = (
        "--rate", "150", "--concurrency", "60", "--talk-ms", "60", "--dtmf-after-ms", "40",
        "--dtmf-ms", "60",
    )  # fmt: skip
    with running(agents=60) as centre:
        # What is done once in a process's life is not what a call costs; it has a row of its own.
        first = run(centre, 60, WARM_UP_CALLS, *load)
        before = centre.cpu_ms()
        result = run(centre, 60, calls, *load)
        used = {name: ms - before[name] for name, ms in centre.cpu_ms().items()}
    cost, done = result["watched"]["cpu_ms_per_ok_call"], result["calls"]["ok"]
    held = cost <= MOST_CPU_MS_PER_SHORT_CALL
    least = 1000 * result["generator"]["cpu_s"] / max(1, done)
    return [
        outcomes(result),
        Row(f"CPU-ms per call, at {result['calls']['ok_per_s']:.0f} calls/s", f"{cost:.1f}",
            f"≤ {MOST_CPU_MS_PER_SHORT_CALL:.0f}", held),
        Row("of which", split(used, done)),
        Row(f"each of {WARM_UP_CALLS} before them, the first after the start",
            f"{first['watched']['cpu_ms_per_ok_call']:.1f}"),
        Row("the floor: caller and agent of each call, in C", f"{least:.1f}"),
        Row("times the floor", f"{cost / least:.1f}"),
        *trust(result),
    ]  # fmt: skip


SCENARIOS = {
    "steady": ("100 callers bridged and recorded", steady),
    "free": ("Calls that find a free agent", free),
    "waiting": ("Calls that wait for an agent", waiting),
    "short": ("Very short calls", short),
}


def split(used_ms: Mapping[str, float], calls: int) -> str:
    """By process, the agents' registrations included."""
    return ", ".join(f"{name} {ms / max(1, calls):.1f}" for name, ms in used_ms.items())


def outcomes(result: Result) -> Row:
    words = ", ".join(f"{count} {name}" for name, count in result["outcomes"].items())
    return Row("outcomes", words, "all ok", set(result["outcomes"]) == {"ok"})


def timing(result: Result, name: str, what: str, most_ms: float) -> Row:
    times = result["ms"][name]
    if times is None:
        return Row(what, "no sample", f"p99 ≤ {most_ms:.0f} ms", held=False)
    held = times["p99"] <= most_ms and times["n"] >= LEAST_SAMPLES
    value = f"p50 {times['p50']:.1f}, p99 {times['p99']:.1f}, max {times['max']:.1f} ms"
    target = f"p99 ≤ {most_ms:.0f} ms over {LEAST_SAMPLES} samples"
    return Row(what, f"{value} ({times['n']} samples)", target, held)


def trust(result: Result) -> list[Row]:
    return [Row("distrust this run", sentence) for sentence in distrust(result)]


def recorded(centre: Centre) -> Row:
    seconds = 0.0
    files = centre.recordings()
    for file in files:
        with wave.open(str(file)) as reader:
            seconds += reader.getnframes() / reader.getframerate()
    return Row("recordings", f"{len(files)} files, {seconds / 60:.1f} minutes")


def floor_of(calls: int, seconds: int = 20) -> Result:
    with tempfile.TemporaryDirectory(prefix="callcenter-floor-") as folder:
        words = [str(compiled("floor_relay")), str(calls), str(seconds), folder]
        told = subprocess.run(words, capture_output=True, text=True, check=True)
    result: Result = json.loads(told.stdout)
    return result
