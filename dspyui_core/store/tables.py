"""The tables of the state database as SQLAlchemy Core sees them, and the one time type they use."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Float,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.engine import Dialect

METADATA = MetaData()


class UtcTime(TypeDecorator[datetime]):
    """An aware UTC datetime on both sides, though SQLite itself stores no zone.

    Raises ValueError for a naive datetime: its instant would depend on the machine.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError(f"a time without a zone: {value.isoformat()}")
        return value.astimezone(UTC) if value is not None else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


# SQLite counts by itself only in an INTEGER, which has 64 bits there; Postgres's has 32.
Position = BigInteger().with_variant(Integer, "sqlite")

journal = Table(
    "journal",
    METADATA,
    Column("position", Position, autoincrement=True, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("program", String(200), nullable=False),
    Column("trace_id", String(200), nullable=False),
    Column("user_id", String(200), nullable=True),
    Column("authenticated", Boolean, nullable=False),
    Column("idem_key", String(300), nullable=False),
    Column("version", Integer, nullable=True),
    Column("payload", JSON, nullable=False),
    Column("at", UtcTime, nullable=False),
    # Last, so that SQLite reads a row's other columns without touching the pages of this one.
    Column("spans", JSON(none_as_null=True), nullable=True),
    PrimaryKeyConstraint("position", name="pk_journal"),
    UniqueConstraint("idem_key", name="uq_journal_idem_key"),
    CheckConstraint("kind IN ('prediction', 'feedback')", name="ck_journal_kind"),
    Index("ix_journal_program_position", "program", "position"),
    Index("ix_journal_trace_id", "trace_id"),
    # What users said is a small part of the journal, and what exports look for.
    Index(
        "ix_journal_feedback",
        "program",
        "position",
        sqlite_where=text("kind = 'feedback'"),
        postgresql_where=text("kind = 'feedback'"),
    ),
    # A position is never given twice, not even after the last entry is forgotten.
    sqlite_autoincrement=True,
)

# Keys of entries that are gone, hashed: a repeat of one still records nothing.
spent_key = Table(
    "spent_key",
    METADATA,
    Column("key_hash", String(64), nullable=False),
    Column("program", String(200), nullable=False),
    Column("position", Position, nullable=False),
    Column("at", UtcTime, nullable=False),
    PrimaryKeyConstraint("key_hash", name="pk_spent_key"),
)

# Every input and output that a program's answers ever had: the columns of its exports.
payload_field = Table(
    "payload_field",
    METADATA,
    Column("seq", Integer, autoincrement=True, nullable=False),
    Column("program", String(200), nullable=False),
    Column("role", String(16), nullable=False),
    Column("name", String(200), nullable=False),
    PrimaryKeyConstraint("seq", name="pk_payload_field"),
    UniqueConstraint("program", "role", "name", name="uq_payload_field_program_role_name"),
    CheckConstraint("role IN ('input', 'output')", name="ck_payload_field_role"),
    sqlite_autoincrement=True,
)

# That something was forgotten, when, by whom and how much; what it was is not in here.
erasure = Table(
    "erasure",
    METADATA,
    Column("seq", Integer, autoincrement=True, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("subject_hash", String(64), nullable=False),
    Column("actor", String(200), nullable=False),
    Column("counts", JSON, nullable=False),
    Column("at", UtcTime, nullable=False),
    PrimaryKeyConstraint("seq", name="pk_erasure"),
    sqlite_autoincrement=True,
)

split = Table(
    "split",
    METADATA,
    Column("seq", Integer, autoincrement=True, nullable=False),
    Column("program", String(200), nullable=False),
    Column("key", String(128), nullable=False),
    Column("split", String(16), nullable=False),
    Column("group_key", String(128), nullable=False),
    Column("trust", String(16), nullable=False),
    Column("source", String(200), nullable=False),
    Column("text", Text, nullable=False),
    Column("at", UtcTime, nullable=False),
    PrimaryKeyConstraint("seq", name="pk_split"),
    UniqueConstraint("program", "key", name="uq_split_program_key"),
    sqlite_autoincrement=True,
)

decision = Table(
    "decision",
    METADATA,
    Column("seq", Integer, autoincrement=True, nullable=False),
    Column("program", String(200), nullable=False),
    Column("predecessor", Integer, nullable=False),
    Column("turn_id", String(220), nullable=True),
    Column("kind", String(32), nullable=False),
    Column("verdict", String(32), nullable=False),
    Column("version", Integer, nullable=True),
    Column("reasons", JSON, nullable=False),
    Column("evidence", JSON, nullable=False),
    Column("actor", String(200), nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("look", Integer, nullable=False),
    Column("at", UtcTime, nullable=False),
    # What the look spends of the error that its epoch may make; None where none was taken.
    Column("level", Float, nullable=True),
    # The journal's newest position when it was made.
    Column("position", Position, nullable=False, server_default="0"),
    PrimaryKeyConstraint("seq", name="pk_decision"),
    UniqueConstraint("program", "predecessor", name="uq_decision_program_predecessor"),
    UniqueConstraint("turn_id", name="uq_decision_turn_id"),
    sqlite_autoincrement=True,
)

# The one inbox where a person decides; a row is decided once and then stays as it is.
review = Table(
    "review",
    METADATA,
    Column("seq", Integer, autoincrement=True, nullable=False),
    Column("program", String(200), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("key", String(300), nullable=False),
    Column("state", String(16), nullable=False),
    Column("content", JSON, nullable=False),
    Column("opened_at", UtcTime, nullable=False),
    Column("actor", String(200), nullable=True),
    Column("comment", Text, nullable=True),
    Column("answer", JSON(none_as_null=True), nullable=True),
    Column("decided_at", UtcTime, nullable=True),
    PrimaryKeyConstraint("seq", name="pk_review"),
    UniqueConstraint("program", "kind", "key", name="uq_review_program_kind_key"),
    CheckConstraint("kind IN ('row', 'sample', 'promotion', 'rollback')", name="ck_review_kind"),
    CheckConstraint(
        "state IN ('open', 'accepted', 'rejected', 'withdrawn')", name="ck_review_state"
    ),
    sqlite_autoincrement=True,
)

turn = Table(
    "turn",
    METADATA,
    Column("turn_id", String(220), nullable=False),
    Column("program", String(200), nullable=False),
    Column("number", Integer, nullable=False),
    Column("spec_hash", String(128), nullable=False),
    Column("dataset_version", String(128), nullable=False),
    Column("identity", String(128), nullable=False),
    Column("feedback_upto", Position, nullable=False),
    Column("champion", Integer, nullable=True),
    Column("core_version", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("opened_at", UtcTime, nullable=False),
    Column("closed_at", UtcTime, nullable=True),
    Column("outcome", String(32), nullable=True),
    Column("report", JSON(none_as_null=True), nullable=True),
    PrimaryKeyConstraint("turn_id", name="pk_turn"),
    UniqueConstraint("program", "number", name="uq_turn_program_number"),
    CheckConstraint("state IN ('open', 'closed')", name="ck_turn_state"),
)

step = Table(
    "step",
    METADATA,
    Column("turn_id", String(220), nullable=False),
    Column("name", String(64), nullable=False),
    Column("ref", JSON, nullable=False),
    Column("at", UtcTime, nullable=False),
    PrimaryKeyConstraint("turn_id", "name", name="pk_step"),
)

watermark = Table(
    "watermark",
    METADATA,
    Column("program", String(200), nullable=False),
    Column("consumer", String(200), nullable=False),
    Column("position", Position, nullable=False),
    PrimaryKeyConstraint("program", "consumer", name="pk_watermark"),
)
