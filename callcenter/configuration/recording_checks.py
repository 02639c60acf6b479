"""What must fit together of recordings: consent, keys, and who takes card digits."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import permutations
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import urlsplit

from callcenter.configuration.shelf_checks import is_here, shelf_doubts, shelf_problems
from foundation.yaml_lines import Path, nearest

if TYPE_CHECKING:  # settings.py calls this file while it loads
    from callcenter.configuration.settings import Settings

Finding: TypeAlias = tuple[Path, str]
USUAL_DECLINE_KEY = "9"
"Of which the built-in words speak."


def recording_problems(settings: Settings) -> Iterable[Finding]:
    yield from _consents(settings)
    yield from _keys(settings)
    yield from _card(settings)
    yield from shelf_problems(settings)


def recording_doubts(settings: Settings) -> Iterable[Finding]:
    yield from shelf_doubts(settings)
    if settings.media.driver == "rtpengine" and any(code for _, code in settings.recordings.keys):
        yield ("recordings", "keys"), "behind rtpengine callers hear these keys"
    for at, line in enumerate(settings.lines):
        flow = settings.flows.get(line.flow)
        spoken = () if flow is None else flow.languages
        wanted = (line.language,) if line.language else spoken
        missing = [one for one in wanted if line.consent_words and one not in line.consent_words]
        if missing:
            yield ("lines", at, "consent_words"), f"there are none in: {', '.join(missing)}"


def _consents(settings: Settings) -> Iterable[Finding]:
    for at, line in enumerate(settings.lines):
        own = line.consent_prompt is not None or bool(line.consent_words)
        if line.consent == "none" and own:
            yield ("lines", at, "consent"), "is none, but there are words for it"
        if line.consent_prompt is not None and line.consent_words:
            yield ("lines", at, "consent_words"), "there is a consent_prompt already; give one"
        if line.consent == "ask" and line.decline_key != USUAL_DECLINE_KEY and not own:
            yield (
                ("lines", at, "decline_key"),
                f"the built-in words say {USUAL_DECLINE_KEY}; give consent_words that say "
                f"{line.decline_key}",
            )
        known = settings.own_prompts() | settings.prompt_words.keys()
        if line.consent_prompt is not None and line.consent_prompt not in known:
            hint = nearest(line.consent_prompt, known)
            yield (
                ("lines", at, "consent_prompt"),
                f"there is neither a WAV nor a flow's prompt {line.consent_prompt!r}; {hint}",
            )


def _keys(settings: Settings) -> Iterable[Finding]:
    keys = settings.recordings.keys
    given = {name: code for name, code in keys if code is not None}
    for one, other in permutations(given, 2):
        if given[one].startswith(given[other]) and (given[one] != given[other] or one > other):
            sentence = f"{given[one]} begins as {other} ({given[other]}) does"
            yield ("recordings", "keys", one), sentence
    if keys.card is not None and settings.recordings.card is None:
        yield ("recordings", "keys", "card"), "no server takes cards; give recordings.card"


def _card(settings: Settings) -> Iterable[Finding]:
    card = settings.recordings.card
    if card is None:
        return
    url = urlsplit(card.post_to)
    if card.least > card.most:
        yield ("recordings", "card", "least"), f"{card.least} is more than most: {card.most}"
    if url.password or url.username:
        path = ("recordings", "card", "post_to")
        yield path, "has a password in it; put it into lookups.headers"
    elif url.netloc not in settings.lookups.hosts:
        hint = nearest(url.netloc, settings.lookups.hosts)
        yield (
            ("recordings", "card", "post_to"),
            f"{url.netloc!r} is none of lookups.hosts; {hint}",
        )
    if url.scheme != "https" and not is_here(url.hostname or ""):
        yield ("recordings", "card", "post_to"), "card digits leave this machine by https only"
