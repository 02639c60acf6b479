"""Whether the rtpengine of `media.rtpengine` is there and can do what the driver asks of it.

It tells no version, so it is asked for commands by name, about a call that does not exist: one that
it has is refused for the call's sake, one that it lacks for its own.
"""

import os
import socket

from callcenter.doctor.health import Finding, Verdict
from callcenter.sections.values import Listener
from telephony.media.rtpengine.ng import Command, NgClient, Reply

TRIES = 3
PATIENCE_S = 0.4
"Of each try; on one machine it answers within a millisecond."
NEEDED = ("play media", "subscribe request")
"The newest of the commands that the driver uses; rtpengine 10 has both."
NO_CALL = "callcenter-doctor-asks"


def rtpengine(at: Listener) -> Finding:
    what = f"rtpengine {at}"
    if not _ask(at, Command("ping")).is_done:
        says = f"nothing answers at {at} the way rtpengine does"
        return Finding(what, Verdict.FAIL, says, f"start it with --listen-ng={at.host}:{at.port}")
    missing = [verb for verb in NEEDED if not _ask(at, Command(verb, NO_CALL)).is_unknown_call]
    if missing:
        says = f"it is too old or built without transcoding: it does not know {missing[0]!r}"
        return Finding(what, Verdict.FAIL, says, "install rtpengine 10.5 or newer")
    return Finding(what, Verdict.OK, "answers and has all commands that are needed")


def _ask(at: Listener, command: Command) -> Reply:
    # rtpengine answers a cookie that it has seen with what it said then.
    client = NgClient(f"doctor{os.urandom(8).hex()}_")
    _, data = client.send(command, 0.0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(PATIENCE_S)
        sock.connect((at.host, at.port))
        for _ in range(TRIES):
            try:
                sock.send(data)
                settled = client.receive(sock.recv(65536))
            except OSError:
                continue
            if settled is not None:
                return settled[1]
    return Reply("no answer")
