"""Everything that the journey conducts, in one value."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from callcenter.conduct.destinations import NoNumbers, NumberRules
from callcenter.conduct.house import (
    Alarms,
    Callers,
    Floor,
    Ivr,
    Limits,
    NoAlarms,
    Prompts,
    Recorder,
    Regulars,
    RingTimes,
)
from callcenter.conduct.menu_ports import MenuPorts
from callcenter.conduct.regulars import Strangers
from foundation import clock
from telephony.calls.control import CallControl


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the journey conducts."""

    control: CallControl
    ivr: Ivr
    floor: Floor
    prompts: Prompts
    recorder: Recorder
    callers: Callers
    limits: Limits
    ring_times: RingTimes
    numbers: NumberRules = field(default_factory=NoNumbers)
    menus: MenuPorts = field(default_factory=MenuPorts)
    alarms: Alarms = field(default_factory=NoAlarms)
    regulars: Regulars = field(default_factory=Strangers)
    utc_now: Callable[[], datetime] = clock.utc_now
