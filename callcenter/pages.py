"""All pages of the centre: the one list that the navigation and the pages' own guards are made of.

A new page: an entry here, in the order of the navigation, and a folder with `index.html`, served by
`page_routes(ENTRY, folder)` among the routers of `callcenter.roles.web`.
"""

from pathlib import Path

from foundation.web.account import ACCOUNT
from foundation.web.frame import Page
from foundation.web.users import Role

STATIC = Path(__file__).with_name("static")
"Folders of the pages that join several packages."

WALLBOARD = Page("wallboard", "/wallboard", "Wallboard", "大屏")
PHONE = Page("phone", "/phone", "Phone", "话机")
RECORDINGS = Page(
    "recordings",
    "/recordings",
    "Recordings",
    "录音",
    (Role.TEAM_LEAD, Role.INSPECTOR, Role.SUPERVISOR),
)
TRANSCRIPTION = Page(
    "transcription", "/transcription", "Transcription", "转写", (Role.INSPECTOR, Role.SUPERVISOR)
)
LIVE = Page("live", "/live", "Live text", "实时文字")

PAGES = (WALLBOARD, PHONE, LIVE, RECORDINGS, TRANSCRIPTION, ACCOUNT)
