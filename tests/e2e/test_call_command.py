"""`callcenter call` against a phone of ours that plays the hotline."""

import asyncio
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from callcenter.commands.call import call
from callcenter.demo.phone_call import Call
from callcenter.demo.softphone import PhoneOptions, Softphone
from telephony.sip.events import HostPort
from tests.support.tones import read_wav, signal_to_noise_db, tone, write_wav

pytestmark = pytest.mark.e2e

RUN = "import typer; from callcenter.commands.call import call; typer.run(call)"


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer()
    app.command()(call)
    return app


async def test_call_says_presses_and_saves_what_it_heard(tmp_path: Path) -> None:
    says = write_wav(tmp_path / "says.wav", tone(1000, 1.5))
    heard = tmp_path / "heard" / "it.wav"
    taken: list[Call] = []

    def take(incoming: Call) -> None:
        taken.append(incoming)
        incoming.accept()
        incoming.play(tone(700, 10))

    async with Softphone.opened(PhoneOptions(server=HostPort("127.0.0.1", 9), user="8000")) as line:
        line.on_incoming = take
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", RUN, "8000", "--server", f"127.0.0.1:{line.address.port}",
            "--play", str(says), "--digits", "1,2", "--save", str(heard), "--seconds", "3",
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        told, _ = await asyncio.wait_for(process.communicate(), 20)

    assert process.returncode == 0, told.decode()
    assert taken[0].digits == "12"
    assert signal_to_noise_db(taken[0].heard, 1000) > 34
    assert signal_to_noise_db(read_wav(heard), 700) > 34
    assert "saved as" in told.decode()


def test_server_that_is_no_address_is_refused_in_one_line(app: typer.Typer) -> None:
    result = CliRunner().invoke(app, ["8000", "--server", "hotline.example"])

    assert result.exit_code == 1
    assert "is not an IP address" in result.output


def test_wav_that_is_none_is_refused_in_one_line(app: typer.Typer, tmp_path: Path) -> None:
    other = tmp_path / "no.wav"
    other.write_bytes(b"RIFF")

    result = CliRunner().invoke(app, ["8000", "--play", str(other)])

    assert result.exit_code == 1
    assert "is not a PCM WAV file" in result.output
