"""A transcript that somebody raised is first after a restart, too"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "rest_0001"
down_revision: str | None = "shelf_0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("recording", sa.Column("raised_to", sa.Integer(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("recording") as batch:
        batch.drop_column("raised_to")
