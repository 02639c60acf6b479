"""A bucket of an S3-compatible store, as files by key: the one file that knows its client.

    put, read, digest, delete, keys ─▶ obstore ─▶ HTTP ─▶ the store
                 └─ what goes wrong: NotFound, BucketAway (try again), BucketRefuses (change it)

Blocks; used from threads. Each request has an end and a few repetitions, and after one that failed
the bucket counts as away for `rest_s`: who asks meanwhile is told so at once, for threads that
wait for a dead store are missing elsewhere.

Bodies are signed with their SHA-256, so a store refuses what was spoilt on its way to it; what it
keeps is compared by whoever wants to be sure (`digest`). Nothing is asked of a store that some of
them do not know: no checksums of their own, no conditions, no deleting in bulk.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import ObjectStore, S3Store

from foundation import clock
from foundation.errors import NotFound, Unavailable
from recordings.archiving.blocks import BlockFile

if TYPE_CHECKING:  # these exist for type checkers only
    from obstore.store import ClientConfig, RetryConfig, S3Config, S3Credential

PART_BYTES = 8 << 20
"A file that is longer is sent in parts of this; S3's least is 5 MiB."
STREAM_BYTES = 1 << 20
BLOCK_BYTES = 128 << 10
"What is fetched to read one byte: two blocks of a sealed file."
MOST_BLOCKS_AHEAD = 8
"In one request, of who reads front to back."
MOST_BLOCKS_KEPT = 16
"Of one open file: 2 MiB."

HINTS = {
    "SignatureDoesNotMatch": "the secret key is not the one of this access key",
    "InvalidAccessKeyId": "it does not know the access key",
    "AccessDenied": "the access key may not do this",
    "RequestTimeTooSkewed": "its clock and ours differ by too much, see the time of this machine",
    "NoSuchBucket": "there is no bucket of this name",
    "AuthorizationHeaderMalformed": "the region may be another one",
    "PermanentRedirect": "the bucket is in another region, or has another address",
    "InvalidBucketName": "no bucket can have this name",
    "QuotaExceeded": "the store is full",
    "InsufficientStorage": "the store is full",
}
"Of S3's error codes, what they mean for us."
_CODE = re.compile(r"<Code>(\w{1,64})</Code>")
_STATUS = re.compile(r"status code: (\d{3})")
_BEYOND_ITS_END = ("<Code>InvalidRange</Code>", "StartTooLarge {")
"Of a store, and of one in memory."
_REDIRECTED = "BareRedirect"
"A store that says neither where to nor why."
_PASSING = frozenset({408, 429, 500, 502, 503, 504})


class BucketAway(Unavailable):
    """No answer, or not now: the same may work later."""


class BucketRefuses(Unavailable):
    """A no that stays one until somebody changes a setting, there or here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketOptions:
    """Where it is, and how patient we are."""

    endpoint: str
    "`https://s3.example`"
    bucket: str
    prefix: str = ""
    "Before each key: '' or one that ends with `/`."
    region: str = "us-east-1"
    path_style: bool = True
    "`https://s3.example/bucket/key`; else `https://bucket.s3.example/key`."
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    certificate: bytes = field(default=b"", repr=False)
    "PEM of whom the store's certificate is signed by, beside those the system trusts."
    connect_s: float = 5.0
    request_s: float = 20.0
    "For one request and its answer, and for all repetitions together."
    repetitions: int = 2
    rest_s: float = 5.0
    "After a failure."


class Bucket:
    """May be used by several threads."""

    def __init__(
        self,
        options: BucketOptions,
        monotonic_s: Callable[[], float] = clock.monotonic_s,
        store: ObjectStore | None = None,
    ) -> None:
        """`store`: another than the one at the endpoint."""
        self._options = options
        self._monotonic_s = monotonic_s
        self._store: ObjectStore = _store(options) if store is None else store
        self._trouble: Unavailable | None = None
        self._away_until = 0.0

    def __str__(self) -> str:
        options = self._options
        return f"the bucket {options.bucket!r} at {options.endpoint}"

    def put(self, key: str, path: Path) -> None:
        """In place of one of the same key; whole, or not at all."""
        with self._asking():
            obstore.put(
                self._store, self._name(key), path, chunk_size=PART_BYTES, max_concurrency=2
            )

    def put_bytes(self, key: str, data: bytes) -> None:
        with self._asking():
            obstore.put(self._store, self._name(key), data, chunk_size=PART_BYTES)

    def read(self, key: str, start: int, end: int) -> tuple[bytes, int]:
        """Bytes from `start` up to `end`, fewer only at the file's end, and the file's size; of one
        that ends before `start`, nothing and 0."""
        with self._asking():
            try:
                found = obstore.get(self._store, self._name(key), options={"range": (start, end)})
            except BaseError as error:
                if any(sign in str(error) for sign in _BEYOND_ITS_END):
                    return b"", 0
                raise
            return bytes(found.bytes()), found.meta["size"]

    def read_all(self, key: str) -> bytes:
        with self._asking():
            return bytes(obstore.get(self._store, self._name(key)).bytes())

    def digest(self, key: str) -> tuple[int, str]:
        """Size and SHA-256 of what the store has: all of it is read."""
        size, digest = 0, hashlib.sha256()
        with self._asking():
            found = obstore.get(self._store, self._name(key))
            for piece in found.stream(min_chunk_size=STREAM_BYTES):
                size += len(piece)
                digest.update(piece)
        return size, digest.hexdigest()

    def open(self, key: str) -> BinaryIO:
        """To be read at any place, without the rest."""
        return cast(BinaryIO, io.BufferedReader(BucketFile(self, key), BLOCK_BYTES))

    def delete(self, key: str) -> None:
        """What is not there was deleted already."""
        with self._asking():
            obstore.delete(self._store, self._name(key))

    def keys(self) -> list[str]:
        prefix = self._options.prefix
        with self._asking():
            pages = list(obstore.list(self._store, prefix=prefix.rstrip("/") or None))
        names = [one["path"] for page in pages for one in page]
        return sorted(name.removeprefix(prefix) for name in names if name.startswith(prefix))

    def try_out(self, key: str) -> None:
        """Whether all of this may be done, with a file of this key; raises what does not work."""
        probe = b"0123456789" * 100
        self.put_bytes(key, probe)
        try:
            if self.read(key, 500, 510) != (probe[500:510], len(probe)):
                raise BucketRefuses(f"{self} gives other bytes than those it was asked for")
            if not self._lists(key):
                raise BucketRefuses(f"{self} does not list a file that was put there")
        finally:
            self.delete(key)

    def _lists(self, key: str) -> bool:
        folder = self._options.prefix.rstrip("/") or None
        with self._asking():
            found = obstore.list_with_delimiter(self._store, prefix=folder)
        return any(one["path"] == self._name(key) for one in found["objects"])

    def _name(self, key: str) -> str:
        return self._options.prefix + key

    @contextmanager
    def _asking(self) -> Iterator[None]:
        if self._trouble is not None and self._monotonic_s() < self._away_until:
            raise self._trouble
        try:
            yield
        except FileNotFoundError as error:
            if code_of(str(error)) == "NoSuchBucket":
                raise self._failed(str(error)) from None
            raise NotFound(f"there is no such file in {self}") from None
        except (BaseError, ValueError) as error:
            raise self._failed(str(error)) from None
        self._trouble = None

    def _failed(self, said: str) -> Unavailable:
        """`said` by the client: long, with the store's own words in it."""
        code, status = code_of(said), _status_of(said)
        why = f"{code or f'status {status}'}{_hint(code)}"
        if status is None and code not in HINTS:
            self._trouble = BucketAway(f"{self} does not answer: {_network(said)}")
        elif status in _PASSING and code not in HINTS:
            self._trouble = BucketAway(f"{self} can't do it now: {why}")
        else:
            self._trouble = BucketRefuses(f"{self} refuses: {why}")
        self._away_until = self._monotonic_s() + self._options.rest_s
        return self._trouble


class BucketFile(BlockFile):
    """One file, fetched by blocks: those around where it is read, more of them the longer it is
    read front to back."""

    def __init__(self, bucket: Bucket, key: str) -> None:
        """Raises `NotFound`."""
        super().__init__(BLOCK_BYTES)
        self._bucket = bucket
        self._key = key
        self._ahead = 1
        self._expected = 0
        "Block that follows what was fetched last."
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._fetch(0)

    def _block(self, number: int) -> bytes:
        if number not in self._blocks:
            self._fetch(number)
        found = self._blocks.get(number)
        if found is None:
            return b""
        self._blocks.move_to_end(number)
        return found

    def _fetch(self, number: int) -> None:
        is_next = number == self._expected and number > 0
        self._ahead = min(self._ahead * 2, MOST_BLOCKS_AHEAD) if is_next else 1
        start = number * BLOCK_BYTES
        data, self._size = self._bucket.read(self._key, start, start + self._ahead * BLOCK_BYTES)
        for at in range(0, len(data), BLOCK_BYTES):
            self._blocks[number + at // BLOCK_BYTES] = data[at : at + BLOCK_BYTES]
        self._expected = number + self._ahead
        while len(self._blocks) > MOST_BLOCKS_KEPT:
            self._blocks.popitem(last=False)


def code_of(said: str) -> str:
    """S3's code of an error; '' where there is none."""
    found = _CODE.search(said)
    if found is None:
        return "PermanentRedirect" if _REDIRECTED in said else ""
    return found[1]


def _status_of(said: str) -> int | None:
    found = _STATUS.search(said)
    return int(found[1]) if found else None


def _hint(code: str) -> str:
    return f" ({HINTS[code]})" if code in HINTS else ""


def _network(said: str) -> str:
    """In a few words: what the client says of it is a page."""
    for sign, words in (
        ("timed out", "no answer in time"),
        ("TimedOut", "no answer in time"),
        ("Connection refused", "the connection is refused"),
        ("dns error", "its name is not known"),
        ("certificate", "its certificate is not trusted"),
    ):
        if sign in said:
            return words
    return "the connection broke"


def _store(options: BucketOptions) -> S3Store:
    url = urlsplit(options.endpoint)
    host = url.netloc if options.path_style else f"{options.bucket}.{url.netloc}"
    endpoint = f"{url.scheme}://{host}"

    def credentials() -> S3Credential:
        return {
            "access_key_id": options.access_key,
            "secret_access_key": options.secret_key,
            "expires_at": None,
        }

    # Both names of the endpoint, and what may not come from the environment of this process:
    # the client would look there for whatever is not given.
    config: S3Config = {
        "endpoint": endpoint,
        "aws_endpoint_url_s3": endpoint,
        "region": options.region,
        "virtual_hosted_style_request": not options.path_style,
        "skip_signature": False,
        "unsigned_payload": False,
        "disable_bulk_delete": True,
    }
    client: ClientConfig = {
        "allow_http": url.scheme == "http",
        "connect_timeout": timedelta(seconds=options.connect_s),
        "timeout": timedelta(seconds=options.request_s),
    }
    if options.certificate:
        client["root_certificate"] = options.certificate
    retries: RetryConfig = {
        "max_retries": options.repetitions,
        "retry_timeout": timedelta(seconds=options.request_s),
    }
    return S3Store(
        options.bucket,
        config=config,
        client_options=client,
        retry_config=retries,
        credential_provider=credentials,
    )
