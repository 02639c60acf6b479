"""Recordings leave the media loop here: a bounded queue, one writer thread, reports back.

    loop: begin · write · end ──▶ queue (bounded, never waited for) ──▶ thread: files
    loop: collect ◀── reports (troubled, ended) ◀───────────────────────┘

A disk that stalls fills the queue; blocks that find it full are counted as a gap, which becomes
silence of the same length when the disk is back, so both sides stay on their time line. A disk that
refuses leaves such a gap too. Either way the talk itself knows nothing of it.
"""

import queue
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import TypeAlias, assert_never

from foundation.clock import utc_now
from telephony.media.g711 import SAMPLE_RATE_HZ
from telephony.media.tap import Block
from telephony.media.wav import DiskFile, OpenFile, StereoWav

MAX_CONTINUED_GAP_S = 60.0
"A file that is continued gets at most this much silence for the time without a worker."
COLLECT_S = 0.05
"A tenth of a block: so much later it may reach the disk."


@dataclass(frozen=True, slots=True)
class Begin:
    tap_id: str
    path: str


@dataclass(frozen=True, slots=True)
class Write:
    tap_id: str
    block: Block
    gap_frames: int
    "Frames that were lost right before, for want of room in the queue."


@dataclass(frozen=True, slots=True)
class End:
    tap_id: str
    gap_frames: int


@dataclass(frozen=True, slots=True)
class Troubled:
    """The talk goes on, its recording suffers; `collect` gives it once for each recording."""

    tap_id: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Ended:
    tap_id: str
    frames: int
    complete: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class Stop:
    """No job comes after this one."""


Job: TypeAlias = Begin | Write | End | Stop
Report: TypeAlias = Troubled | Ended


class Recorder:
    """The loop's side; no method ever waits."""

    def __init__(self, queue_blocks: int, open_file: OpenFile = DiskFile) -> None:
        self._jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._queue_blocks = queue_blocks
        self._reports: deque[Report] = deque()
        self._gaps: dict[str, int] = {}
        self._troubled: set[str] = set()
        writer = Writer(self._jobs, self._reports, open_file)
        self._thread = threading.Thread(target=writer.run, name="recorder", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def begin(self, tap_id: str, path: str) -> None:
        self._gaps[tap_id] = 0
        self._jobs.put(Begin(tap_id, path))

    def write(self, tap_id: str, block: Block) -> None:
        if self._jobs.qsize() >= self._queue_blocks:
            self._gaps[tap_id] += block.frames
            self._reports.append(Troubled(tap_id, "the disk is too slow for the recording"))
            return
        self._jobs.put(Write(tap_id, block, self._gaps[tap_id]))
        self._gaps[tap_id] = 0

    def end(self, tap_id: str) -> None:
        """Few and small, so they always find room: only blocks are counted against the bound."""
        self._jobs.put(End(tap_id, self._gaps.pop(tap_id)))

    def collect(self) -> list[Report]:
        """What the writer has told since the last call."""
        reports = []
        while self._reports:
            report = self._reports.popleft()
            if isinstance(report, Ended):
                self._troubled.discard(report.tap_id)
            elif report.tap_id in self._troubled:
                continue
            else:
                self._troubled.add(report.tap_id)
            reports.append(report)
        return reports

    def stop(self, timeout_s: float) -> None:
        """For the end of the process: gives the writer time for what it still has."""
        self._jobs.put(Stop())
        self._thread.join(timeout_s)


@dataclass(slots=True)
class _Recording:
    wav: StereoWav | None = None
    missing_frames: int = 0
    "Frames that the disk refused and that stand before the next block."
    trouble: str = ""
    "The first one; the file is incomplete."


class Writer:
    """The thread's side; owns the files."""

    def __init__(
        self, jobs: "queue.SimpleQueue[Job]", reports: deque[Report], open_file: OpenFile
    ) -> None:
        self._jobs = jobs
        self._reports = reports
        self._open_file = open_file
        self._recordings: dict[str, _Recording] = {}

    def run(self) -> None:
        while not isinstance(job := self._next(), Stop):
            self.do(job)

    def _next(self) -> Job:
        """After a quiet not before others have had a moment to come as well: to be woken for each
        costs the loop as much as the jobs themselves."""
        was_quiet = self._jobs.empty()
        job = self._jobs.get()
        if was_quiet:
            time.sleep(COLLECT_S)
        return job

    def do(self, job: Begin | Write | End) -> None:
        match job:
            case Begin(tap_id, path):
                self._begin(tap_id, path)
            case Write(tap_id, block, gap_frames):
                self._write(tap_id, block, gap_frames)
            case End(tap_id, gap_frames):
                self._end(tap_id, gap_frames)
            case _:
                assert_never(job)

    def _begin(self, tap_id: str, path: str) -> None:
        recording = self._recordings[tap_id] = _Recording()
        try:
            file = self._open_file(path)
            idle_s = utc_now().timestamp() - file.modified_at()
            recording.wav = StereoWav(file)
        except OSError as error:
            self._trouble(tap_id, f"the recording cannot be begun: {error}")
            return
        if recording.wav.frames:
            gap_s = min(max(idle_s, 0.0), MAX_CONTINUED_GAP_S)
            recording.missing_frames = round(gap_s * SAMPLE_RATE_HZ)
            recording.trouble = "the recording was continued after an interruption"

    def _write(self, tap_id: str, block: Block, gap_frames: int) -> None:
        recording = self._recordings[tap_id]
        if gap_frames:
            recording.missing_frames += gap_frames
            recording.trouble = recording.trouble or "the disk was too slow, there is a gap"
        if recording.wav is None:
            return
        try:
            recording.wav.append(block, recording.missing_frames)
            recording.missing_frames = 0
        except OSError as error:
            recording.missing_frames += block.frames
            self._trouble(tap_id, f"the recording cannot be written: {error}")

    def _end(self, tap_id: str, gap_frames: int) -> None:
        recording = self._recordings.pop(tap_id)
        frames = 0
        if gap_frames:
            recording.trouble = recording.trouble or "the disk was too slow, the end is missing"
        if recording.wav is not None:
            frames = recording.wav.frames
            try:
                recording.wav.close()
            except OSError as error:
                recording.trouble = f"the recording was not closed well: {error}"
        self._reports.append(Ended(tap_id, frames, not recording.trouble, recording.trouble))

    def _trouble(self, tap_id: str, sentence: str) -> None:
        recording = self._recordings[tap_id]
        recording.trouble = recording.trouble or sentence
        self._reports.append(Troubled(tap_id, sentence))
