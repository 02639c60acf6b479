"""Messages of callers are archived like talks: those that were left before, too"""

from collections.abc import Sequence

from alembic import op

revision: str = "shelf_0001"
down_revision: str | None = "vault_0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute(
        "INSERT INTO recording_archive"
        " (recording_id, state, attempts, problem, audio_key, peaks_key,"
        " wav_bytes, flac_bytes)"
        " SELECT recording_id, 'waiting', 0, '', '', '', 0, 0"
        " FROM recording WHERE complete IS NOT NULL AND duration_s > 0"
        " AND recording_id NOT IN (SELECT recording_id FROM recording_archive)"
    )


def downgrade() -> None:
    """Rows that wait are passed over by whoever does not know them."""
