"""Search of transcripts"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "words_search"
down_revision: str | None = "2ef09778f690"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TABLES = {
    "sqlite": (
        "CREATE VIRTUAL TABLE fts_transcript USING fts5"
        "(words, letters, tokenize='unicode61 remove_diacritics 0')",
        "CREATE TRIGGER fts_transcript_goes AFTER DELETE ON transcript_index "
        "BEGIN DELETE FROM fts_transcript WHERE rowid = old.id; END",
    ),
    "postgresql": (
        "CREATE TABLE fts_transcript (rowid INTEGER PRIMARY KEY "
        "REFERENCES transcript_index (id) ON DELETE CASCADE, "
        "words tsvector NOT NULL, letters tsvector NOT NULL)",
        "CREATE INDEX ix_fts_transcript_words ON fts_transcript USING gin (words)",
        "CREATE INDEX ix_fts_transcript_letters ON fts_transcript USING gin (letters)",
    ),
}


def upgrade() -> None:
    op.create_table(
        "call_class",
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("call_id", "kind", "name", name=op.f("pk_call_class")),
    )
    with op.batch_alter_table("call_class", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_call_class_name"), ["name"], unique=False)
    op.create_table(
        "transcript_index",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("recording_id", sa.String(), nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["recording_id"],
            ["recording.recording_id"],
            name=op.f("fk_transcript_index_recording_id_recording"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transcript_index")),
    )
    with op.batch_alter_table("transcript_index", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_transcript_index_recording_id"), ["recording_id"], unique=False
        )
    for statement in TABLES[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE fts_transcript")
    op.drop_table("transcript_index")
    op.drop_table("call_class")
