"""Owns small tables for what reads data files: columns in, a raw table out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dspyui_core.datasets.reading.loading import RawRow, RawTable

Cells = Mapping[str, Sequence[Any]]

MESSAGES = tuple(f"Where is the parcel number {n} that I sent in week {n % 7}?" for n in range(30))
INTENTS = ("delay", "refund", "address") * 10
# A support inbox as it is exported: one text, one label, and what else such files have.
INBOX: Cells = {
    "ticket_id": [f"T-{n}" for n in range(30)],
    "text": MESSAGES,
    "intent": INTENTS,
    "created": ["2026-03-01"] * 15 + ["2026-03-02"] * 15,
    "country": ["NL"] * 30,
    "notes": [""] * 30,
}


def table(columns: Cells, *, name: str = "inbox.csv") -> RawTable:
    """A raw table with these columns, all of one length."""
    names = tuple(columns)
    rows = [
        RawRow(number, dict(zip(names, cells, strict=True)))
        for number, cells in enumerate(zip(*columns.values(), strict=True), 1)
    ]
    return RawTable(name, "0" * 64, names, tuple(rows))
