"""All pages of the centre: the one list that the navigation and the pages' own guards are made of.

A new page: an entry here, in the order of the navigation, and a folder with `index.html`, served by
`page_routes(ENTRY, folder)` among the routers of `callcenter.roles.web`.
"""

from pathlib import Path

from foundation.web.account import ACCOUNT
from foundation.web.frame import Page
from foundation.web.users import Role
from wallboard.flow_api import SEERS as FLOW_SEERS
from wallboard.task_api import SEERS as TASK_SEERS

STATIC = Path(__file__).with_name("static")
"Folders of the pages that join several packages."

WALLBOARD = Page("wallboard", "/wallboard", "Wallboard", "大屏")
PHONE = Page("phone", "/phone", "Phone", "话机")
TASKS = Page("tasks", "/tasks", "Tasks", "待办", TASK_SEERS)
FLOWS = Page("flows", "/flows", "Flows", "流程", FLOW_SEERS)
RECORDINGS = Page(
    "recordings",
    "/recordings",
    "Recordings",
    "录音",
    (Role.TEAM_LEAD, Role.INSPECTOR, Role.SUPERVISOR),
)
PLAYER = Page("player", "/recordings/{recording_id}", "Recording", "录音")
"One recording; reached from lists. What is heard and seen there is decided by the API."
QUALITY = Page("quality", "/quality", "Quality", "质检")
"Inspectors see all of it, agents and team leads what they have to see."
TRANSCRIPTION = Page(
    "transcription", "/transcription", "Transcription", "转写", (Role.INSPECTOR, Role.SUPERVISOR)
)
LIVE = Page("live", "/live", "Live text", "实时文字")

PAGES = (WALLBOARD, TASKS, PHONE, LIVE, RECORDINGS, QUALITY, FLOWS, TRANSCRIPTION, ACCOUNT)
