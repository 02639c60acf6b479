"""`/account`: one's own account, for everybody who is signed in."""

from fastapi import APIRouter

from foundation.web.frame import STATIC, Page, page_routes

ACCOUNT = Page("account", "/account", "My account", "我的账户")


def account_routes() -> APIRouter:
    return page_routes(ACCOUNT, STATIC / "account")
