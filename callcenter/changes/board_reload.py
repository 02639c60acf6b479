"""`boards/*.yaml` taken up while screens look on: the web process asks for them anew."""

from collections.abc import Callable, Collection

from callcenter.asks import ReadBoards
from callcenter.changes.reloading import Applied
from callcenter.configuration.settings import Settings
from wallboard.events import DirectoryChanged
from wallboard.figures.boards import Plan, Plans


class BoardReload:
    """A `changes.reloading.Reloadable`; knows the boards that are served."""

    sections: Collection[str] = ()
    "Of callcenter.yaml: none, boards are files of their own."

    def __init__(self, settings: Settings, tell: Callable[[DirectoryChanged], None]) -> None:
        self.now: Plans = settings.boards
        self._tell = tell

    async def prepare(self, new: Settings) -> None:
        """Nothing takes time; what is wrong was found when the files were read."""

    def apply(self, new: Settings) -> Applied:
        before, self.now = self.now, new.boards
        names = sorted(before.keys() | self.now.keys())
        changed = [name for name in names if before.get(name) != self.now.get(name)]
        if changed:
            self._tell(DirectoryChanged())
        return Applied(changed=[f"Screens show the new board {name}." for name in changed])

    async def read(self, _: ReadBoards) -> dict[str, Plan]:
        return dict(self.now)
