"""Where the processes of one centre meet: files and sockets below its data folder."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Places:
    """Paths below `data`, the centre's data folder."""

    data: Path

    @property
    def run(self) -> Path:
        """Process ids, sockets; nothing in here outlives the processes."""
        return self.data / "run"

    @property
    def logs(self) -> Path:
        return self.data / "log"

    @property
    def libraries(self) -> Path:
        """What was compiled here; may be deleted at any time."""
        return self.data / "lib"

    @property
    def kept(self) -> Path:
        """What folds of the journal have come to; may be deleted at any time."""
        return self.data / "kept"

    @property
    def kept_board(self) -> Path:
        return self.kept / "board"

    @property
    def kept_history(self) -> Path:
        return self.kept / "history"

    @property
    def core_socket(self) -> Path:
        return self.run / "core.sock"

    @property
    def listener_socket(self) -> Path:
        """Where core asks for callers to be listened to."""
        return self.run / "listener.sock"

    @property
    def live_socket(self) -> Path:
        """Where media workers bring what those callers say."""
        return self.run / "live.sock"

    @property
    def words_socket(self) -> Path:
        """Where the web role reads what is said in talks that are followed."""
        return self.run / "words.sock"

    def line_calls(self, role: str) -> Path:
        """What a line's process leaves to its successor."""
        return self.run / role

    def media_socket(self, worker: int) -> Path:
        return self.run / f"media-{worker}.sock"
