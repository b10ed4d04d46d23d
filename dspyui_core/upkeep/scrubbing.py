"""Scrubbing: what the reports of turns say about rows that have to be forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

GONE = "(forgotten)"
_TABLE_LINE = "| | | (forgotten) | | |"
# A report shortens what it shows.
_SHOWN = 150


@dataclass(frozen=True, slots=True)
class Marks:
    """What tells that a line is about something that goes: its trace, or its text."""

    traces: frozenset[str]
    texts: frozenset[str]

    def scrub(self, content: dict[str, Any]) -> dict[str, Any]:
        """A finished step or the report of a turn, without the values of rows that go."""
        found = dict(content)
        for name in ("problems", "message"):
            if isinstance(found.get(name), str):
                found[name] = self._lines(found[name])
        if isinstance(found.get("quarantined"), list):
            found["quarantined"] = [self._row(row) for row in found["quarantined"]]
        if isinstance(found.get("ref"), dict):
            found["ref"] = self.scrub(found["ref"])
        return found

    def _lines(self, text: str) -> str:
        kept = [
            line if not self._in(line) else _TABLE_LINE if line.startswith("|") else GONE
            for line in text.split("\n")
        ]
        return "\n".join(kept)

    def _row(self, row: Mapping[str, Any]) -> dict[str, Any]:
        said = " ".join(str(value) for value in row.values())
        if not self._in(said):
            return dict(row)
        gone = {"reason": GONE, "value": None, "remedy": "", "trace_id": None}
        return {**row, **{name: gone[name] for name in gone.keys() & row.keys()}}

    def _in(self, line: str) -> bool:
        plain = _flat(line.replace("\\|", "|"))
        if any(trace in plain for trace in self.traces):
            return True
        return any(_flat(text)[:_SHOWN] in plain for text in self.texts)


def _flat(text: str) -> str:
    return " ".join(text.split())
