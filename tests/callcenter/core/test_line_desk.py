"""Core's knowledge of the lines at other PBXs."""

import socket

import pytest

from callcenter.asks import BeginLine, EndLine, TellLine
from callcenter.core.line_desk import NO_PROCESS, PROCESS_ENDED, SILENT_S, LineDesk, LineReading
from foundation.errors import NotFound, Unavailable
from foundation.ids import CallId
from telephony.calls.events import EndedBy
from telephony.lines.events import LineEvent, LineLost, LineRegistered

UP = TellLine("8000", "pbx.example", "", 3)
DOWN = TellLine("8000", "pbx.example", "the server does not answer", 0)


class Calls:
    """The switchboard's part that counts here."""

    def __init__(self) -> None:
        self.of_trunk = {"line-8000": [CallId("c-1"), CallId("c-2")]}
        self.ended: list[tuple[CallId, EndedBy, str]] = []

    def calls_of_trunk(self, trunk: str) -> list[CallId]:
        return self.of_trunk.get(trunk, [])

    def hang_up(self, call_id: CallId, by: EndedBy, reason: str) -> None:
        self.ended.append((call_id, by, reason))


class House:
    """A desk, with the time in the hand."""

    def __init__(self, host: str = "127.0.0.1", kind: int = socket.SOCK_DGRAM) -> None:
        self.now = 100.0
        self.told: list[LineEvent] = []
        self.calls = Calls()
        with socket.socket(socket.AF_INET, kind) as sock:
            sock.bind((host, 0))
            self.port = sock.getsockname()[1]
            self.desk = LineDesk(
                ["8000", "8001"], [sock], self.calls, self.told.append, lambda: self.now
            )

    @property
    def reading(self) -> LineReading:
        return self.desk.readings()["8000"]


@pytest.fixture
def house() -> House:
    return House()


async def test_new_process_is_told_the_way_and_ends_what_the_one_before_left(house: House) -> None:
    await house.desk.take(UP)

    address = await house.desk.begin(BeginLine("8000"))

    assert (address.host, address.port) == ("127.0.0.1", house.port)
    assert house.calls.ended == [
        (CallId("c-1"), EndedBy.FAULT, PROCESS_ENDED),
        (CallId("c-2"), EndedBy.FAULT, PROCESS_ENDED),
    ]
    assert house.told == [LineRegistered("8000", "pbx.example"), LineLost("8000", PROCESS_ENDED)]
    assert not house.reading.is_registered


async def test_process_that_ends_in_order_has_its_calls_ended_by_the_centre(house: House) -> None:
    await house.desk.end(EndLine("8000"))

    assert [by for _, by, _ in house.calls.ended] == [EndedBy.CENTRE, EndedBy.CENTRE]
    assert house.told == []


async def test_listener_on_all_addresses_is_called_on_loopback() -> None:
    address = await House("0.0.0.0").desk.begin(BeginLine("8001"))

    assert address.host == "127.0.0.1"


async def test_without_udp_there_is_no_way() -> None:
    with pytest.raises(Unavailable, match="no UDP listener"):
        await House(kind=socket.SOCK_STREAM).desk.begin(BeginLine("8000"))


async def test_each_change_is_told_once(house: House) -> None:
    for ask in (UP, UP, DOWN, DOWN, UP):
        await house.desk.take(ask)

    assert house.told == [
        LineRegistered("8000", "pbx.example"),
        LineLost("8000", "the server does not answer"),
        LineRegistered("8000", "pbx.example"),
    ]
    assert (house.reading.is_registered, house.reading.calls) == (True, 3)


async def test_process_that_falls_silent_is_lost_once(house: House) -> None:
    await house.desk.take(UP)

    house.now += SILENT_S
    house.desk.watch()
    assert house.told == [LineRegistered("8000", "pbx.example")]
    house.now += 0.1
    assert house.reading == LineReading()
    house.desk.watch()
    house.desk.watch()

    assert house.told[1:] == [LineLost("8000", NO_PROCESS)]


async def test_line_that_is_not_configured_is_unknown(house: House) -> None:
    with pytest.raises(NotFound, match="7777"):
        await house.desk.begin(BeginLine("7777"))
