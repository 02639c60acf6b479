"""N recorded calls through the real media worker: CPU per call-minute, loss and delay.

    python -m bench.media_relay --calls 100 --seconds 20
    python -m bench.media_relay --calls 50 --driver rtpengine     # rtpengine and driver together

The phones are a process of their own: two UDP sockets for each call, 50 packets a second each,
spread over the 20 ms. Each packet carries the time it was sent; nothing is converted, because both
legs speak the same law. The worker's CPU is user and system time of its process.
"""

import argparse
import asyncio
import heapq
import json
import multiprocessing
import multiprocessing.connection
import select
import socket
import struct
import sys
import tempfile
import time
from asyncio.subprocess import Process
from pathlib import Path

import msgspec

from bench import rtpengine
from telephony.media import protocol as p
from telephony.media.client import MediaClient
from telephony.media.options import WorkerOptions
from telephony.media.worker import ask_for_realtime

FRAME_S = 0.02
HEADER = struct.Struct("!BBHIId")
FILL = bytes(160 - 8)
PACKET_BYTES = HEADER.size + len(FILL)
CLOCK_TICKS_PER_S = 100


def phones(pipe: "multiprocessing.connection.Connection", legs: int) -> None:
    """The generator: sockets first, then the worker's ports, then packets until the end."""
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(legs)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ask_for_realtime()  # a starved generator would be taken for a slow worker
    pipe.send([one.getsockname()[1] for one in sockets])
    ports, seconds = pipe.recv()
    pipe.send(_talk(sockets, [("127.0.0.1", port) for port in ports], seconds))


def _talk(
    sockets: list[socket.socket], targets: list[tuple[str, int]], seconds: float
) -> dict[str, object]:
    epoll = select.epoll()
    by_fd = {one.fileno(): one for one in sockets}
    for fd in by_fd:
        epoll.register(fd, select.EPOLLIN)
    begun = time.monotonic()
    due = [(begun + FRAME_S * n / len(sockets), n) for n in range(len(sockets))]
    heapq.heapify(due)
    sent = 0
    latest_s = 0.0
    delays_s: list[float] = []
    while (now := time.monotonic()) < begun + seconds + 0.3:
        while due and due[0][0] <= now:
            at, n = heapq.heappop(due)
            number = round((at - begun) / FRAME_S)
            latest_s = max(latest_s, now - at)
            header = HEADER.pack(0x80, 0, number & 0xFFFF, number * 160, n, time.monotonic())
            sockets[n].sendto(header + FILL, targets[n])
            sent += 1
            if at + FRAME_S < begun + seconds:
                heapq.heappush(due, (at + FRAME_S, n))
        wait_s = max(0.0, due[0][0] - time.monotonic()) if due else 0.05
        for fd, _ in epoll.poll(wait_s):
            data = by_fd[fd].recv(2048)
            if len(data) == PACKET_BYTES:  # the port above may be RTCP's of a neighbour
                delays_s.append(time.monotonic() - HEADER.unpack_from(data)[5])
    return _figures(sent, sorted(delays_s), latest_s)


def _figures(sent: int, delays_s: list[float], latest_s: float) -> dict[str, object]:
    return {
        "sent": sent,
        "lost": sent - len(delays_s),
        "delay_p50_ms": round(1000 * delays_s[len(delays_s) // 2], 3),
        "delay_p99_ms": round(1000 * delays_s[len(delays_s) * 99 // 100], 3),
        "delay_max_ms": round(1000 * delays_s[-1], 3),
        "generator_latest_ms": round(1000 * latest_s, 2),
    }


def sdp(port: int) -> str:
    return (
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
        f"m=audio {port} RTP/AVP 0\r\n"
    )


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS_PER_S


async def bridge_all(
    client: MediaClient, ports: list[int], folder: str, *, record: bool
) -> list[int]:
    """Calls between neighbouring phones; gives the worker's ports."""
    ours = []
    for n, port in enumerate(ports):
        done = await client.ask(p.Offer(rid=0, leg=f"l-{n}", call=f"c-{n // 2}", sdp=sdp(port)))
        ours.append(done.port)
    for n in range(0, len(ports), 2):
        a, b = f"l-{n}", f"l-{n + 1}"
        await client.ask(p.Connect(rid=0, a=a, b=b))
        if record:
            file = f"{folder}/{n}.wav"
            await client.ask(p.Tap(rid=0, tap_id=f"r-{n}", left=a, right=b, file=file))
    return ours


async def start(driver: str, options: WorkerOptions, folder: str) -> list[Process]:
    """What serves the calls: our worker, or rtpengine and its driver."""
    if driver == "rtpengine":
        return await rtpengine.start(options, folder)
    argument = msgspec.json.encode(options).decode()
    module = "telephony.media.worker"
    return [await asyncio.create_subprocess_exec(sys.executable, "-m", module, argument)]


async def run(arguments: argparse.Namespace, folder: str) -> dict[str, object]:
    options = WorkerOptions(
        socket=f"{folder}/media.sock",
        ports=(20000, 20000 + 8 * arguments.calls),
        max_legs=10_000,
        loop=arguments.loop,
        library_folder=folder,
    )
    workers = await start(arguments.driver, options, folder)
    try:
        each_s, loads, figures = await _measure(arguments, options.socket, workers, folder)
    finally:
        for worker in reversed(workers):
            worker.terminate()
            await worker.wait()
    call_minutes = arguments.calls * arguments.seconds / 60
    return {
        "calls": arguments.calls,
        "loop": arguments.loop,
        "driver": arguments.driver,
        "cpu_s_of_each_process": [round(used, 2) for used in each_s],
        "recorded": not arguments.no_recording,
        "cpu_s_per_call_minute": round(sum(each_s) / call_minutes, 4),
        "busy": [load.busy for load in loads[1:-1]][-5:],
        "late_ticks": sum(load.late_ticks for load in loads),
        **figures,
    }


async def _measure(
    arguments: argparse.Namespace, path: str, workers: list[Process], folder: str
) -> tuple[list[float], list[p.Load], dict[str, object]]:
    """CPU-seconds of each worker, what the first told of its load, what the phones saw."""
    loads: list[p.Load] = []
    client = MediaClient(
        path, lambda event: loads.append(event) if isinstance(event, p.Load) else None
    )
    task = asyncio.create_task(client.run())
    await client.wait_until_up()
    here, there = multiprocessing.Pipe()
    # A daemon: it ends with us also when the calls are refused, and nobody tells it where to send.
    generator = multiprocessing.get_context("spawn").Process(
        target=phones, args=(there, 2 * arguments.calls), daemon=True
    )
    generator.start()
    their_ports = await asyncio.to_thread(here.recv)
    ports = await bridge_all(client, their_ports, folder, record=not arguments.no_recording)
    before_s = [cpu_s(worker.pid) for worker in workers]
    here.send((ports, arguments.seconds))
    figures: dict[str, object] = await asyncio.to_thread(here.recv)
    each_s = [cpu_s(worker.pid) - was for worker, was in zip(workers, before_s, strict=True)]
    generator.join()
    task.cancel()
    return each_s, loads, figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--loop", choices=["python", "c"], default="python")
    parser.add_argument("--driver", choices=["own", "rtpengine"], default="own")
    parser.add_argument("--no-recording", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(asyncio.run(run(arguments, folder)), indent=1))


if __name__ == "__main__":
    main()
