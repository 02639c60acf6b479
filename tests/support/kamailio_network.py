"""Kamailio as a telephone network: a registrar and a proxy, both of which want digest."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from telephony.sip.events import HostPort
from tests.support.programs import find_free_port, need_program

USER, PASSWORD, DOMAIN = "+861012345678", "pw", "carrier.example"
CONFIGURATION = """\
children=1
log_stderror=yes
debug=2
memdbg=10
memlog=10
disable_tcp=no
tcp_children=1
listen=udp:127.0.0.1:{port}
listen=tcp:127.0.0.1:{port}
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "siputils.so"
loadmodule "textops.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "auth.so"
modparam("usrloc", "db_mode", 0)
modparam("registrar", "default_expires", 60)
modparam("registrar", "max_expires", 60)

request_route {{
    if (has_totag()) {{
        if (loose_route() || is_method("ACK")) {{ t_relay(); exit; }}
        sl_send_reply("404", "Not here");
        exit;
    }}
    if (is_method("OPTIONS")) {{ sl_send_reply("200", "OK"); exit; }}
    if (is_method("CANCEL")) {{ if (t_check_trans()) {{ t_relay(); }} exit; }}
    if (is_method("REGISTER")) {{
        if (!pv_www_authenticate("{domain}", "{password}", "0")) {{
            www_challenge("{domain}", "1");
            exit;
        }}
        save("location");
        exit;
    }}
    record_route();
    if ($si == "127.0.0.1" && $fU == "{user}") {{
        if (!pv_proxy_authenticate("{domain}", "{password}", "0")) {{
            proxy_challenge("{domain}", "1");
            exit;
        }}
        consume_credentials();
        $ru = "sip:" + $rU + "@127.0.0.1:{far_end}";
        t_relay();
        exit;
    }}
    $ru = "sip:{user}@{domain}";
    if (!lookup("location")) {{ sl_send_reply("480", "Not registered"); exit; }}
    t_relay();
}}
"""


@contextmanager
def kamailio(folder: Path, far_end: HostPort) -> Iterator[HostPort]:
    """Where it listens. Calls of the customer go on to `far_end`, all others to the customer."""
    program = need_program("kamailio", "kamailio")
    port = find_free_port()
    text = CONFIGURATION.format(
        port=port, domain=DOMAIN, password=PASSWORD, user=USER, far_end=far_end.port
    )
    (folder / "kamailio.cfg").write_text(text)
    log_file = folder / "kamailio.log"
    command = [str(program), "-DD", "-E", "-m", "16", "-M", "4"]
    command += ["-f", str(folder / "kamailio.cfg"), "-Y", str(folder), "-P", str(folder / "pid")]
    with log_file.open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    try:
        assert _listens(port, process), log_file.read_text(errors="replace")[-2000:]
        yield HostPort("127.0.0.1", port)
    finally:
        # Its children are a process group of their own, which this test has made.
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(5)


def _listens(port: int, process: "subprocess.Popen[bytes]") -> bool:
    """Within ten seconds, unless it has ended before."""
    for _ in range(100):
        if process.poll() is not None:
            return False
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.1):
            return True
        time.sleep(0.1)
    return False
