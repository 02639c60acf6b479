"""TV links"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "board_tv_links"
down_revision: str | None = "record_0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "tv_link",
        sa.Column("link_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("board", sa.String(), nullable=False),
        sa.Column("hides_names", sa.Boolean(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("link_id", name=op.f("pk_tv_link")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_tv_link_token_hash")),
    )


def downgrade() -> None:
    op.drop_table("tv_link")
