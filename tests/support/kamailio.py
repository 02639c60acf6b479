"""Somebody else's PBX: Debian's kamailio as registrar and proxy, on loopback.

    with kamailio_pbx(folder) as pbx:
        lines = pbx.lines({"8000": "main"})     # for callcenter.yaml; they register here
        ...                                     # callers dial 8000 at pbx.address

The number 8000 is its account 28000. Audio goes from phone to phone past it. Started again on the
same port it has forgotten all bindings.
"""

import os
import random
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from telephony.sip.events import HostPort
from tests.support.programs import LINE_PORTS, find_free_port, need_program, part_of

UP_WITHIN_S = 30.0
STOP_WITHIN_S = 5.0

CONFIGURATION = """\
#!KAMAILIO
debug=1
log_stderror=yes
children=1
auto_aliases=no
disable_tcp=yes
listen=udp:127.0.0.1:{port}
mpath="{modules}"
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "siputils.so"
loadmodule "textops.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
modparam("registrar", "max_expires", {expires_s})
modparam("registrar", "min_expires", 1)

request_route {{
    if (is_method("REGISTER")) {{
        save("location");
        exit;
    }}
    if (has_totag()) {{
        if (loose_route()) {{ t_relay(); exit; }}
        if (is_method("ACK")) {{ if (t_check_trans()) {{ t_relay(); }} exit; }}
        sl_send_reply("404", "No Route");
        exit;
    }}
    if (is_method("CANCEL")) {{
        if (t_check_trans()) {{ t_relay(); }}
        exit;
    }}
    t_check_trans();
    if (is_method("INVITE")) {{
        record_route();
        $rU = "2" + $rU;
        if (!lookup("location")) {{ sl_send_reply("480", "Nobody There"); exit; }}
        t_relay();
        exit;
    }}
    sl_send_reply("405", "Method Not Allowed");
}}
"""


class KamailioPbx:
    """Made by `kamailio_pbx`."""

    def __init__(self, folder: Path, expires_s: int) -> None:
        self._program = need_program("kamailio", "kamailio")
        modules = next(Path("/usr/lib").glob("*/kamailio/modules"))
        self._folder = folder
        folder.mkdir(exist_ok=True)
        self.address = HostPort("127.0.0.1", find_free_port())
        text = CONFIGURATION.format(port=self.address.port, modules=modules, expires_s=expires_s)
        (folder / "kamailio.cfg").write_text(text)
        self._process: subprocess.Popen[bytes] | None = None

    def lines(self, flows: Mapping[str, str], **more: object) -> list[dict[str, Any]]:
        """The configuration's `lines`, each with an account here."""
        first = random.choice(part_of(LINE_PORTS))
        account = {
            "server": self.address.host, "port": self.address.port, "password": "pw-at-the-pbx",
            "rtp_ports": [first, first + 99], **more,
        }  # fmt: skip
        return [
            {"number": number, "flow": flow, "pyvoip": {**account, "user": f"2{number}"}}
            for number, flow in flows.items()
        ]

    def start(self) -> None:
        with (self._folder / "kamailio.log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    str(self._program), "-DD", "-E", "-m", "16", "-M", "8",
                    "-f", str(self._folder / "kamailio.cfg"),
                    "-Y", str(self._folder), "-P", str(self._folder / "pid"),
                ],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        until = time.monotonic() + UP_WITHIN_S
        while not self._answers():
            assert self._process.poll() is None, (self._folder / "kamailio.log").read_text()
            assert time.monotonic() < until, "kamailio does not answer"

    def stop(self) -> None:
        if self._process is None:
            return
        # It has children; all are of the session that was begun for it.
        self._process.terminate()
        try:
            self._process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, 9)
            self._process.wait()
        self._process = None

    def _answers(self) -> bool:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.settimeout(0.2)
            probe.bind(("127.0.0.1", 0))
            host, port = probe.getsockname()
            probe.sendto(
                f"OPTIONS sip:pbx SIP/2.0\r\nVia: SIP/2.0/UDP {host}:{port};branch=z9hG4bKup\r\n"
                f"From: <sip:up@{host}>;tag=1\r\nTo: <sip:pbx>\r\nCall-ID: up\r\n"
                "CSeq: 1 OPTIONS\r\nMax-Forwards: 1\r\nContent-Length: 0\r\n\r\n".encode(),
                (self.address.host, self.address.port),
            )
            try:
                return bool(probe.recv(2048))
            except OSError:
                return False


@contextmanager
def kamailio_pbx(folder: Path, expires_s: int = 3600) -> Iterator[KamailioPbx]:
    pbx = KamailioPbx(folder, expires_s)
    pbx.start()
    try:
        yield pbx
    finally:
        pbx.stop()
