"""Fuzzing the whole stack: a message from nowhere, and messages to calls in several states."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from foundation.ids import LegId
from telephony.sip.events import CallerIdentity, Dropped, IncomingCall, SendDatagram, StackEffect
from telephony.sip.stack import SipStack
from telephony.sip.wording.message import Response, parse_message
from tests.support.raw_peer import RawPeer
from tests.support.wire import ANSWER, OFFER, PHONE, make_stack

TORTURE = Path(__file__).parent.parent / "sip" / "torture"
OUR_LEG = LegId("l-1")
REST_S = 200.0
"Longer than the timers of a call that was hung up."


def take_sip(data: bytes) -> str:
    """A message from nowhere."""
    peer = RawPeer(make_stack(accounts={"agent0001": "pw"}, lines=lambda user: True), stream=False)
    return _told(peer, data)


def take_in_dialog(data: bytes) -> str:
    """A message to a call that came in and is up, one that rings, and one that we make."""
    return "|".join(_told(make(), data) for make in (_called, _ringing, _calling))


def _told(peer: RawPeer, data: bytes) -> str:
    stack = peer.stack
    effects = stack.receive(data, PHONE, 0, 1.0)
    words = [_word(effect) for effect in effects]
    _come_to_rest(peer, effects)
    return " ".join(words)


def _word(effect: StackEffect) -> str:
    if isinstance(effect, SendDatagram):
        message = parse_message(effect.data)
        if isinstance(message, Response):
            return f"{message.status} {message.reason}"
        return message.method
    return effect.why if isinstance(effect, Dropped) else type(effect).__name__


def _come_to_rest(peer: RawPeer, effects: Iterable[StackEffect]) -> None:
    """Everything is refused and hung up; then nothing may be left."""
    peer.now = 1.0
    legs = {each.leg for each in (*peer.events, *effects) if isinstance(each, IncomingCall)}
    for leg in (*sorted(legs), OUR_LEG):
        peer.perform(peer.stack.hang_up(leg, 1.0))
    peer.pass_time(REST_S)
    sizes = peer.stack.table_sizes
    assert (sizes["legs"], sizes["transactions"]) == (0, 0), f"left over: {sizes}"


def _stack() -> SipStack:
    return make_stack(lines=lambda user: True, seed=7)


def _ringing() -> RawPeer:
    peer = RawPeer(_stack(), stream=False)
    peer.ask("INVITE", "Supported: 100rel", body=OFFER)
    (call,) = (each for each in peer.events if isinstance(each, IncomingCall))
    peer.perform(peer.stack.progress(call.leg, 183, ANSWER, 0.0))
    return peer


def _called() -> RawPeer:
    peer = RawPeer(_stack(), stream=False)
    peer.ask("INVITE", body=OFFER)
    (call,) = (each for each in peer.events if isinstance(each, IncomingCall))
    peer.perform(peer.stack.accept(call.leg, ANSWER, 0.0))
    peer.ask("ACK")
    return peer


def _calling() -> RawPeer:
    peer = RawPeer(_stack(), stream=False)
    to, caller = f"sip:10086@{PHONE.host}:{PHONE.port}", CallerIdentity("8000", "", "")
    peer.perform(peer.stack.dial(OUR_LEG, to, 0.0, body=OFFER, caller=caller))
    return peer


@cache
def torture() -> list[bytes]:
    return [file.read_bytes() for file in sorted(TORTURE.glob("*/*.dat"))]


@cache
def of_a_dialog() -> list[bytes]:
    """What a polite peer sends in each of the three, for the fuzzer to spoil."""
    for peer in (called := _called(), ringing := _ringing()):
        for method in ("BYE", "INFO", "UPDATE", "INVITE", "OPTIONS", "CANCEL", "ACK"):
            peer.ask(method, "Session-Expires: 90;refresher=uac", body=OFFER)
        peer.ask("PRACK", f"RAck: {peer.rack or '1 1 INVITE'}", body=ANSWER)
    calling = _calling()
    invite = calling.asked[0]
    for status in (100, 180, 183, 200, 302, 401, 422, 486):
        lines = ["Require: 100rel", "RSeq: 1"] if status == 183 else ["Session-Expires: 90"]
        calling.answer(invite, status, *lines, body=ANSWER)
    peers = (called, ringing, calling)
    return [data for peer in peers for _, data in peer.written]
