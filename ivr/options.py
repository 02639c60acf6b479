"""Knobs of the menus that no flow sets."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class IvrOptions:
    """The same for every flow."""

    prompt_limit_s: float = 180.0
    """Go on without the end of a prompt after this long: the media worker that should have told
    it may have been started again in between."""
    answer_grace_s: float = 5.0
    "On top of what a recorder, a listener or a ringing phone was given, before we go on alone."
