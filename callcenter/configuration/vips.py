"""VIP callers: whose number is of which tier, as `vip` in callcenter.yaml says."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeAlias

from foundation.yaml_lines import Path, nearest
from telephony.calls.numbers import normalise
from telephony.calls.options import CallOptions

if TYPE_CHECKING:  # settings.py calls this file while it loads
    from callcenter.configuration.settings import Settings

Finding: TypeAlias = tuple[Path, str]


def tiers_by_number(settings: Settings) -> dict[str, str]:
    """By number in E.164, as callers' numbers are compared."""
    return {_e164(number): tier for tier, numbers in settings.vip.items() for number in numbers}


def vip_problems(settings: Settings) -> Iterable[Finding]:
    tiers: dict[str, str] = {}
    for tier, numbers in settings.vip.items():
        if tier not in settings.order.tiers:
            yield ("vip", tier), f"order.tiers has no such tier; {_hint(tier, settings)}"
        for place, number in enumerate(numbers):
            known = tiers.setdefault(_e164(number), tier)
            if not _e164(number).startswith("+"):
                yield ("vip", tier, place), f"{number!r} is no whole number; write it as +86…"
            elif known != tier:
                yield ("vip", tier, place), f"{number!r} is {known} already"


def _hint(tier: str, settings: Settings) -> str:
    tiers = settings.order.tiers
    return nearest(tier, tiers) if tiers else f"write order: {{tiers: {{{tier}: 300}}}}"


def _e164(number: str) -> str:
    return normalise(number, CallOptions().country_code)
