"""A trunk is up while it holds our registration and answers; each change is told once."""

import random

import pytest

from telephony.sip.digest import Credentials
from telephony.sip.events import HostPort, SendDatagram, TrunkDown, TrunkUp
from telephony.sip.options import Listener, SipOptions
from telephony.sip.stack import SipStack
from telephony.sip.trunks.targets import Destination, Wanted
from telephony.sip.trunks.trunk_line import LineEffect, TrunkLine, TrunkOptions, TrunkState, Way
from telephony.sip.wording.message import Request, parse_message

US = HostPort("192.0.2.1", 5060)
FIRST, SECOND = HostPort("198.51.100.1", 5060), HostPort("198.51.100.2", 5060)
NAME = "sip.example"


def way(address: HostPort, transport: str = "UDP") -> Way:
    return Way(Destination(address, transport), 0, US)


class Provider:
    """A registrar of our own make at some addresses, and the trunk that talks with it."""

    def __init__(
        self, *, registers: bool = False, ping_s: float = 0.0, password: str = "pw"
    ) -> None:
        self.registrar = SipStack(
            SipOptions(listeners=(Listener(address=FIRST),), domain=NAME),
            {"acc": "pw"},
            lines=lambda user: False,
            secret=b"s",
            random=random.Random(1),
        )
        options = TrunkOptions(
            name="carrier",
            wanted=Wanted(NAME),
            registers=registers,
            credentials=Credentials("acc", password),
            contact_token="t0k",
            options_ping_s=ping_s,
        )
        self.line = TrunkLine(options, random.Random(2))
        self.now = 0.0
        self.alive = {FIRST, SECOND}
        self.told: list[TrunkUp | TrunkDown] = []
        self.sent: list[tuple[Request, HostPort]] = []

    def take(self, effects: list[LineEffect]) -> None:
        for effect in effects:
            if isinstance(effect, SendDatagram):
                self._carry(effect)
            else:
                self.told.append(effect)

    def _carry(self, effect: SendDatagram) -> None:
        message = parse_message(effect.data)
        assert isinstance(message, Request)
        self.sent.append((message, effect.to))
        if effect.to not in self.alive:
            return
        for answer in self.registrar.receive(effect.data, US, 0, self.now):
            if isinstance(answer, SendDatagram):
                self.take(self.line.receive(answer.data, self.now) or [])

    def found(self, *ways: Way) -> None:
        self.take(self.line.found(ways or (way(FIRST),), self.now))

    def pass_s(self, seconds: float) -> None:
        end = self.now + seconds
        while self.line.deadline is not None and self.line.deadline <= end:
            self.now = max(self.now, self.line.deadline)
            self.take(self.line.tick(self.now))
        self.now = end

    def asked(self, method: str) -> list[HostPort]:
        return [to for request, to in self.sent if request.method == method]


def test_a_trunk_that_holds_our_registration_is_up() -> None:
    provider = Provider(registers=True)
    assert provider.line.state is TrunkState.UNKNOWN
    provider.found()
    assert provider.told == [TrunkUp("carrier", "holds our registration")]
    assert provider.registrar.is_registered("acc", 0.0)
    [first, second] = [request for request, _ in provider.sent]
    assert second.contacts[0].uri_text == "sip:acc@192.0.2.1:5060;line=t0k"
    assert "Digest" in (second.find("authorization") or "")
    assert first.uri_text == f"sip:{NAME}"


def test_the_registration_is_kept_up_and_told_once() -> None:
    provider = Provider(registers=True)
    provider.found()
    provider.pass_s(7200)
    assert provider.registrar.is_registered("acc", provider.now)
    assert len(provider.told) == 1


def test_a_wrong_password_is_told_and_tried_again_ever_more_seldom() -> None:
    provider = Provider(registers=True, password="wrong")
    provider.found()
    assert provider.told == [TrunkDown("carrier", "REGISTER: says 401")]
    provider.pass_s(3600)
    tries = len(provider.asked("REGISTER"))
    assert 10 < tries < 60
    assert len(provider.told) == 1
    provider.pass_s(3600)
    assert len(provider.asked("REGISTER")) - tries < 50


def test_what_was_down_comes_back() -> None:
    provider = Provider(registers=True)
    provider.alive.clear()
    provider.found()
    provider.pass_s(40)
    assert provider.told == [TrunkDown("carrier", "REGISTER: no answer")]
    provider.alive.add(FIRST)
    provider.pass_s(600)
    assert provider.told[1:] == [TrunkUp("carrier", "holds our registration")]


def test_another_address_is_tried_before_the_trunk_is_down() -> None:
    provider = Provider(registers=True)
    provider.alive = {SECOND}
    provider.found(way(FIRST), way(SECOND))
    provider.pass_s(33)
    assert provider.told == [TrunkUp("carrier", "holds our registration")]
    assert provider.line.preferred == Destination(SECOND)


def test_all_addresses_must_have_failed_and_are_tried_again_in_turn() -> None:
    provider = Provider(registers=True)
    provider.alive.clear()
    provider.found(way(FIRST), way(SECOND))
    provider.pass_s(70)
    assert provider.told == [TrunkDown("carrier", "REGISTER: no answer")]
    provider.alive = {SECOND}
    provider.pass_s(900)
    assert provider.told[1:] == [TrunkUp("carrier", "holds our registration")]


def test_a_trunk_that_answers_options_is_up_and_silence_takes_it_down() -> None:
    provider = Provider(ping_s=30)
    provider.found()
    assert provider.told == [TrunkUp("carrier", "answers OPTIONS")]
    provider.alive.clear()
    provider.pass_s(45)
    assert provider.told[1:] == [TrunkDown("carrier", "OPTIONS: no answer")]
    provider.alive.add(FIRST)
    provider.pass_s(45)
    assert provider.told[2:] == [TrunkUp("carrier", "answers OPTIONS")]


def test_with_both_both_are_needed() -> None:
    provider = Provider(registers=True, ping_s=30, password="wrong")
    provider.found()
    assert provider.told == [TrunkDown("carrier", "REGISTER: says 401")]
    good = Provider(registers=True, ping_s=30)
    good.found()
    assert [type(each) for each in good.told] == [TrunkUp]
    good.alive.clear()
    good.pass_s(45)
    assert good.told[1:] == [TrunkDown("carrier", "OPTIONS: no answer")]


def test_a_connection_that_cannot_be_opened_is_told_and_one_that_closed_is_made_anew() -> None:
    provider = Provider(registers=True)
    provider.alive.clear()
    provider.found(way(FIRST, "TCP"))
    [(request, _)] = provider.sent
    assert request.via.transport == "TCP"
    assert request.contacts[0].uri.param("transport") == "tcp"
    provider.take(provider.line.unsent(bytes(request), 0.0) or [])
    assert provider.told == [
        TrunkDown("carrier", "REGISTER: cannot be reached, or says 503"),
    ]
    provider.alive.add(FIRST)
    provider.pass_s(20)
    before = len(provider.sent)
    assert provider.line.flow == (0, FIRST)
    provider.take(provider.line.flow_closed((0, FIRST), provider.now))
    assert len(provider.sent) > before
    assert provider.line.flow_closed((0, SECOND), provider.now) == []


def test_dns_that_does_not_know_it_takes_it_down_once_and_only_at_first() -> None:
    provider = Provider(ping_s=30)
    for _ in range(2):
        provider.take(provider.line.not_found("DNS knows no address of 'sip.example'"))
    assert provider.told == [TrunkDown("carrier", "DNS knows no address of 'sip.example'")]
    provider.found()
    provider.take(provider.line.not_found("silence"))
    assert provider.told[1:] == [TrunkUp("carrier", "answers OPTIONS")]


def test_an_answer_from_dns_that_changes_nothing_asks_nothing() -> None:
    provider = Provider(registers=True)
    provider.found(way(FIRST), way(SECOND))
    before = len(provider.sent)
    provider.found(way(SECOND), way(FIRST))
    assert len(provider.sent) == before
    provider.found(way(SECOND))
    assert provider.asked("REGISTER")[before:] == [SECOND] * (len(provider.sent) - before) != []


def test_closing_gives_the_registration_back() -> None:
    provider = Provider(registers=True, ping_s=30)
    provider.found()
    provider.take(provider.line.leave(provider.now))
    assert not provider.registrar.is_registered("acc", provider.now)


def test_a_trunk_that_nobody_watches_is_unknown_and_sends_nothing() -> None:
    provider = Provider()
    provider.found()
    provider.pass_s(1000)
    assert (provider.sent, provider.told, provider.line.state) == ([], [], TrunkState.UNKNOWN)
    assert not provider.line.is_watched


@pytest.mark.parametrize(
    "data", [b"", b"SIP/2.0 200 OK\r\n\r\n", b"SIP/2.0 ", b"OPTIONS sip:x SIP/2.0\r\n\r\n"]
)
def test_what_is_no_answer_to_us_is_left_to_others(data: bytes) -> None:
    provider = Provider(registers=True, ping_s=30)
    provider.found()
    assert provider.line.receive(data, 0.0) is None
    assert provider.line.unsent(data, 0.0) is None


@pytest.mark.parametrize(
    ("status", "lines"),
    [
        (401, ["WWW-Authenticate: Digest realm="]),
        (407, ["Proxy-Authenticate: Basic x"]),
        (423, ["Min-Expires: 99999999"]),
        (500, []),
    ],
)
def test_an_answer_that_helps_nobody_is_a_refusal_and_we_try_again(
    status: int, lines: list[str]
) -> None:
    provider = Provider(registers=True)
    provider.alive.clear()
    provider.found()
    [(request, _)] = provider.sent
    head = [f"SIP/2.0 {status} No", *lines]
    head += [f"{name}: {request.values(name)[0]}" for name in ("via", "from", "to", "call-id")]
    data = "\r\n".join([*head, f"CSeq: {request.cseq}", "", ""]).encode()
    provider.take(provider.line.receive(data, 0.0) or [])
    assert provider.told == [TrunkDown("carrier", f"REGISTER: says {status}")]
    provider.alive.add(FIRST)
    provider.pass_s(10)
    assert provider.told[1:] == [TrunkUp("carrier", "holds our registration")]


def test_a_registrar_that_wants_us_seldom_is_obeyed() -> None:
    provider = Provider(registers=True)
    provider.alive.clear()
    provider.found()
    [(request, _)] = provider.sent
    head = ["SIP/2.0 423 Interval Too Brief", "Min-Expires: 1800"]
    head += [f"{name}: {request.values(name)[0]}" for name in ("via", "from", "to", "call-id")]
    data = "\r\n".join([*head, f"CSeq: {request.cseq}", "", ""]).encode()
    provider.alive.add(FIRST)
    provider.take(provider.line.receive(data, 0.0) or [])
    assert provider.sent[-1][0].number("expires") == 1800
    assert provider.told == [TrunkUp("carrier", "holds our registration")]


def test_broken_answers_to_us_change_nothing() -> None:
    provider = Provider(registers=True, ping_s=30)
    provider.found()
    for request, _ in provider.sent:
        for tail in (b"", b"\r\nCSeq: x", b"\r\nExpires: -1\r\n\r\n"):
            data = b"SIP/2.0 200 OK\r\nCall-ID: " + request.call_id.encode() + tail
            assert provider.line.receive(data, 0.0) in ([], None)
    assert len(provider.told) == 1
