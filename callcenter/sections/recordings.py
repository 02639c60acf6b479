"""`store`, `recordings` and `quality`: what is kept, where, for how long."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator

from callcenter.sections.values import KeySequence, Language, Part, Seconds


class Store(Part):
    """`sqlite:///relative/to/the/centre.db`, `sqlite:////absolute.db` or `postgresql://…`."""

    url: SecretStr = SecretStr("sqlite:///data/callcenter.db")
    "A SQLite file below the centre's folder, or `postgresql://user:password@host/name`."

    @field_validator("url")
    @classmethod
    def _is_ours(cls, url: SecretStr) -> SecretStr:
        async_url(url.get_secret_value(), Path())
        return url


class RecordingKeys(Part):
    """What an agent presses on the phone during a talk; the caller does not hear these keys, others
    a moment later. Not given: no such command, and keys pass as they come."""

    pause: KeySequence | None = None
    "Pauses the recording, and goes on with it: `*9`."
    record: KeySequence | None = None
    "Begins a recording on demand, and ends it."
    card: KeySequence | None = None
    "Takes card digits from the caller, and stops taking them."


class Card(Part):
    """Card digits that callers key during a talk: the agent hears nothing of the caller meanwhile,
    the recording is paused, and the digits go to one server and nowhere else."""

    post_to: str = Field(pattern=r"^https?://[^\s?#]+$")
    """Who charges: gets `{"call_id": …, "agent_id": …, "digits": "…"}` by POST and answers 2xx with
    JSON. Its host must be one of `lookups.hosts`; its headers are those of `lookups.headers`."""
    least: int = Field(default=12, ge=1, le=32)
    "Digits."
    most: int = Field(default=19, ge=1, le=32)
    "Ends the entry; fewer are ended by `#`, and `*` begins anew."
    check: bool = True
    "The last digit must fit the others, as that of a card number does (Luhn)."
    wait_s: Seconds = 30.0
    "For the first key and for each next one."
    timeout_s: float = Field(default=10.0, gt=0, le=60)
    "For the server's answer."


class Shelf(Part):
    """Where archived recordings are kept: on this disk, or in a bucket of an S3-compatible store,
    to which they go on from this disk. Its keys are in `keys_file`, or in the environment:
    `CALLCENTER_RECORDINGS__SHELF__ACCESS_KEY` and `…__SECRET_KEY`."""

    kind: Literal["disk", "s3"] = "disk"
    "`s3` needs the extra: `pip install callcenter[s3]`."
    endpoint: str = Field(default="", max_length=300)
    "Of the store: `https://s3.example`."
    bucket: str = Field(default="", pattern=r"^$|^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")
    "It must be there already."
    prefix: str = Field(default="", max_length=200, pattern=r"^([A-Za-z0-9._-]+/)*$")
    "Before the name of each file: `hotline/`."
    region: str = Field(default="us-east-1", pattern=r"^[A-Za-z0-9_-]{1,64}$")
    "As the store calls its own."
    path_style: bool = True
    "`https://s3.example/bucket/…`; else `https://bucket.s3.example/…`."
    access_key: SecretStr = SecretStr("")
    "Of who may read, write, delete and list in the bucket."
    secret_key: SecretStr = SecretStr("")
    "The other half; both come from the environment, or from `keys_file`."
    keys_file: Path | None = None
    "Two lines: access key, secret key. Its owner's only: `chmod 600`."
    ca_file: Path | None = None
    "PEM of who has signed the store's certificate, if the system does not know him."
    timeout_s: float = Field(default=20.0, ge=1, le=300)
    "For a request, its answer and its repetitions. Files go in parts of 8 MB."
    backlog_gb: float = Field(default=20.0, gt=0, le=100_000)
    "When more waits on this disk because the store takes nothing, the backlog counts as full."


class Recordings(Part):
    path: Path = Path("data/recordings")
    "Folder of the WAV files, one folder for each day."
    transcribe: bool = True
    "Write down what was said, by Vosk."
    archive: Literal["flac", "none"] = "flac"
    """What becomes of a WAV when its talk is over and transcribed: `flac`, the same samples in half
    the room or less, by a process of its own; `none`, it stays."""
    shelf: Shelf = Shelf()
    "Where archived recordings are kept."
    keep_days: int | None = Field(default=None, ge=1, le=36_500)
    """Recordings of talks that began longer ago are deleted, with their transcripts, once a day;
    not given: never. What is held (`/api/v1/recordings/{id}/hold`) stays."""
    encrypt: bool = True
    """Archived audio is encrypted on the disk, with the keys of `data/recordings.keys`: have a copy
    of that file elsewhere, for without it nobody hears a recording again."""
    plain_at_most_s: Seconds = 600.0
    """A talk that began longer ago is archived before all others, whether it is transcribed yet or
    not and whatever calls need, so that no WAV stays unencrypted; of no use without `encrypt`."""
    keys: RecordingKeys = RecordingKeys()
    "Commands by the keys of an agent's phone."
    card: Card | None = None
    "Who takes card digits; not given: nobody."
    models: dict[Language, str] = {"en": "tiny-en", "zh": "tiny-zh"}
    "For each language a built-in model's name or a folder."
    agents_hear_own: bool = False
    "An agent may hear the recordings of his own talks, and read their transcripts."
    newest_first: bool = False
    "Of talks with the same `transcribe_priority` the newest is transcribed first, not the oldest."
    most_live: int = Field(default=4, ge=0, le=16)
    "Talks that may be transcribed at once while they go on (`queues[].live_transcript`)."


class Quality(Part):
    """How talks are judged once they are written down; docs/quality.md."""

    packs: dict[Language, str] = {"en": "en", "zh": "zh"}
    "For each language of agents the pack of rules: `rules/quality/NAME.yaml`, or one of ours."


def async_url(url: str, folder: Path) -> str:
    """The URL with the asyncio driver; a relative SQLite file lies in `folder`."""
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite" and rest.startswith("/") and len(rest) > 1:
        return f"sqlite+aiosqlite:///{folder / rest[1:]}"
    if scheme in ("postgresql", "postgres") and rest:
        return f"postgresql+asyncpg://{rest}"
    raise ValueError("write sqlite:///path/to/file.db or postgresql://user:password@host/name")
