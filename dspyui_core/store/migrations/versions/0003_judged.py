"""What a look at the holdout spends, and the one inbox where a person decides."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what is new; decisions of before spent no level."""
    op.add_column("decision", sa.Column("level", sa.Float, nullable=True))
    op.create_table(
        "review",
        sa.Column("seq", sa.Integer, autoincrement=True, nullable=False),
        sa.Column("program", sa.String(200), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("key", sa.String(300), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("content", sa.JSON, nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(200), nullable=True),
        sa.Column("comment", sa.Text, nullable=True),
        sa.Column("answer", sa.JSON, nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("seq", name="pk_review"),
        sa.UniqueConstraint("program", "kind", "key", name="uq_review_program_kind_key"),
        sa.CheckConstraint(
            "kind IN ('row', 'sample', 'promotion', 'rollback')", name="ck_review_kind"
        ),
        sa.CheckConstraint(
            "state IN ('open', 'accepted', 'rejected', 'withdrawn')", name="ck_review_state"
        ),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    """Drop what is new."""
    op.drop_table("review")
    op.drop_column("decision", "level")
