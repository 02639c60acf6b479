"""The registering client against our own registrar: datagrams are passed by hand."""

import random

import pytest

from foundation.ids import LegId
from telephony.sip.digest import Credentials
from telephony.sip.events import (
    CallerIdentity,
    HostPort,
    PhoneRegistered,
    PhoneUnregistered,
    SendDatagram,
)
from telephony.sip.options import Listener, SipOptions
from telephony.sip.stack import SipStack
from telephony.sip.trunks.registration import (
    Registered,
    Registration,
    RegistrationEffect,
    RegistrationOptions,
    RegistrationRefused,
    RegistrationState,
    Unregistered,
)

SERVER = HostPort("192.0.2.1", 5060)
PHONE = HostPort("192.0.2.7", 5070)


@pytest.fixture
def registrar() -> SipStack:
    return SipStack(
        SipOptions(listeners=(Listener(address=SERVER),), domain="hotline.example"),
        {"agent0001": "pw0001"},
        lines=lambda user: False,
        secret=b"s",
        random=random.Random(1),
    )


def client(password: str = "pw0001") -> Registration:
    options = RegistrationOptions(
        registrar=SERVER,
        domain="hotline.example",
        local=PHONE,
        credentials=Credentials("agent0001", password),
        expires_s=120,
    )
    return Registration(options, random.Random(2))


def talk(
    phone: Registration, registrar: SipStack, effects: list[RegistrationEffect], now: float
) -> list[object]:
    """Pass datagrams to and fro until nobody has anything to say; returns what both told."""
    told: list[object] = []
    while effects:
        effect = effects.pop(0)
        if not isinstance(effect, SendDatagram):
            told.append(effect)
            continue
        for answer in registrar.receive(effect.data, PHONE, 0, now):
            if isinstance(answer, SendDatagram):
                effects += phone.receive(answer.data, now) or []
            elif isinstance(answer, PhoneRegistered | PhoneUnregistered):
                told.append(answer)
    return told


def test_phone_with_the_right_password_is_registered(registrar: SipStack) -> None:
    phone = client()

    told = talk(phone, registrar, phone.begin(now=0.0), now=0.0)

    assert told == [PhoneRegistered("agent0001"), Registered()]
    assert registrar.is_registered("agent0001", now=100.0)


def test_binding_is_refreshed_at_half_of_its_time_without_a_new_challenge(
    registrar: SipStack,
) -> None:
    phone = client()
    talk(phone, registrar, phone.begin(now=0.0), now=0.0)

    assert phone.tick(now=59.9) == []
    sent = phone.tick(now=60.0)
    told = talk(phone, registrar, sent, now=60.0)

    assert told == [PhoneRegistered("agent0001")]
    assert registrar.is_registered("agent0001", now=179.0)


def test_wrong_password_is_told_once_and_tried_again_later(registrar: SipStack) -> None:
    phone = client(password="wrong")

    assert talk(phone, registrar, phone.begin(now=0.0), now=0.0) == [RegistrationRefused(401)]
    assert phone.tick(now=9.9) == []
    assert phone.tick(now=10.0) != []


def test_leaving_takes_the_binding_away(registrar: SipStack) -> None:
    phone = client()
    talk(phone, registrar, phone.begin(now=0.0), now=0.0)

    told = talk(phone, registrar, phone.leave(now=5.0), now=5.0)

    assert told == [PhoneUnregistered("agent0001"), Unregistered()]
    assert not registrar.is_registered("agent0001", now=5.0)
    assert phone.deadline is None or phone.tick(phone.deadline) == []


def test_leaving_without_a_binding_is_over_at_once() -> None:
    assert client().leave(now=0.0) == [Unregistered()]


def test_lost_request_is_sent_again_and_a_silent_registrar_told_after_timer_f() -> None:
    phone = client()
    first = phone.begin(now=0.0)

    assert phone.tick(now=0.5) == first
    assert phone.tick(now=1.5) == first
    refused = [effect for at in (3.5, 31.5, 32.0) for effect in phone.tick(now=at)]
    assert RegistrationRefused(408) in refused
    assert phone.state is RegistrationState.ASKING


def test_registration_lost_and_found_again_is_told_again(registrar: SipStack) -> None:
    phone = client()
    talk(phone, registrar, phone.begin(now=0.0), now=0.0)
    phone.tick(now=60.0)
    phone.tick(now=92.0)
    assert phone.deadline is not None

    told = talk(phone, registrar, phone.tick(now=phone.deadline), now=phone.deadline)

    assert told[-1] == Registered()


@pytest.mark.parametrize(
    "data", [b"", b"\0\1", b"OPTIONS sip:a@b SIP/2.0\r\n\r\n", b"SIP/2.0 200 OK\r\n\r\n"]
)
def test_anybody_else_s_datagram_is_left_to_others(data: bytes) -> None:
    assert client().receive(data, now=0.0) is None


def test_answer_to_an_older_request_changes_nothing(registrar: SipStack) -> None:
    phone = client()
    [first] = phone.begin(now=0.0)
    assert isinstance(first, SendDatagram)
    told = registrar.receive(first.data, PHONE, 0, 0.0)
    [answer] = [effect for effect in told if isinstance(effect, SendDatagram)]
    phone.begin(now=1.0)

    assert phone.receive(answer.data, now=1.0) == []


def test_registered_phone_can_be_called(registrar: SipStack) -> None:
    phone = client()
    talk(phone, registrar, phone.begin(now=0.0), now=0.0)
    caller = CallerIdentity("8000", "", "sip:8000@hotline.example")

    effects = registrar.dial(LegId("l-1"), "agent0001", 1.0, body=b"v=0\r\n", caller=caller)

    invites = [effect for effect in effects if isinstance(effect, SendDatagram)]
    assert invites[0].to == PHONE
    assert invites[0].data.startswith(b"INVITE sip:agent0001@192.0.2.7:5070 SIP/2.0\r\n")
