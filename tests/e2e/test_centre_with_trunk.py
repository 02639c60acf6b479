"""A served centre that is registered at a provider: calls come in by it, and all may see so."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager
from pathlib import Path

import pytest

from callcenter.configuration.settings import load
from callcenter.doctor.health import Verdict
from callcenter.doctor.trunks import examine_trunks
from telephony.calls.events import CallAnswered, CallArrived, CallEnded
from telephony.sip.events import (
    Answered,
    CallerIdentity,
    PhoneRegistered,
    PhoneUnregistered,
    Refused,
    TrunkDown,
    TrunkUp,
)
from tests.support.centre import Centre, served
from tests.support.media_phone import sdp
from tests.support.programs import find_free_port
from tests.support.sip_phone import SipPhone

pytestmark = pytest.mark.e2e

NUMBER = "+861012345678"
CALLER = CallerIdentity("+8613800138000", "", "")


@asynccontextmanager
async def in_thread(serving: AbstractContextManager[Centre]) -> AsyncIterator[Centre]:
    centre = await asyncio.to_thread(serving.__enter__)
    try:
        yield centre
    finally:
        await asyncio.to_thread(serving.__exit__, None, None, None)


async def test_calls_come_in_over_a_registered_trunk_and_no_others_do(
    tmp_path: Path, shared: Path
) -> None:
    async with SipPhone.started({NUMBER: "pw"}, domain="127.0.0.1") as network:
        changes = {
            "trunks": [
                {
                    "name": "carrier",
                    "host": f"127.0.0.1:{network.address.port}",
                    "register": True,
                    "user": NUMBER,
                    "password": "pw",
                    "numbers": {NUMBER: "9196"},
                    "options_ping_s": 1,
                }
            ],
            "outbound": [{"match": "+86*", "trunk": "carrier", "allow": ["consult"]}],
        }
        # In a thread, so that the network answers while the centre comes up.
        async with in_thread(served(tmp_path, shared, changes)) as centre:
            await network.next(PhoneRegistered)
            up = await centre.told(TrunkUp, 0)
            assert up.trunk == "carrier"

            offer = sdp(find_free_port()).encode()
            leg = network.dial(NUMBER, offer, CALLER)
            assert (await network.next(Answered)).leg == leg
            arrived = await centre.told(CallArrived, 0)
            assert (arrived.line, arrived.trunk) == ("9196", "carrier")
            await centre.told(CallAnswered, 0, call_id=arrived.call_id)
            network.do(network.stack.hang_up(leg, network.now))
            await centre.told(CallEnded, 0, call_id=arrived.call_id)

            # The same number from the same address without what the registration gave it.
            stranger = network.dial(f"sip:9196@127.0.0.1:{centre.sip.port}", offer, CALLER)
            refused = await network.next(Refused)
            assert (refused.leg, refused.status) == (stranger, 403)

            async with centre.web() as client:
                text = (await client.get("/metrics")).text
            assert 'callcenter_trunk_up{trunk="carrier"} 1.0' in text
            settings = load(centre.folder)
            findings = await asyncio.to_thread(lambda: list(examine_trunks(settings)))
            assert [each.verdict for each in findings] == [Verdict.OK, Verdict.OK]
            assert findings[1].says == "up"

            before = centre.mark()
            await centre.replaced("core", centre.kill("core"))
            await centre.told(TrunkUp, before)
            assert centre.facts(TrunkDown) == []
            await asyncio.to_thread(centre.stop)
        await network.next(PhoneUnregistered)
