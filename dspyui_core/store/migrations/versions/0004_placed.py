"""Where in the journal a decision stands: what came after it is no matter of the clock."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_POSITION = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Add it; of decisions of before, only their time says where they stand."""
    op.add_column("decision", sa.Column("position", _POSITION, nullable=False, server_default="0"))
    op.execute(
        "UPDATE decision SET position = COALESCE("
        "(SELECT MAX(journal.position) FROM journal WHERE journal.at <= decision.at), 0)"
    )


def downgrade() -> None:
    """Drop what is new."""
    op.drop_column("decision", "position")
