"""Owns decisions of a ledger that no test has to make."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from dspyui_core.promotion import LedgerEntry

# What a decision of a kind says, where it does not promote.
VERDICTS = {
    "pause": "hold",
    "resume": "hold",
    "pin": "hold",
    "unpin": "hold",
    "watch": "fine",
    "refused": "refuse",
}


def entry(kind: Any = "turn", **changes: Any) -> LedgerEntry:
    """A refused turn's decision, or another kind of entry."""
    refused: dict[str, Any] = {
        "seq": 1,
        "program": "p",
        "predecessor": 0,
        "turn_id": None,
        "verdict": "refuse",
        "version": None,
        "reasons": [],
        "evidence": {},
        "actor": "turn",
        "epoch": 1,
        "look": 1,
        "at": datetime(2025, 1, 1, tzinfo=UTC),
        "level": 0.002,
    }
    return LedgerEntry(kind=kind, **(refused | changes))


def history(*decisions: tuple[str, int | None]) -> list[LedgerEntry]:
    """Entries of so many kinds and versions, one a day; given in order, returned newest first."""
    entries = [
        entry(
            "turn" if kind == "refused" else kind,
            seq=day,
            predecessor=day - 1,
            verdict=VERDICTS.get(kind, "promote"),
            version=version,
            reasons=["because"],
            actor="ann",
            at=datetime(2026, 1, day, tzinfo=UTC),
        )
        for day, (kind, version) in enumerate(decisions, 1)
    ]
    return entries[::-1]
