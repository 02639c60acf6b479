"""A fault of ours over one call, in the shell round the rtpengine driver: sockets, no rtpengine."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from foundation.clock import monotonic_s
from telephony.media.options import WorkerOptions
from telephony.media.rtpengine.options import DriverOptions
from telephony.media.rtpengine.service import DriverWorker
from tests.support.programs import find_media_ports

pytestmark = pytest.mark.e2e


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[DriverWorker]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        made = DriverWorker(
            DriverOptions(
                worker=WorkerOptions(socket=str(tmp_path / "m.sock"), ports=find_media_ports()),
                ng=silent.getsockname(),
                digits=("127.0.0.1", 0),
                prefix="test-",
                scratch=str(tmp_path),
            )
        )
        made.stop()
        yield made
        made.run()  # to its end at once


def test_a_fault_over_one_call_costs_no_other_and_is_not_tried_in_every_turn(
    worker: DriverWorker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    done: list[str] = []

    def fault() -> None:
        raise RuntimeError("a fault of ours")

    def due(_now: float) -> list[Callable[[], None]]:
        return [lambda: done.append("one"), fault, lambda: done.append("another")]

    monkeypatch.setattr(worker._driver, "due", due)
    monkeypatch.setattr(type(worker._driver), "deadline", 0.0)  # overdue, and so it stays

    worker._tick_driver(monotonic_s())

    assert done == ["one", "another"]
    assert "a fault of ours" in caplog.text
    assert worker._due_at(monotonic_s()) > 0.0, "the loop sleeps"


def test_what_has_no_fault_is_done_at_its_time(
    worker: DriverWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(worker._driver), "deadline", 12.5)

    worker._tick_driver(monotonic_s())

    assert worker._due_at(monotonic_s()) == 12.5
