"""Scrubbing: what the reports of turns say about rows that have to be forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from dspyui_core.datasets.reports.masking import masked, uncelled

GONE = "(forgotten)"
_TABLE_LINE = "| | | (forgotten) | | |"
# A report shortens what it shows.
_SHOWN = 150


@dataclass(frozen=True)
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
        for name in ("quarantined", "doubts"):
            if isinstance(found.get(name), list):
                found[name] = [self._row(row) for row in found[name]]
        for name in ("ref", "report"):
            if isinstance(found.get(name), dict):
                found[name] = self.scrub(found[name])
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
        value = GONE if "suggestion" in row else None
        gone = {"reason": GONE, "value": value, "remedy": "", "trace_id": None}
        gone |= {"suggestion": "", "text": GONE}
        return {**row, **{name: gone[name] for name in gone.keys() & row.keys()}}

    def _in(self, line: str) -> bool:
        plain, uncovered = _flat(line), _flat(uncelled(line))
        if any(trace in plain for trace in self.traces):
            return True
        return any(text in plain or text in uncovered for text in self._shown)

    @cached_property
    def _shown(self) -> frozenset[str]:
        """How the texts stand in a report: as they are, and with personal data masked."""
        both = {*self.texts, *(masked(text) for text in self.texts)}
        return frozenset(_flat(text)[:_SHOWN] for text in both)


def _flat(text: str) -> str:
    return " ".join(text.split())
