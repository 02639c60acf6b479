"""Kamailio as the edge proxy of a centre: phones know its address only, on UDP and TLS.

    async with Kamailio.started(folder, centre=centre.sip, files=files) as proxy:
        PhoneOptions(server=proxy.udp, ...)

It records its route, tells the registrar a Path (RFC 3327), and finds phones on TLS by the
connection that they opened, as an `alias` of their Contact.
"""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from telephony.sip.events import HostPort
from telephony.sip.sockets.tls import TlsFiles
from tests.support.programs import find_free_port, need_program

CONFIG = """\
#!KAMAILIO
children=2
tcp_children=2
debug=2
log_stderror=yes
enable_tls=yes
listen=udp:127.0.0.1:{udp}
listen=tls:127.0.0.1:{tls}
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "siputils.so"
loadmodule "textops.so"
loadmodule "path.so"
loadmodule "nathelper.so"
loadmodule "tls.so"
modparam("rr", "enable_double_rr", 1)
modparam("tls", "tls_method", "TLSv1.2+")
modparam("tls", "certificate", "{files.certificate}")
modparam("tls", "private_key", "{files.key}")
modparam("tls", "verify_certificate", 0)

request_route {{
    if (!mf_process_maxfwd_header("10")) {{ sl_send_reply("483", "Too Many Hops"); exit; }}
    if (is_method("CANCEL")) {{ if (t_check_trans()) t_relay(); exit; }}
    if ($pr == "tls") add_contact_alias();
    if (has_totag()) {{
        if (loose_route()) {{ if ($sp == {centre.port}) handle_ruri_alias(); t_on_reply("PHONE"); t_relay(); exit; }}
        if (is_method("ACK") && t_check_trans()) t_relay();
        exit;
    }}
    t_check_trans();
    t_on_reply("PHONE");
    if (is_method("INVITE")) record_route();
    if ($sp == {centre.port}) {{ loose_route(); handle_ruri_alias(); t_relay(); exit; }}
    if (is_method("REGISTER")) add_path();
    $du = "sip:127.0.0.1:{centre.port}";
    $fs = "udp:127.0.0.1:{udp}";
    t_relay();
}}

onreply_route[PHONE] {{
    if ($pr == "tls") add_contact_alias();
}}
"""  # noqa: E501  # Kamailio's own language


class Kamailio:
    """One running proxy in front of one centre."""

    def __init__(self) -> None:
        self.udp = HostPort("127.0.0.1", find_free_port())
        self.tls = HostPort("127.0.0.1", find_free_port())

    @classmethod
    @asynccontextmanager
    async def started(
        cls, folder: Path, *, centre: HostPort, files: TlsFiles
    ) -> AsyncIterator["Kamailio"]:
        program = need_program("kamailio", "kamailio kamailio-tls-modules")
        proxy = cls()
        config, log = folder / "kamailio.cfg", folder / "kamailio.log"
        config.write_text(
            CONFIG.format(udp=proxy.udp.port, tls=proxy.tls.port, centre=centre, files=files)
        )
        with log.open("wb") as out:
            process = await asyncio.create_subprocess_exec(
                program, "-DD", "-E", "-f", config, "-Y", folder, "-P", folder / "kamailio.pid",
                "-m", "32", "-M", "4",
                stdin=asyncio.subprocess.DEVNULL, stdout=out, stderr=out,
            )  # fmt: skip
        try:
            await proxy._listens(process, log)
            yield proxy
        finally:
            # Its first process ends the others.
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(process.wait(), 10)
            except TimeoutError:
                process.kill()
                await process.wait()

    async def _listens(self, process: asyncio.subprocess.Process, log: Path) -> None:
        async with asyncio.timeout(30):
            while True:
                assert process.returncode is None, f"kamailio has ended, {log} says why"
                try:
                    _, writer = await asyncio.open_connection(self.tls.host, self.tls.port)
                except ConnectionRefusedError:
                    await asyncio.sleep(0.05)
                else:
                    writer.close()
                    return
