"""Connections as the stack sees them: what goes back on which, and what is lost with one."""

import pytest

from foundation.ids import LegId
from telephony.sip.digest import Credentials, DigestClient
from telephony.sip.events import (
    Answered,
    BindingsChanged,
    CallerIdentity,
    DialogKept,
    Gone,
    GoneWhy,
    HostPort,
    IncomingCall,
    PhoneRegistered,
    PhoneUnregistered,
    Refused,
    ReofferRefused,
    SendDatagram,
    StackEffect,
)
from telephony.sip.options import Listener, SipOptions
from telephony.sip.stack import SipStack
from telephony.sip.wording.compose import respond
from telephony.sip.wording.message import HeaderLines, Request, Response, parse_message
from tests.support.wire import ANSWER, CENTRE, OFFER, make_stack, requests, responses

LEG = LegId("l-1")
CALLER = CallerIdentity("8000", "Hotline", "")
UDP, TCP, TLS, WSS, TCP6 = range(5)
LISTENERS = (
    Listener(address=CENTRE),
    Listener(address=CENTRE, transport="TCP"),
    Listener(address=HostPort("hotline.example", 5061), transport="TLS", local_host="192.0.2.1"),
    Listener(address=HostPort(CENTRE.host, 443), transport="WSS"),
    Listener(address=HostPort("2001:db8::1", 5060), transport="TCP"),
)
PHONE = HostPort("192.0.2.2", 40001)
"The phone's end of its connection, not the port that it listens on."
NEW = HostPort("192.0.2.2", 40002)
DIRECT = HostPort("192.0.2.2", 5070)
CONTACT = f"<sip:agent0001@{DIRECT.host}:{DIRECT.port};transport=tcp>"
WEB_CONTACT = "<sip:agent0001@df7jal23ls0d.invalid;transport=ws>"


@pytest.fixture
def stack() -> SipStack:
    options = SipOptions(listeners=LISTENERS, domain="hotline.example")
    return make_stack(accounts={"agent0001": "pw0001"}, options=options)


def open_flow(stack: SipStack, peer: HostPort = PHONE, listener: int = TCP) -> None:
    stack.flow_opened(peer, listener)


def sent(effects: list[StackEffect]) -> list[SendDatagram]:
    return [each for each in effects if isinstance(each, SendDatagram)]


def told(effects: list[StackEffect], *kinds: type) -> list[StackEffect]:
    return [each for each in effects if isinstance(each, kinds)]


def request(
    method: str,
    number: int = 1,
    *,
    headers: HeaderLines = (),
    body: bytes = b"",
    to_tag: str = "",
    contact: str = CONTACT,
) -> bytes:
    lines = [
        ("Via", f"SIP/2.0/TCP 192.0.2.2:5070;branch=z9hG4bK{method}{number}"),
        ("Max-Forwards", "70"),
        ("From", "<sip:10086@192.0.2.2>;tag=them"),
        ("To", f"<sip:8000@192.0.2.1>{to_tag}"),
        ("Call-ID", "call"),
        ("CSeq", f"{number} {method}"),
        ("Contact", contact),
        *headers,
    ]
    if body:
        lines.append(("Content-Type", "application/sdp"))
    return bytes(Request(method, "sip:8000@192.0.2.1", lines, body))


def register(
    stack: SipStack,
    contact: str = CONTACT,
    *,
    flow: HostPort = PHONE,
    listener: int = TCP,
    number: int = 1,
    now: float = 0.0,
    headers: HeaderLines = (),
) -> list[StackEffect]:
    """REGISTER on a new connection, and again with the answer to the challenge."""
    open_flow(stack, flow, listener)
    client = DigestClient(Credentials("agent0001", "pw0001"))
    effects: list[StackEffect] = []
    for cseq in (number, number + 1):
        proof = client.answer("REGISTER", "sip:hotline.example", "c0ffee")
        lines = [
            ("Via", f"SIP/2.0/TCP 192.0.2.2:5070;branch=z9hG4bKr{cseq}"),
            ("From", "<sip:agent0001@hotline.example>;tag=r"),
            ("To", "<sip:agent0001@hotline.example>"),
            ("Call-ID", "reg"),
            ("CSeq", f"{cseq} REGISTER"),
            ("Contact", contact),
            *headers,
            *proof,
        ]
        data = bytes(Request("REGISTER", "sip:hotline.example", lines))
        effects = stack.receive(data, flow, listener, now)
        (answer,) = responses(effects)
        client.take(answer.status, answer.values("www-authenticate"))
    assert answer.status == 200
    return effects


def dial(stack: SipStack, to: str = "agent0001", now: float = 1.0) -> list[StackEffect]:
    return stack.dial(LEG, to, now, body=OFFER, caller=CALLER)


def picks_up(
    stack: SipStack, invite: Request, source: HostPort = PHONE, contact: str = CONTACT
) -> list[StackEffect]:
    headers = [("Contact", contact)]
    data = respond(invite, 200, CENTRE, tag="phone", headers=headers, body=ANSWER)
    return stack.receive(data, source, TCP, 1.0)


# -- answers -----------------------------------------------------------------------------------


def test_an_answer_goes_back_on_the_connection_whatever_via_says(stack: SipStack) -> None:
    open_flow(stack)
    (answer,) = sent(stack.receive(request("OPTIONS"), PHONE, TCP, 0.0))
    assert (answer.to, answer.listener) == (PHONE, TCP)


def test_an_answer_whose_connection_is_gone_goes_to_the_port_of_via(stack: SipStack) -> None:
    open_flow(stack)
    effects = stack.receive(request("INVITE", body=OFFER), PHONE, TCP, 0.0)
    (arrived,) = told(effects, IncomingCall)
    assert isinstance(arrived, IncomingCall)
    stack.flow_closed(PHONE, TCP, 1.0)
    (answer,) = sent(stack.ring(arrived.leg, 2.0))
    assert (answer.to, answer.listener) == (DIRECT, TCP)


def test_what_can_not_be_read_on_is_answered_by_what_is_wrong(stack: SipStack) -> None:
    open_flow(stack)
    head = request("OPTIONS").replace(b"Content-Length: 0", b"Content-Length: 99999")
    (answer,) = responses(stack.refuse_broken(head, 413, "too long", PHONE, TCP))
    assert answer.status == 413
    assert responses(stack.refuse_broken(b"SIP/2.0 200 OK\r\n\r\n", 400, "x", PHONE, TCP)) == []


# -- phones on connections ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("listener", "contact"), [(TCP, CONTACT), (TLS, CONTACT), (WSS, WEB_CONTACT)]
)
def test_a_phone_is_called_on_its_connection(listener: int, contact: str, stack: SipStack) -> None:
    assert told(register(stack, contact, listener=listener), PhoneRegistered)
    (invite,) = sent(dial(stack))
    assert (invite.to, invite.listener) == (PHONE, listener)
    via = parse_message(invite.data).via
    assert via.transport == LISTENERS[listener].transport
    assert via.host == LISTENERS[listener].address.host


def test_a_connection_that_breaks_takes_the_phone_away(stack: SipStack) -> None:
    register(stack, WEB_CONTACT, listener=WSS)
    effects = stack.flow_closed(PHONE, WSS, 1.0)
    (kept, gone) = effects
    assert isinstance(kept, BindingsChanged)
    assert gone == PhoneUnregistered("agent0001")
    assert not stack.is_registered("agent0001", 1.0)
    assert told(dial(stack), Refused) == [Refused(LEG, 480, "not registered")]


def test_a_connection_that_breaks_while_the_phone_rings_ends_the_ringing(stack: SipStack) -> None:
    register(stack, WEB_CONTACT, listener=WSS)
    dial(stack)
    effects = stack.flow_closed(PHONE, WSS, 2.0)
    assert [each.status for each in told(effects, Refused) if isinstance(each, Refused)] == [480]
    assert stack.leg_count == 0


def test_a_tcp_phone_that_listens_is_called_on_a_new_connection(stack: SipStack) -> None:
    register(stack)
    assert told(stack.flow_closed(PHONE, TCP, 1.0), PhoneUnregistered) == []
    (invite,) = sent(dial(stack))
    assert (invite.to, invite.listener) == (DIRECT, TCP)


def test_a_tcp_phone_that_takes_no_connection_is_gone(stack: SipStack) -> None:
    register(stack)
    stack.flow_closed(PHONE, TCP, 1.0)
    (invite,) = sent(dial(stack))
    effects = stack.unsent(invite, 2.0)
    refused, unregistered = told(effects, Refused, PhoneUnregistered)
    assert isinstance(refused, Refused)
    assert refused.status == 480
    assert unregistered == PhoneUnregistered("agent0001")


def test_registering_again_on_a_new_connection_moves_the_phone(stack: SipStack) -> None:
    contact = f'{WEB_CONTACT};+sip.instance="<urn:uuid:1>"'
    register(stack, contact, listener=WSS)
    register(stack, contact, listener=WSS, flow=NEW, number=3, now=1.0)
    assert stack.flow_closed(PHONE, WSS, 2.0) == []
    (invite,) = sent(dial(stack))
    assert invite.to == NEW


def test_a_phone_with_two_connections_loses_one_and_is_called_on_the_other(
    stack: SipStack,
) -> None:
    headers = [("Supported", "path, outbound")]
    contact = f'{WEB_CONTACT};+sip.instance="<urn:uuid:1>"'
    first = register(stack, f"{contact};reg-id=1", listener=WSS, headers=headers)
    (answer,) = responses(first)
    assert answer.find("require") == "outbound"
    assert answer.contacts[0].param("reg-id") == "1"
    register(
        stack, f"{contact};reg-id=2", listener=WSS, flow=NEW, number=3, now=1.0, headers=headers
    )
    assert told(stack.flow_closed(NEW, WSS, 2.0), PhoneUnregistered) == []
    (invite,) = sent(dial(stack))
    assert invite.to == PHONE


def test_a_phone_that_does_not_know_outbound_is_not_told_of_it(stack: SipStack) -> None:
    (answer,) = responses(register(stack))
    assert answer.find("require") is None


def test_after_a_restart_only_phones_that_can_be_reached_are_kept(stack: SipStack) -> None:
    def kept(contact: str, listener: int) -> bytes:
        other = make_stack(accounts={"agent0001": "pw0001"}, options=stack.options)
        (change,) = told(register(other, contact, listener=listener), BindingsChanged)
        assert isinstance(change, BindingsChanged)
        return change.bindings

    for aor, contact, listener in (
        ("direct", CONTACT, TCP),
        ("datagrams", CONTACT, UDP),
        ("tls", CONTACT, TLS),
        ("web", WEB_CONTACT, WSS),
        ("natted", CONTACT.replace(DIRECT.host, "10.0.0.9"), TCP),
    ):
        stack.restore_bindings(aor, kept(contact, listener), 1.0)
    reached = [
        aor
        for aor in ("direct", "datagrams", "tls", "web", "natted")
        if stack.is_registered(aor, 1.0)
    ]
    assert reached == ["direct", "datagrams"]

    one = SipOptions(listeners=(LISTENERS[TCP],))
    other = make_stack(options=one)
    other.restore_bindings("direct", kept(CONTACT, TCP), 1.0)
    other.restore_bindings("datagrams", kept(CONTACT, UDP), 1.0)
    assert not other.is_registered("direct", 1.0), "there is no such listener any more"
    assert not other.is_registered("datagrams", 1.0), "that number is another listener's now"


def test_connections_that_are_needed_are_known(stack: SipStack) -> None:
    assert stack.used_flows() == set()
    register(stack)
    assert (TCP, PHONE) in stack.used_flows()
    open_flow(stack, NEW)
    stack.receive(request("INVITE", body=OFFER), NEW, TCP, 0.0)
    assert (TCP, NEW) in stack.used_flows()
    stack.flow_closed(PHONE, TCP, 1.0)
    assert (TCP, PHONE) not in stack.used_flows()


# -- dialogs -----------------------------------------------------------------------------------


def test_requests_of_a_dialog_go_on_its_connection(stack: SipStack) -> None:
    register(stack)
    (invite,) = requests(dial(stack))
    effects = picks_up(stack, invite)
    assert told(effects, Answered)
    assert [(each.to, each.listener) for each in sent(effects)] == [(PHONE, TCP)]
    (bye,) = sent(stack.hang_up(LEG, 2.0))
    assert (bye.to, bye.listener) == (PHONE, TCP)


def test_a_dialog_follows_the_peer_to_a_new_connection(stack: SipStack) -> None:
    register(stack)
    (invite,) = requests(dial(stack))
    picks_up(stack, invite)
    stack.flow_closed(PHONE, TCP, 2.0)
    open_flow(stack, NEW)
    info = Request(
        "INFO",
        "sip:8000@192.0.2.1",
        [
            ("Via", "SIP/2.0/TCP 192.0.2.2:5070;branch=z9hG4bKinfo"),
            ("From", "<sip:agent0001@hotline.example>;tag=phone"),
            ("To", f"<sip:8000@hotline.example>;tag={invite.sender.tag}"),
            ("Call-ID", invite.call_id),
            ("CSeq", "1 INFO"),
        ],
    )
    (answer,) = responses(stack.receive(bytes(info), NEW, TCP, 3.0))
    assert answer.status == 200
    (bye,) = sent(stack.hang_up(LEG, 4.0))
    assert bye.to == NEW


def in_a_talk(stack: SipStack, contact: str = WEB_CONTACT, listener: int = WSS) -> None:
    register(stack, contact, listener=listener)
    (invite,) = requests(dial(stack))
    headers = [("Contact", contact)]
    data = respond(invite, 200, CENTRE, tag="phone", headers=headers, body=ANSWER)
    assert told(stack.receive(data, PHONE, listener, 1.0), Answered)


@pytest.mark.parametrize(
    ("contact", "listener"), [(WEB_CONTACT, WSS), ("<sip:agent0001@10.0.0.7:5070>", TCP)]
)
def test_a_dialog_goes_on_where_its_phone_has_registered_since(
    contact: str, listener: int, stack: SipStack
) -> None:
    """A browser, or a phone behind a NAT: it would have stood in a dead call."""
    in_a_talk(stack, contact, listener)
    stack.flow_closed(PHONE, listener, 2.0)
    effects = register(stack, contact, flow=NEW, listener=listener, number=3, now=4.0)
    assert LEG in [each.leg for each in effects if isinstance(each, DialogKept)]

    (bye,) = sent(stack.hang_up(LEG, 5.0))

    assert (bye.to, bye.listener) == (NEW, listener)


def test_a_phone_hears_of_the_end_of_its_talk_when_it_is_back(stack: SipStack) -> None:
    in_a_talk(stack)
    stack.flow_closed(PHONE, WSS, 2.0)
    (lost,) = sent(stack.hang_up(LEG, 3.0))
    stack.unsent(lost, 3.0)

    effects = register(stack, WEB_CONTACT, flow=NEW, listener=WSS, number=3, now=8.0)
    (bye,) = requests(effects)
    assert bye.method == "BYE"
    assert [each.to for each in sent(effects)] == [NEW, NEW], "it, and the answer to the REGISTER"
    stack.receive(respond(bye, 200, CENTRE, tag="phone"), NEW, WSS, 8.1)
    assert stack.leg_count == 0
    stack.flow_closed(NEW, WSS, 9.0)
    assert not requests(register(stack, WEB_CONTACT, flow=PHONE, listener=WSS, number=5, now=10.0))


def test_a_phone_that_has_another_network_is_not_looked_for_in_the_old_one(
    stack: SipStack,
) -> None:
    """Nobody tells us of a connection that a phone has just left behind."""
    in_a_talk(stack)
    register(stack, WEB_CONTACT, flow=NEW, listener=WSS, number=3, now=4.0)
    (bye,) = sent(stack.hang_up(LEG, 5.0))
    assert bye.to == NEW


@pytest.mark.parametrize("contact", ["<sip:agent0001@other.invalid;transport=ws>", CONTACT])
def test_another_phone_that_registers_takes_no_dialog(contact: str, stack: SipStack) -> None:
    in_a_talk(stack)
    stack.flow_closed(PHONE, WSS, 2.0)
    register(stack, contact, flow=NEW, listener=WSS, number=3, now=4.0)
    (bye,) = sent(stack.hang_up(LEG, 5.0))
    assert bye.to == PHONE


def test_nobody_takes_a_dialog_by_anothers_contact(stack: SipStack) -> None:
    open_flow(stack, PHONE, WSS)
    effects = stack.receive(request("INVITE", body=OFFER, contact=WEB_CONTACT), PHONE, WSS, 0.0)
    (arrived,) = told(effects, IncomingCall)
    assert isinstance(arrived, IncomingCall)
    stack.accept(arrived.leg, ANSWER, 0.0)
    stack.flow_closed(PHONE, WSS, 2.0)

    register(stack, WEB_CONTACT, flow=NEW, listener=WSS, number=3, now=4.0)

    leg = stack._book.find(arrived.leg)
    assert leg is not None
    assert leg.dialog.peer == PHONE, "it is not agent0001's"


def test_a_dialog_without_its_connection_goes_to_the_contact(stack: SipStack) -> None:
    register(stack)
    (invite,) = requests(dial(stack))
    picks_up(stack, invite)
    stack.flow_closed(PHONE, TCP, 2.0)
    (bye,) = sent(stack.hang_up(LEG, 3.0))
    assert bye.to == DIRECT


def test_a_reoffer_that_is_lost_with_its_connection_leaves_the_talk(stack: SipStack) -> None:
    register(stack)
    (invite,) = requests(dial(stack))
    picks_up(stack, invite)
    stack.reoffer(LEG, OFFER, 2.0)
    effects = stack.flow_closed(PHONE, TCP, 3.0)
    assert told(effects, ReofferRefused, Gone) == [ReofferRefused(LEG, 503)]
    assert stack.leg_count == 1


def test_a_proxys_connection_is_used_although_it_comes_from_another_port(stack: SipStack) -> None:
    open_flow(stack)
    route = [("Record-Route", "<sip:192.0.2.2:5060;transport=tcp;lr>")]
    effects = stack.receive(request("INVITE", headers=route, body=OFFER), PHONE, TCP, 0.0)
    (arrived,) = told(effects, IncomingCall)
    assert isinstance(arrived, IncomingCall)
    (answer,) = responses(stack.accept(arrived.leg, ANSWER, 1.0))
    ack = request("ACK", headers=route, to_tag=f";tag={answer.to.tag}")
    stack.receive(ack, PHONE, TCP, 1.0)
    assert [each.to for each in sent(stack.reoffer(arrived.leg, OFFER, 2.0))] == [PHONE]
    stack.flow_closed(PHONE, TCP, 3.0)
    (bye,) = sent(stack.hang_up(arrived.leg, 4.0))
    assert bye.to == HostPort("192.0.2.2", 5060)


# -- transactions over reliable transports ------------------------------------------------------


def test_an_invite_on_a_connection_is_not_repeated_but_gives_up_in_time(stack: SipStack) -> None:
    register(stack)
    dial(stack, now=0.0)
    assert sent(stack.tick(31.9)) == []
    assert told(stack.tick(32.0), Refused) == [Refused(LEG, 408, "no answer came")]


def test_a_refusal_on_a_connection_is_not_repeated(stack: SipStack) -> None:
    open_flow(stack)
    (arrived,) = told(stack.receive(request("INVITE"), PHONE, TCP, 0.0), IncomingCall)
    assert isinstance(arrived, IncomingCall)
    stack.reject(arrived.leg, 486, 0.0)
    assert sent(stack.tick(10.0)) == []
    stack.tick(32.0)
    assert stack.transaction_count == 0


def test_a_finished_request_on_a_connection_keeps_nothing(stack: SipStack) -> None:
    register(stack)
    (invite,) = requests(dial(stack, now=0.0))
    data = respond(invite, 486, CENTRE, tag="phone")
    (ack,) = requests(stack.receive(data, PHONE, TCP, 1.0))
    assert ack.method == "ACK"
    stack.tick(1.0)
    assert stack.transaction_count == 0


def test_a_200_is_repeated_until_its_ack_on_a_connection_too(stack: SipStack) -> None:
    """RFC 3261 13.3.1.4: behind a proxy the way may go on by datagrams."""
    open_flow(stack)
    effects = stack.receive(request("INVITE", body=OFFER), PHONE, TCP, 0.0)
    (arrived,) = told(effects, IncomingCall)
    assert isinstance(arrived, IncomingCall)
    stack.accept(arrived.leg, ANSWER, 0.0)
    assert [answer.status for answer in responses(stack.tick(0.5))] == [200]


# -- which listener, and long requests ------------------------------------------------------------


@pytest.mark.parametrize(
    ("uri", "listener"),
    [
        ("sip:1@192.0.2.9", UDP),
        ("sip:1@192.0.2.9;transport=udp", UDP),
        ("sip:1@192.0.2.9;transport=tcp", TCP),
        ("sips:1@192.0.2.9", TLS),
        ("sip:1@192.0.2.9;transport=TLS", TLS),
        ("sip:1@[2001:db8::9];transport=tcp", TCP6),
    ],
)
def test_a_uri_chooses_the_listener_by_transport_and_family(
    uri: str, listener: int, stack: SipStack
) -> None:
    (invite,) = sent(dial(stack, uri))
    assert invite.listener == listener
    assert invite.to.port == (5061 if listener == TLS else 5060)


@pytest.mark.parametrize("uri", ["sip:1@[2001:db8::9];transport=udp", "sips:1@[2001:db8::9]"])
def test_a_transport_that_no_listener_speaks_is_refused(uri: str, stack: SipStack) -> None:
    (refused,) = dial(stack, uri)
    assert isinstance(refused, Refused)
    assert refused.status == 503


LONG = OFFER + b"a=x:" + b"y" * 1300 + b"\r\n"


def dial_long(stack: SipStack, uri: str = "sip:1@192.0.2.9", now: float = 0.0) -> SendDatagram:
    (invite,) = sent(stack.dial(LEG, uri, now, body=LONG, caller=CALLER))
    return invite


def test_a_long_request_goes_by_tcp(stack: SipStack) -> None:
    invite = dial_long(stack)
    assert (invite.listener, invite.to) == (TCP, HostPort("192.0.2.9", 5060))
    assert parse_message(invite.data).via.transport == "TCP"
    assert sent(stack.tick(5.0)) == []


def test_a_long_request_that_tcp_cannot_deliver_goes_by_udp(stack: SipStack) -> None:
    invite = dial_long(stack)
    (again,) = sent(stack.unsent(invite, 3.0))
    assert (again.listener, again.to) == (UDP, invite.to)
    first, second = parse_message(invite.data), parse_message(again.data)
    assert second.via.transport == "UDP"
    assert second.via.branch == first.via.branch
    assert len(sent(stack.tick(3.5))) == 1, "and is repeated as datagrams are"
    assert isinstance(second, Request)
    answer = respond(second, 200, CENTRE, tag="p", headers=[("Contact", "<sip:1@192.0.2.9>")])
    assert told(stack.receive(answer, invite.to, UDP, 4.0), Answered)


def test_tcp_is_not_tried_again_for_a_while(stack: SipStack) -> None:
    stack.unsent(dial_long(stack), 1.0)
    stack.hang_up(LEG, 1.0)
    stack.tick(100.0)
    assert dial_long(stack, now=600.0).listener == UDP
    assert dial_long(stack, now=602.0).listener == TCP


def test_a_long_request_stays_a_datagram_when_the_peer_insists(stack: SipStack) -> None:
    assert dial_long(stack, "sip:1@192.0.2.9;transport=udp").listener == UDP


def test_what_reaches_nobody_is_refused_with_503(stack: SipStack) -> None:
    (invite,) = sent(dial(stack, "sip:1@192.0.2.9;transport=tcp"))
    assert told(stack.unsent(invite, 1.0), Refused) == [
        Refused(LEG, 503, "the phone is unreachable")
    ]
    assert stack.unsent(invite, 2.0) == []


def test_an_answer_that_reaches_nobody_is_let_go(stack: SipStack) -> None:
    answer = SendDatagram(bytes(Response(200, "OK", [("Via", "x")])), DIRECT, TCP)
    assert stack.unsent(answer, 1.0) == []


def test_a_leg_that_lost_its_connection_can_still_be_hung_up(stack: SipStack) -> None:
    register(stack)
    (invite,) = requests(dial(stack))
    picks_up(stack, invite)
    (bye,) = sent(stack.hang_up(LEG, 2.0))
    assert told(stack.unsent(bye, 3.0), Gone) == []
    stack.tick(100.0)
    assert stack.leg_count == 0


def test_an_ob_contact_is_called_on_the_way_it_came(stack: SipStack) -> None:
    """RFC 5626 4.3, here by UDP: the Contact alone would lead elsewhere."""
    source = HostPort("192.0.2.2", 5070)
    contact = "<sip:10086@192.0.2.2:5099;ob>"
    data = request("INVITE", body=OFFER, contact=contact)
    (arrived,) = told(stack.receive(data, source, UDP, 0.0), IncomingCall)
    assert isinstance(arrived, IncomingCall)
    (answer,) = responses(stack.accept(arrived.leg, ANSWER, 1.0))
    stack.receive(request("ACK", to_tag=f";tag={answer.to.tag}"), source, UDP, 1.0)
    (bye,) = sent(stack.hang_up(arrived.leg, 2.0))
    assert bye.to == source


# -- STUN ---------------------------------------------------------------------------------------


def test_a_stun_keep_alive_is_answered_by_datagram_only(stack: SipStack) -> None:
    ask = bytes.fromhex("000100002112a442") + bytes(12)
    (answer,) = sent(stack.receive(ask, PHONE, UDP, 0.0))
    assert (answer.to, answer.listener, answer.data[:2]) == (PHONE, UDP, b"\x01\x01")
    assert sent(stack.receive(ask, PHONE, TCP, 0.0)) == []


def test_gone_is_told_once_for_a_call_that_ends_on_a_connection(stack: SipStack) -> None:
    open_flow(stack)
    effects = stack.receive(request("INVITE", body=OFFER), PHONE, TCP, 0.0)
    (arrived,) = told(effects, IncomingCall)
    assert isinstance(arrived, IncomingCall)
    (answer,) = responses(stack.accept(arrived.leg, ANSWER, 1.0))
    tag = f";tag={answer.to.tag}"
    stack.receive(request("ACK", to_tag=tag), PHONE, TCP, 1.0)
    effects = stack.receive(request("BYE", 2, to_tag=tag), PHONE, TCP, 2.0)
    assert told(effects, Gone) == [Gone(arrived.leg, GoneWhy.BYE, "")]
    assert stack.flow_closed(PHONE, TCP, 3.0) == []


def test_a_refresh_whose_connection_broke_is_tried_again_on_the_next(stack: SipStack) -> None:
    open_flow(stack)
    asks = [("Supported", "timer"), ("Session-Expires", "600;refresher=uas"), ("Allow", "UPDATE")]
    effects = stack.receive(request("INVITE", headers=asks, body=OFFER), PHONE, TCP, 0.0)
    (call,) = told(effects, IncomingCall)
    assert isinstance(call, IncomingCall)
    (accepted,) = responses(stack.accept(call.leg, ANSWER, 0.0))
    tag = f";tag={accepted.to.tag}"
    stack.receive(request("ACK", to_tag=tag), PHONE, TCP, 0.0)

    (update,) = requests(stack.tick(300.0))
    assert update.method == "UPDATE"
    assert told(stack.flow_closed(PHONE, TCP, 301.0), Gone) == []
    open_flow(stack, NEW)
    stack.receive(request("OPTIONS", 2, to_tag=tag), NEW, TCP, 302.0)
    (again,) = sent(stack.tick(305.0))
    assert again.data.startswith(b"UPDATE")
    assert again.to == NEW
