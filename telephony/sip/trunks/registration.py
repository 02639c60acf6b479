"""Registering as a client (RFC 3261 10.2): one binding at somebody else's registrar. Pure.

    IDLE ── begin ──▶ ASKING ── 200 ──▶ HELD ── half of its time is over ──▶ ASKING
                        │  │              └── leave ──▶ LEAVING ── any answer ──▶ IDLE
                        │  └ 401/407 with a challenge that we can answer ──▶ ASKING
                        └ refused or no answer: told, ASKING again after `retry_s`, then longer

Our softphones use it, and trunks at a provider that knows its customers by their registration.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from telephony.sip.digest import Credentials, DigestClient
from telephony.sip.events import HostPort, SendDatagram
from telephony.sip.options import Randomness, Timers
from telephony.sip.transactions.client_transaction import ClientTransaction
from telephony.sip.transactions.transaction import (
    Deliver,
    ResponseArrived,
    TimedOut,
    TransactionEffect,
    Transmit,
)
from telephony.sip.transactions.transaction_layer import COOKIE
from telephony.sip.wording.errors import SipParseError
from telephony.sip.wording.headers import NameAddr
from telephony.sip.wording.message import HeaderLines, Response, parse_message, serialise
from telephony.sip.wording.uri import bracket, make_uri

REQUEST_TIMEOUT = 408
UNREACHABLE = 503
MAX_EXPIRES_S = 86_400
"A registrar that wants us to come back more seldom than daily is not obeyed."
MIN_REFRESH_S = 1.0
"Whatever a registrar grants."


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationOptions:
    """Who registers where."""

    registrar: HostPort
    domain: str
    "Of the address-of-record; the registrar's realm is what the challenge says."
    local: HostPort
    "Our listener as the registrar reaches it; goes into Via and Contact."
    listener: int = 0
    "Its number."
    transport: str = "UDP"
    contact_token: str = ""
    """Stands in the Contact as the parameter `line`, which the registrar gives back in the request
    URI of calls to us: who shows it has it from the registrar."""
    credentials: Credentials
    expires_s: int = 120
    "What we ask for; the registrar may give less."
    retry_s: float = 10.0
    "Between tries, twice as long after each further failure ..."
    max_retry_s: float = 10.0
    """... up to this. When it is more than `retry_s`, each wait is shortened by up to a half, by
    chance: customers of a provider that was down must not all come back at once."""
    timers: Timers = field(default_factory=Timers)


@dataclass(frozen=True, slots=True)
class Registered:
    """The binding is held; told at the first time and after a loss, not at each refresh."""


@dataclass(frozen=True, slots=True)
class RegistrationRefused:
    """`status` is the registrar's, 408 when it did not answer, 503 when it could not be reached;
    we try again later."""

    status: int


@dataclass(frozen=True, slots=True)
class Unregistered:
    """We left, or gave up leaving."""


RegistrationEffect: TypeAlias = SendDatagram | Registered | RegistrationRefused | Unregistered


class RegistrationState(StrEnum):
    IDLE = "idle"
    ASKING = "asking"
    HELD = "held"
    LEAVING = "leaving"


S = RegistrationState


class Registration:
    """The binding of one address-of-record; verbs and answers in, datagrams and news out."""

    def __init__(self, options: RegistrationOptions, random: Randomness) -> None:
        self._options = options
        self._random = random
        self._digest = DigestClient(options.credentials)
        self._call_id = f"{random.getrandbits(96):024x}"
        self._tag = f"{random.getrandbits(48):012x}"
        self._cseq = 0
        self._branch = ""
        self._transaction: ClientTransaction | None = None
        self._next_at: float | None = None
        self._is_told = False
        self._has_proved = False
        "This time we have answered a challenge already."
        self._failures = 0
        self._expires_s = options.expires_s
        self._registrar = options.registrar
        self._local, self._listener, self._transport = (
            options.local,
            options.listener,
            options.transport,
        )
        self.state = S.IDLE

    def aim(self, registrar: HostPort, local: HostPort, listener: int, transport: str) -> None:
        """Ask there from now on: the registrar has several addresses, or has moved."""
        self._registrar = registrar
        self._local, self._listener, self._transport = local, listener, transport

    @property
    def deadline(self) -> float | None:
        waiting = self._transaction.deadline if self._transaction is not None else None
        times = [at for at in (waiting, self._next_at) if at is not None]
        return min(times, default=None)

    def begin(self, now: float) -> list[RegistrationEffect]:
        self.state = S.ASKING
        self._has_proved = False
        return self._ask(now)

    def leave(self, now: float) -> list[RegistrationEffect]:
        """Give the binding back; nothing to give back is told at once."""
        self._next_at = None
        if self.state is S.IDLE:
            return [Unregistered()]
        self.state = S.LEAVING
        self._has_proved = False
        return self._ask(now)

    def unsent(self, data: bytes, now: float) -> list[RegistrationEffect] | None:
        """No connection could be opened for this; None: it is not of ours."""
        if self._call_id.encode() not in data:
            return None
        if self._transaction is None or self._branch.encode() not in data:
            return []
        self._transaction = None
        return self._on_refusal(UNREACHABLE, now)

    def receive(self, data: bytes, now: float) -> list[RegistrationEffect] | None:
        """None: the datagram is not an answer to a REGISTER of ours."""
        response = self._find_answer(data)
        if response is None:
            return None
        if self._transaction is None or response.via.branch != self._branch:
            return []  # to a request that another one has replaced
        effects: list[RegistrationEffect] = []
        for effect in self._transaction.feed(ResponseArrived(response.status), now):
            effects += self._on_effect(effect, response, now)
        return effects

    def tick(self, now: float) -> list[RegistrationEffect]:
        effects: list[RegistrationEffect] = []
        if self._transaction is not None:
            transaction = self._transaction
            for effect in transaction.tick(now):
                effects += self._on_effect(effect, None, now)
            if transaction.is_over and self._transaction is transaction:
                self._transaction = None
        if self._next_at is not None and now >= self._next_at:
            effects += self.begin(now)
        return effects

    # -- answers ---------------------------------------------------------------------------------

    def _find_answer(self, data: bytes) -> Response | None:
        if not data.startswith(b"SIP/2.0 ") or self._call_id.encode() not in data:
            return None
        try:
            message = parse_message(data)
            ours = message.call_id == self._call_id and message.cseq.method == "REGISTER"
            _ = message.via, [contact.uri for contact in message.contacts]
            _ = message.number("expires"), message.number("min-expires")
        except SipParseError:
            return None
        return message if ours and isinstance(message, Response) else None

    def _on_effect(
        self, effect: TransactionEffect, response: Response | None, now: float
    ) -> list[RegistrationEffect]:
        match effect:
            case Transmit(data):
                return [SendDatagram(data, self._registrar, self._listener)]
            case TimedOut():
                return self._on_refusal(REQUEST_TIMEOUT, now)
            case Deliver() if response is not None and response.status >= 200:
                return self._on_final(response, now)
            case _:
                return []

    def _on_final(self, response: Response, now: float) -> list[RegistrationEffect]:
        if self._may_prove(response):
            return self._ask(now)
        if self.state is S.LEAVING:
            return self._end()
        least_s = response.number("min-expires") or 0
        if response.status == 423 and self._expires_s < least_s <= MAX_EXPIRES_S:
            self._expires_s = least_s
            return self._ask(now)
        if response.status >= 300:
            return self._on_refusal(response.status, now)
        return self._on_held(response, now)

    def _may_prove(self, response: Response) -> bool:
        """A challenge that we can answer, and have not this time."""
        if response.status not in (401, 407) or self._has_proved:
            return False
        # Afresh each time: few registrars call the nonce of last hour `stale`.
        self._has_proved = True
        self._digest = DigestClient(self._options.credentials)
        name = "www-authenticate" if response.status == 401 else "proxy-authenticate"
        try:
            return self._digest.take(response.status, response.values(name))
        except SipParseError:
            return False

    def _on_held(self, response: Response, now: float) -> list[RegistrationEffect]:
        self.state = S.HELD
        self._failures = 0
        self._next_at = now + max(MIN_REFRESH_S, self._granted_s(response) / 2)
        was_told, self._is_told = self._is_told, True
        return [] if was_told else [Registered()]

    def _on_refusal(self, status: int, now: float) -> list[RegistrationEffect]:
        if self.state is S.LEAVING:
            return self._end()
        self._is_told = False
        self._next_at = now + self._wait_s()
        self._failures += 1
        return [RegistrationRefused(status)]

    def _wait_s(self) -> float:
        options = self._options
        wait_s = min(options.max_retry_s, options.retry_s * 2.0 ** min(self._failures, 20))
        is_fixed = options.max_retry_s <= options.retry_s
        return wait_s if is_fixed else self._random.uniform(wait_s / 2, wait_s)

    def _end(self) -> list[RegistrationEffect]:
        self.state = S.IDLE
        self._transaction = None
        self._is_told = False
        return [Unregistered()]

    def _granted_s(self, response: Response) -> float:
        """RFC 3261 10.2.4: what our own Contact says, else Expires, else what we asked for."""
        ours = make_uri("", self._local.host, self._local.port)
        for contact in response.contacts:
            uri = contact.uri
            said = contact.param("expires") or ""
            is_number = said.isascii() and said.isdigit()
            if (uri.host, uri.port) == (ours.host, ours.port) and is_number:
                return int(said[:9])
        expires = response.number("expires")
        return self._expires_s if expires is None else expires

    # -- requests --------------------------------------------------------------------------------

    def _ask(self, now: float) -> list[RegistrationEffect]:
        self._next_at = None
        self._cseq += 1
        self._branch = f"{COOKIE}{self._random.getrandbits(96):024x}"
        uri = f"sip:{self._options.domain}"
        cnonce = f"{self._random.getrandbits(64):016x}"
        proof = self._digest.answer("REGISTER", uri, cnonce)
        request = serialise(f"REGISTER {uri} SIP/2.0", [*self._headers(), *proof], b"")
        is_stream = self._transport != "UDP"
        self._transaction = ClientTransaction(request, self._options.timers, reliable=is_stream)
        effects: list[RegistrationEffect] = []
        for effect in self._transaction.start(now):
            effects += self._on_effect(effect, None, now)
        return effects

    def _headers(self) -> HeaderLines:
        options = self._options
        address = str(make_uri(options.credentials.user, options.domain))
        at = f"{bracket(self._local.host)}:{self._local.port}"
        contact = str(make_uri(options.credentials.user, self._local.host, self._local.port))
        contact += "" if self._transport == "UDP" else f";transport={self._transport.lower()}"
        contact += f";line={options.contact_token}" if options.contact_token else ""
        expires_s = 0 if self.state is S.LEAVING else self._expires_s
        return [
            ("Via", f"SIP/2.0/{self._transport} {at};branch={self._branch};rport"),
            ("Max-Forwards", "70"),
            ("From", str(NameAddr(address).with_tag(self._tag))),
            ("To", str(NameAddr(address))),
            ("Call-ID", self._call_id),
            ("CSeq", f"{self._cseq} REGISTER"),
            ("Contact", str(NameAddr(contact))),
            ("Expires", str(expires_s)),
        ]
