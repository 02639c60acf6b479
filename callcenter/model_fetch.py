"""Gets a speech model: download, checksum, unpacking, a trial; then it is a folder of the centre.

    URL or file ─▶ models/NAME.zip.part ─ SHA-256 ─▶ models/.NAME.new ─ trial ─▶ models/NAME

Nothing under the final name is ever half done. A download that breaks off is continued; one whose
checksum is wrong is thrown away. Checksums of files that nobody vouches for are kept in
`models/SHA256SUMS` at the first time, and must be the same the next time.
"""

import hashlib
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from foundation.errors import CallCentreError, RemoteError, ResourceError
from recordings.transcribing.model_archive import unpack
from recordings.transcribing.model_catalogue import CATALOGUE
from recordings.transcribing.vosk_recogniser import find_problem

MODELS = "models"
PINS = "SHA256SUMS"
MOST_ZIP_BYTES = 4 << 30
PIECE_BYTES = 1 << 18
TIMEOUT = httpx.Timeout(30.0, connect=10.0)
TRIAL_WITHIN_S = 180.0
"The largest models take a minute to load."
SHA256 = re.compile(r"[0-9a-f]{64}")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")

OnProgress = Callable[[str, int, int | None], None]
"What is done, how many bytes of it, of how many; None: nobody knows."


class CannotBeHad(ResourceError):
    """The file is out of reach; the message says what to do instead."""


class WrongChecksum(RemoteError):
    """It is not the file that it should be."""


@dataclass(frozen=True, slots=True)
class Wish:
    """One model that somebody wants."""

    language: str
    source: str
    "URL or path."
    sha256: str
    "'' when nobody vouches for one."

    @property
    def is_remote(self) -> bool:
        return urlsplit(self.source).scheme in ("http", "https")

    @property
    def name(self) -> str:
        """Of the folder: the file's without `.zip`."""
        path = urlsplit(self.source).path if self.is_remote else self.source
        name = Path(path).name.removesuffix(".zip")
        if not NAME.fullmatch(name):
            raise RemoteError(f"{self.source!r} names no zip of a model.")
        return name


@dataclass(frozen=True, slots=True)
class Got:
    folder: Path
    sha256: str
    is_vouched_for: bool
    "The checksum was known before."
    rate: int


def wish(language: str, source: str | None, sha256: str | None) -> Wish:
    """`source`: None is the catalogue's."""
    known = CATALOGUE.get(language)
    if source is None:
        if known is None:
            names = ", ".join(CATALOGUE)
            raise RemoteError(f"No model is known for {language!r}, only for {names}; use --from.")
        source = known.url
    if sha256 is not None and not SHA256.fullmatch(sha256.lower()):
        raise RemoteError(f"{sha256!r} is no SHA-256: those are 64 hexadecimal digits.")
    made = Wish(language, source, (sha256 or "").lower())
    # The maker's file is the same file wherever it comes from.
    is_known = known is not None and made.name == known.name and not made.sha256
    return Wish(language, source, known.sha256) if known and is_known else made


def get(wanted: Wish, centre: Path, on_progress: OnProgress) -> Got:
    """Raises one of `foundation.errors`, with a sentence that says what to do."""
    folder = centre / MODELS
    folder.mkdir(parents=True, exist_ok=True)
    pins = _read_pins(folder / PINS)
    expected = wanted.sha256 or pins.get(f"{wanted.name}.zip", "")
    archive = _brought(wanted, folder, on_progress)
    sha256 = _checked(archive, wanted, expected, on_progress)
    new, final = folder / f".{wanted.name}.new", folder / wanted.name
    shutil.rmtree(new, ignore_errors=True)
    done = 0

    def on_bytes(count: int) -> None:
        nonlocal done
        done += count
        on_progress("unpacking", done, None)

    unpack(archive, new, on_bytes)
    try:
        rate = _tried(new)
    except CallCentreError:
        shutil.rmtree(new)
        raise
    _put_in_place(new, final)
    if wanted.is_remote:
        archive.unlink()
    if not expected:
        _write_pins(folder / PINS, pins | {f"{wanted.name}.zip": sha256})
    return Got(final, sha256, bool(expected), rate)


# -- the file --------------------------------------------------------------------------------------


def _brought(wanted: Wish, folder: Path, on_progress: OnProgress) -> Path:
    if not wanted.is_remote:
        file = Path(wanted.source)
        if not file.is_file():
            raise CannotBeHad(f"There is no file {wanted.source}.")
        return file
    part = folder / f"{wanted.name}.zip.part"
    try:
        _download(wanted.source, part, on_progress)
    except (httpx.HTTPError, OSError) as error:
        raise CannotBeHad(_instead(wanted, error)) from error
    return part


def _instead(wanted: Wish, error: Exception) -> str:
    known = CATALOGUE.get(wanted.language)
    size = f" ({known.size / 1e6:.0f} MB)" if known and known.url == wanted.source else ""
    return (
        f"{wanted.source} cannot be had: {error or type(error).__name__}.\n"
        f"What has come is kept; the same command goes on from there. Without a network here: "
        f"download the file{size} elsewhere, bring it, and run "
        f"`callcenter models get {wanted.language} --from FILE`. Until then the small models that "
        "came with the program go on serving."
    )


def _download(url: str, part: Path, on_progress: OnProgress) -> None:
    """Goes on where an earlier try broke off, if the server can."""
    have = part.stat().st_size if part.exists() else 0
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with httpx.stream(
        "GET", url, headers=headers, timeout=TIMEOUT, follow_redirects=True
    ) as answer:
        if answer.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            return  # all of it is here; the checksum says whether it is right
        answer.raise_for_status()
        is_rest = answer.status_code == httpx.codes.PARTIAL_CONTENT
        have = have if is_rest else 0
        length = answer.headers.get("content-length")
        whole = have + int(length) if length else None
        if (whole or 0) > MOST_ZIP_BYTES:
            raise OSError(f"it has {whole} bytes, {MOST_ZIP_BYTES} are the most")
        with part.open("ab" if is_rest else "wb") as file:
            # As it comes: a piece that is gathered first is lost when the connection breaks.
            for piece in answer.iter_raw():
                have += len(piece)
                if have > MOST_ZIP_BYTES:
                    raise OSError(f"it has more than {MOST_ZIP_BYTES} bytes")
                file.write(piece)
                on_progress("downloading", have, whole)
    if whole is not None and have < whole:
        raise OSError(f"it broke off after {have} of {whole} bytes")


def _checked(archive: Path, wanted: Wish, expected: str, on_progress: OnProgress) -> str:
    digest, done, whole = hashlib.sha256(), 0, archive.stat().st_size
    with archive.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            digest.update(piece)
            done += len(piece)
            on_progress("checking", done, whole)
    sha256 = digest.hexdigest()
    if expected and sha256 != expected:
        if wanted.is_remote:
            archive.unlink()
        raise WrongChecksum(
            f"{wanted.source} is not the file that it should be: its SHA-256 is {sha256}, and "
            f"not {expected}. Nothing was installed. If you know the new file to be good, name "
            f"its checksum: `--sha256 {sha256}`."
        )
    return sha256


def _read_pins(file: Path) -> dict[str, str]:
    """As sha256sum writes them: `DIGEST  NAME` in each line."""
    if not file.exists():
        return {}
    lines = (line.split(maxsplit=1) for line in file.read_text(encoding="utf-8").splitlines())
    return {line[1].lstrip("*"): line[0] for line in lines if len(line) == 2}


def _write_pins(file: Path, pins: dict[str, str]) -> None:
    text = "".join(f"{sha256}  {name}\n" for name, sha256 in sorted(pins.items()))
    file.write_text(text, encoding="utf-8")


# -- the folder ------------------------------------------------------------------------------------


def _tried(folder: Path) -> int:
    problem = find_problem(folder)
    if problem is not None:
        raise RemoteError(f"This is no model that Vosk can use: {problem}. Nothing was installed.")
    try:
        tried = subprocess.run(
            [sys.executable, "-m", "recordings.transcribing.model_trial", folder],
            capture_output=True,
            text=True,
            timeout=TRIAL_WITHIN_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise RemoteError(f"The model did not load within {TRIAL_WITHIN_S:.0f} s.") from None
    if tried.returncode:
        said = tried.stderr.strip().splitlines()
        why = said[-1] if said else f"the process ended with {tried.returncode}"
        raise RemoteError(f"The model cannot be loaded: {why}. Nothing was installed.")
    return int(tried.stdout)


def _put_in_place(new: Path, final: Path) -> None:
    """A model that is in use keeps its open files; the folder's name changes in one step."""
    old = final.with_name(f".{final.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if final.exists():
        final.rename(old)
    new.rename(final)
    shutil.rmtree(old, ignore_errors=True)
