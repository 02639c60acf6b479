"""Boards that change while screens look on: told, asked for, shown; TV links know them, too."""

from pathlib import Path

import msgspec
import pytest

from callcenter.actions.tv_links import TvActions
from callcenter.asks import ListTvLinks, MakeTvLink, ReadBoards, RevokeTvLink
from callcenter.changes.board_reload import BoardReload
from callcenter.codec import CODEC
from callcenter.configuration.settings import load
from callcenter.events import ActionTaken, HouseEvent
from foundation.db import make_engine, make_sessions
from foundation.errors import NotFound
from foundation.ids import TvLinkId
from foundation.ipc.messages import reply_type
from foundation.journal import Journal
from tests.support.database import put_schema
from tests.support.fake_core import FakeCore
from wallboard.events import DirectoryChanged, TvLinkMade, TvLinkRevoked
from wallboard.figures.boards import DEFAULT, DEFAULT_PLAN, Plan
from wallboard.fold.board import Board
from wallboard.screens.screens import NO_SUCH_BOARD, Dropped, Screens, View
from wallboard.screens.store import TvLinkStore
from wallboard.screens.tv_links import hash_of
from wallboard.service import BoardService
from wallboard.words import Words


def board(folder: Path, name: str, text: str) -> None:
    (folder / "boards").mkdir(exist_ok=True)
    (folder / "boards" / f"{name}.yaml").write_text(text, encoding="utf-8")


async def test_changed_boards_are_told_and_only_they(tmp_path: Path) -> None:
    (tmp_path / "callcenter.yaml").write_text("", encoding="utf-8")
    board(tmp_path, "hall", "title: Hall\ntiles: [waiting, {figure: answered, of: house}]\n")
    told: list[HouseEvent] = []
    boards = BoardReload(load(tmp_path), told.append)

    assert boards.apply(load(tmp_path)).changed == []
    board(tmp_path, "hall", "title: The great hall\n")
    board(tmp_path, "yard", "formulas: {answer_rate: raw}\n")
    applied = boards.apply(load(tmp_path))

    assert applied.changed == [
        "Screens show the new board hall.",
        "Screens show the new board yard.",
    ]
    assert told == [DirectoryChanged()]
    served = await boards.read(ReadBoards())
    assert served["hall"].title.en == "The great hall"
    wire = msgspec.msgpack.encode(served)
    assert msgspec.msgpack.decode(wire, type=reply_type(ReadBoards)) == served


async def test_screens_get_the_new_plan_and_those_of_a_lost_board_are_dropped() -> None:
    screens = Screens(
        BoardService(Board(), FakeCore()),
        {DEFAULT: DEFAULT_PLAN, "hall": Plan(name="hall")},
    )
    stays, goes = screens.join(), screens.join(View("hall"))

    screens.change_plans({DEFAULT: Plan(title=Words("New", "新"))})
    screens.publish()

    delta = await stays.take()
    assert delta is not None
    assert '"title":{"en":"New"' in delta
    with pytest.raises(Dropped, match="There is no board 'hall' any more") as dropped:
        await goes.take()
    assert dropped.value.why.code == NO_SUCH_BOARD


async def test_links_are_made_listed_and_revoked_with_an_audit(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path / 'links.db'}")
    put_schema(f"sqlite:///{tmp_path / 'links.db'}")
    store = TvLinkStore(make_sessions(engine))
    journal = await Journal.open(tmp_path / "journal.db", CODEC)
    told: list[HouseEvent] = []

    def tell(event: HouseEvent) -> None:
        told.append(event)
        journal.publish(event)

    actions = TvActions(store, journal, tell, lambda: {DEFAULT, "hall"})
    with pytest.raises(NotFound, match="There is no board 'hal'; did you mean 'hall'"):
        await actions.make(MakeTvLink("Hall", "hal", hides_names=False, by="sue"))
    made = await actions.make(MakeTvLink("Hall", "hall", hides_names=True, by="sue"))
    listed = await actions.list(ListTvLinks())
    await actions.revoke(RevokeTvLink(made.link_id, by="sue"))
    with pytest.raises(NotFound):
        await actions.revoke(RevokeTvLink(made.link_id, by="sue"))
    await journal.close()
    await engine.dispose()

    link_id = TvLinkId(made.link_id)
    assert [(each.name, each.board, each.hides_names) for each in listed] == [
        ("Hall", "hall", True)
    ]
    assert not _is_kept(tmp_path, made.token), "only its hash is kept"
    assert hash_of(made.token) not in str(told)
    assert told == [
        ActionTaken("sue", "tv link made", link_id, "Hall"),
        TvLinkMade(link_id, "hall"),
        ActionTaken("sue", "tv link revoked", link_id),
        TvLinkRevoked(link_id),
    ]


def _is_kept(folder: Path, token: str) -> bool:
    return any(token.encode() in file.read_bytes() for file in folder.rglob("*.db*"))
