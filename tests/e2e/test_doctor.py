"""`callcenter doctor` on a starter centre, and its checks that open sockets."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from callcenter.commands.doctor import doctor
from callcenter.commands.init import write_starter
from callcenter.doctor import health
from callcenter.doctor.health import Verdict
from callcenter.doctor.rtpengine import rtpengine
from callcenter.sections.values import Listener
from telephony.media.rtpengine import bencode
from tests.support.programs import find_free_port

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize(
    ("transport", "kind"), [("udp", socket.SOCK_DGRAM), ("tcp", socket.SOCK_STREAM)]
)
def test_a_port_that_somebody_has_is_told_with_the_way_to_him(
    transport: str, kind: socket.SocketKind
) -> None:
    with socket.socket(socket.AF_INET, kind) as holder:
        holder.bind(("127.0.0.1", 0))
        number = holder.getsockname()[1]
        taken = health.port(transport, "127.0.0.1", number)
    free = health.port(transport, "127.0.0.1", number)

    assert (taken.verdict, taken.says) == (Verdict.FAIL, "Address already in use")
    assert f"grep {number}" in taken.next_step
    assert free.verdict is Verdict.OK


def test_an_address_of_another_machine_cannot_be_listened_on() -> None:
    finding = health.port("udp", "192.0.2.1", 5060)

    assert finding.verdict is Verdict.FAIL
    assert "assign" in finding.says


def test_some_taken_media_ports_are_a_warning() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind(("127.0.0.1", 0))
        number = holder.getsockname()[1]
        finding = health.media_ports("127.0.0.1", number - 4, number + 4)

    assert finding.verdict is Verdict.WARN
    assert str(number) in finding.says


def test_the_voices_speak() -> None:
    assert health.voices(["en-us", "cmn"]).verdict is Verdict.OK
    assert health.voices(["klingon-of-mars"]).verdict is Verdict.FAIL


def centre(folder: Path, port: int) -> Path:
    write_starter(folder)
    file = folder / "callcenter.yaml"
    text = file.read_text()
    file.write_text(text.replace("5060", str(port)).replace("8080", "0"))
    return folder


def test_the_command_fails_when_a_port_is_taken(tmp_path: Path) -> None:
    app = typer.Typer()
    app.command()(doctor)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind(("127.0.0.1", 0))
        folder = centre(tmp_path / "centre", holder.getsockname()[1])
        result = CliRunner(env={"COLUMNS": "200"}).invoke(app, [str(folder)])

    assert result.exit_code == 1
    assert "Address already in use" in result.stdout


def test_the_command_sends_an_unusable_folder_to_check(tmp_path: Path) -> None:
    app = typer.Typer()
    app.command()(doctor)
    result = CliRunner().invoke(app, [str(tmp_path)])

    assert result.exit_code == 1
    assert "callcenter check" in result.output


@contextmanager
def old_rtpengine() -> Iterator[Listener]:
    """Knows `ping` and none of the newer commands."""

    def serve(sock: socket.socket) -> None:
        while True:
            data, source = sock.recvfrom(65536)
            cookie, _, body = data.partition(b" ")
            if not cookie:
                return
            asked = bencode.parse(body)
            assert isinstance(asked, dict)
            error = {"result": "error", "error-reason": "Unrecognized command"}
            answer = {"result": "pong"} if asked["command"] == "ping" else error
            sock.sendto(cookie + b" " + bencode.encode(answer), source)

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=serve, args=(sock,))
        thread.start()
        yield Listener("udp", *sock.getsockname())
        sock.sendto(b"", sock.getsockname())
        thread.join(5)


def test_an_rtpengine_that_is_too_old_is_told_by_what_it_lacks() -> None:
    with old_rtpengine() as at:
        finding = rtpengine(at)

    assert finding.verdict is Verdict.FAIL
    assert "too old" in finding.says
    assert "'play media'" in finding.says
    assert finding.next_step == "install rtpengine 10.5 or newer"


def test_pbx_that_answers_sip_is_found_by_its_first_line() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as pbx:
        pbx.bind(("127.0.0.1", 0))

        def answer() -> None:
            asked, source = pbx.recvfrom(2048)
            pbx.sendto(b"SIP/2.0 403 Who Are You\r\n" + asked, source)

        answering = threading.Thread(target=answer)
        answering.start()
        finding = health.pbx("8000", "127.0.0.1", pbx.getsockname()[1])
        answering.join()

    assert (finding.verdict, finding.says) == (Verdict.OK, "answers 'SIP/2.0 403 Who Are You'")


def test_pbx_that_is_silent_or_not_there_is_named() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        waited = health.pbx("8000", "127.0.0.1", silent.getsockname()[1], within_s=0.05)
    closed = health.pbx("8000", "127.0.0.1", find_free_port())

    assert waited.verdict is Verdict.WARN
    assert (closed.verdict, "refused" in closed.says) == (Verdict.FAIL, True)
