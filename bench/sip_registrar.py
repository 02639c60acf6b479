"""What phones cost: REGISTERs with digest per CPU-second, and what a flood of refusals costs.

    python -m bench.sip_registrar [--messages 4000]

CPU time of this process, no sockets: the work of the stack alone. The messages are written before
the clock runs.
"""

import argparse
import random
import time
from collections.abc import Sequence

from telephony.sip.digest import Credentials, DigestClient
from telephony.sip.events import HostPort, SendDatagram
from telephony.sip.options import Listener, SipOptions
from telephony.sip.stack import SipStack
from telephony.sip.wording.message import Response, parse_message

CENTRE = HostPort("192.0.2.1", 5060)
DOMAIN = "hotline.example"
PASSWORD = "pw"
SPREAD_S = 240.0
"The phones' registrations come evenly over so long, as they do in life."


def request(method: str, uri: str, user: str, number: int, *lines: str) -> bytes:
    head = (
        f"{method} {uri} SIP/2.0",
        f"Via: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK{user}-{number};rport",
        "Max-Forwards: 70",
        f"From: <sip:{user}@{DOMAIN}>;tag={user}",
        f"To: <{uri if method == 'INVITE' else f'sip:{user}@{DOMAIN}'}>",
        f"Call-ID: {user}-{number if method == 'INVITE' else 0}",
        f"CSeq: {number} {method}",
        f"Contact: <sip:{user}@10.0.0.1:5060>;expires=600",
        *lines,
        "Content-Length: 0",
    )
    return "\r\n".join([*head, "", ""]).encode()


class Phones:
    """A stack with `count` accounts, and each phone's digest."""

    def __init__(self, count: int) -> None:
        options = SipOptions(listeners=(Listener(address=CENTRE),), domain=DOMAIN)
        self.users = [f"agent{number:05d}" for number in range(count)]
        self.stack = SipStack(
            options,
            dict.fromkeys(self.users, PASSWORD),
            lines=lambda user: user == "8000",
            secret=b"bench",
            random=random.Random(1),
        )
        self.clients = [DigestClient(Credentials(user, PASSWORD)) for user in self.users]
        self.numbers = [0] * count
        self.now = 0.0

    def write(self, phone: int) -> bytes:
        """The next REGISTER of a phone."""
        user, client = self.users[phone], self.clients[phone]
        self.numbers[phone] += 1
        proof = client.answer("REGISTER", f"sip:{DOMAIN}", "c0ffee")
        lines = [f"{name}: {value}" for name, value in proof]
        return request("REGISTER", f"sip:{DOMAIN}", user, self.numbers[phone], *lines)

    def give(self, data: bytes, port: int, step_s: float) -> Response:
        self.now += step_s
        effects = self.stack.receive(data, HostPort("10.0.0.1", port), 0, self.now)
        if self.stack.deadline is not None and self.stack.deadline <= self.now:
            self.stack.tick(self.now)
        (answer,) = (parse_message(e.data) for e in effects if isinstance(e, SendDatagram))
        assert isinstance(answer, Response)
        return answer

    def register_all(self) -> None:
        for phone in range(len(self.users)):
            answer = self.give(self.write(phone), 5060, 0.0)
            self.clients[phone].take(401, answer.values("www-authenticate"))
            assert self.give(self.write(phone), 5060, 0.0).status == 200


def registers_per_s(count: int, messages: int) -> float:
    """Refreshes of `count` registered phones, each REGISTER with right credentials."""
    phones = Phones(count)
    phones.register_all()
    waiting = [phones.write(number % count) for number in range(messages)]
    step_s = min(SPREAD_S / messages, SPREAD_S / count)
    return _rate(phones, waiting, step_s, 200)


def wrong_passwords_per_s(messages: int) -> float:
    phones = Phones(1)
    answer = phones.give(phones.write(0), 5060, 0.0)
    phones.clients = [DigestClient(Credentials(phones.users[0], "guess"))]
    phones.clients[0].take(401, answer.values("www-authenticate"))
    return _rate(phones, [phones.write(0) for _ in range(messages)], 0.001, 0)


def unknown_numbers_per_s(messages: int) -> float:
    phones = Phones(1)
    waiting = [
        request("INVITE", f"sip:{number}@{DOMAIN}", "stranger", number)
        for number in range(1_000_000, 1_000_000 + messages)
    ]
    return _rate(phones, waiting, 0.001, 404)


def _rate(phones: Phones, waiting: Sequence[bytes], step_s: float, status: int) -> float:
    """Messages per CPU-second; `status` 0: any refusal."""
    statuses = set()
    started = time.process_time()
    for number, data in enumerate(waiting):
        statuses.add(phones.give(data, 1024 + number % 60_000, step_s).status)
    spent = time.process_time() - started
    assert statuses == {status} if status else statuses <= {401, 403}, statuses
    return len(waiting) / spent


def show(name: str, rate: float) -> None:
    print(f"{name:26} {rate:14.0f} {1e6 / rate:9.0f}")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--messages", type=int, default=4000)
    messages = arguments.parse_args().messages
    print(f"{'':26} per CPU-second   µs each")
    for count in (10, 1_000, 10_000):
        show(f"REGISTER, {count:6} bindings", registers_per_s(count, messages))
    show("REGISTER, wrong password", wrong_passwords_per_s(messages))
    show("INVITE, unknown number", unknown_numbers_per_s(messages))


if __name__ == "__main__":
    main()
