"""Owns decisions of a ledger that no test has to make."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from dspyui_core.promotion import LedgerEntry


def entry(kind: Any = "turn", *, epoch: int = 1, level: float | None = 0.002) -> LedgerEntry:
    """A refused turn's decision, or another kind of entry."""
    return LedgerEntry(
        seq=1,
        program="p",
        predecessor=0,
        turn_id=None,
        kind=kind,
        verdict="refuse",
        version=None,
        reasons=[],
        evidence={},
        actor="turn",
        epoch=epoch,
        look=1,
        at=datetime(2025, 1, 1, tzinfo=UTC),
        level=level,
    )
