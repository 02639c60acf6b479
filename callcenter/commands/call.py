"""`callcenter call NUMBER`: a softphone in the terminal."""

import asyncio
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live
from rich.text import Text

from callcenter.demo.phone_call import Call, CallState
from callcenter.demo.softphone import PhoneOptions, RegistrationFailed, Softphone
from callcenter.demo.wav import write_wav
from foundation.errors import CallCentreError
from ivr.speech import audio
from telephony.sip.events import HostPort
from telephony.sip.wording.uri import literal_address, split_hostport

DEFAULT_PORT = 5060
SHOW_EVERY_S = 0.2
DIGIT_GAP_S = 1.0
"A comma between digits waits this long, as on any phone."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """What is to be done in the call."""

    number: str
    pcm_8k: bytes
    digits: str
    seconds: float


def call(
    number: Annotated[str, typer.Argument(help="The number to dial, for example 8000.")],
    server: Annotated[str, typer.Option(help="ADDRESS[:PORT] of the centre.")] = "127.0.0.1:5060",
    play: Annotated[Path | None, typer.Option(help="WAV to say, 16-bit, any rate.")] = None,
    digits: Annotated[str, typer.Option(help="Keys after the answer; ',' waits a second.")] = "",
    save: Annotated[Path | None, typer.Option(help="WAV for what was heard.")] = None,
    seconds: Annotated[float, typer.Option(help="Hang up so long after the answer.")] = 30.0,
    user: Annotated[str, typer.Option(help="Who calls.")] = "terminal",
    password: Annotated[
        str, typer.Option(help="Registers USER first.", envvar="PHONE_PASSWORD")
    ] = "",
) -> None:
    """Dial a number, say a WAV, press keys, save what was heard. Exit 1 without an answer."""
    console = Console()
    try:
        wish = _Wish(
            number=number,
            pcm_8k=audio.to_pcm(audio.read_wav(play)) if play is not None else b"",
            digits=digits,
            seconds=seconds,
        )
        options = PhoneOptions(server=_address(server), user=user, password=password)
        done = asyncio.run(_call(options, wish, console))
    except (CallCentreError, OSError) as trouble:
        typer.echo(str(trouble), err=True)
        raise typer.Exit(1) from None
    if save is not None:
        write_wav(save, done.heard)
        typer.echo(f"Heard {done.heard_s:.1f} s, saved as {save}")
    if done.end is None or done.end.status:
        raise typer.Exit(1)


def _address(text: str) -> HostPort:
    host, port = split_hostport(text)
    literal = literal_address(host)
    if literal is None:
        raise RegistrationFailed(f"{host!r} is not an IP address")
    return HostPort(literal, port or DEFAULT_PORT)


async def _call(options: PhoneOptions, wish: _Wish, console: Console) -> Call:
    async with Softphone.opened(options) as phone:
        if options.password:
            await phone.register()
        made = phone.dial(wish.number)
        with _shown(made, console) as live:
            showing = asyncio.create_task(_show(made, live), name="call-status")
            try:
                await _talk(made, wish)
            finally:
                made.hang_up()
                showing.cancel()
                live.update(_status(made))
    return made


async def _talk(made: Call, wish: _Wish) -> None:
    """Until the time is over or the peer hangs up, whichever is first."""
    await made.answered()
    try:
        async with asyncio.timeout(wish.seconds):
            await _press(made, wish.digits)
            if wish.pcm_8k:
                await made.play(wish.pcm_8k)
            await made.over()
    except TimeoutError:
        made.hang_up()
        await made.over()


async def _press(made: Call, digits: str) -> None:
    for piece in digits.replace(",", " , ").split():
        if piece == ",":
            await asyncio.sleep(DIGIT_GAP_S)
        elif made.state is CallState.TALKING:
            made.press(piece)


def _shown(made: Call, console: Console) -> AbstractContextManager[Live]:
    return Live(_status(made), console=console, refresh_per_second=5)


async def _show(made: Call, live: Live) -> None:
    while True:
        live.update(_status(made))
        await asyncio.sleep(SHOW_EVERY_S)


def _status(made: Call) -> Text:
    words = f"{made.peer}: {made.state}, heard {made.heard_s:.1f} s"
    if made.end is not None:
        by = "hung up" if made.end.by_us else "the other side hung up"
        words += f"; {by}" if not made.end.status else f"; {made.end.status} {made.end.reason}"
    return Text(words)
