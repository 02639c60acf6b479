"""What the media plane holds: many talks at once, all at the same moment, and one after another.

steady200   200 callers bridged and recorded, by each loop      CPU, memory, beside the C floor
loss300     300 of them on one media process, by each loop      lost frames, delay
burst50     50 callers within one second                        failures, times
memory20k   20,000 short calls, after 12,000                    growth of core and media
"""

import time
from collections import Counter

from rich.progress import track

from bench.centre import Centre, running
from bench.hotline import count_from_first_packet, floor_of, outcomes, recorded, trust
from bench.load import Result, run
from bench.memory import Watch
from bench.report import Row

LOOPS = ("python", "c")
MOST_CPU_S = {"python": 0.16, "c": 0.11}
"For each bridged call-minute."
MOST_DELAY_MS = 5.0
MOST_KB_PER_CALL = 100.0
MOST_BYTES_GROWN_PER_CALL = 100.0
PACE = "50"
"""Calls a second, the same throughout: SIP remembers each for 32 s after its end, so that memory
follows the pace."""
STRETCH = 1000
"Calls of one run of the load generator, after which the progress bar moves."
WARM_UP = 0.375
"""Share of a run in which caches and pools may fill: 12,000 calls, four minutes at that pace; what
is kept of the last minutes is full by then, too."""


def steady200(calls: int = 200, seconds: int = 60) -> list[Row]:
    rows = []
    for loop in LOOPS:
        result, files = _talking(calls, seconds, loop)
        least = floor_of(calls)["cpu_s_per_call_minute"]
        rows += [*_heard(result, calls, loop), *_cost(result, loop, least), files]
        rows += trust(result)
    return rows


def loss300(calls: int = 300, seconds: int = 40) -> list[Row]:
    rows = []
    for loop in LOOPS:
        result, files = _talking(calls, seconds, loop)
        rows += [*_heard(result, calls, loop), files, *trust(result)]
    return rows


def burst50(calls: int = 50) -> list[Row]:
    with running(agents=calls) as centre:
        result = run(
            centre, calls, calls, "--rate", "50", "--talk-ms", "5000", "--dtmf-after-ms", "400",
            "--answer-ms", "200",
        )  # fmt: skip
    count_from_first_packet(result["ms"]["queued_to_agent_invite"])
    rows = [outcomes(result)]
    for name, what in (
        ("invite_to_200", "INVITE → 200"),
        ("queued_to_agent_invite", "last digit's first packet → free agent's INVITE"),
        ("agent_200_to_both_hear", "agent's 200 → both hear"),
    ):
        times = result["ms"][name]
        rows.append(Row(what, f"p50 {times['p50']:.1f}, max {times['max']:.1f} ms"))
    return [*rows, *trust(result)]


def memory20k(calls: int = 32_000) -> list[Row]:
    # One caller throughout: a new number is remembered on purpose (`telephony/calls/parties.py`).
    begun_s = time.monotonic()
    with running(agents=60) as centre, Watch(centre.roles()) as watch:
        results = [
            run(
                centre, 60, STRETCH, "--rate", PACE, "--concurrency", "60", "--talk-ms", "60",
                "--dtmf-after-ms", "40", "--dtmf-ms", "60", "--caller-fmt", "5550100",
            )
            for _ in track(range(calls // STRETCH), f"calls, {STRETCH} at a time")
        ]  # fmt: skip
    s_per_call = (time.monotonic() - begun_s) / calls
    counts = Counter[str]()
    for result in results:
        counts.update(result["outcomes"])
    rows = [outcomes({"outcomes": counts}), pace(results)]
    for name in watch.names:
        grown = watch.slope_bytes_per_s(name, WARM_UP) * s_per_call
        held = grown <= MOST_BYTES_GROWN_PER_CALL
        begun, ended = watch.between_mb(name, WARM_UP)
        rows += [
            Row(f"{name}: memory when settled and at the end", f"{begun:.1f} / {ended:.1f} MB"),
            Row(f"{name}: growth for each call after the first "
                f"{WARM_UP * calls:.0f} calls", f"{grown:.0f} bytes",
                f"≤ {MOST_BYTES_GROWN_PER_CALL:.0f}", held),
        ]  # fmt: skip
    return [*rows, *(row for result in results for row in trust(result))]


def pace(results: list[Result]) -> Row:
    """Whether it was the same throughout, which it is not on a machine that others use."""
    per_s = [result["calls"]["ok_per_s"] for result in results]
    settled, last = per_s[int(len(per_s) * WARM_UP)], per_s[-1]
    least, most = min(per_s), max(per_s)
    told = f"{settled:.0f} / {last:.0f} calls a second (between {least:.0f} and {most:.0f})"
    return Row("pace when settled and at the end", told)


SCENARIOS = {
    "steady200": ("200 callers bridged and recorded", steady200),
    "loss300": ("300 calls on one media process", loss300),
    "burst50": ("50 calls set up in one second", burst50),
    "memory20k": ("20,000 calls, one after another, when the house is warm", memory20k),
}


def _talking(calls: int, seconds: int, loop: str) -> tuple[Result, Row]:
    """All bridged for so long, and what was recorded of it."""
    with running(agents=calls, loop=loop) as centre:
        result = _talk(centre, calls, seconds)
        return result, recorded(centre)


def _talk(centre: Centre, calls: int, seconds: int) -> Result:
    rate = 20
    talk_ms = 1000 * (seconds + 5 + calls // rate)
    return run(
        centre, calls, calls, "--rate", str(rate), "--talk-ms", str(talk_ms),
        "--dtmf-after-ms", "500",
    )  # fmt: skip


def _heard(result: Result, calls: int, loop: str) -> list[Row]:
    media = result["media"]
    lost = sum(media[way]["frames_lost"] for way in ("agent_to_caller", "caller_to_agent"))
    wrong = sum(result["audio"].values())
    ok = result["calls"]["ok"]
    rows = [
        Row(f"{loop} loop: calls asked for / ok", f"{calls} / {ok}", "all", ok == calls),
        Row("frames lost, both ways", str(lost), "0", lost == 0),
        Row("deaf or crossed legs", str(wrong), "0", wrong == 0),
    ]
    for way in ("agent_to_caller", "caller_to_agent"):
        delay = media[f"delay_{way}_ms"]
        held = delay["p99"] <= MOST_DELAY_MS
        what = f"delay through the centre p50 / p99, {way.replace('_', ' ')}"
        target = f"p99 ≤ {MOST_DELAY_MS:.0f} ms"
        rows.append(Row(what, f"{delay['p50']} / {delay['p99']} ms", target, held))
    return rows


def _cost(result: Result, loop: str, floor: float) -> list[Row]:
    stretch = result["watched"]["steady"]
    if stretch is None:
        return [Row("all bridged at once", "never", "a minute", held=False)]
    cost, most, size = (
        stretch["cpu_s_per_call_minute"],
        MOST_CPU_S[loop],
        stretch["rss_kb_per_call"],
    )
    return [
        Row(f"CPU-s per bridged call-minute, over {stretch['seconds']:.0f} s", f"{cost:.3f}",
            f"≤ {most}", cost <= most),
        Row("the floor: a C relay that only forwards and records", f"{floor:.3f}"),
        Row("times the floor", f"{cost / floor:.1f}"),
        Row("memory per call", f"{size:.0f} kB", f"≤ {MOST_KB_PER_CALL:.0f} kB",
            size <= MOST_KB_PER_CALL),
    ]  # fmt: skip
