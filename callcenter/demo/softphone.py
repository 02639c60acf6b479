"""A softphone on our own SIP stack: the demo's people and `callcenter call` hold it.

    options = PhoneOptions(server=HostPort("127.0.0.1", 5060), user="me")
    async with Softphone.opened(options) as phone:
        call = phone.dial("8000")
        await call.answered()
        call.press("1")
        await call.play(pcm)
        call.hang_up()

Each phone has a SIP socket of its own and any number of calls. `on_incoming` gets every call that
comes in, ringing; without it callers hear that the phone is busy.
"""

import asyncio
import random
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeAlias, assert_never

from callcenter.demo.phone_call import BUSY, CANCELLED, Call, CallState
from foundation.errors import CallCentreError
from foundation.ids import LegId, new_leg_id
from telephony.sip.digest import Credentials
from telephony.sip.events import (
    Answered,
    CallerIdentity,
    Cancelled,
    Confirmed,
    Gone,
    GoneWhy,
    HostPort,
    IncomingCall,
    InfoDigit,
    Progressed,
    Refused,
    Reoffered,
    SendDatagram,
    SipEvent,
)
from telephony.sip.options import SipOptions
from telephony.sip.sockets.endpoint import SipEndpoint, bind_udp, listener_of
from telephony.sip.stack import SipStack
from telephony.sip.trunks.registration import (
    Registered,
    Registration,
    RegistrationEffect,
    RegistrationOptions,
    RegistrationRefused,
    Unregistered,
)
from telephony.sip.wording.uri import make_uri

LEAVE_WITHIN_S = 1.0
"How long a phone that is closed waits for its BYEs and its registrar's answer."


LegEvent: TypeAlias = (
    Progressed | Answered | Confirmed | Reoffered | InfoDigit | Refused | Cancelled | Gone
)
"What concerns a call of ours; the rest is for a centre: dialog records, bindings, counts."


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneOptions:
    """Whose phone it is."""

    server: HostPort
    user: str
    "User part of our address: an agent's id, or the caller's number."
    password: str = ""
    "For registering, and for calls that are challenged."
    display_name: str = ""
    domain: str = ""
    "Of our address-of-record; '': the server's address."
    local_ip: str = "127.0.0.1"


class RegistrationFailed(CallCentreError):
    """The registrar refused, or did not answer."""


class _Endpoint(SipEndpoint):
    """Answers to REGISTER go to the registration, everything else to the stack."""

    registration: Registration | None = None
    on_registration: Callable[[list[RegistrationEffect]], None]

    def receive(self, data: bytes, source: HostPort, listener: int) -> None:
        if self.registration is not None:
            effects = self.registration.receive(data, self.now)
            if effects is not None:
                self.on_registration(effects)
                return
        super().receive(data, source, listener)


class Softphone:
    """See the module; made by `opened`."""

    def __init__(self, options: PhoneOptions) -> None:
        self.options = options
        self.calls: dict[LegId, Call] = {}
        "All that are not over, and some that are."
        self.on_incoming: Callable[[Call], None] | None = None
        self._loop = asyncio.get_running_loop()
        self._domain = options.domain or options.server.host
        socket = bind_udp(options.local_ip, 0)
        self._local = listener_of(socket)
        randomness = random.SystemRandom()
        stack = SipStack(
            SipOptions(listeners=(self._local,), server="callcenter softphone"),
            {},
            lines=lambda user: True,
            secret=secrets.token_bytes(16),
            random=randomness,
        )
        self._stack = stack
        self._endpoint = _Endpoint(stack, [socket], self._on_event)
        self._endpoint.on_registration = self._perform_registration
        self._random = randomness
        self._timer: asyncio.TimerHandle | None = None
        self._registered: asyncio.Future[None] = self._loop.create_future()
        self._left = asyncio.Event()

    @classmethod
    @asynccontextmanager
    async def opened(cls, options: PhoneOptions) -> AsyncIterator["Softphone"]:
        phone = cls(options)
        await phone._endpoint.start()
        try:
            yield phone
        finally:
            await phone._close()

    @property
    def address(self) -> HostPort:
        return self._local.address

    # -- registering -----------------------------------------------------------------------------

    async def register(self, within_s: float = 5.0) -> None:
        """Until the registrar holds us; it is kept so from then on. `RegistrationFailed` if not."""
        options = RegistrationOptions(
            registrar=self.options.server,
            domain=self._domain,
            local=self.address,
            credentials=Credentials(self.options.user, self.options.password),
        )
        self._endpoint.registration = Registration(options, self._random)
        self._perform_registration(self._endpoint.registration.begin(self._loop.time()))
        try:
            await asyncio.wait_for(asyncio.shield(self._registered), within_s)
        except TimeoutError:
            raise RegistrationFailed(f"{self.options.server.host} does not answer") from None

    def _perform_registration(self, effects: list[RegistrationEffect]) -> None:
        for effect in effects:
            match effect:
                case SendDatagram():
                    self._endpoint.perform([effect])
                case Registered() if not self._registered.done():
                    self._registered.set_result(None)
                case RegistrationRefused(status) if not self._registered.done():
                    sentence = f"{self.options.user} cannot register: {status}"
                    self._registered.set_exception(RegistrationFailed(sentence))
                case Unregistered():
                    self._left.set()
                case _:
                    pass  # lost and found again while the phone was in use
        self._rearm()

    def _rearm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        registration = self._endpoint.registration
        if registration is not None and registration.deadline is not None:
            self._timer = self._loop.call_at(registration.deadline, self._on_timer)

    def _on_timer(self) -> None:
        registration = self._endpoint.registration
        assert registration is not None
        # The loop may wake us a clock tick early; the deadline has come all the same.
        now = max(self._loop.time(), registration.deadline or 0.0)
        self._perform_registration(registration.tick(now))

    # -- calling ---------------------------------------------------------------------------------

    def dial(self, number: str) -> Call:
        """INVITE a number at the server; the call tells how it goes."""
        call = self._new_call(new_leg_id(), number)
        own = self.options
        uri = str(make_uri(own.user, self._domain if own.password else self.address.host))
        credentials = (own.user, own.password) if own.password else None
        self._endpoint.perform(
            self._stack.dial(
                call.leg,
                str(make_uri(number, self._domain)),
                self._endpoint.now,
                body=call.offer(),
                caller=CallerIdentity(own.user, own.display_name, uri),
                credentials=credentials,
                route=own.server,
            )
        )
        return call

    def accept(self, leg: LegId, sdp: str) -> None:
        self._endpoint.perform(self._stack.accept(leg, sdp.encode(), self._endpoint.now))

    def reject(self, leg: LegId, status: int) -> None:
        self._endpoint.perform(self._stack.reject(leg, status, self._endpoint.now))

    def hang_up(self, leg: LegId) -> None:
        self._endpoint.perform(self._stack.hang_up(leg, self._endpoint.now))

    def _new_call(self, leg: LegId, peer: str) -> Call:
        self.calls = {old: call for old, call in self.calls.items() if call.end is None}
        call = self.calls[leg] = Call(leg, peer, self, self.options.local_ip)
        return call

    def _on_event(self, event: SipEvent) -> None:
        if isinstance(event, IncomingCall):
            self._on_incoming_call(event)
        elif isinstance(event, LegEvent) and event.leg in self.calls:
            call = self.calls[event.leg]
            # A 200 may cross our hang-up; the stack has answered it with ACK and BYE.
            if call.state is not CallState.ENDED:
                self._tell(call, event)

    def _on_incoming_call(self, event: IncomingCall) -> None:
        if self.on_incoming is None:
            self.reject(event.leg, BUSY)
            return
        call = self._new_call(event.leg, event.caller.user)
        call.on_incoming(event.body)
        self._endpoint.perform(self._stack.ring(event.leg, self._endpoint.now))
        self.on_incoming(call)

    @staticmethod
    def _tell(call: Call, event: LegEvent) -> None:
        match event:
            case Progressed(_, _, body):
                call.on_progress(body)
            case Answered(_, body):
                call.on_answered(body)
            case Confirmed(_, body):
                call.on_confirmed(body)
            case Reoffered(_, body):
                call.on_reoffer(body)
            case InfoDigit(_, digit):
                call.on_info_digit(digit)
            case Refused(_, status, reason):
                call.on_end(by_us=False, status=status, reason=reason)
            case Cancelled():
                call.on_end(by_us=False, status=CANCELLED, reason="cancelled")
            case Gone(_, why, reason):
                call.on_end(by_us=why is GoneWhy.OURS, reason=reason)
            case _:
                assert_never(event)

    async def _close(self) -> None:
        self._end_calls()
        if self._registered.done() and self._registered.exception() is None:
            registration = self._endpoint.registration
            assert registration is not None
            self._perform_registration(registration.leave(self._loop.time()))
            try:
                await asyncio.wait_for(self._left.wait(), LEAVE_WITHIN_S)
            except TimeoutError:
                self._left.set()  # the binding runs out by itself
        else:
            self._registered.cancel()
        if self._timer is not None:
            self._timer.cancel()
        # One more may have come in while we left.
        self._end_calls()
        self._endpoint.close()

    def _end_calls(self) -> None:
        for call in list(self.calls.values()):
            call.hang_up()
            call.on_end(by_us=True)
