"""The edges are narrow: which files may touch asyncio, the database, HTTP, Vosk, clocks, threads.

A new name in a list is a decision to be made in the open; machines stay pure because they cannot
import what would make them impure. A pattern ending in `/` is a folder.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = (
    "acd",
    "callcenter",
    "desk",
    "foundation",
    "ivr",
    "recordings",
    "telephony",
    "wallboard",
)

ALLOWED_IN = {
    "asyncio": (
        "callcenter/",
        "desk/service.py",
        "foundation/",
        "ivr/speech/free_text.py",
        "ivr/speech/sounds.py",
        "ivr/speech/synthesis.py",
        "recordings/archiving/archive_desk.py",
        "recordings/archiving/archiver.py",
        "recordings/playing/audio_api.py",
        "recordings/marking/marks_desk.py",
        "recordings/archiving/mover.py",
        "recordings/quality/trying.py",
        "recordings/following/following.py",
        "recordings/following/live_audio.py",
        "recordings/service.py",
        "recordings/following/listener.py",
        "recordings/transcribing/transcriber.py",
        "recordings/erasing/vault.py",
        "recordings/archiving/verify.py",
        "recordings/following/word_readers.py",
        "telephony/calls/store.py",
        "telephony/lines/names.py",
        "telephony/lines/relay.py",
        "telephony/lines/service.py",
        "telephony/media/client.py",
        "telephony/sip/sockets/connections.py",
        "telephony/sip/sockets/endpoint.py",
        "telephony/sip/gateway.py",
        "telephony/sip/trunks/resolver.py",
        "wallboard/alarms/alarm_desk.py",
        "wallboard/alarms/alarm_post.py",
        "wallboard/screens/screens.py",
        "wallboard/service.py",
        "wallboard/snapshot.py",
        "wallboard/screens/socket.py",
        "wallboard/screens/tv_desk.py",
        "wallboard/screens/live_words.py",
        "wallboard/routes/transcript_socket.py",
        "wallboard/web_role.py",
    ),
    # It makes whatever it is told to make: nothing from outside may come near it.
    "pickle": ("foundation/snapshot.py",),
    "fastapi": (
        "callcenter/roles/web.py",
        "callcenter/web/",
        "foundation/web/",
        "recordings/api.py",
        "recordings/playing/audio_api.py",
        "wallboard/routes/alarm_api.py",
        "recordings/quality/api.py",
        "recordings/inspection/api.py",
        "wallboard/routes/api.py",
        "wallboard/routes/monitor_api.py",
        "wallboard/routes/callback_api.py",
        "wallboard/routes/recording_api.py",
        "wallboard/routes/take_api.py",
        "wallboard/routes/talk_api.py",
        "wallboard/routes/flow_api.py",
        "wallboard/routes/task_api.py",
        "wallboard/routes/wait_api.py",
        "wallboard/pages.py",
        "wallboard/screens/socket.py",
        "wallboard/routes/transcript_socket.py",
        "wallboard/web_role.py",
    ),
    "sqlalchemy": (
        "callcenter/doctor/health.py",
        "desk/store.py",
        "foundation/db.py",
        "foundation/schema.py",
        "foundation/migrations/",
        "foundation/web/store.py",
        "foundation/write_behind.py",
        "recordings/archiving/archive_store.py",
        "recordings/marking/marks_store.py",
        "ivr/store.py",
        "recordings/quality/store.py",
        "recordings/inspection/store.py",
        "recordings/search_rows.py",
        "recordings/searching/search_store.py",
        "recordings/store.py",
        "recordings/erasing/vault_store.py",
        "recordings/transactions.py",
        "telephony/calls/store.py",
        "telephony/sip/entrance/store.py",
        "wallboard/screens/store.py",
    ),
    "socket": (
        "callcenter/",
        "foundation/unix.py",
        "telephony/lines/names.py",
        "telephony/lines/pyvoip/sip.py",
        "telephony/lines/relay.py",
        "telephony/media/control.py",
        "telephony/media/live.py",
        "telephony/media/packets/ports.py",
        "telephony/media/rtpengine/service.py",
        "telephony/sip/sockets/connections.py",
        "telephony/sip/sockets/endpoint.py",
        "telephony/sip/sockets/icmp.py",
    ),
    "threading": (
        "callcenter/demo/pyvoip_phone/",
        "telephony/lines/pyvoip/",
        "telephony/media/taping/recorder.py",
    ),
    "time": (
        "callcenter/doctor/health.py",
        "foundation/clock.py",
        "telephony/media/taping/recorder.py",
        "telephony/media/worker.py",
    ),
    "dns": ("telephony/sip/trunks/resolver.py",),
    "soundfile": ("recordings/archiving/flac.py",),
    "obstore": ("recordings/archiving/bucket.py",),
    "jieba": ("recordings/terms.py",),
    "vosk": ("recordings/transcribing/vosk_recogniser.py",),
    "pyVoIP": ("callcenter/demo/pyvoip_phone/", "telephony/lines/pyvoip/"),
    "pydantic_settings": ("callcenter/sections/", "callcenter/configuration/settings.py"),
    "typer": ("callcenter/__main__.py", "callcenter/commands/"),
    "uvicorn": ("callcenter/roles/web.py", "foundation/web/server.py"),
    "random": (
        "acd/simulation/",
        "callcenter/",
        "telephony/lines/core_side.py",
        "telephony/media/plane.py",
        "telephony/media/session.py",
    ),
}
PURE = (
    "recordings/archiving/shelf_watch.py",
    "acd/",
    "callcenter/conduct/agent_keys.py",
    "callcenter/conduct/card_entry.py",
    "callcenter/conduct/recording_marks.py",
    "callcenter/records/billing.py",
    "callcenter/conduct/destinations.py",
    "callcenter/conduct/emergency.py",
    "callcenter/revival/guests_past.py",
    "callcenter/revival/history.py",
    "callcenter/conduct/limits.py",
    "desk/events.py",
    "desk/options.py",
    "desk/task.py",
    "desk/watch.py",
    "ivr/understanding/asking.py",
    "ivr/visit/by_card.py",
    "ivr/visit/by_keys.py",
    "ivr/visit/by_others.py",
    "ivr/visit/by_voice.py",
    "ivr/visit/cards.py",
    "ivr/visit/course.py",
    "ivr/trials/dialogue.py",
    "ivr/pictures/draw_svg.py",
    "ivr/pictures/drawing.py",
    "ivr/understanding/heard.py",
    "ivr/pictures/flows_now.py",
    "ivr/pictures/paths.py",
    "callcenter/revival/past.py",
    "callcenter/conduct/talk_checks.py",
    "ivr/visit/engine.py",
    "ivr/language/expressions.py",
    "ivr/flows/flow.py",
    "ivr/flows/flow_checks.py",
    "ivr/language/functions.py",
    "ivr/visit/ground.py",
    "ivr/language/hours.py",
    "ivr/visit/lookups.py",
    "ivr/flows/making.py",
    "ivr/language/nodes.py",
    "ivr/understanding/phrases.py",
    "ivr/speech/spoken.py",
    "ivr/language/templates.py",
    "ivr/language/values.py",
    "ivr/flows/written.py",
    "ivr/flows/written_asking.py",
    "ivr/flows/written_base.py",
    "ivr/flows/written_leaving.py",
    "ivr/flows/written_ways.py",
    "ivr/understanding/corrections.py",
    "ivr/understanding/intents.py",
    "ivr/speech/loudness.py",
    "ivr/speech/numbers_en.py",
    "ivr/speech/numbers_zh.py",
    "ivr/speech/saying.py",
    "ivr/speech/saying_en.py",
    "ivr/speech/saying_parts.py",
    "ivr/speech/saying_zh.py",
    "recordings/following/endpoint.py",
    "recordings/inspection/agreement.py",
    "recordings/inspection/inspection.py",
    "recordings/inspection/month.py",
    "recordings/inspection/sampling.py",
    "recordings/transcribing/lease.py",
    "recordings/marking/marks.py",
    "recordings/archiving/peaks.py",
    "recordings/playing/ranges.py",
    "recordings/quality/emotion.py",
    "recordings/quality/figures.py",
    "recordings/quality/judging.py",
    "recordings/quality/making.py",
    "recordings/quality/measures.py",
    "recordings/quality/pack.py",
    "recordings/quality/phrases.py",
    "recordings/quality/spans.py",
    "recordings/quality/talk.py",
    "recordings/quality/talks.py",
    "recordings/quality/tokens.py",
    "recordings/quality/voice.py",
    "recordings/quality/written.py",
    "recordings/quality/written_pack.py",
    "callcenter/records/quality_facts.py",
    "recordings/searching/question.py",
    "recordings/transcribing/readable.py",
    "recordings/terms.py",
    "telephony/calls/agent_side.py",
    "telephony/calls/call.py",
    "telephony/calls/guest_side.py",
    "telephony/calls/hold.py",
    "telephony/calls/number_rules.py",
    "telephony/calls/referral.py",
    "telephony/calls/second_line.py",
    "telephony/calls/recording.py",
    "telephony/calls/sound.py",
    "telephony/calls/veil.py",
    "telephony/calls/trunks.py",
    "telephony/sip/dialogs/outside.py",
    "telephony/sip/trunks/ping.py",
    "telephony/sip/dialogs/referral.py",
    "telephony/sip/dialogs/reconnecting.py",
    "telephony/sip/dialogs/refreshing.py",
    "telephony/sip/trunks/registration.py",
    "telephony/media/rtpengine/bencode.py",
    "telephony/media/rtpengine/digits.py",
    "telephony/media/rtpengine/legs.py",
    "telephony/media/rtpengine/ng.py",
    "telephony/media/rtpengine/routes.py",
    "telephony/media/rtpengine/watch.py",
    "telephony/media/rtpengine/wiring.py",
    "telephony/media/rtpengine/works.py",
    "telephony/lines/caller.py",
    "telephony/lines/carried.py",
    "telephony/lines/descriptions.py",
    "telephony/sip/stack.py",
    "telephony/sip/trunks/targets.py",
    "telephony/sip/trunks/trunk_line.py",
    "wallboard/fold/alarm_log.py",
    "wallboard/alarms/alarm_rules.py",
    "wallboard/alarms/alarms.py",
    "wallboard/fold/board.py",
    "wallboard/figures/boards.py",
    "wallboard/figures/curve.py",
    "wallboard/screens/document.py",
    "wallboard/figures/figures.py",
    "wallboard/figures/formulas.py",
    "wallboard/figures/grades.py",
    "wallboard/alarms/outbox.py",
    "wallboard/screens/plan_view.py",
    "wallboard/figures/readings.py",
    "wallboard/fold/rushes.py",
    "wallboard/alarms/sightings.py",
    "wallboard/fold/troubles.py",
    "wallboard/fold/flows.py",
)
"Machines and folds: no clock, no loop, no disk, no log."
IMPURE = ("asyncio", "logging", "os", "pathlib", "random", "socket", "threading", "time")


class Looks(NamedTuple):
    """What we want of a file's tree. The trees of all files are too many objects to keep: whoever
    collects garbage after that walks through them."""

    imports: frozenset[str]
    "Top-level names, at whatever depth the statement stands."
    catches_everything: bool


@cache
def looks(file: Path) -> Looks:
    imports, catches = set(), False
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names):
                imports |= {alias.name.split(".")[0] for alias in names}
            case ast.ImportFrom(module=str(module), level=0):
                imports.add(module.split(".")[0])
            case ast.ExceptHandler(type=ast.Name("Exception" | "BaseException")):
                catches = True
    return Looks(frozenset(imports), catches)


def files() -> Iterator[tuple[str, Path]]:
    for package in PACKAGES:
        for file in sorted((ROOT / package).rglob("*.py")):
            yield file.relative_to(ROOT).as_posix(), file


def is_in(name: str, places: tuple[str, ...]) -> bool:
    return any(name == place or (place[-1] == "/" and name.startswith(place)) for place in places)


@pytest.mark.parametrize("library", ALLOWED_IN)
def test_library_is_used_only_at_its_edge(library: str) -> None:
    users = [name for name, file in files() if library in looks(file).imports]
    assert [name for name in users if not is_in(name, ALLOWED_IN[library])] == []
    assert users, f"nobody uses {library}: take it off the list"


@pytest.mark.parametrize("name", [name for name, _ in files() if is_in(name, PURE)])
def test_machine_is_pure(name: str) -> None:
    # The simulator's chance has a seed, given as an argument: the same days again.
    impure = set(IMPURE) - ({"random"} if name.startswith("acd/simulation/") else set())
    assert looks(ROOT / name).imports & impure == set()


def test_no_file_catches_everything_but_the_task_supervisor() -> None:
    catching = {name for name, file in files() if looks(file).catches_everything}
    # vosk raises the bare class when a model cannot be read, onnxruntime (piper's) children of it.
    # The media worker's loop is its own: there one packet's fault must not end a hundred talks.
    allowed = {
        "foundation/tasks.py",
        "ivr/speech/piper.py",
        "recordings/transcribing/vosk_recogniser.py",
        "telephony/media/worker.py",
    }
    assert catching <= allowed


def test_client_of_s3_is_loaded_by_need_alone_for_it_is_an_extra() -> None:
    extra = ("recordings.archiving.bucket", "recordings.archiving.moving_shelf")
    loading = [
        name
        for name, file in files()
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ImportFrom) and node.module in extra
    ]
    assert loading == ["recordings/archiving/moving_shelf.py"]
