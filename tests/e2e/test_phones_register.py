"""Both kinds of the demo's phones at our own registrar: challenged, found, called."""

import random
from collections.abc import AsyncIterator

import pytest

from callcenter.demo.phone_call import Call
from callcenter.demo.phone_process import PhoneProcess
from callcenter.demo.pyvoip_phone import protocol
from callcenter.demo.softphone import PhoneOptions, RegistrationFailed, Softphone
from foundation.ids import LegId
from telephony.media.agreeing.negotiation import LocalEnd, Negotiation
from telephony.sip.events import (
    Answered,
    CallerIdentity,
    Gone,
    HostPort,
    PhoneUnregistered,
    Refused,
    SipEvent,
)
from telephony.sip.options import SipOptions
from telephony.sip.sockets.endpoint import SipEndpoint, bind_udp, listener_of
from telephony.sip.stack import SipStack
from tests.support.eventually import eventually

pytestmark = pytest.mark.e2e

LEG = LegId("l-1")


class Registrar:
    """An endpoint of ours with one account, which can call its phone."""

    def __init__(self) -> None:
        socket = bind_udp("127.0.0.1", 0)
        listener = listener_of(socket)
        self.address = listener.address
        self.told: list[SipEvent] = []
        self.stack = SipStack(
            SipOptions(listeners=(listener,), domain="hotline.example"),
            {"agent0001": "pw0001"},
            lines=lambda user: False,
            secret=b"s",
            random=random.SystemRandom(),
        )
        self.endpoint = SipEndpoint(self.stack, [socket], self.told.append)

    def call(self) -> None:
        sdp = Negotiation(LocalEnd(1, 1, "127.0.0.1", 9)).offer("PCMA")
        caller = CallerIdentity("+12025550101", "", "sip:+12025550101@hotline.example")
        now = self.endpoint.now
        effects = self.stack.dial(LEG, "agent0001", now, body=sdp.encode(), caller=caller)
        self.endpoint.perform(effects)

    def hang_up(self) -> None:
        self.endpoint.perform(self.stack.hang_up(LEG, self.endpoint.now))

    def has_told(self, kind: type[SipEvent]) -> bool:
        return any(isinstance(event, kind) for event in self.told)


@pytest.fixture
async def registrar() -> AsyncIterator[Registrar]:
    registrar = Registrar()
    await registrar.endpoint.start()
    yield registrar
    registrar.endpoint.close()


async def test_pyvoip_phone_registers_is_called_and_leaves(registrar: Registrar) -> None:
    address = f"127.0.0.1:{registrar.address.port}"
    async with PhoneProcess.started(
        "--server", address, "--user", "agent0001", "--password", "pw0001", "--auto-answer"
    ) as phone:
        await phone.do(protocol.Register())
        await phone.wait_for(protocol.Registered, within_s=20)
        registrar.call()
        incoming = await phone.wait_for(protocol.Incoming, within_s=20)
        await eventually(lambda: registrar.has_told(Answered))
        registrar.hang_up()
        assert (await phone.wait_for(protocol.Ended, within_s=20)).by == "peer"

    assert incoming.caller == "+12025550101"
    assert registrar.has_told(Gone)
    assert registrar.has_told(PhoneUnregistered)


async def test_pyvoip_phone_with_a_wrong_password_says_so(registrar: Registrar) -> None:
    address = f"127.0.0.1:{registrar.address.port}"
    async with PhoneProcess.started(
        "--server", address, "--user", "agent0001", "--password", "wrong"
    ) as phone:
        await phone.do(protocol.Register())
        trouble = await phone.wait_for(protocol.Trouble, within_s=20)

    assert "401" in trouble.sentence


async def test_own_phone_registers_is_called_declines_and_leaves(registrar: Registrar) -> None:
    rang: list[Call] = []
    options = PhoneOptions(
        server=registrar.address, user="agent0001", password="pw0001", domain="hotline.example"
    )
    async with Softphone.opened(options) as phone:
        phone.on_incoming = rang.append
        await phone.register()
        registrar.call()
        await eventually(lambda: bool(rang))
        rang[0].reject(603)
        await eventually(lambda: registrar.has_told(Refused))

    assert rang[0].peer == "+12025550101"
    assert registrar.has_told(PhoneUnregistered)


async def test_own_phone_with_a_wrong_password_fails_to_register(registrar: Registrar) -> None:
    options = PhoneOptions(server=registrar.address, user="agent0001", password="wrong")
    async with Softphone.opened(options) as phone:
        with pytest.raises(RegistrationFailed, match="401"):
            await phone.register()


async def test_address_is_where_the_phone_can_be_reached() -> None:
    nobody = HostPort("127.0.0.1", 9)
    async with Softphone.opened(PhoneOptions(server=nobody, user="me")) as phone:
        assert phone.address.port != 0
