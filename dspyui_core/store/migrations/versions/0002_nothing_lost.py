"""Spans of predictions, keys of forgotten entries, the fields of answers, a record of erasures."""

from __future__ import annotations

import json
from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_POSITION = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_PAGE = 500


def upgrade() -> None:
    """Add what is new, and read from the journal which fields each program's answers have."""
    op.add_column("journal", sa.Column("spans", sa.JSON, nullable=True))
    is_feedback = sa.text("kind = 'feedback'")
    op.create_index(
        "ix_journal_feedback",
        "journal",
        ["program", "position"],
        sqlite_where=is_feedback,
        postgresql_where=is_feedback,
    )
    _widen_positions()
    _spent_key()
    _payload_field()
    _erasure()
    _note_fields(op.get_bind())


def downgrade() -> None:
    """Drop what is new."""
    for table in ("erasure", "payload_field", "spent_key"):
        op.drop_table(table)
    op.drop_index("ix_journal_feedback", "journal")
    op.drop_column("journal", "spans")


def _widen_positions() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("journal", "position", type_=sa.BigInteger)
        # The counter behind a column does not grow with it.
        op.execute("ALTER SEQUENCE journal_position_seq AS bigint")
        op.alter_column("watermark", "position", type_=sa.BigInteger)
        op.alter_column("turn", "feedback_upto", type_=sa.BigInteger)


def _spent_key() -> None:
    op.create_table(
        "spent_key",
        sa.Column("key_hash", sa.String(64), nullable=False),
        sa.Column("program", sa.String(200), nullable=False),
        sa.Column("position", _POSITION, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key_hash", name="pk_spent_key"),
    )


def _payload_field() -> None:
    op.create_table(
        "payload_field",
        sa.Column("seq", sa.Integer, autoincrement=True, nullable=False),
        sa.Column("program", sa.String(200), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_payload_field"),
        sa.UniqueConstraint("program", "role", "name", name="uq_payload_field_program_role_name"),
        sa.CheckConstraint("role IN ('input', 'output')", name="ck_payload_field_role"),
        sqlite_autoincrement=True,
    )


def _erasure() -> None:
    op.create_table(
        "erasure",
        sa.Column("seq", sa.Integer, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("subject_hash", sa.String(64), nullable=False),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("counts", sa.JSON, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_erasure"),
        sqlite_autoincrement=True,
    )


def _note_fields(connection: sa.Connection) -> None:
    fields = list(dict.fromkeys(_fields(connection)))
    if fields:
        rows = [{"program": p, "role": role, "name": name} for p, role, name in fields]
        connection.execute(sa.insert(_FIELD), rows)


def _fields(connection: sa.Connection) -> Iterator[tuple[str, str, str]]:
    """The (program, role, name) of every field of every prediction, oldest first."""
    position = 0
    query = sa.select(_JOURNAL).where(_JOURNAL.c.kind == "prediction").limit(_PAGE)
    query = query.order_by(_JOURNAL.c.position)
    while page := connection.execute(query.where(_JOURNAL.c.position > position)).all():
        position = page[-1].position
        for row in page:
            payload = json.loads(row.payload) if isinstance(row.payload, str) else row.payload
            for role, part in (("input", "inputs"), ("output", "outputs")):
                yield from ((row.program, role, name) for name in payload.get(part) or {})


_JOURNAL = sa.table(
    "journal", sa.column("position"), sa.column("kind"), sa.column("program"), sa.column("payload")
)
_FIELD = sa.table("payload_field", sa.column("program"), sa.column("role"), sa.column("name"))
