"""Trunks on real sockets: found by DNS, registered at, called, and called by."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from telephony.sip.digest import Credentials
from telephony.sip.events import (
    Answered,
    CallerIdentity,
    Confirmed,
    Gone,
    HostPort,
    IncomingCall,
    PhoneRegistered,
    PhoneUnregistered,
    Refused,
    TrunkDown,
    TrunkUp,
)
from telephony.sip.trunks.resolver import Resolver
from telephony.sip.trunks.targets import NoAnswer, Wanted, destinations
from telephony.sip.trunks.trunk_line import TrunkOptions
from tests.support.certificates import make_certificate
from tests.support.customer import TOKEN, Customer
from tests.support.name_server import NameServer, Zone
from tests.support.programs import find_free_port
from tests.support.sip_phone import SipPhone
from tests.support.wire import ANSWER, OFFER

pytestmark = pytest.mark.e2e

NAME = "carrier.example"
ACCOUNT = {"+861012345678": "pw"}
BY_NAME = Wanted(NAME)
CALLER = CallerIdentity("+8613800138000", "", "")


@asynccontextmanager
async def provider(transport: str = "UDP") -> AsyncIterator[SipPhone]:
    """A registrar, and whoever is called through it."""
    async with SipPhone.started(ACCOUNT, transports=(transport,), domain=NAME) as phone:
        yield phone


def srv(*targets: tuple[int, int], kind: str = "_sip._udp") -> Zone:
    """Priority and port of each; all on loopback."""
    records = [f"{priority} 0 {port} a.{NAME}." for priority, port in targets]
    return {(f"{kind}.{NAME}", "SRV"): records, (f"a.{NAME}", "A"): ["127.0.0.1"]}


def trunk(
    name: str = "carrier",
    wanted: Wanted = BY_NAME,
    *,
    registers: bool = False,
    password: str = "pw",
    options_ping_s: float = 0.0,
    group: str = "",
    priority: int = 0,
    channels: int | None = None,
) -> TrunkOptions:
    return TrunkOptions(
        name=name,
        wanted=wanted,
        group=group,
        priority=priority,
        registers=registers,
        credentials=Credentials("+861012345678", password),
        contact_token=TOKEN,
        options_ping_s=options_ping_s,
        channels=channels,
    )


# -- out -------------------------------------------------------------------------------------------


async def test_a_dead_first_target_gives_way_to_a_live_second() -> None:
    async with provider() as live:
        zone = srv((10, find_free_port()), (20, live.address.port))
        async with (
            NameServer.started(zone) as dns,
            Customer.started([trunk()], [dns.address]) as customer,
        ):
            leg = customer.dial("013800138000", "carrier", OFFER)
            call = await live.next(IncomingCall)
            assert call.to_user == "013800138000"
            assert call.caller.user == "+861012345678"
            live.do(live.stack.accept(call.leg, ANSWER, live.now))
            assert await customer.next(Answered) == Answered(leg, ANSWER)
            await live.next(Confirmed)
            assert customer.gateway.count("carrier") == 1
            customer.endpoint.perform(customer.stack.hang_up(leg, customer.endpoint.now))
            await live.next(Gone)
            assert customer.gateway.count("carrier") == 0


async def test_a_silent_first_target_gives_way_too_and_naptr_chooses_tcp() -> None:
    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    silent = await asyncio.start_server(swallow, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    async with silent, provider("TCP") as live:
        zone = srv((10, port), (20, live.address.port), kind="_sip._tcp")
        zone[NAME, "NAPTR"] = [f'10 10 "s" "SIP+D2T" "" _sip._tcp.{NAME}.']
        async with (
            NameServer.started(zone) as dns,
            Customer.started([trunk()], [dns.address], ("UDP", "TCP")) as customer,
        ):
            leg = customer.dial("110", "carrier", OFFER)
            call = await live.next(IncomingCall)
            live.do(live.stack.reject(call.leg, 486, live.now))
            assert await customer.next(Refused) == Refused(leg, 486, "Busy Here")


async def test_a_group_goes_by_priority_and_passes_over_full_trunks() -> None:
    async with provider() as first, provider() as second:
        trunks = [
            trunk("one", Wanted("127.0.0.1", first.address.port), group="out", channels=1),
            trunk("two", Wanted("127.0.0.1", second.address.port), group="out", priority=1),
        ]
        async with Customer.started(trunks) as customer:
            customer.dial("1001", "out", OFFER)
            await first.next(IncomingCall)
            customer.dial("1002", "out", OFFER)
            assert (await second.next(IncomingCall)).to_user == "1002"
            leg = customer.dial("1003", "one", OFFER)
            full = Refused(leg, 503, "trunk channels: one has no free one")
            assert await customer.next(Refused) == full
            leg = customer.dial("1004", "none", OFFER)
            assert await customer.next(Refused) == Refused(leg, 503, "no trunk is called 'none'")


async def test_hanging_up_while_dns_is_asked_ends_the_call() -> None:
    async with NameServer.started({}) as dns:
        dns.is_deaf = True
        async with Customer.started([trunk()], [dns.address]) as customer:
            leg = customer.dial("110", "carrier", OFFER)
            assert customer.gateway.note(leg, b"x")
            assert customer.gateway.hang_up(leg)
            assert await customer.next(Refused) == Refused(leg, 487, "cancelled")
            assert not customer.gateway.hang_up(leg)


async def test_a_name_that_leads_nowhere_refuses_the_call() -> None:
    async with (
        NameServer.started({}) as dns,
        Customer.started([trunk()], [dns.address]) as customer,
    ):
        leg = customer.dial("110", "carrier", OFFER)
        refused = await customer.next(Refused)
        assert refused == Refused(leg, 503, "the trunk's address is not known")


# -- registered ------------------------------------------------------------------------------------


@pytest.mark.parametrize("transport", ["UDP", "TCP"])
async def test_a_registered_trunk_calls_us_by_what_we_registered(transport: str) -> None:
    async with provider(transport) as network:
        wanted = Wanted("127.0.0.1", network.address.port, transport)
        options = trunk(wanted=wanted, registers=True)
        async with Customer.started([options], (), (transport,)) as customer:
            up = await customer.next(TrunkUp)
            assert up == TrunkUp("carrier", "holds our registration")
            await network.next(PhoneRegistered)
            leg = network.dial("+861012345678", OFFER, CALLER)
            call = await customer.next(IncomingCall)
            assert (call.to_user, call.trunk) == ("8000", "carrier")
            accepted = customer.stack.accept(call.leg, ANSWER, customer.endpoint.now)
            customer.endpoint.perform(accepted)
            assert await network.next(Answered) == Answered(leg, ANSWER)
        await network.next(PhoneUnregistered)


async def test_a_wrong_password_is_told_of_the_trunk_and_of_each_call() -> None:
    async with provider() as network:
        wanted = Wanted("127.0.0.1", network.address.port)
        options = trunk(wanted=wanted, registers=True, password="wrong")
        async with Customer.started([options]) as customer:
            assert await customer.next(TrunkDown) == TrunkDown("carrier", "REGISTER: says 401")
            leg = customer.dial("8000", "carrier", OFFER)
            assert await customer.next(Refused) == Refused(leg, 401, "Unauthorized")


async def test_a_trunk_that_is_pinged_comes_and_goes() -> None:
    port = find_free_port()
    wanted = Wanted("127.0.0.1", port)
    async with Customer.started([trunk(wanted=wanted, options_ping_s=0.2)]) as customer:
        down = await customer.next(TrunkDown, 12)
        assert down == TrunkDown("carrier", "OPTIONS: no answer")


@pytest.mark.parametrize("name", ["localhost", "carrier.example"])
async def test_over_tls_the_provider_must_prove_the_name_it_was_looked_up_by(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls = make_certificate(tmp_path)  # of localhost
    monkeypatch.setenv("SSL_CERT_FILE", str(tls.certificate))
    async with SipPhone.started(ACCOUNT, transports=("TLS",), domain=name, tls=tls) as network:
        zone = {(name, "A"): ["127.0.0.1"]}
        options = trunk(wanted=Wanted(name, network.address.port, "TLS"), registers=True)
        async with (
            NameServer.started(zone) as dns,
            Customer.started([options], [dns.address], ("TLS",), tls) as customer,
        ):
            if name == "localhost":
                assert await customer.next(TrunkUp) == TrunkUp("carrier", "holds our registration")
            else:
                sentence = "REGISTER: cannot be reached, or says 503"
                assert await customer.next(TrunkDown) == TrunkDown("carrier", sentence)


# -- DNS -------------------------------------------------------------------------------------------


async def test_what_dns_said_is_kept_while_it_holds_and_serves_when_dns_is_ill() -> None:
    zone = srv((10, 5060))
    async with NameServer.started(zone, ttl_s=3600) as dns:
        now = [0.0]
        resolver = Resolver((dns.address,), lambda: now[0])
        wanted = Wanted(NAME, None, "UDP")
        assert resolver.known(wanted) is None
        found = await resolver.find(wanted)
        assert dns.asked == [f"SRV _sip._udp.{NAME}", f"A a.{NAME}", f"AAAA a.{NAME}"]
        [where] = destinations(found, random.Random(1))
        assert where.address == HostPort("127.0.0.1", 5060)
        assert await resolver.find(wanted) is found
        assert resolver.known(wanted) is found
        assert len(dns.asked) == 3
        now[0] = 3601.0
        assert resolver.known(wanted) is None
        zone.clear()
        assert await resolver.find(wanted) is found
        with pytest.raises(NoAnswer, match="knows no address"):
            await resolver.find(Wanted("other.example"))


async def test_dns_that_is_silent_is_not_waited_for_longer_than_a_question() -> None:
    async with NameServer.started({}) as dns:
        dns.is_deaf = True
        resolver = Resolver((dns.address,))
        began = asyncio.get_running_loop().time()
        with pytest.raises(NoAnswer, match="does not answer"):
            await resolver.find(Wanted(NAME))
        assert asyncio.get_running_loop().time() - began < 6
