"""All pages of the centre: the one list that the navigation and the pages' own guards are made of.

A new page: an entry here, in the order of the navigation, and a folder with `index.html`, served by
`page_routes(ENTRY, folder)` among the routers of `callcenter.roles.web`.
"""

from foundation.web.account import ACCOUNT
from foundation.web.frame import Page
from foundation.web.users import Role
from foundation.web.users_api import USERS

LEADS = (Role.TEAM_LEAD, Role.SUPERVISOR)
READERS = (Role.TEAM_LEAD, Role.INSPECTOR, Role.SUPERVISOR)
"Who may look up past calls."
WALLBOARD = Page("wallboard", "/wallboard", "Wallboard", "大屏")
CONSOLE = Page("console", "/console", "Console", "主管台", LEADS)
CALLS = Page("calls", "/calls", "Calls", "通话记录", READERS)
AUDIT = Page("audit", "/audit", "Audit", "操作日志", (Role.SUPERVISOR,))
PHONE = Page("phone", "/phone", "Phone", "话机")

PAGES = (WALLBOARD, CONSOLE, CALLS, AUDIT, PHONE, USERS, ACCOUNT)
