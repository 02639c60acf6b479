"""Somebody who means harm, on loopback: many source ports, forged requests, strange connections.

    attacker = Attacker(centre.sip)
    await calls_during(centre, attacker.flood(attacker.register, per_second=800))

What is sent is bounded by the time that the legitimate calls take. Each address in 127/8 is another
host to the centre; a port of its own for each request is what a forged source looks like.
"""

import asyncio
import itertools
import socket
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from telephony.sip.events import HostPort
from telephony.sip.wording.message import Response, parse_message
from tests.support.centre import Centre
from tests.support.load_generator import RTP_BASE, WAYS, hotline_load

HOST = "127.0.0.66"
BURST_S = 0.02
CALLS, AGENTS = 50, 16
GROWTH_KB = 16_000
"What core may grow by in one attack; kept for each message, a flood would cost far more."


class Attacker:
    """A few dozen sockets on one host; `answers` counts what came back by status."""

    def __init__(self, server: HostPort, host: str = HOST, ports: int = 64) -> None:
        self.server = server
        self.host = host
        self.answers: Counter[int] = Counter()
        self._sockets = [_socket(host) for _ in range(ports)]
        self._numbers = itertools.count()

    @classmethod
    @contextmanager
    def at(cls, server: HostPort, host: str = HOST, ports: int = 64) -> "Iterator[Attacker]":
        attacker = cls(server, host, ports)
        try:
            yield attacker
        finally:
            for each in attacker._sockets:
                each.close()

    async def flood(self, make: Callable[[int], bytes], per_second: int) -> None:
        """Send what `make` writes, each from the next port, until cancelled."""
        clock = asyncio.get_running_loop()
        began_at, sent = clock.time(), 0
        while True:
            due = int((clock.time() - began_at) * per_second)
            # After a stall of ours no burst: a flood is measured by its rate.
            sent = max(sent, due - per_second // 10)
            for _ in range(due - sent):
                self.send(make(next(self._numbers)))
            sent = due
            self.count_answers()
            await asyncio.sleep(BURST_S)

    def send(self, data: bytes, to: HostPort | None = None) -> None:
        to = to or self.server
        sock = self._sockets[next(self._numbers) % len(self._sockets)]
        with suppress(BlockingIOError):
            sock.sendto(data, (to.host, to.port))

    def count_answers(self) -> None:
        for data in self.received():
            message = parse_message(data)
            if isinstance(message, Response):
                self.answers[message.status] += 1

    def received(self) -> list[bytes]:
        """All that has come to any of the ports."""
        found = []
        for sock in self._sockets:
            with suppress(BlockingIOError):
                while True:
                    found.append(sock.recv(65_535))
        return found

    async def ask(self, data: bytes, within_s: float = 2.0) -> Response:
        """The final answer to one request, sent from the first port."""
        sock, loop, asked = self._sockets[0], asyncio.get_running_loop(), parse_message(data)
        sock.sendto(data, (self.server.host, self.server.port))
        async with asyncio.timeout(within_s):
            while True:
                message = parse_message(await loop.sock_recv(sock, 65_535))
                # The port may have been another attacker's, whose answers still come.
                is_answer = (message.call_id, message.cseq) == (asked.call_id, asked.cseq)
                if is_answer and isinstance(message, Response) and message.status >= 200:
                    return message

    @property
    def address(self) -> HostPort:
        """Of the port that asks."""
        return HostPort(*self._sockets[0].getsockname()[:2])

    # -- what it writes --------------------------------------------------------------------------

    def request(
        self,
        method: str,
        uri: str,
        number: int,
        *lines: str,
        sender: str = "<sip:mallory@198.51.100.7>;tag=m",
        to: str = "",
        call_id: str = "",
        cseq: int = 1,
        body: str = "",
        transport: str = "UDP",
    ) -> bytes:
        """A well-formed request; `lines` are headers more."""
        head = [
            f"{method} {uri} SIP/2.0",
            f"Via: SIP/2.0/{transport} {self.host};branch=z9hG4bK{method}{id(self)}{number};rport",
            "Max-Forwards: 70",
            f"From: {sender}",
            f"To: {to or f'<{uri}>'}",
            f"Call-ID: {call_id or f'attack-{id(self)}-{number}'}",
            f"CSeq: {cseq} {method}",
            *lines,
        ]
        if not any(line.startswith("Contact:") for line in lines):
            head.append(f"Contact: <sip:mallory@{self.address.host}:{self.address.port}>")
        return "\r\n".join([*head, f"Content-Length: {len(body)}", "", body]).encode()

    def register(self, number: int) -> bytes:
        """Without credentials, or with invented ones, for accounts that there are and are not."""
        user = f"agent{number % 40:04d}"
        at = self.server.host
        proof = (
            f'Authorization: Digest username="{user}", realm="{at}", nonce="{number:x}.1.2", '
            f'uri="sip:{at}", response="{number:032x}", algorithm=MD5'
        )
        lines = [proof] if number % 2 else []
        sender = f"<sip:{user}@{at}>;tag=m"
        return self.request(
            "REGISTER", f"sip:{at}", number, *lines, sender=sender, to=f"<sip:{user}@{at}>"
        )

    def invite(self, number: int, user: str = "8000") -> bytes:
        """From invented numbers, with an offer."""
        sdp = (
            f"v=0\r\no=- 1 1 IN IP4 {self.host}\r\ns=-\r\nc=IN IP4 {self.host}\r\nt=0 0\r\n"
            "m=audio 4000 RTP/AVP 0\r\n"
        )
        sender = f"<sip:{13_000_000_000 + number}@198.51.100.7>;tag=m"
        return self.request(
            "INVITE", f"sip:{user}@{self.server.host}", number,
            "Content-Type: application/sdp", sender=sender, body=sdp,
        )  # fmt: skip


def _socket(host: str) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    sock.bind((host, 0))
    return sock


def memory_kb(pid: int) -> int:
    """What the process holds in memory now (RSS)."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


async def calls_during(
    centre: Centre, attack: Coroutine[Any, Any, None], within_s: float = 0.0
) -> dict[str, Any]:
    """50 calls by the load generator while `attack` goes on: none is harmed, core stays small.

    within_s: after the calls, by when an attack comes to its end that has one; a flood has none
    and is cancelled.
    """
    before_kb = memory_kb(centre.pid("core"))
    attacking = asyncio.create_task(attack, name="attack")
    try:
        result = await legitimate_calls(centre)
        if within_s:
            await asyncio.wait({attacking}, timeout=within_s)
    finally:
        attacking.cancel()
        await asyncio.wait({attacking})
    assert not (within_s and attacking.cancelled()), f"not done within {within_s} s"
    if not attacking.cancelled():
        attacking.result()
    grown_kb = memory_kb(centre.pid("core")) - before_kb
    assert grown_kb < GROWTH_KB, f"core has grown by {grown_kb} kB"
    return result


async def legitimate_calls(centre: Centre) -> dict[str, Any]:
    result = await hotline_load(
        centre, "--agents", str(AGENTS), "--calls", str(CALLS), "--rate", "10",
        "--talk-ms", "800", "--dtmf-after-ms", "300", "--rtp-base", str(RTP_BASE),
    )  # fmt: skip
    assert result["calls"]["ok"] == CALLS, result["outcomes"]
    assert sum(result["audio"].values()) == 0, result["audio"]
    generator = result["generator"]
    if generator["socket_drops"] == 0 and generator["ticks_over_20ms_late"] < 5:
        lost = {way: result["media"][way]["frames_lost"] for way in WAYS}
        assert lost == dict.fromkeys(WAYS, 0)
    return result
