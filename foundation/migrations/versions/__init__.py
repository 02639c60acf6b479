"""The database's revisions, oldest first, by Alembic. Made by `python -m tools.migration`."""
