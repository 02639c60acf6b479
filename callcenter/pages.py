"""All pages of the centre: the one list that the navigation and the pages' own guards are made of.

A new page: an entry here, in the order of the navigation, and a folder with `index.html`, served by
`page_routes(ENTRY, folder)` among the routers of `callcenter.roles.web`.
"""

from foundation.web.account import ACCOUNT
from foundation.web.frame import Page

WALLBOARD = Page("wallboard", "/wallboard", "Wallboard", "大屏")
PHONE = Page("phone", "/phone", "Phone", "话机")

PAGES = (WALLBOARD, PHONE, ACCOUNT)
