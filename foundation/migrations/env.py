"""Run by Alembic, on the connection that `foundation.db` gives it."""

from typing import Literal

from alembic import context
from sqlalchemy.types import TypeDecorator

from foundation.db import Base, is_described


def render_item(kind: str, item: object, _: object) -> str | Literal[False]:
    """A type of our own is written as what it is in the database: revisions import no package."""
    if kind == "type" and isinstance(item, TypeDecorator):
        return f"sa.{item.impl!r}"
    return False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    # SQLite cannot alter a column in place; Alembic then copies the table.
    render_as_batch=True,
    compare_type=True,
    include_object=is_described,
    render_item=render_item,
)
with context.begin_transaction():
    context.run_migrations()
