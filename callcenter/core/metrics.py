"""What core counts about itself, as Prometheus reads it.

    journal ─▶ Counters.on_event      SIP stack ─▶ dropped      media workers ─▶ loaded
    whoever asks ─▶ Gauges.collect ─▶ Readings, taken at that moment

Counters begin at 0 with each start of core, as Prometheus expects of them; what must be equal after
a restart (the day's figures) is on the board. Label values come from fixed sets or from the
configuration: nothing that a stranger sends can make a new time series.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from acd import events as acd
from acd.expected_wait import Accuracy
from callcenter.conduct import limits
from callcenter.conduct.destinations import REFUSALS
from callcenter.conduct.journey import BLOCKED, NO_LINE
from callcenter.core.line_desk import LineReading
from callcenter.events import CallSentOn, HandoverRefused, NumberRefused
from recordings import events as recordings
from recordings.archiving.shelf_watch import ShelfNow
from recordings.transcribing.transcription import Progress
from telephony.calls import events as calls
from telephony.calls.trunks import UNKNOWN_TRUNK
from telephony.lines.events import LineLost
from telephony.media import protocol as media
from telephony.sip import events as sip
from telephony.sip.trunks.trunk_line import TrunkState

DROPS = frozenset(
    {
        *("malformed", "unmatched-ack", "unmatched-response", "no-ack"),
        *("too-many-connections", "idle-connection", "broken-stream", "slow-reader"),
        "failed-handshake",
    }
)
"Reasons of `telephony.sip.events.Dropped` that are a word; the others are `refused-STATUS`."
REFUSED = re.compile(r"refused-[3-6]\d\d")
RULES = frozenset({BLOCKED, NO_LINE, "media", UNKNOWN_TRUNK, "outbound", *REFUSALS, *limits.Rule})
"Rules of `CallRefused`; what follows a colon are particulars for people."
OTHER = "other"
LAG_EVERY_S = 0.25
LAG_BUCKETS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerReading:
    """A media worker as its last `Load` told it; zeros before the first one."""

    is_up: bool
    busy: float = 0.0
    legs: int = 0
    admitting: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkReading:
    state: TrunkState
    calls_out: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueReading:
    accuracy: Accuracy | None = None
    "Of the expected waits; None before anybody was answered."
    is_surging: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """Core at one moment."""

    calls: int
    registered_phones: int
    sip_legs: int
    sip_transactions: int
    journal_seq: int
    journal_backlog: int
    "Records that are not known to be on the disk yet."
    journal_lost: int
    database_backlog: Mapping[str, int]
    "Rows that wait, by what writes them."
    trunks: Mapping[str, "TrunkReading"] = field(default_factory=dict)
    "Of those that we call."
    media: Mapping[int, WorkerReading]
    lines: Mapping[str, LineReading] = field(default_factory=dict)
    "Those at other PBXs, by number."
    queues: Mapping[str, QueueReading] = field(default_factory=dict)
    transcription: Progress = field(default_factory=Progress)
    shelf: ShelfNow | None = None
    "None where recordings stay on this disk."


class CoreMetrics:
    """Counts, and writes all of it down on request."""

    def __init__(self, read: Callable[[], Readings], number_rules: Collection[str] = ()) -> None:
        """`read` is called for each request; it must not wait. `number_rules`: those that may
        refuse a number outside."""
        self._number_rules = number_rules
        self._registry = CollectorRegistry()
        self._registry.register(_Gauges(read))
        ProcessCollector(namespace="callcenter_core", registry=self._registry)
        self._drops = self._counter("sip_dropped", "Datagrams and requests thrown away", "why")
        self._arrived = self._counter("calls_arrived", "Callers' INVITEs taken in")
        self._by_trunk = self._counter(
            "trunk_calls", "Callers' INVITEs taken in, by trunk", "trunk"
        )
        self._answered = self._counter("calls_answered", "Calls that got our 200")
        self._refused = self._counter("calls_refused", "Calls that got another answer", "rule")
        self._numbers = self._counter(
            "numbers_refused", "Numbers outside not dialled, by number rule", "rule"
        )
        self._trunk_falls = self._counter("trunk_downs", "Times a trunk went down", "trunk")
        self._ended = self._counter("calls_ended", "Calls over, by who ended them", "by")
        self._offers = self._counter("offers", "Calls offered to agents, by outcome", "outcome")
        self._visits = self._counter("visits", "Waits over, by outcome", "queue", "outcome")
        self._guests = self._counter("guests", "People rung into a talk", "way")
        self._handovers = self._counter("handovers", "Talks that went on elsewhere", "to")
        self._wishes = self._counter(
            "handovers_refused", "What agents wanted of whom in vain", "wish", "rule"
        )
        self._recordings = self._counter("recordings", "Recordings closed", "complete")
        self._transcripts = self._counter("transcripts", "Transcripts made or failed", "outcome")
        self._troubles = self._counter("troubles", "What supervisors were told of", "part")
        self._late = self._counter("media_late_ticks", "Playing-out ticks 20 ms late", "worker")
        self._lag = Histogram(
            "callcenter_core_loop_lag_seconds",
            "How late core's event loop wakes",
            buckets=LAG_BUCKETS_S,
            registry=self._registry,
        )

    def text(self) -> bytes:
        return generate_latest(self._registry)

    # -- what is counted -------------------------------------------------------------------------

    def on_event(self, event: object) -> None:
        """One fact of the journal."""
        match event:
            case calls.CallArrived(trunk=trunk):
                self._arrived.inc()
                if trunk:
                    self._by_trunk.labels(trunk).inc()
            case calls.CallAnswered():
                self._answered.inc()
            case calls.CallRefused(rule=rule):
                self._refused.labels(rule_of(rule)).inc()
            case calls.CallEnded(by=by):
                self._ended.labels(by.value).inc()
            case calls.MediaTroubled():
                self._troubles.labels("media").inc()
            case LineLost():
                self._troubles.labels("line").inc()
            case acd.OfferFailed(why=why):
                self._offers.labels(why.value).inc()
            case acd.AgentAnswered(queue=queue):
                self._offers.labels("answered").inc()
                self._visits.labels(queue, "answered").inc()
            case _:
                self._on_rarer(event)

    def _on_rarer(self, event: object) -> None:
        match event:
            case acd.CallAbandoned(queue=queue):
                self._visits.labels(queue, "abandoned").inc()
            case acd.CallLeftForCallback(queue=queue):
                self._visits.labels(queue, "callback").inc()
            case acd.CallOverflowed(queue=queue):
                self._visits.labels(queue, "overflowed").inc()
            case acd.CallLost(queue=queue):
                self._visits.labels(queue, "lost").inc()
            case NumberRefused(rule=rule):
                self._numbers.labels(rule if rule in self._number_rules else OTHER).inc()
            case sip.TrunkDown(trunk=trunk):
                self._trunk_falls.labels(trunk).inc()
            case recordings.RecordingEnded(complete=complete):
                self._recordings.labels("yes" if complete else "no").inc()
            case recordings.TranscriptReady():
                self._transcripts.labels("ready").inc()
            case recordings.TranscriptFailed(final=final):
                self._transcripts.labels("given_up" if final else "failed").inc()
            case _:
                self._on_handover(event)

    def _on_handover(self, event: object) -> None:
        match event:
            case calls.GuestInvited(way=way):
                self._guests.labels(way.value).inc()
            case calls.TalkTransferred():
                self._handovers.labels("guest").inc()
            case CallSentOn(to=to):
                self._handovers.labels(to.partition(":")[0]).inc()
            case HandoverRefused(wish=wish, rule=rule):
                self._wishes.labels(wish.value, rule_of(rule)).inc()
            case _:
                pass

    def dropped(self, why: str) -> None:
        self._drops.labels(drop_of(why)).inc()

    def journal_troubled(self) -> None:
        self._troubles.labels("journal").inc()

    def loaded(self, worker: int, load: media.Load) -> None:
        self._late.labels(str(worker)).inc(load.late_ticks)

    async def watch_lag(
        self,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Measures until it is cancelled how late the loop calls us after a short sleep."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + LAG_EVERY_S
            await sleep(LAG_EVERY_S)
            self._lag.observe(max(0.0, loop.time() - due))

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"callcenter_{name}", text, labels, registry=self._registry)


def drop_of(why: str) -> str:
    return why if why in DROPS or REFUSED.fullmatch(why) else OTHER


def rule_of(rule: str) -> str:
    """`media: no common codec` counts as `media`."""
    name = rule.partition(":")[0]
    return name if name in RULES else OTHER


class _Gauges(Collector):
    """Reads once for each request, so that all gauges are of the same moment."""

    def __init__(self, read: Callable[[], Readings]) -> None:
        self._read = read

    def describe(self) -> Iterable[Metric]:
        """Nothing is read while the registry is being made."""
        return ()

    def collect(self) -> Iterable[Metric]:
        now = self._read()
        for name, text, value in (
            ("core_calls", "Calls in the house", now.calls),
            ("registered_phones", "Agents whose phone is registered", now.registered_phones),
            ("sip_legs", "SIP dialogs and those in the making", now.sip_legs),
            ("sip_transactions", "SIP transactions that are kept", now.sip_transactions),
            ("core_journal_seq", "Latest record of the journal", now.journal_seq),
            ("journal_backlog_rows", "Records not yet on the disk", now.journal_backlog),
            ("journal_lost_rows", "Records lost since the start", now.journal_lost),
        ):
            yield GaugeMetricFamily(f"callcenter_{name}", text, value)
        waiting = _family("database_backlog_rows", "Rows that wait for the database", "rows")
        for name, rows in now.database_backlog.items():
            waiting.add_metric([name], rows)
        yield waiting
        yield from _of_trunks(now.trunks)
        yield from _of_workers(now.media)
        yield from _of_lines(now.lines)
        yield from _of_queues(now.queues)
        yield from _of_transcription(now.transcription)
        if now.shelf is not None:
            yield from _of_shelf(now.shelf)


def _of_workers(workers: Mapping[int, WorkerReading]) -> Iterable[Metric]:
    up = _family("media_up", "1 when the worker answers", "worker")
    busy = _family("media_busy_ratio", "Share of the last second that it worked", "worker")
    legs = _family("media_legs", "Legs that it keeps", "worker")
    admitting = _family("media_admitting", "1 when it takes new callers", "worker")
    for number, worker in workers.items():
        label = [str(number)]
        up.add_metric(label, worker.is_up)
        busy.add_metric(label, worker.busy)
        legs.add_metric(label, worker.legs)
        admitting.add_metric(label, worker.is_up and worker.admitting)
    return up, busy, legs, admitting


def _of_trunks(trunks: Mapping[str, TrunkReading]) -> Iterable[Metric]:
    """A trunk that is neither registered at nor pinged has no `up`: nobody knows."""
    up = _family("trunk_up", "1 when it holds our registration and answers OPTIONS", "trunk")
    out = _family("trunk_calls_out", "Calls of ours to numbers outside that it carries", "trunk")
    for name, trunk in trunks.items():
        if trunk.state is not TrunkState.UNKNOWN:
            up.add_metric([name], trunk.state is TrunkState.UP)
        out.add_metric([name], trunk.calls_out)
    return up, out


def _of_lines(lines: Mapping[str, LineReading]) -> Iterable[Metric]:
    registered = _family("line_registered", "1 when the line's PBX holds us", "line")
    calls = _family("line_calls", "Calls that the line's process carries", "line")
    for number, line in lines.items():
        registered.add_metric([number], line.is_registered)
        calls.add_metric([number], line.calls)
    return registered, calls


def _of_queues(queues: Mapping[str, QueueReading]) -> Iterable[Metric]:
    error = GaugeMetricFamily(
        "callcenter_expected_wait_error_seconds",
        "How far expected waits were off, of the latest callers who were answered",
        labels=["queue", "quantile"],
    )
    surge = _family("queue_surge", "1 while backup agents are called in", "queue")
    for name, queue in queues.items():
        surge.add_metric([name], queue.is_surging)
        if queue.accuracy is not None:
            error.add_metric([name, "0.5"], queue.accuracy.p50_s)
            error.add_metric([name, "0.9"], queue.accuracy.p90_s)
    return error, surge


def _of_transcription(now: Progress) -> Iterable[Metric]:
    jobs = _family("transcription_jobs", "Talks without a transcript", "state")
    for state, count in (
        ("waiting", now.waiting),
        ("working", now.working),
        ("failed", now.failed),
    ):
        jobs.add_metric([state], count)
    yield jobs
    for name, text, value in (
        ("lag_seconds", "Age of the oldest talk that has no transcript", now.lag_s),
        ("waiting_audio_seconds", "Length of the talks that wait", now.waiting_audio_s),
        ("workers", "Transcribers that were heard of lately", len(now.workers)),
        ("resting", "1 while calls need the machine", now.is_resting),
    ):
        yield GaugeMetricFamily(f"callcenter_transcription_{name}", text, value)
    for name, text, value in (
        ("audio_seconds", "Of one channel, transcribed", now.audio_s),
        ("cpu_seconds", "Which that cost", now.cpu_s),
    ):
        yield CounterMetricFamily(f"callcenter_transcription_{name}", text, value)


def _of_shelf(now: ShelfNow) -> Iterable[Metric]:
    for name, text, value in (
        ("up", "1 when the store takes recordings", not now.trouble),
        ("waiting_files", "Files on this disk that wait for it", now.files),
        ("waiting_bytes", "Their size", now.bytes),
        ("oldest_seconds", "Age of the one that waits longest", now.oldest_s),
    ):
        yield GaugeMetricFamily(f"callcenter_recordings_store_{name}", text, value)


def _family(name: str, text: str, label: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"callcenter_{name}", text, labels=[label])
