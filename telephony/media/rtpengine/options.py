"""What the driver is told when it is started, as one JSON object on its command line."""

import msgspec

from telephony.media.options import WorkerOptions


class DriverOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rtpengine and the media plane of our own that stands behind it."""

    worker: WorkerOptions
    "Its `ports` and `address` are where rtpengine sends what is recorded or mixed."
    ng: tuple[str, int]
    "Address and UDP port of rtpengine's `--listen-ng`."
    digits: tuple[str, int]
    "Where rtpengine's `--dtmf-log-dest` sends; the driver listens there."
    prefix: str = ""
    "Put before our calls' names, so that centres that share an rtpengine do not meet."
    scratch: str
    "Folder for what is put together to be played; rtpengine must be able to read it."
