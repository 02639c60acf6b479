"""What is done about callbacks by command, and the audit's line of it."""

from collections.abc import Callable

from callcenter.conduct.callbacks import Callbacks
from callcenter.events import ActionTaken
from foundation.ids import CallbackId, QueueId
from wallboard.commands import AskCallback, CancelCallback


class CallbackActions:
    """Raises before anything is done, so that the audit has only what was; it has no numbers."""

    def __init__(self, callbacks: Callbacks, tell: Callable[[ActionTaken], None]) -> None:
        self._callbacks = callbacks
        self._tell = tell

    def ask(self, command: AskCallback) -> None:
        """Raises NotFound, NotAllowed by a number rule, Conflict for who is promised it already,
        RemoteError for a time that is too far ahead."""
        callback_id, queue = CallbackId(command.callback_id), QueueId(command.queue)
        self._callbacks.check(command.number, queue, command.in_s)
        self._tell(ActionTaken(command.by, "ask callback", callback_id, queue))
        self._callbacks.ask(callback_id, command.number, queue, in_s=command.in_s)

    def cancel(self, command: CancelCallback) -> None:
        """Raises NotFound for one that is over."""
        callback_id = CallbackId(command.callback_id)
        self._callbacks.check_pending(callback_id)
        self._tell(ActionTaken(command.by, "cancel callback", callback_id))
        self._callbacks.cancel(callback_id)
