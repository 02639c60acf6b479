"""All pages of the centre: the one list that the navigation and the pages' own guards are made of.

A new page: an entry here, in the order of the navigation, and a folder with `index.html`, served by
`page_routes(ENTRY, folder)` among the routers of `callcenter.roles.web`.
"""

from pathlib import Path

from foundation.web.account import ACCOUNT
from foundation.web.frame import Page
from foundation.web.users import Role
from foundation.web.users_api import USERS
from wallboard.routes.flow_api import SEERS as FLOW_SEERS
from wallboard.routes.task_api import SEERS as TASK_SEERS

STATIC = Path(__file__).with_name("static")
"Folders of the pages that join several packages."

LEADS = (Role.TEAM_LEAD, Role.SUPERVISOR)
READERS = (Role.TEAM_LEAD, Role.INSPECTOR, Role.SUPERVISOR)
"Who may look up past calls."
WALLBOARD = Page("wallboard", "/wallboard", "Wallboard", "大屏")
CONSOLE = Page("console", "/console", "Console", "主管台", LEADS)
CALLS = Page("calls", "/calls", "Calls", "通话记录", READERS)
AUDIT = Page("audit", "/audit", "Audit", "操作日志", (Role.SUPERVISOR,))
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

PAGES = (
    WALLBOARD,
    CONSOLE,
    CALLS,
    TASKS,
    RECORDINGS,
    QUALITY,
    LIVE,
    FLOWS,
    TRANSCRIPTION,
    AUDIT,
    PHONE,
    USERS,
    ACCOUNT,
)
