"""What core was told, or has told, last.

The next core hears it again, for this one may be killed before it is on the disk.
"""

from collections import deque

from telephony.media import protocol as p

KEPT = 100
"Of each kind. A core notes an end within 50 ms: more than end in that, many times over."


class LastWords:
    """The last ends of recordings and of calls, for `Done` of `ListSessions`."""

    def __init__(self) -> None:
        self.taps: deque[p.TapEnded] = deque(maxlen=KEPT)
        self.calls: deque[p.EndedCall] = deque(maxlen=KEPT)

    def released(self, request: p.Release, call: str) -> None:
        """With the caller's leg goes the call, and how."""
        if request.ended_by:
            self.calls.append(p.EndedCall(call, request.ended_by, request.reason))
