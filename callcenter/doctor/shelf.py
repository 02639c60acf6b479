"""What `callcenter doctor` says of the store that recordings are kept in: it is tried."""

import secrets
from collections.abc import Iterator
from datetime import timedelta

from callcenter.configuration.settings import Settings
from callcenter.configuration.shelves import moving_shelf
from callcenter.doctor.health import Finding, Verdict
from foundation import clock
from foundation.errors import CallCentreError

PROBE = ".callcenter-doctor-"
"Begins the name of the file that is written, read, listed and deleted again."


def examine_shelf(settings: Settings) -> Iterator[Finding]:
    """Nothing where recordings stay on this disk."""
    shelf = moving_shelf(settings)
    if shelf is None:
        return
    what = str(shelf.bucket).removeprefix("the ")
    try:
        shelf.bucket.try_out(PROBE + secrets.token_hex(8))
        yield Finding(what, Verdict.OK, "written, read in part, listed and deleted")
    except CallCentreError as error:
        step = "see recordings.shelf; recordings wait on this disk meanwhile"
        yield Finding(what, Verdict.FAIL, str(error), step)
    waiting = shelf.waiting()
    if not waiting:
        return
    age_s = clock.utc_now().timestamp() - min(each.since_s for each in waiting)
    megabytes = sum(each.bytes for each in waiting) / 1e6
    age = timedelta(seconds=int(age_s))
    says = f"{len(waiting)} files, {megabytes:.1f} MB, the oldest for {age}"
    is_late = age > timedelta(hours=1)
    step = "see archiver.log, and whether the centre runs" if is_late else ""
    yield Finding(
        "recordings that wait for it", Verdict.WARN if is_late else Verdict.OK, says, step
    )
