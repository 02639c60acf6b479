"""The parent with real processes: what a kill of anybody costs, and what it does not."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from callcenter.supervise import fetch_sockets, status
from callcenter.supervise.roles import find_start_ticks, read_run_files, run_folder
from tests.support.dummy_parent import NAMES

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parent.parent.parent
PATIENCE_S = 20.0


def wait_until(is_true: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + PATIENCE_S
    while not is_true():
        assert time.monotonic() < until, f"in vain: {what}"
        time.sleep(0.02)


class House:
    """A folder with a parent and its dummy roles."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.parents: list[subprocess.Popen[bytes]] = []

    def start(self, *hows: str) -> subprocess.Popen[bytes]:
        (self.folder / "port").unlink(missing_ok=True)
        with (self.folder / "parent.log").open("ab") as output:
            parent = subprocess.Popen(
                [sys.executable, "-m", "tests.support.dummy_parent", str(self.folder), *hows],
                cwd=ROOT,
                stderr=output,
                start_new_session=True,
            )
        self.parents.append(parent)
        wait_until(lambda: (self.folder / "port").exists(), "the parent is up")
        return parent

    def pids(self) -> dict[str, int]:
        return {role.name: role.pid for role in status(self.folder) if role.is_running}

    def wait_all_up(self) -> dict[str, int]:
        wait_until(lambda: set(self.pids()) == set(NAMES), "all roles run")
        for name in NAMES:
            wait_until(partial(self.has_logged, name, "is up"), f"{name} is up")
        return self.pids()

    def has_logged(self, name: str, words: str) -> bool:
        return words in (self.folder / f"data/log/{name}.log").read_text()

    def ask_pid(self) -> int:
        """Of the process that answers on the SIP socket; asks once only: nothing may be lost."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
            phone.settimeout(PATIENCE_S)
            phone.sendto(b"who?", ("127.0.0.1", int((self.folder / "port").read_text())))
            return int(phone.recv(100))

    def said(self) -> str:
        return (self.folder / "parent.log").read_text()

    def close(self) -> None:
        for parent in self.parents:
            parent.kill()
            parent.wait()
        for run_file in read_run_files(run_folder(self.folder)):
            if run_file.is_alive:
                os.kill(run_file.pid, signal.SIGKILL)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    # Whoever runs the tests by nohup ignores it, and so would all that they start.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    house = House(tmp_path)
    yield house
    house.close()


def is_gone(pid: int) -> bool:
    return find_start_ticks(pid) is None


def test_a_killed_role_is_started_again_and_the_others_do_not_notice(house: House) -> None:
    house.start()
    before = house.wait_all_up()

    os.kill(before["core"], signal.SIGKILL)
    answered_by = house.ask_pid()

    after = house.pids()
    assert answered_by == after["core"] != before["core"]
    assert {n: after[n] for n in NAMES if n != "core"} == {
        n: before[n] for n in NAMES if n != "core"
    }
    assert next(r for r in status(house.folder) if r.name == "core").restarts == 1
    assert "was killed by SIGKILL" in house.said()


def test_a_killed_parent_leaves_all_running_and_the_next_one_adopts_them(house: House) -> None:
    first = house.start()
    before = house.wait_all_up()
    port = (house.folder / "port").read_text()
    inode = socket_inode(house.folder)

    first.kill()
    first.wait()
    assert house.ask_pid() == before["core"]
    house.start()

    assert house.wait_all_up() == before
    assert (house.folder / "port").read_text() == port
    assert house.ask_pid() == before["core"]

    os.kill(before["core"], signal.SIGKILL)
    assert house.ask_pid() == house.pids()["core"] != before["core"]
    assert socket_inode(house.folder) == inode


def test_core_and_parent_dead_together_are_both_replaced(house: House) -> None:
    first = house.start()
    before = house.wait_all_up()
    first.kill()
    first.wait()
    os.kill(before["core"], signal.SIGKILL)
    wait_until(lambda: is_gone(before["core"]), "core is dead")

    house.start()
    after = house.wait_all_up()

    assert house.ask_pid() == after["core"] != before["core"]
    assert after["media"] == before["media"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_an_orderly_stop_leaves_nothing(house: House, number: signal.Signals) -> None:
    parent = house.start()
    pids = house.wait_all_up()

    parent.send_signal(number)

    assert parent.wait(PATIENCE_S) == 0
    assert all(is_gone(pid) for pid in pids.values())
    assert (house.folder / "stopped").read_text().split() == ["web", "transcriber", "core", "media"]
    assert [file.name for file in run_folder(house.folder).iterdir()] == ["parent.lock"]
    assert status(house.folder) == []


def test_an_orderly_stop_ends_adopted_roles_too(house: House) -> None:
    first = house.start()
    pids = house.wait_all_up()
    first.kill()
    first.wait()
    second = house.start()

    second.terminate()

    assert second.wait(PATIENCE_S) == 0
    assert all(is_gone(pid) for pid in pids.values())


def test_a_role_that_does_not_end_is_killed(house: House) -> None:
    parent = house.start("media=stubborn")
    pids = house.wait_all_up()

    parent.terminate()

    assert parent.wait(PATIENCE_S) == 0
    assert is_gone(pids["media"])
    assert "media: does not end, is killed" in house.said()


def test_a_role_that_fails_is_tried_again_with_growing_pauses(house: House) -> None:
    house.start("web=failing")
    wait_until(lambda: house.said().count("ended with exit code 3") >= 3, "three attempts")

    # At once, then after 0.5 s and 1 s: never many.
    assert house.said().count("web: started") <= 4


def test_a_second_parent_in_the_same_folder_is_refused(house: House) -> None:
    first = house.start()
    house.wait_all_up()

    second = subprocess.run(
        [sys.executable, "-m", "tests.support.dummy_parent", str(house.folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )

    assert second.returncode != 0
    assert f"is already served by pid {first.pid}" in second.stderr


def test_a_recycled_pid_is_never_adopted(house: House) -> None:
    first = house.start()
    before = house.wait_all_up()
    first.kill()
    first.wait()
    os.kill(before["web"], signal.SIGKILL)
    wait_until(lambda: is_gone(before["web"]), "web is dead")
    bystander = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        file = run_folder(house.folder) / "web.json"
        file.write_text(file.read_text().replace(str(before["web"]), str(bystander.pid)))
        second = house.start()
        assert house.wait_all_up()["web"] not in (before["web"], bystander.pid)
        second.terminate()
        second.wait(PATIENCE_S)
        assert bystander.poll() is None
    finally:
        bystander.communicate(b"\n")


def test_the_transcriber_is_niced(house: House) -> None:
    house.start()
    pids = house.wait_all_up()
    here = os.getpriority(os.PRIO_PROCESS, 0)

    assert os.getpriority(os.PRIO_PROCESS, pids["transcriber"]) == here + 7
    assert os.getpriority(os.PRIO_PROCESS, pids["media"]) == here


def socket_inode(folder: Path) -> int:
    """Names the kernel's socket behind whichever descriptor."""
    sockets = fetch_sockets(run_folder(folder) / "sip-sockets.sock")
    try:
        return os.fstat(sockets[0].fileno()).st_ino
    finally:
        for fetched in sockets:
            with suppress(OSError):
                fetched.close()
