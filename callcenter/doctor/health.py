"""Is this machine fit to serve? Each check looks at one thing and says what to do next.

Plain arguments in, a `Finding` out; `callcenter doctor` puts them into a table. A check changes
nothing: what it binds or writes is gone when it returns.
"""

import asyncio
import os
import resource
import secrets
import shutil
import socket
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from foundation import clock as system_clock
from foundation.clock import Clock
from foundation.db import make_engine
from foundation.errors import CallCentreError
from ivr.speech.synthesis import Utterance, synthesise_all

OLDEST_PYTHON, NEWEST_PYTHON = (3, 11), (3, 13)
MIN_FREE_BYTES = 1 << 30
"About 17 hours of stereo recordings; below it a full disk is near."
LOW_FREE_BYTES = 5 << 30
SLOW_FSYNC_MS = 20.0
"An action through the API is acknowledged after one fsync."
SLOW_WRITE_MB_S = 20.0
DRIFT_S = 0.05
"More than this between the two clocks within a moment is a wall clock that is being moved."
SERVER_WITHIN_S = 5.0
PBX_WITHIN_S = 3.0
SPARE_DESCRIPTORS = 256
DESCRIPTORS_PER_LEG = 2


class Verdict(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, how it is, and what to do next (empty when nothing)."""

    what: str
    verdict: Verdict
    says: str
    next_step: str = ""


def python_version(version: tuple[int, int] = sys.version_info[:2]) -> Finding:
    says = f"{version[0]}.{version[1]}"
    if OLDEST_PYTHON <= version <= NEWEST_PYTHON:
        return Finding("Python", Verdict.OK, says)
    return Finding("Python", Verdict.FAIL, says, "make the environment with Python 3.11 to 3.13")


def port(transport: str, host: str, number: int) -> Finding:
    """All transports but udp are TCP to the system; port 0 checks the address only."""
    what = f"{transport} {host}:{number}"
    problem = _bind_problem(transport, host, number)
    if problem is None:
        return Finding(what, Verdict.OK, "free")
    return Finding(what, Verdict.FAIL, problem, f"see who has it: ss -lnp | grep {number}")


def media_ports(host: str, first: int, last: int) -> Finding:
    what = f"RTP {host}:{first}-{last}"
    numbers = range(first, last + 1)
    taken = [number for number in numbers if _bind_problem("udp", host, number) is not None]
    if not taken:
        return Finding(what, Verdict.OK, f"{len(numbers)} free, room for {len(numbers) // 4} calls")
    says = f"{len(taken)} of {len(numbers)} cannot be bound, the first is {taken[0]}"
    verdict = Verdict.FAIL if len(taken) * 2 > len(numbers) else Verdict.WARN
    return Finding(what, verdict, says, "choose another range in media.ports, or end the program")


def clock(
    clock: Clock = system_clock, wait: Callable[[], None] = lambda: time.sleep(0.2)
) -> Finding:
    """The two clocks must walk together, and the wall clock must be set at all."""
    boot = clock.boot_id()
    before = clock.utc_now().timestamp() - clock.monotonic_ns() / 1e9
    wait()
    drift_s = clock.utc_now().timestamp() - clock.monotonic_ns() / 1e9 - before
    year = clock.utc_now().year
    if year < 2025:
        return Finding("clock", Verdict.FAIL, f"it is the year {year}", "timedatectl set-ntp true")
    if abs(drift_s) > DRIFT_S:
        says = f"the wall clock moved by {drift_s:+.3f} s while we looked"
        return Finding("clock", Verdict.WARN, says, "wait until the time service has settled")
    return Finding("clock", Verdict.OK, f"steady, boot {boot[:8]}")


def speech_model(language: str, folder: Path) -> Finding:
    """A Vosk model: a folder with an acoustic model in it."""
    what = f"speech model {language}"
    if not folder.is_dir():
        step = f"put a Vosk model there or change recordings.models.{language}"
        return Finding(what, Verdict.FAIL, f"{folder} is not a folder", step)
    if not any((folder / inside).exists() for inside in ("am/final.mdl", "final.mdl")):
        step = "unpack the model so that am/final.mdl is inside this folder"
        return Finding(what, Verdict.FAIL, f"{folder} holds no Vosk model", step)
    return Finding(what, Verdict.OK, folder.name)


def voices(names: Sequence[str]) -> Finding:
    """Speaks a word with each voice, in the helper process where synthesis always runs."""
    try:
        spoken = synthesise_all([Utterance("1", voice=name) for name in names])
    except (CallCentreError, OSError) as error:
        step = "change speech.voices, or install the voice that it names"
        return Finding("voices", Verdict.FAIL, str(error), step)
    silent = [name for name, audio in zip(names, spoken, strict=True) if not audio]
    if silent:
        return Finding("voices", Verdict.FAIL, f"silent: {', '.join(silent)}", "choose others")
    return Finding("voices", Verdict.OK, ", ".join(names))


def disk_space(folder: Path) -> Finding:
    free = shutil.disk_usage(_existing(folder)).free
    says = f"{free / (1 << 30):.1f} GB free"
    what = f"space in {folder}"
    if free < MIN_FREE_BYTES:
        return Finding(what, Verdict.FAIL, says, "free some, or move recordings.path")
    if free < LOW_FREE_BYTES:
        return Finding(what, Verdict.WARN, says, "an hour of talk takes 115 MB")
    return Finding(what, Verdict.OK, says)


def disk_speed(folder: Path) -> Finding:
    """Twenty small durable writes, as the journal makes them, and one long one."""
    what = f"speed of {folder}"
    try:
        fsync_ms, mb_s = _measure_disk(_existing(folder))
    except OSError as error:
        return Finding(what, Verdict.FAIL, f"cannot be written: {error}", "chown or chmod it")
    says = f"fsync {fsync_ms:.1f} ms, {mb_s:.0f} MB/s"
    if fsync_ms > SLOW_FSYNC_MS or mb_s < SLOW_WRITE_MB_S:
        return Finding(what, Verdict.WARN, says, "calls will not suffer, the API's answers will")
    return Finding(what, Verdict.OK, says)


async def database(url: str, folder: Path) -> Finding:
    """A SQLite file need not exist yet; its folder must be writable."""
    engine = make_engine(url, folder)
    what = f"database {engine.url.render_as_string(hide_password=True)}"
    try:
        if engine.url.get_backend_name() == "sqlite":
            _open_sqlite(Path(engine.url.database or ""))
        else:
            await _ask_server(engine)
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        reason = str(error).splitlines()[0]
        return Finding(what, Verdict.FAIL, reason, "check store.url, and that the server runs")
    finally:
        await engine.dispose()
    return Finding(what, Verdict.OK, "reachable")


def _open_sqlite(file: Path) -> None:
    # Without the engine: aiosqlite's thread outlives a failed connect and complains at the end.
    existed = file.exists()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA schema_version")
    if not existed:
        file.unlink(missing_ok=True)


async def _ask_server(engine: AsyncEngine) -> None:
    async with asyncio.timeout(SERVER_WITHIN_S), engine.connect() as connection:
        await connection.execute(text("SELECT 1"))


def realtime() -> Finding:
    """Whether the media role may ask for SCHED_RR; tried, and given back at once."""
    before = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    except PermissionError:
        step = "LimitRTPRIO=10 in the service file, or an rtprio line in limits.conf"
        return Finding("real-time priority", Verdict.WARN, "not allowed", step)
    os.sched_setscheduler(0, *before)
    return Finding("real-time priority", Verdict.OK, "SCHED_RR allowed")


def opus(version: str) -> Finding:
    """`version`: what the library says of itself; '' where there is none."""
    if version:
        return Finding("Opus", Verdict.OK, version)
    step = "apt-get install libopus0, or pip install 'callcenter[hd]'"
    return Finding("Opus", Verdict.WARN, "media.opus is set and there is no libopus", step)


def media_loop(wanted: str, compiler: str | None) -> Finding:
    """`wanted`: by the configuration; `compiler`: its path, None when there is none."""
    if wanted == "python":
        return Finding("media loop", Verdict.OK, "python")
    if compiler is not None:
        return Finding("media loop", Verdict.OK, f"c, compiled by {compiler}")
    verdict = Verdict.OK if wanted == "auto" else Verdict.WARN
    step = "" if wanted == "auto" else "apt-get install gcc libc6-dev, or media.loop: python"
    return Finding("media loop", verdict, "python, as there is no C compiler", step)


def descriptors(legs: int, limit: int | None = None) -> Finding:
    """`limit`: of open files; the process's own when not given. `legs`: of one media worker."""
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0] if limit is None else limit
    needed = legs * DESCRIPTORS_PER_LEG + SPARE_DESCRIPTORS
    says = f"{soft} open files"
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return Finding("file descriptors", Verdict.OK, says)
    step = f"ulimit -n {needed}, or LimitNOFILE={needed} in the service file"
    return Finding("file descriptors", Verdict.WARN, f"{says}, {legs} legs need {needed}", step)


def pbx(number: str, server: str, port: int, within_s: float = PBX_WITHIN_S) -> Finding:
    """Whether the PBX of a line answers SIP; whether it takes our password only the line knows."""
    what = f"line {number} at {server}:{port}"
    try:
        answer = _ask_options(server, port, within_s)
    except TimeoutError:
        step = "see whether its address and UDP port are right, and what lies between"
        return Finding(what, Verdict.WARN, f"no answer within {within_s:.0f} s", step)
    except OSError as error:
        step = "see whether server and port are right: lines.pyvoip"
        return Finding(what, Verdict.FAIL, error.strerror or str(error), step)
    return Finding(what, Verdict.OK, f"answers {answer!r}")


def _ask_options(server: str, port: int, within_s: float) -> str:
    """The first line of its answer; some answer nothing to those they do not know."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.settimeout(within_s)
        probe.connect((server, port))
        host, own_port = probe.getsockname()
        token = secrets.token_hex(8)
        probe.send(
            f"OPTIONS sip:{server} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {host}:{own_port};branch=z9hG4bK{token};rport\r\n"
            f"Max-Forwards: 70\r\nFrom: <sip:doctor@{host}>;tag={token}\r\n"
            f"To: <sip:{server}>\r\nCall-ID: {token}\r\nCSeq: 1 OPTIONS\r\n"
            "Content-Length: 0\r\n\r\n".encode()
        )
        return probe.recv(4096).split(b"\r\n", 1)[0].decode("ascii", "replace")


def _bind_problem(transport: str, host: str, number: int) -> str | None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
    with socket.socket(family, kind) as probe:
        if kind == socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, number))
        except OSError as error:
            return os.strerror(error.errno) if error.errno else str(error)
    return None


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there already."""
    return next(one for one in (folder, *folder.absolute().parents) if one.is_dir())


def _measure_disk(folder: Path) -> tuple[float, float]:
    """(median of fsync in ms, MB/s of 16 MB)"""
    took_ms = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(20):
            began = time.perf_counter()
            file.write(bytes(4096))
            file.flush()
            os.fsync(file.fileno())
            took_ms.append((time.perf_counter() - began) * 1000)
        began = time.perf_counter()
        for _ in range(16):
            file.write(bytes(1 << 20))
        file.flush()
        os.fsync(file.fileno())
        return statistics.median(took_ms), 16 / (time.perf_counter() - began)
