"""What `callcenter doctor` says of trunks: whether their names lead anywhere, and what a running
centre knows of them."""

import asyncio
import random
import re
from collections.abc import Iterator
from pathlib import Path

from callcenter.configuration.settings import Settings
from callcenter.core_line import CoreLine
from callcenter.doctor.health import Finding, Verdict
from callcenter.places import Places
from callcenter.rules.ways import name_servers, outside_trunks
from foundation.errors import CallCentreError
from telephony.sip.trunks.resolver import Resolver
from telephony.sip.trunks.targets import NoAnswer, destinations
from telephony.sip.trunks.trunk_line import TrunkOptions

CORE_WITHIN_S = 3.0
_UP = re.compile(r'^callcenter_trunk_up\{trunk="([^"]+)"\} ([01])', re.MULTILINE)


def examine_trunks(settings: Settings) -> Iterator[Finding]:
    """All trunks that the centre calls."""
    trunks = outside_trunks(settings, b"")
    if not trunks:
        return
    states = asyncio.run(_states(settings.data_path))
    for trunk in trunks:
        yield asyncio.run(_look_up(trunk, settings))
        if trunk.name in states:
            yield _finding_of(trunk.name, is_up=states[trunk.name])


async def _look_up(trunk: TrunkOptions, settings: Settings) -> Finding:
    what = f"trunk {trunk.name} at {trunk.wanted.host}"
    try:
        found = await Resolver(name_servers(settings)).find(trunk.wanted)
    except NoAnswer as error:
        step = "check trunks[].host, and sip.name_servers or /etc/resolv.conf"
        return Finding(what, Verdict.FAIL, str(error), step)
    targets = destinations(found, random.Random())
    first = targets[0]
    more = f" and {len(targets) - 1} more" if len(targets) > 1 else ""
    says = f"{first.transport} {first.address.host}:{first.address.port}{more}"
    return Finding(what, Verdict.OK, says)


def _finding_of(name: str, *, is_up: bool) -> Finding:
    if is_up:
        return Finding(f"trunk {name}", Verdict.OK, "up")
    step = "data/log/core.log says why: account, password, or the other side"
    return Finding(f"trunk {name}", Verdict.FAIL, "down", step)


async def _states(data: Path) -> dict[str, bool]:
    """Of the trunks that are registered at or pinged, as the running core knows them."""
    line = CoreLine(Places(data).core_socket)
    try:
        async with asyncio.timeout(CORE_WITHIN_S):
            text = (await line.metrics()).decode()
    except (CallCentreError, OSError):
        return {}
    finally:
        await line.close()
    return {name: state == "1" for name, state in _UP.findall(text)}
