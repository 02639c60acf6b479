"""A trunk whose other end is Kamailio: it registers us, lets us call, and calls us."""

from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from telephony.sip.digest import Credentials
from telephony.sip.events import Answered, CallerIdentity, Confirmed, Gone, IncomingCall, TrunkUp
from telephony.sip.trunks.targets import Wanted
from telephony.sip.trunks.trunk_line import TrunkOptions
from tests.support.customer import TOKEN, Customer
from tests.support.interop_table import shows
from tests.support.kamailio_network import DOMAIN, PASSWORD, USER, kamailio
from tests.support.name_server import NameServer
from tests.support.sip_phone import SipPhone
from tests.support.wire import ANSWER, OFFER

PROGRAM = "Kamailio"
pytestmark = [pytest.mark.e2e, pytest.mark.interop, pytest.mark.matrix]


@shows("registers", "calls in")
@pytest.mark.parametrize("transport", ["UDP", pytest.param("TCP", marks=shows("TCP"))])
async def test_kamailio_registers_the_trunk_and_calls_pass_both_ways(
    transport: str, tmp_path: Path
) -> None:
    async with AsyncExitStack() as closing:
        far = await closing.enter_async_context(SipPhone.started())
        network = closing.enter_context(kamailio(tmp_path, far.address))
        service = f"_sip._{transport.lower()}.{DOMAIN}"
        zone = {
            (DOMAIN, "NAPTR"): [f'1 1 "s" "SIP+D2{transport[0]}" "" {service}.'],
            (service, "SRV"): [f"1 1 {network.port} a.{DOMAIN}."],
            (f"a.{DOMAIN}", "A"): ["127.0.0.1"],
        }
        options = TrunkOptions(
            name="carrier",
            wanted=Wanted(DOMAIN),
            registers=True,
            credentials=Credentials(USER, PASSWORD),
            contact_token=TOKEN,
            options_ping_s=1.0,
        )
        async with (
            NameServer.started(zone) as dns,
            Customer.started([options], [dns.address], ("UDP", "TCP")) as customer,
        ):
            await customer.next(TrunkUp)

            leg = customer.dial("013800138000", "carrier", OFFER)
            out = await far.next(IncomingCall)
            assert (out.to_user, out.caller.user) == ("013800138000", USER)
            far.do(far.stack.accept(out.leg, ANSWER, far.now))
            assert await customer.next(Answered) == Answered(leg, ANSWER)
            await far.next(Confirmed)
            customer.endpoint.perform(customer.stack.hang_up(leg, customer.endpoint.now))
            await far.next(Gone)

            caller = CallerIdentity("+8613800138000", "", "")
            leg = far.dial(f"sip:{USER}@127.0.0.1:{network.port}", OFFER, caller)
            call = await customer.next(IncomingCall)
            assert (call.to_user, call.trunk) == ("8000", "carrier")
            assert call.caller.user == "+8613800138000"
            accepted = customer.stack.accept(call.leg, ANSWER, customer.endpoint.now)
            customer.endpoint.perform(accepted)
            assert await far.next(Answered) == Answered(leg, ANSWER)
            far.do(far.stack.hang_up(leg, far.now))
            await customer.next(Gone)
