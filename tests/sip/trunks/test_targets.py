"""Where a trunk's name leads: what DNS is asked, and in which order its answers are tried."""

import asyncio
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.sip.events import HostPort
from telephony.sip.trunks.targets import (
    MAX_TARGETS,
    MIN_TTL_S,
    Answers,
    Destination,
    Found,
    Naptr,
    NoAnswer,
    Service,
    Srv,
    Wanted,
    destinations,
    draw,
    look_up,
)

NAME = "sip.example"
ZONE = dict[tuple[str, str], Answers]


class Dns:
    """A zone, and what was asked about it."""

    def __init__(self, zone: ZONE) -> None:
        self.zone = zone
        self.asked: list[str] = []

    async def ask(self, name: str, kind: str) -> Answers:
        self.asked.append(f"{kind} {name}")
        answers = self.zone.get((name, kind), Answers())
        if answers.records == ("silence",):
            raise NoAnswer(f"DNS does not answer about {name!r}")
        return answers

    def find(self, wanted: Wanted) -> Found:
        return asyncio.run(look_up(wanted, self.ask))


def addresses(found: Found) -> list[Destination]:
    return destinations(found, random.Random(1))


def at(host: str, port: int = 5060, transport: str = "UDP") -> Destination:
    return Destination(HostPort(host, port), transport)


@pytest.mark.parametrize(
    ("wanted", "where"),
    [
        (Wanted("192.0.2.9"), at("192.0.2.9")),
        (Wanted("localhost"), at("127.0.0.1")),
        (Wanted("192.0.2.9", 5080, "TCP"), at("192.0.2.9", 5080, "TCP")),
        (Wanted("2001:db8::1", None, "TLS"), at("2001:db8::1", 5061, "TLS")),
    ],
)
def test_an_address_needs_no_question(wanted: Wanted, where: Destination) -> None:
    dns = Dns({})
    assert addresses(dns.find(wanted)) == [where]
    assert dns.asked == []


def test_a_port_leaves_only_the_addresses_to_ask_for() -> None:
    dns = Dns({(NAME, "A"): Answers(("192.0.2.1",)), (NAME, "AAAA"): Answers(("2001:db8::1",))})
    found = dns.find(Wanted(NAME, 5070))
    assert addresses(found) == [at("192.0.2.1", 5070), at("2001:db8::1", 5070)]
    assert dns.asked == [f"A {NAME}", f"AAAA {NAME}"]


def test_naptr_says_the_transport_and_srv_the_hosts() -> None:
    dns = Dns(
        {
            (NAME, "NAPTR"): Answers(
                (
                    Naptr(20, 1, "SIP+D2U", "udp.example"),
                    Naptr(10, 2, "SIP+D2T", "tcp.example"),
                    Naptr(1, 1, "E2U+sip", "no.example"),
                )
            ),
            ("tcp.example", "SRV"): Answers((Srv(1, 0, 5070, "a.example"),)),
            ("a.example", "A"): Answers(("192.0.2.7",)),
        }
    )
    assert addresses(dns.find(Wanted(NAME))) == [at("192.0.2.7", 5070, "TCP")]
    assert dns.asked == [f"NAPTR {NAME}", "SRV tcp.example", "A a.example", "AAAA a.example"]


def test_without_naptr_each_service_is_asked_for_until_one_is_there() -> None:
    dns = Dns(
        {
            (f"_sip._tcp.{NAME}", "SRV"): Answers((Srv(1, 0, 5060, "192.0.2.3"),)),
        }
    )
    assert addresses(dns.find(Wanted(NAME))) == [at("192.0.2.3", 5060, "TCP")]
    assert dns.asked == [f"NAPTR {NAME}", f"SRV _sip._udp.{NAME}", f"SRV _sip._tcp.{NAME}"]


def test_a_transport_of_the_configuration_needs_no_naptr() -> None:
    dns = Dns({(f"_sips._tcp.{NAME}", "SRV"): Answers((Srv(1, 0, 5061, "192.0.2.3"),))})
    assert addresses(dns.find(Wanted(NAME, None, "TLS"))) == [at("192.0.2.3", 5061, "TLS")]
    assert dns.asked == [f"SRV _sips._tcp.{NAME}"]


def test_a_name_without_services_is_its_own_address() -> None:
    dns = Dns({(NAME, "A"): Answers(("192.0.2.1",))})
    assert addresses(dns.find(Wanted(NAME))) == [at("192.0.2.1")]


def test_a_service_that_is_declared_absent_is_none() -> None:
    dns = Dns({(f"_sip._udp.{NAME}", "SRV"): Answers((Srv(0, 0, 0, ""),))})
    assert addresses(dns.find(Wanted(NAME, None, "UDP"))) == []


def test_the_shortest_life_of_an_answer_counts_but_never_less_than_a_few_seconds() -> None:
    zone: ZONE = {
        (f"_sip._udp.{NAME}", "SRV"): Answers((Srv(1, 0, 5060, "a.example"),), 600.0),
        ("a.example", "A"): Answers(("192.0.2.1",), 60.0),
    }
    assert Dns(zone).find(Wanted(NAME, None, "UDP")).ttl_s == 60.0
    zone["a.example", "A"] = Answers(("192.0.2.1",), 0.0)
    assert Dns(zone).find(Wanted(NAME, None, "UDP")).ttl_s == MIN_TTL_S


def test_silence_about_one_of_two_hosts_leaves_the_other() -> None:
    two = Answers((Srv(1, 0, 5060, "a.example"), Srv(2, 0, 5060, "b.example")))
    zone: ZONE = {
        (f"_sip._udp.{NAME}", "SRV"): two,
        ("a.example", "A"): Answers(("silence",)),
        ("b.example", "A"): Answers(("192.0.2.2",)),
    }
    assert addresses(Dns(zone).find(Wanted(NAME, None, "UDP"))) == [at("192.0.2.2")]
    with pytest.raises(NoAnswer):
        Dns(zone).find(Wanted("a.example", 5060))


# -- the order -------------------------------------------------------------------------------------


def found_of(*services: Srv) -> Found:
    hosts = {each.host: (each.host,) for each in services}
    return Found(tuple(Service(each, "UDP") for each in services), hosts)


def test_a_lower_priority_always_comes_first() -> None:
    found = found_of(Srv(20, 100, 5060, "192.0.2.2"), Srv(10, 0, 5060, "192.0.2.1"))
    for seed in range(20):
        order = destinations(found, random.Random(seed))
        assert [each.address.host for each in order] == ["192.0.2.1", "192.0.2.2"]


def test_among_equals_the_heavier_is_first_as_often_as_it_weighs() -> None:
    found = found_of(Srv(1, 30, 5060, "192.0.2.1"), Srv(1, 10, 5060, "192.0.2.2"))
    chance = random.Random(7)
    first = Counter(destinations(found, chance)[0].address.host for _ in range(2000))
    assert 0.70 < first["192.0.2.1"] / 2000 < 0.80


@given(st.lists(st.integers(0, 5), min_size=1, max_size=8), st.integers(0, 99))
def test_some_place_is_drawn_whatever_the_weights(weights: list[int], seed: int) -> None:
    assert 0 <= draw(weights, random.Random(seed)) < len(weights)


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(1, 250)), max_size=30),
    st.integers(0, 99),
)
def test_every_address_is_tried_once_up_to_the_bound(
    records: list[tuple[int, int, int]], seed: int
) -> None:
    services = [Srv(priority, weight, 5060, f"192.0.2.{n}") for priority, weight, n in records]
    order = destinations(found_of(*services), random.Random(seed))
    assert len(order) == len(set(order)) == min(len({s.host for s in services}), MAX_TARGETS)
    by_host = {each.host: each.priority for each in reversed(services)}
    if len(by_host) == len(services):
        priorities = [by_host[each.address.host] for each in order]
        assert priorities == sorted(priorities)
