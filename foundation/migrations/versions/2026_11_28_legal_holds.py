"""Legal holds of recordings"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "vault_0001"
down_revision: str | None = "board_tv_links"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "recording_hold",
        sa.Column("recording_id", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("held_by", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["recording_id"],
            ["recording.recording_id"],
            name=op.f("fk_recording_hold_recording_id_recording"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("recording_id", name=op.f("pk_recording_hold")),
    )


def downgrade() -> None:
    op.drop_table("recording_hold")
