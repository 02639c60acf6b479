"""Nobody makes the centre dial out: an INVITE of ours goes where an agent's phone registered from,
or to a trunk with a number that a rule allows for what the house itself wants.

The real SIP stack and switchboard with the real port between them, no sockets; all that a stranger,
a caller or an agent's phone could ask is asked, in any order, and every datagram is looked at.
"""

import random
from collections.abc import Callable, Iterable
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from callcenter.conduct.outbound import Outbound
from callcenter.conduct.sip_port import SipPort
from callcenter.events import NumberRefused
from callcenter.sections.people import Agent
from foundation.ids import AgentId, OfferId, new_leg_id
from telephony.calls.events import AgentPickedUp, CallArrived, CallEvent
from telephony.calls.number_rules import NumberRule, NumberRules, Purpose, Route
from telephony.calls.options import CallOptions
from telephony.calls.parties import PartyBook
from telephony.calls.switchboard import Switchboard
from telephony.sip.digest import Credentials, DigestClient
from telephony.sip.events import HostPort, SendDatagram, StackEffect
from telephony.sip.gateway import Gateway
from telephony.sip.sockets.endpoint import SipEndpoint
from telephony.sip.trunks.resolver import Resolver
from telephony.sip.trunks.targets import Wanted
from telephony.sip.trunks.trunk_line import TrunkOptions
from telephony.sip.wording.message import Request, Response, parse_message
from tests.support.effort import tries
from tests.support.fake_lines import FakeMedia
from tests.support.wire import OFFER, make_stack

EVA, PASSWORD = AgentId("eva"), "pw-of-eva"
CALLER, DESK, OTHER = (
    HostPort("203.0.113.5", 5060),
    HostPort("192.0.2.2", 5070),
    HostPort("203.0.113.66", 5060),
)
ELSEWHERE = "sip:+19005550100@203.0.113.66"
WANTED = (
    "+19005550100",
    "0019005550100",
    "900111",
    "8000;phone-context=+1900",
    "8000%40203.0.113.66",
    "eva",
    "sip:+1900",
    "*21*19005550100#",
)
"Numbers that no line has; `eva` is an agent's phone, which callers can't dial themselves."
TRUNK = HostPort("198.51.100.1", 5060)
BY_TRUNK = TrunkOptions(name="carrier", wanted=Wanted(TRUNK.host))
NO_RULES = NumberRules()
RULES = NumberRules(
    rules=(
        NumberRule(name="premium", match="+49900*", is_denied=True),
        NumberRule(
            name="germany", match="+49*", trunk="carrier", allow=frozenset({Purpose.CONSULT})
        ),
    )
)


class Exchange:
    """Stack, port and switchboard; every call is answered and offered to Eva."""

    def __init__(self, rules: NumberRules = NO_RULES) -> None:
        self.now = 0.0
        self.sent: list[SendDatagram] = []
        self.told: list[CallEvent] = []
        self.stack = make_stack(
            accounts={str(EVA): PASSWORD}, lines=frozenset({"8000"}).__contains__
        )
        self._serial = 0
        # Of the endpoint the port uses just these: `stack`, `now`, `perform`.
        endpoint = cast(SipEndpoint, self)
        gateway = Gateway(endpoint, [BY_TRUNK], Resolver(), random.Random(1), lambda event: None)
        self.port = port = SipPort(endpoint, gateway)
        self.refused: list[NumberRefused] = []
        self.outbound = Outbound(rules, self.refused.append)
        self.switchboard = Switchboard(
            CallOptions(),
            port,
            FakeMedia(),
            PartyBook({}, lambda party, number: None),
            self._on_call,
            lambda: self.now,
        )

    def perform(self, effects: Iterable[StackEffect]) -> None:
        for effect in effects:
            if isinstance(effect, SendDatagram):
                self.sent.append(effect)
            else:
                self.switchboard.on_sip(effect)

    def _on_call(self, event: CallEvent) -> None:
        self.told.append(event)
        match event:
            case CallArrived(call_id):
                self.switchboard.answer(call_id)
                offer_id = OfferId(f"o-{call_id}")
                self.switchboard.ring_agent(call_id, EVA, offer_id, auto_answer=False)
            case AgentPickedUp(call_id):
                self.switchboard.bridge(call_id)
            case _:
                pass

    # -- what the house itself wants --------------------------------------------------------------

    def want(self, number: str, purpose: Purpose) -> None:
        """As whoever dials outside must do it."""
        route = self.outbound.decide(number, purpose)
        if isinstance(route, Route):
            self.port.dial_outside(
                new_leg_id(), route.number, route.trunk, body=OFFER, show=route.show
            )

    # -- what the world sends --------------------------------------------------------------------

    def ask(
        self,
        method: str,
        source: HostPort,
        *extra: str,
        uri: str = "sip:8000@hotline.example",
        sender: str = "<sip:10086@203.0.113.5>;tag=f",
        to: str = "",
        call_id: str = "",
        body: bytes = b"",
    ) -> list[Response]:
        """The answers to one request."""
        self._serial += 1
        contact = f"<sip:x@{OTHER.host}>" if source != DESK else f"<sip:eva@{DESK.host}:5070>"
        lines = [
            f"{method} {uri} SIP/2.0",
            f"Via: SIP/2.0/UDP {source.host}:{source.port};branch=z9hG4bK{self._serial};rport",
            f"From: {sender}",
            f"To: {to or f'<{uri}>'}",
            f"Call-ID: {call_id or f'c{self._serial}'}",
            f"CSeq: {self._serial} {method}",
            "Max-Forwards: 70",
            f"Contact: {contact}",
            *extra,
            f"Content-Length: {len(body)}",
        ]
        before = len(self.sent)
        data = "\r\n".join([*lines, "", ""]).encode() + body
        self.perform(self.stack.receive(data, source, 0, self.now))
        answers = [parse_message(each.data) for each in self.sent[before:]]
        return [answer for answer in answers if isinstance(answer, Response)]

    def prove(self, method: str, source: HostPort, *extra: str, **details: str) -> int:
        """The same with Eva's password; gives the last status."""
        client = DigestClient(Credentials(str(EVA), PASSWORD))
        body = OFFER if method == "INVITE" else b""
        first = self.ask(method, source, *extra, body=body, **details)
        if not first or first[-1].status != 401:
            return first[-1].status if first else 0
        client.take(401, first[-1].values("www-authenticate"))
        uri = details.get("uri", "sip:8000@hotline.example")
        proof = [f"{name}: {value}" for name, value in client.answer(method, uri, "c0ffee")]
        answers = self.ask(method, source, *extra, *proof, body=body, **details)
        return answers[-1].status if answers else 0

    def register(self) -> int:
        """Eva's phone, whose Contact may say what it likes: what counts is where it is."""
        return self.prove(
            "REGISTER",
            DESK,
            uri="sip:hotline.example",
            sender="<sip:eva@hotline.example>;tag=r",
            to="<sip:eva@hotline.example>",
        )

    def answer_ours(self, status: str, *extra: str) -> None:
        """Eva's phone answers the last INVITE of ours."""
        ours = self.invites()
        if not ours:
            return
        request, to = ours[-1]
        headers = [f"{name}: {request.find(name)}" for name in ("Via", "From", "Call-ID", "CSeq")]
        body = OFFER if status.startswith("200") else b""
        kind = ["Content-Type: application/sdp"] if body else []
        lines = [
            f"SIP/2.0 {status}",
            *headers,
            f"To: {request.find('To')};tag=desk",
            *(extra or [f"Contact: <sip:eva@{DESK.host}:5070>"]),
            *kind,
            f"Content-Length: {len(body)}",
        ]
        data = "\r\n".join([*lines, "", ""]).encode() + body
        self.perform(self.stack.receive(data, to, 0, self.now))

    def invites(self) -> list[tuple[Request, HostPort]]:
        """Every INVITE that would open a new dialog, and where it went."""
        requests = [(parse_message(each.data), each.to) for each in self.sent]
        return [
            (request, to)
            for request, to in requests
            if isinstance(request, Request) and request.method == "INVITE" and not request.to.tag
        ]


def invite_to(number: str, host: str = "hotline.example") -> Callable[[Exchange], object]:
    return lambda house: house.ask(
        "INVITE", CALLER, "Content-Type: application/sdp", uri=f"sip:{number}@{host}", body=OFFER
    )


def as_eva(number: str) -> Callable[[Exchange], object]:
    return lambda house: house.prove(
        "INVITE",
        DESK,
        "Content-Type: application/sdp",
        uri=f"sip:{number}@hotline.example",
        sender="<sip:eva@hotline.example>;tag=e",
    )


def of_caller(method: str, *extra: str) -> Callable[[Exchange], object]:
    """By the caller of the first call in its dialog, if there is one."""

    def ask(house: Exchange) -> object:
        answers = [parse_message(each.data) for each in house.sent if each.to == CALLER]
        ours = [
            answer
            for answer in answers
            if isinstance(answer, Response) and answer.status == 200 and answer.to.tag
        ]
        if not ours:
            return house.ask(method, CALLER, *extra)
        first = ours[0]
        return house.ask(method, CALLER, *extra, to=first.find("to") or "", call_id=first.call_id)

    return ask


SDP = "Content-Type: application/sdp"
STEPS: dict[str, Callable[[Exchange], object]] = {
    **{f"stranger dials {number}": invite_to(number) for number in WANTED},
    **{f"eva dials {number}": as_eva(number) for number in WANTED if number != "eva"},
    "line at a foreign host": invite_to("8000", "203.0.113.66"),
    "caller": invite_to("8000"),
    "caller who is routed on": lambda house: house.ask(
        "INVITE", CALLER, SDP, f"Route: <{ELSEWHERE};lr>", body=OFFER
    ),
    "caller with a way back over others": lambda house: house.ask(
        "INVITE", CALLER, SDP, f"Record-Route: <{ELSEWHERE};lr>", body=OFFER
    ),
    "caller who asks to be transferred": of_caller("REFER", f"Refer-To: <{ELSEWHERE}>"),
    "stranger's transfer": lambda house: house.ask("REFER", CALLER, f"Refer-To: <{ELSEWHERE}>"),
    "caller who replaces": lambda house: house.ask(
        "INVITE", CALLER, SDP, "Replaces: c1;to-tag=a;from-tag=f", body=OFFER
    ),
    "caller who says where the call was": lambda house: house.ask(
        "INVITE",
        CALLER,
        SDP,
        f"Diversion: <{ELSEWHERE}>",
        f"Referred-By: <{ELSEWHERE}>",
        body=OFFER,
    ),
    "registration of a stranger": lambda house: house.ask(
        "REGISTER", OTHER, uri="sip:hotline.example", to="<sip:eva@hotline.example>"
    ),
    "eva registers": lambda house: house.register(),
    "eva rings": lambda house: house.answer_ours("180 Ringing"),
    "eva answers from elsewhere": lambda house: house.answer_ours(
        "200 OK", f"Contact: <{ELSEWHERE}>"
    ),
    "eva has moved": lambda house: house.answer_ours(
        "302 Moved Temporarily", f"Contact: <{ELSEWHERE}>"
    ),
    "eva wants another proxy": lambda house: house.answer_ours(
        "305 Use Proxy", f"Contact: <{ELSEWHERE}>"
    ),
}


def outside(house: Exchange) -> list[str]:
    """Numbers that left by the trunk."""
    return [request.uri.user for request, to in house.invites() if to == TRUNK]


@pytest.mark.parametrize("purpose", Purpose)
def test_without_rules_no_number_leaves_whatever_the_house_wants(purpose: Purpose) -> None:
    house = Exchange()
    for number in (*WANTED, "+4930123456", "110"):
        house.want(number, purpose)
    assert house.invites() == []
    assert len(house.refused) == len(WANTED) + 2


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["+4930123456", "004930123456", "+49900111", *WANTED, ELSEWHERE])
            | st.text("+0149;@*# ", max_size=12),
            st.sampled_from(Purpose),
        ),
        max_size=8,
    )
)
def test_only_numbers_that_a_rule_allows_leave_and_only_by_its_trunk(
    wishes: list[tuple[str, Purpose]],
) -> None:
    house = Exchange(RULES)
    for number, purpose in wishes:
        house.want(number, purpose)
    left = outside(house)
    assert len(left) == len(house.invites()) == len(wishes) - len(house.refused)
    for number in left:
        assert number.startswith("+49")
        assert number.removeprefix("+").isdigit()
        assert not number.startswith("+49900")
    assert len(left) <= sum(purpose is Purpose.CONSULT for _, purpose in wishes)


def test_a_number_that_a_rule_allows_does_leave() -> None:
    house = Exchange(RULES)
    house.want("0049 30 123456", Purpose.CONSULT)
    assert outside(house) == ["+4930123456"]
    house.want("+4990012345", Purpose.CONSULT)
    assert [event.rule for event in house.refused] == ["outbound: premium"]


def check(house: Exchange) -> None:
    for request, to in house.invites():
        assert to == DESK, f"an INVITE went to {to}"
        assert "900" not in request.uri_text


@pytest.mark.parametrize("step", [name for name in STEPS if "dials" in name])
def test_number_that_is_no_line_is_404_and_never_dialled(step: str) -> None:
    house = Exchange()
    assert house.register() == 200
    STEPS[step](house)
    last = parse_message(house.sent[-1].data)
    assert isinstance(last, Response)
    assert last.status in (400, 404)
    assert house.invites() == []
    assert house.told[1:] == [], "no call came of it"


def test_caller_of_a_line_rings_the_phone_where_it_registered_from() -> None:
    house = Exchange()
    assert house.register() == 200
    STEPS["caller"](house)
    assert [to for _, to in house.invites()] == [DESK]


def test_phone_that_has_moved_is_not_followed() -> None:
    house = Exchange()
    house.register()
    STEPS["caller"](house)
    STEPS["eva has moved"](house)
    assert len(house.invites()) == 1


def test_nobody_is_dialled_for_an_agent_without_a_phone() -> None:
    house = Exchange()
    STEPS["caller"](house)
    assert any(isinstance(event, CallArrived) for event in house.told)
    assert house.invites() == []


@settings(max_examples=tries(60), deadline=None)
@given(st.lists(st.sampled_from(sorted(STEPS)), max_size=12), st.booleans())
def test_whatever_is_asked_in_whatever_order_no_invite_leaves_but_to_evas_phone(
    names: list[str], registered: bool
) -> None:
    house = Exchange(RULES)
    if registered:
        house.register()
    for name in names:
        STEPS[name](house)
        house.now += 0.1
    for _ in range(40):
        house.now += 1.0
        house.perform(house.stack.tick(house.now))
    check(house)


@pytest.mark.parametrize("agent_id", [ELSEWHERE, "eva@203.0.113.66", "tel:+1900", "+1900;x"])
def test_no_agent_can_be_called_like_an_address(agent_id: str) -> None:
    """What is rung is an agent's id; the stack would take a whole URI in its place."""
    with pytest.raises(ValidationError, match="pattern"):
        Agent(id=agent_id, name="Eva", sip_password=SecretStr("pw-7f31"), number="1001")
