"""What must fit together of `recordings.shelf`: the store, its keys, what may leave the house."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import urlsplit

from callcenter.configuration.shelves import shelf_certificate, shelf_keys
from foundation.errors import ConfigurationError
from foundation.yaml_lines import Path

if TYPE_CHECKING:  # settings.py calls this file while it loads
    from callcenter.configuration.settings import Settings

Finding: TypeAlias = tuple[Path, str]
CLIENT = "obstore"
SECTION: Path = ("recordings", "shelf")
ONLY_S3 = ("endpoint", "bucket", "prefix", "keys_file", "ca_file")


def shelf_problems(settings: Settings) -> Iterable[Finding]:
    shelf = settings.recordings.shelf
    if shelf.kind == "disk":
        given = [name for name in ONLY_S3 if getattr(shelf, name)]
        yield from (((*SECTION, name), "is for kind: s3") for name in given)
        return
    if find_spec(CLIENT) is None:
        yield (*SECTION, "kind"), "s3 needs the extra: pip install 'callcenter[s3]'"
    if problem := _problem_of_endpoint(shelf.endpoint):
        yield (*SECTION, "endpoint"), problem
    if not shelf.bucket:
        yield (*SECTION, "bucket"), "is needed with kind: s3"
    yield from _keys(settings)
    yield from _unusable("ca_file", lambda: shelf_certificate(settings))
    url = urlsplit(shelf.endpoint)
    if url.scheme == "http" and not is_here(url.hostname or "") and not settings.recordings.encrypt:
        sentence = "recordings that are not encrypted leave this machine by https only"
        yield (*SECTION, "endpoint"), sentence


def shelf_doubts(settings: Settings) -> Iterable[Finding]:
    shelf = settings.recordings.shelf
    if shelf.kind == "disk":
        return
    if settings.recordings.archive == "none":
        yield (*SECTION, "kind"), "nothing goes there, for nothing is archived: archive: none"
    if not settings.recordings.encrypt:
        yield ("recordings", "encrypt"), "whoever reads the bucket hears the recordings"


def _keys(settings: Settings) -> Iterable[Finding]:
    shelf = settings.recordings.shelf
    given = [bool(key.get_secret_value()) for key in (shelf.access_key, shelf.secret_key)]
    if shelf.keys_file is None and not all(given):
        sentence = "is needed, or CALLCENTER_RECORDINGS__SHELF__ACCESS_KEY and …__SECRET_KEY"
        yield (*SECTION, "keys_file"), sentence
    elif shelf.keys_file is not None and any(given):
        yield (*SECTION, "keys_file"), "there are access_key and secret_key as well; give one"
    elif shelf.keys_file is not None:
        yield from _unusable("keys_file", lambda: shelf_keys(settings))


def _unusable(field: str, read: Callable[[], object]) -> Iterable[Finding]:
    try:
        read()
    except ConfigurationError as error:
        yield from (((*SECTION, field), problem) for problem in error.problems)


def _problem_of_endpoint(endpoint: str) -> str:
    if not endpoint:
        return "is needed with kind: s3: https://s3.example"
    try:
        url = urlsplit(endpoint)
        is_whole = bool(url.hostname) and url.port != 0
    except ValueError:
        return f"{endpoint!r} has no good host or port"
    if url.username or url.password:
        return "has a password in it; keys are in keys_file or in the environment"
    if url.scheme not in ("http", "https") or not is_whole:
        return f"{endpoint!r} is no address of a store: https://s3.example"
    if url.path.strip("/") or url.query or url.fragment:
        return f"{endpoint!r} has a path; give it as bucket and prefix"
    return ""


def is_here(host: str) -> bool:
    """On this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
