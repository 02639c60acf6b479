"""A board from a snapshot and later records is the board from all records."""

import pickle
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foundation import clock
from foundation.ids import AgentId, CallId, PartyId, QueueId, RecordingId
from foundation.record import Record
from foundation.snapshot import Snapshot, SnapshotFile
from recordings import events
from recordings.events import (
    PauseReason,
    RecordingPaused,
    RecordingResumed,
    RecordingStarted,
)
from telephony.calls.events import CallArrived
from tests.support.effort import tries
from tests.support.fake_core import FakeCore
from tests.support.legal_days import legal_days
from tests.support.outline import outline
from wallboard import snapshot as kept
from wallboard.directory import Directory
from wallboard.fold.board import Board, BoardRecord, rebuild
from wallboard.screens.document import render
from wallboard.service import BoardService
from wallboard.snapshot import (
    EVERY_RECORDS,
    GIVEN,
    BoardKeeper,
    Keeping,
    board_file,
    restored,
    state_of,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
EVENING_S = datetime(2026, 6, 22, 21, tzinfo=SHANGHAI).timestamp()
NOWHERE = Path("nowhere")


def whole(board: Board) -> list[object]:
    state = {name: value for name, value in vars(board).items() if name not in GIVEN}
    return outline(state)


@settings(max_examples=tries(100), deadline=None)
@given(legal_days(EVENING_S), st.data())
def test_a_board_that_was_kept_at_any_record_comes_to_the_same_as_all_records(
    records: list[BoardRecord], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(records)))
    file = board_file(NOWHERE, SHANGHAI)
    snapshot = file.unpack(file.pack(state_of(rebuild(records[:cut], SHANGHAI))))
    assert snapshot is not None

    board = restored(snapshot, SHANGHAI)
    for record in records[max(0, cut - 3) :]:  # a link may repeat itself
        board.fold(record)

    full = rebuild(records, SHANGHAI)
    assert whole(board) == whole(full)
    now_s = full.at_s + 7.0
    assert render(board, now_s, core_up=True) == render(full, now_s, core_up=True)


@pytest.fixture
def board() -> Board:
    now = clock.utc_now()
    return rebuild([Record(7, now.timestamp(), now, object())], UTC)


async def begun(file: SnapshotFile, record: Record[object] | None) -> Board:
    async def find(seq: int) -> Record[object] | None:
        return record

    return await Keeping(file, find).board(UTC, Directory())


def its_record(board: Board) -> Record[object]:
    return Record(board.seq, board.at_s, clock.utc_now(), object())


async def test_a_web_process_begins_with_the_kept_board(board: Board, tmp_path: Path) -> None:
    file = board_file(tmp_path / "kept" / "board", UTC)
    file.write(file.pack(state_of(board)))

    assert (await begun(file, its_record(board))).seq == 7


@pytest.mark.parametrize("other", [None, "later"])
async def test_a_board_of_a_record_that_the_journal_has_not_is_made_anew(
    board: Board, tmp_path: Path, other: str | None
) -> None:
    file = board_file(tmp_path / "board", UTC)
    file.write(file.pack(state_of(board)))
    told = its_record(board)
    rewritten = Record(told.seq, told.at_s + 0.001, told.utc, told.event)

    assert (await begun(file, rewritten if other else None)).seq == 0


async def test_a_board_from_days_ago_is_made_anew(board: Board, tmp_path: Path) -> None:
    board.at_s -= 2 * 86400 + 1
    file = board_file(tmp_path / "board", UTC)
    file.write(file.pack(state_of(board)))

    assert (await begun(file, its_record(board))).seq == 0


def test_a_board_of_another_time_zone_is_made_anew(board: Board, tmp_path: Path) -> None:
    file = board_file(tmp_path / "board", UTC)
    file.write(file.pack(state_of(board)))

    assert board_file(tmp_path / "board", SHANGHAI).read() is None


@given(st.data())
def test_a_damaged_file_is_as_good_as_none(data: st.DataObject) -> None:
    file = board_file(NOWHERE, UTC)
    whole_file = file.pack(state_of(Board()))
    at = data.draw(st.integers(0, len(whole_file) - 1))
    damaged = whole_file[:at] + bytes([whole_file[at] ^ 1]) + whole_file[at + 1 :]

    assert file.unpack(damaged) is None
    assert file.unpack(whole_file[:at]) is None


@pytest.mark.parametrize("strange", [pickle.Pickler, Board, state_of])
def test_nothing_is_read_but_values_of_classes_of_the_named_modules(strange: object) -> None:
    file = SnapshotFile(NOWHERE, [kept])

    assert file.unpack(file.pack(Snapshot(1, 0.0, BoardKeeper))) is not None
    assert file.unpack(file.pack(Snapshot(1, 0.0, strange))) is None


def test_members_of_enums_are_read_again_as_every_python_writes_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Python 3.11.2, Debian 12's, would have `getattr` find them."""

    def found_by_name(member: PauseReason, _: int) -> object:
        return getattr, (type(member), member.name)

    monkeypatch.setattr(PauseReason, "__reduce_ex__", found_by_name)
    file = SnapshotFile(NOWHERE, [events])

    snapshot = file.unpack(file.pack(Snapshot(1, 0.0, list(PauseReason))))

    assert snapshot is not None
    assert snapshot.state == list(PauseReason)


async def test_the_board_is_written_after_many_records_and_not_after_few(tmp_path: Path) -> None:
    core = FakeCore()
    service = BoardService(Board(), core)
    service.core_up = True
    file = board_file(tmp_path / "board", UTC)
    keeper = BoardKeeper(service, file)

    def fold(seq: int) -> None:
        service.board.fold(Record(seq, 1.0, clock.utc_now(), object()))

    fold(EVERY_RECORDS - 1)
    await keeper.look()
    assert file.read() is None
    fold(EVERY_RECORDS)
    await keeper.look()
    fold(EVERY_RECORDS + 5)
    await keeper.look()

    written = file.read()
    assert written is not None
    assert written.seq == EVERY_RECORDS


async def test_a_board_is_not_written_while_core_is_away(tmp_path: Path) -> None:
    service = BoardService(Board(), FakeCore())
    file = board_file(tmp_path / "board", UTC)
    keeper = BoardKeeper(service, file)
    service.board.fold(Record(EVERY_RECORDS, 1.0, clock.utc_now(), object()))

    await keeper.look()

    assert file.read() is None


def test_a_talk_that_is_paused_is_so_after_a_restart() -> None:
    call_id, recording_id = CallId("c-1"), RecordingId("r-1")
    facts = (
        CallArrived(call_id, PartyId("p-1"), "8000"),
        RecordingStarted(
            recording_id, call_id, AgentId("eva"), QueueId("orders"), "f", ("en", "en")
        ),
        RecordingPaused(recording_id, call_id, PauseReason.AGENT, "eva"),
        RecordingPaused(recording_id, call_id, PauseReason.CARD, "eva"),
    )
    at_s = EVENING_S
    records: list[BoardRecord] = [
        Record(seq, at_s + seq, datetime.fromtimestamp(at_s + seq, UTC), fact)
        for seq, fact in enumerate(facts, 1)
    ]
    file = board_file(NOWHERE, SHANGHAI)
    snapshot = file.unpack(file.pack(state_of(rebuild(records, SHANGHAI))))
    assert snapshot is not None
    board = restored(snapshot, SHANGHAI)
    assert board.calls[call_id].recording == "card"

    for seq, why in ((5, PauseReason.CARD), (6, PauseReason.AGENT)):
        utc = datetime.fromtimestamp(at_s + seq, UTC)
        board.fold(Record(seq, at_s + seq, utc, RecordingResumed(recording_id, call_id, why, "")))

    assert board.calls[call_id].recording == "on"
