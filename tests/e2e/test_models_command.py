"""`callcenter models`: from a server on this machine, which serves our own small model as a zip."""

import hashlib
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import Result

from recordings.transcribing.model_catalogue import CATALOGUE
from recordings.transcribing.model_folders import model_folder
from tests.support.centres import run_command, write_centre

pytestmark = pytest.mark.e2e

NAME = "vosk-model-tiny-0.1"


@dataclass
class Site:
    """What a download site does to a file."""

    content: bytes
    breaks_after: int | None = None
    "Bytes of the next answer, before the connection is cut."
    knows_ranges: bool = True
    asked: list[str | None] = field(default_factory=list)
    "The Range of each request."
    url: str = ""


def handler_of(site: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path != f"/{NAME}.zip":
                self.send_error(404)
                return
            wanted = self.headers.get("Range")
            site.asked.append(wanted)
            at = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
            if wanted and site.knows_ranges and at >= len(site.content):
                self.send_error(416)
                return
            is_rest = bool(wanted) and site.knows_ranges
            body = site.content[at:] if is_rest else site.content
            self.send_response(206 if is_rest else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: site.breaks_after])
            site.breaks_after = None

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler


@pytest.fixture(scope="module")
def model_zip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("zip") / "model.zip"
    source = model_folder("tiny-en", Path())
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(source.rglob("*")):
            archive.write(file, f"{NAME}/{file.relative_to(source)}")
    return path.read_bytes()


@pytest.fixture
def site(model_zip: bytes) -> Iterator[Site]:
    site = Site(model_zip)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(site))
    site.url = f"http://127.0.0.1:{server.server_address[1]}/{NAME}.zip"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield site
    server.shutdown()
    thread.join()
    server.server_close()


def get(folder: Path, source: str | Path, *more: str) -> Result:
    return run_command("models", "get", "en", "--dir", folder, "--from", source, *more)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "models").iterdir())


def test_model_is_downloaded_tried_listed_and_its_checksum_pinned(
    tmp_path: Path, site: Site
) -> None:
    write_centre(tmp_path)
    got = get(tmp_path, site.url)

    assert got.exit_code == 0, got.output
    assert f"models/{NAME} loads and listens at 8000 Hz" in got.output
    assert "Nobody vouched" in got.output
    assert f"models: {{en: models/{NAME}}}" in got.output
    assert left(tmp_path) == ["SHA256SUMS", NAME]
    pinned = (tmp_path / "models" / "SHA256SUMS").read_text()
    assert pinned == f"{sha256(site.content)}  {NAME}.zip\n"

    centre = (tmp_path / "callcenter.yaml").read_text()
    models = f"{{transcribe: false, models: {{en: models/{NAME}}}}}"
    write_centre(tmp_path, centre.replace("{transcribe: false}", models))
    listed = run_command("models", "list", "--dir", tmp_path).output
    assert [line.split()[:3] for line in listed.splitlines() if NAME in line] == [
        [NAME, "en", "8000"]
    ]
    assert "callcenter models get zh" in listed

    site.content = site.content + b"tampered"
    again = get(tmp_path, site.url)
    assert again.exit_code == 1
    assert "is not the file that it should be" in again.output
    assert left(tmp_path) == ["SHA256SUMS", NAME], "the one from before goes on serving"


@pytest.mark.parametrize("knows_ranges", [True, False])
def test_download_that_breaks_off_is_told_and_goes_on_from_there(
    tmp_path: Path, site: Site, knows_ranges: bool
) -> None:
    site.breaks_after, site.knows_ranges = 100_000, knows_ranges
    broken = get(tmp_path, site.url, "--sha256", sha256(site.content))
    assert broken.exit_code == 1
    assert "goes on from there" in broken.output
    assert left(tmp_path) == [f"{NAME}.zip.part"]

    whole = get(tmp_path, site.url, "--sha256", sha256(site.content).upper())
    assert whole.exit_code == 0, whole.output
    assert "Nobody vouched" not in whole.output
    assert site.asked == [None, "bytes=100000-"]
    assert left(tmp_path) == [NAME]


def test_part_that_is_whole_already_is_only_checked(tmp_path: Path, site: Site) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / f"{NAME}.zip.part").write_bytes(site.content)

    assert get(tmp_path, site.url).exit_code == 0
    assert left(tmp_path) == ["SHA256SUMS", NAME]


def test_wrong_checksum_installs_nothing_and_keeps_nothing(tmp_path: Path, site: Site) -> None:
    refused = get(tmp_path, site.url, "--sha256", "0" * 64)

    assert refused.exit_code == 1
    assert f"its SHA-256 is {sha256(site.content)}" in refused.output
    assert left(tmp_path) == []


@pytest.mark.parametrize("kind", ["truncated", "no model", "spoilt model", "leads out"])
def test_file_that_is_no_usable_model_installs_nothing(
    tmp_path: Path, model_zip: bytes, kind: str
) -> None:
    file = tmp_path / f"{NAME}.zip"
    file.write_bytes(model_zip[:-5000])
    if kind != "truncated":
        names = {"no model": "readme.txt", "leads out": "../evil", "spoilt model": "am/final.mdl"}
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr(names[kind], b"nonsense" * 100)
            if kind == "spoilt model":
                for name in ("conf/mfcc.conf", "conf/model.conf", "graph/HCLr.fst", "graph/Gr.fst"):
                    archive.writestr(name, b"nonsense")

    refused = get(tmp_path, file)

    assert refused.exit_code == 1, refused.output
    assert {
        "truncated": "cannot be unpacked",
        "no model": "no model that Vosk can use: missing or empty",
        "spoilt model": "The model cannot be loaded",
        "leads out": "outside of it",
    }[kind] in refused.output
    assert left(tmp_path) == []
    assert file.exists(), "the administrator's own file stays"


def test_what_cannot_be_had_is_told_with_what_to_do(tmp_path: Path, site: Site) -> None:
    gone = get(tmp_path, site.url.replace(NAME, "other"))
    assert (gone.exit_code, "404" in gone.output) == (1, True)
    assert "--from FILE" in gone.output

    missing = get(tmp_path, tmp_path / "nowhere.zip")
    assert (missing.exit_code, "There is no file" in missing.output) == (1, True)
    unknown = run_command("models", "get", "fr", "--dir", tmp_path)
    assert (unknown.exit_code, "only for en, zh" in unknown.output) == (1, True)
    assert get(tmp_path, site.url, "--sha256", "abc").exit_code == 1
    assert get(tmp_path, site.url.removesuffix(f"{NAME}.zip")).exit_code == 1


def test_the_makers_file_brought_by_hand_must_be_the_makers(
    tmp_path: Path, model_zip: bytes
) -> None:
    file = tmp_path / f"{CATALOGUE['en'].name}.zip"
    file.write_bytes(model_zip)

    refused = get(tmp_path, file)

    assert refused.exit_code == 1
    assert CATALOGUE["en"].sha256 in refused.output
