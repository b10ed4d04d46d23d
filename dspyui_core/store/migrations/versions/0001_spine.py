"""The tables of the first turn: journal, split, decision, turn, step, watermark."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create every table of the spine."""
    _journal()
    _split()
    _decision()
    _turn()
    _step()
    _watermark()


def downgrade() -> None:
    """Drop every table of the spine, children first."""
    for table in ("watermark", "step", "turn", "decision", "split", "journal"):
        op.drop_table(table)


def _journal() -> None:
    op.create_table(
        "journal",
        sa.Column("position", sa.Integer, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("program", sa.String(200), nullable=False),
        sa.Column("trace_id", sa.String(200), nullable=False),
        sa.Column("user_id", sa.String(200), nullable=True),
        sa.Column("authenticated", sa.Boolean, nullable=False),
        sa.Column("idem_key", sa.String(300), nullable=False),
        sa.Column("version", sa.Integer, nullable=True),
        sa.Column("payload", sa.JSON, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_journal"),
        sa.UniqueConstraint("idem_key", name="uq_journal_idem_key"),
        sa.CheckConstraint("kind IN ('prediction', 'feedback')", name="ck_journal_kind"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_journal_program_position", "journal", ["program", "position"])
    op.create_index("ix_journal_trace_id", "journal", ["trace_id"])


def _split() -> None:
    op.create_table(
        "split",
        sa.Column("seq", sa.Integer, autoincrement=True, nullable=False),
        sa.Column("program", sa.String(200), nullable=False),
        sa.Column("key", sa.String(128), nullable=False),
        sa.Column("split", sa.String(16), nullable=False),
        sa.Column("group_key", sa.String(128), nullable=False),
        sa.Column("trust", sa.String(16), nullable=False),
        sa.Column("source", sa.String(200), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_split"),
        sa.UniqueConstraint("program", "key", name="uq_split_program_key"),
        sqlite_autoincrement=True,
    )


def _decision() -> None:
    op.create_table(
        "decision",
        sa.Column("seq", sa.Integer, autoincrement=True, nullable=False),
        sa.Column("program", sa.String(200), nullable=False),
        sa.Column("predecessor", sa.Integer, nullable=False),
        sa.Column("turn_id", sa.String(220), nullable=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("verdict", sa.String(32), nullable=False),
        sa.Column("version", sa.Integer, nullable=True),
        sa.Column("reasons", sa.JSON, nullable=False),
        sa.Column("evidence", sa.JSON, nullable=False),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("look", sa.Integer, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_decision"),
        sa.UniqueConstraint("program", "predecessor", name="uq_decision_program_predecessor"),
        sa.UniqueConstraint("turn_id", name="uq_decision_turn_id"),
        sqlite_autoincrement=True,
    )


def _turn() -> None:
    op.create_table(
        "turn",
        sa.Column("turn_id", sa.String(220), nullable=False),
        sa.Column("program", sa.String(200), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("spec_hash", sa.String(128), nullable=False),
        sa.Column("dataset_version", sa.String(128), nullable=False),
        sa.Column("identity", sa.String(128), nullable=False),
        sa.Column("feedback_upto", sa.Integer, nullable=False),
        sa.Column("champion", sa.Integer, nullable=True),
        sa.Column("core_version", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(32), nullable=True),
        sa.Column("report", sa.JSON, nullable=True),
        sa.PrimaryKeyConstraint("turn_id", name="pk_turn"),
        sa.UniqueConstraint("program", "number", name="uq_turn_program_number"),
        sa.CheckConstraint("state IN ('open', 'closed')", name="ck_turn_state"),
    )


def _step() -> None:
    op.create_table(
        "step",
        sa.Column("turn_id", sa.String(220), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("ref", sa.JSON, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("turn_id", "name", name="pk_step"),
    )


def _watermark() -> None:
    op.create_table(
        "watermark",
        sa.Column("program", sa.String(200), nullable=False),
        sa.Column("consumer", sa.String(200), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("program", "consumer", name="pk_watermark"),
    )
