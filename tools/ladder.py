"""Draw the SIP messages of a capture as a ladder: `python -m tools.ladder call.pcap`.

    pcap ─▶ read_pcap ─▶ messages (when, from whom, to whom, text) ─▶ ladder ─▶ Mermaid

Reads what tcpdump writes (`tcpdump -i lo -w call.pcap udp port 5060`); prints a Mermaid diagram
that GitHub and most editors show. `--name 127.0.0.1:5060=centre` gives a side its name.
docs/ladder.md is written by tests/e2e/test_ladder.py from a call of a served centre.
"""

import argparse
import ipaddress
import re
import struct
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

LITTLE, BIG = (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1"), (b"\xa1\xb2\xc3\xd4", b"\xa1\xb2\x3c\x4d")
"File magic in both byte orders, for microseconds and nanoseconds."
LINK_BYTES = {0: 4, 1: 14, 101: 0, 113: 16, 276: 20}
"What stands before the IP header: BSD loopback, Ethernet, none, Linux cooked (two versions)."
RAW_IP = 101
UDP = 17
_SIP = re.compile(rb"[A-Z]+ \S+ SIP/2\.0\r\n|SIP/2\.0 \d{3} ")


@dataclass(frozen=True, slots=True)
class Message:
    """One SIP message as it was seen; addresses are `host:port`."""

    at_s: float
    source: str
    to: str
    data: bytes


class NoCapture(Exception):
    """The file is no pcap that this tool reads."""


# -- capture files -----------------------------------------------------------------------------


def read_pcap(data: bytes) -> list[Message]:
    """The SIP messages over UDP, in the order of the file."""
    magic = data[:4]
    if magic not in LITTLE + BIG or len(data) < 24:
        raise NoCapture("this is no pcap file (pcapng: convert it by `tcpdump -r IN -w OUT`)")
    order = "<" if magic in LITTLE else ">"
    fraction = 1e-9 if magic in (LITTLE[1], BIG[1]) else 1e-6
    (link,) = struct.unpack_from(order + "I", data, 20)
    if link not in LINK_BYTES:
        raise NoCapture(f"packets of link type {link} are not read")
    packets = _packets(data, order, fraction)
    found = (_message(at_s, packet[LINK_BYTES[link] :]) for at_s, packet in packets)
    return [message for message in found if message is not None]


def _packets(data: bytes, order: str, fraction: float) -> Iterator[tuple[float, bytes]]:
    at = 24
    while at + 16 <= len(data):
        seconds, parts, size, _ = struct.unpack_from(order + "4I", data, at)
        if at + 16 + size > len(data):
            return  # cut off while it was written
        yield seconds + parts * fraction, data[at + 16 : at + 16 + size]
        at += 16 + size


def _message(at_s: float, packet: bytes) -> Message | None:
    version = packet[0] >> 4 if packet else 0
    if version == 4 and len(packet) >= 20 and packet[9] == UDP:
        hosts, start = (packet[12:16], packet[16:20]), (packet[0] & 15) * 4
    elif version == 6 and len(packet) >= 40 and packet[6] == UDP:
        hosts, start = (packet[8:24], packet[24:40]), 40
    else:
        return None
    if len(packet) < start + 8 or not _SIP.match(packet, start + 8):
        return None
    ports = struct.unpack_from("!HH", packet, start)
    source, to = (
        f"{ipaddress.ip_address(host)}:{port}" for host, port in zip(hosts, ports, strict=True)
    )
    return Message(at_s, source, to, packet[start + 8 :])


def write_pcap(messages: Iterable[Message]) -> bytes:
    """A capture of IPv4 datagrams, for whoever saw messages without tcpdump."""
    head = LITTLE[0] + struct.pack("<2H4I", 2, 4, 0, 0, 65_535, RAW_IP)
    return head + b"".join(_record(message) for message in messages)


def _record(message: Message) -> bytes:
    (host, port), (to_host, to_port) = (
        each.rsplit(":", 1) for each in (message.source, message.to)
    )
    udp = struct.pack("!4H", int(port), int(to_port), 8 + len(message.data), 0) + message.data
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64, UDP, 0)
    packet = ip + ipaddress.ip_address(host).packed + ipaddress.ip_address(to_host).packed + udp
    seconds, rest = divmod(message.at_s, 1)
    return struct.pack("<4I", int(seconds), int(rest * 1e6), len(packet), len(packet)) + packet


# -- the diagram -------------------------------------------------------------------------------


def ladder(messages: list[Message], names: Mapping[str, str]) -> str:
    """A Mermaid sequence diagram; sides stand in the order of `names`, others as they appear."""
    seen = [side for message in messages for side in (message.source, message.to)]
    sides = list(dict.fromkeys([*(side for side in names if side in seen), *seen]))
    lines = ["sequenceDiagram"]
    lines += [f"    participant P{n} as {names.get(side, side)}" for n, side in enumerate(sides)]
    begins_at = messages[0].at_s if messages else 0.0
    for message in messages:
        arrow = "-->>" if message.data.startswith(b"SIP/2.0") else "->>"
        ends = f"P{sides.index(message.source)}{arrow}P{sides.index(message.to)}"
        lines.append(f"    {ends}: {label(message.data)} (+{message.at_s - begins_at:.3f} s)")
    return "\n".join(lines) + "\n"


def label(data: bytes) -> str:
    """What the message is, and whether it carries SDP and in which direction audio goes."""
    head, _, body = data.decode("utf-8", "replace").partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    words = first.split(" ", 2)
    if words[0] == "SIP/2.0":
        text = f"{words[1]} {words[2]}" + (f" · {_method(lines)}" if "CSeq" in head else "")
    else:
        user = re.match(r"sips?:([^@;]+)@", words[1])
        text = f"{words[0]} {user[1]}" if user else words[0]
    direction = re.search(r"a=(sendonly|recvonly|inactive)", body)
    if body.startswith("v=0"):
        text += f" · SDP {direction[1]}" if direction else " · SDP"
    # What would end or comment a line of Mermaid.
    return re.sub(r"[;#\r\n]", " ", text)


def _method(lines: list[str]) -> str:
    cseq = next((line for line in lines if line.lower().startswith("cseq")), "")
    return cseq.rsplit(" ", 1)[-1]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("capture", type=Path)
    parser.add_argument("--name", action="append", default=[], metavar="HOST:PORT=NAME")
    options = parser.parse_args()
    try:
        messages = read_pcap(options.capture.read_bytes())
    except (OSError, NoCapture) as error:
        print(f"{options.capture}: {error}", file=sys.stderr)
        return 1
    print(ladder(messages, dict(name.rsplit("=", 1) for name in options.name)), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
