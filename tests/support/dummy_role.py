"""A role for tests of the supervision: `python -m tests.support.dummy_role NAME FOLDER [HOW]`.

It shares the SIP sockets when it inherited some, and answers every datagram with its pid. HOW:
`stubborn` ignores SIGTERM, `failing` ends at once.
"""

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

from callcenter.supervise import SOCKET_NAME, inherited_sockets
from callcenter.supervise.roles import run_folder
from callcenter.supervise.share import share_sockets


def answer(listener: socket.socket) -> None:
    _, sender = listener.recvfrom(2048)
    listener.sendto(str(os.getpid()).encode(), sender)


async def main(name: str, folder: Path, how: str = "") -> None:
    if how == "failing":
        sys.exit(3)
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, (lambda: None) if how == "stubborn" else ended.set)
    listeners = inherited_sockets()
    for listener in listeners:
        listener.setblocking(False)
        loop.add_reader(listener, answer, listener)
    share = share_sockets(run_folder(folder) / SOCKET_NAME, listeners) if listeners else None
    sys.stderr.write(f"{name} is up\n")
    await ended.wait()
    with (folder / "stopped").open("a") as stopped:
        stopped.write(f"{name}\n")
    if share is not None:
        share.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:]))
