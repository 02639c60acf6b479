"""The database: one declarative base for all tables, one way to make an engine."""

from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    """All tables of the house hang here."""


def make_engine(url: str) -> AsyncEngine:
    return create_async_engine(url.replace("sqlite:///", "sqlite+aiosqlite:///", 1))
