"""Runs the migrations on the connection it is given, inside that connection's transaction."""

from __future__ import annotations

from alembic import context

from dspyui_core.store.tables import METADATA

# The caller's transaction already holds the write lock, so a killed upgrade leaves nothing behind
# and a second process that opens the same fresh home waits instead of colliding.
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
