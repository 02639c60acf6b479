"""Alembic, without an ini file: the migrations are inside this package."""

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from foundation.db import MIGRATIONS


def upgrade(connection: Connection) -> None:
    command.upgrade(migration_config(connection), "head")


def migration_config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
