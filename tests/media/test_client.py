"""Core's end of the control socket while no worker answers, in virtual time."""

import asyncio

from telephony.media import protocol as p
from telephony.media.client import MediaClient, Reply
from tests.support.virtual_time import run_virtual

TIMEOUT_S = 3.0


def test_each_request_fails_when_its_own_time_is_over() -> None:
    failed: list[tuple[float, str]] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        client = MediaClient("nowhere", lambda event: None, timeout_s=TIMEOUT_S)

        def ask(leg: str) -> None:
            def on_reply(reply: Reply) -> None:
                assert isinstance(reply, p.Failed)
                failed.append((loop.time(), leg))
                if leg == "l-1":
                    ask("l-4")

            client.tell(p.Release(rid=0, leg=leg), on_reply)

        ask("l-1")
        await asyncio.sleep(1.0)
        ask("l-2")
        ask("l-3")
        await asyncio.sleep(10.0)
        ask("l-5")
        await asyncio.sleep(10.0)

    run_virtual(main())

    assert failed == [(3.0, "l-1"), (4.0, "l-2"), (4.0, "l-3"), (6.0, "l-4"), (14.0, "l-5")]


def test_requests_under_way_share_one_timer() -> None:
    async def main() -> None:
        client = MediaClient("nowhere", lambda event: None, timeout_s=TIMEOUT_S)
        timers = 0
        loop = asyncio.get_running_loop()
        for leg in range(100):
            client.tell(p.Release(rid=0, leg=f"l-{leg}"))
        timers = len(loop._scheduled)  # type: ignore[attr-defined]  # asyncio's own heap
        assert timers == 1
        await asyncio.sleep(TIMEOUT_S)

    run_virtual(main())
