"""N calls through a line's process: CPU per call-minute and for each call, loss and delay.

    python -m bench.line_carry --calls 60

The process is the real one (`telephony.lines.service`: pyVoIP towards the PBX, our stack towards
core); the PBX and core are two stacks of ours in this process, the phones those of
`bench.media_relay`. CPU is user and system time of the line's process.
"""

import argparse
import asyncio
import json
import multiprocessing
import random
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from bench.media_relay import cpu_s, phones, sdp
from foundation.ids import LegId, new_leg_id
from telephony.lines.options import CoreWay, LineOptions
from telephony.lines.pyvoip.registration import News
from telephony.lines.service import LineService
from telephony.media.agreeing.sdp import SessionDescription
from telephony.media.worker import ask_for_realtime
from telephony.sip import events as sip
from telephony.sip.options import SipOptions
from telephony.sip.sockets.endpoint import SipEndpoint, bind_udp, listener_of
from telephony.sip.stack import SipStack

HOST, DOMAIN, USER, ACCOUNT, PASSWORD = "127.0.0.1", "bench.example", "200", "line~8000", "pw"
UP_WITHIN_S = 20.0


class Peer:
    """One of our stacks on a socket; `told` keeps what it hears."""

    def __init__(self, accounts: Mapping[str, str], domain: str = "") -> None:
        sock = bind_udp(HOST, 0)
        listener = listener_of(sock)
        self.address = listener.address
        self.stack = SipStack(
            SipOptions(listeners=(listener,), domain=domain),
            accounts,
            lines=lambda user: True,
            secret=b"bench",
            random=random.Random(1),
        )
        self.told: asyncio.Queue[sip.SipEvent] = asyncio.Queue()
        self.endpoint = SipEndpoint(self.stack, [sock], self.told.put_nowait)

    async def next(self, kind: type[sip.SipEvent]) -> sip.SipEvent:
        async with asyncio.timeout(UP_WITHIN_S):
            while True:
                event = await self.told.get()
                if isinstance(event, kind):
                    return event


async def serve(pbx_port: int, core_port: int, calls: int, folder: str) -> None:
    """The measured process, until it is killed."""
    ask_for_realtime()
    options = LineOptions(
        line="8000", server=HOST, port=pbx_port, user=USER, password=PASSWORD,
        rtp_ports=(20000, 20000 + 4 * calls + 1), max_calls=calls,
    )  # fmt: skip

    def ignore(news: News) -> None:
        """The PBX sees for itself that we register."""

    service = LineService(options, Path(folder), ignore)
    await service.start(CoreWay(
        address=sip.HostPort(HOST, core_port), domain=DOMAIN, account=ACCOUNT, password=PASSWORD
    ))  # fmt: skip
    await asyncio.Event().wait()


async def connect(pbx: Peer, core: Peer, at_pbx: int, at_core: int) -> tuple[LegId, int, int]:
    """A call of the PBX that core answers; the ports of the line that its two phones send to."""
    leg = new_leg_id()
    caller = sip.CallerIdentity("10086", "", "")
    body, now = sdp(at_pbx).encode(), pbx.endpoint.now
    pbx.endpoint.perform(pbx.stack.dial(leg, USER, now, body=body, caller=caller))
    arrived = await core.next(sip.IncomingCall)
    assert isinstance(arrived, sip.IncomingCall)
    answer = sdp(at_core).encode()
    core.endpoint.perform(core.stack.accept(arrived.leg, answer, core.endpoint.now))
    answered = await pbx.next(sip.Answered)
    assert isinstance(answered, sip.Answered)
    return leg, port_of(answered.body), port_of(arrived.body)


def port_of(body: bytes) -> int:
    return SessionDescription.parse(body.decode()).media[0].port


async def run(calls: int, seconds: float, folder: str) -> dict[str, object]:
    pbx, core = Peer({USER: PASSWORD}), Peer({ACCOUNT: PASSWORD}, DOMAIN)
    await pbx.endpoint.start()
    await core.endpoint.start()
    line = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.line_carry", "--calls", str(calls),
        "--serve", str(pbx.address.port), str(core.address.port), folder,
    )  # fmt: skip
    here, there = multiprocessing.Pipe()
    spawn = multiprocessing.get_context("spawn")
    generator = spawn.Process(target=phones, args=(there, 2 * calls))
    generator.start()
    try:
        await pbx.next(sip.PhoneRegistered)
        theirs = await asyncio.to_thread(here.recv)
        idle_s, began_at = cpu_s(line.pid), time.monotonic()
        made = [await connect(pbx, core, *theirs[2 * n : 2 * n + 2]) for n in range(calls)]
        made_s, made_in_s = cpu_s(line.pid) - idle_s, time.monotonic() - began_at
        before_s = cpu_s(line.pid)
        here.send(([port for _, *ports in made for port in ports], seconds))
        figures: dict[str, object] = await asyncio.to_thread(here.recv)
        used_s = cpu_s(line.pid) - before_s
        for leg, *_ in made:
            pbx.endpoint.perform(pbx.stack.hang_up(leg, pbx.endpoint.now))
            await core.next(sip.Gone)
        return {
            "calls": calls,
            "cpu_s_per_call_minute": round(used_s / (calls * seconds / 60), 4),
            "busy": round(used_s / seconds, 3),
            "cpu_ms_to_make_a_call": round(1000 * made_s / calls, 2),
            "ms_to_make_a_call": round(1000 * made_in_s / calls, 2),
            **figures,
        }
    finally:
        generator.join(UP_WITHIN_S)
        line.terminate()
        await line.wait()
        pbx.endpoint.close()
        core.endpoint.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--serve", nargs=3, metavar=("PBX", "CORE", "FOLDER"), help="inside")
    given = parser.parse_args()
    if given.serve:
        pbx_port, core_port, folder = given.serve
        asyncio.run(serve(int(pbx_port), int(core_port), given.calls, folder))
        return
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(asyncio.run(run(given.calls, given.seconds, folder)), indent=1))


if __name__ == "__main__":
    main()
