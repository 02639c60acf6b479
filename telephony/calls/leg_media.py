"""How a leg's media is spoken: what its agent's phone or its trunk was configured to."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from telephony.calls.control import AgentTarget, GuestTarget
from telephony.media.protocol import Srtp


@dataclass(frozen=True, slots=True, kw_only=True)
class LegMedia:
    """Beside what the descriptions say by themselves."""

    srtp: Srtp = Srtp.NEVER
    "Of our own offers; with `require`, of the peer's too."
    inband_dtmf: bool = False
    "Listen for keys in the audio, until the first one that comes as an event."
    webrtc: bool = False
    "Our own offers are for a browser."


PLAIN = LegMedia()


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaBook:
    """Who speaks how; whoever is not in it speaks plainly."""

    phones: Mapping[str, LegMedia] = field(default_factory=dict)
    "By agent's or phone's id."
    trunks: Mapping[str, LegMedia] = field(default_factory=dict)
    "By name."
    lines: Mapping[str, LegMedia] = field(default_factory=dict)
    "By the number that was dialled; only its `inband_dtmf` counts."

    def of_phone(self, phone: str) -> LegMedia:
        return self.phones.get(phone, PLAIN)

    def of_guest(self, target: GuestTarget) -> LegMedia:
        if isinstance(target, AgentTarget):
            return self.of_phone(target.agent_id)
        return self.trunks.get(target.trunk, PLAIN)

    def of_caller(self, line: str, trunk: str, aor: str) -> LegMedia:
        """`aor`: the agent whose phone calls; '': it comes from outside, by `trunk` if any."""
        known = self.of_phone(aor) if aor else self.trunks.get(trunk, PLAIN)
        if self.lines.get(line, PLAIN).inband_dtmf:
            return replace(known, inband_dtmf=True)
        return known
