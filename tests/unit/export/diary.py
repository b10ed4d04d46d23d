"""Owns the journal of the export tests: predictions, and feedback a day apart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from dspyui_core.store.journal import Journal

START = datetime(2025, 1, 1, tzinfo=UTC)


class Diary:
    """Writes predictions and feedback a day apart, for the one program `p`."""

    def __init__(self, journal: Journal, days: list[datetime]) -> None:
        self.journal, self.days = journal, days

    def predicts(self, trace: str, text: str = "x", *, version: int | None = 1, **out: Any) -> None:
        outputs = out or {"topic": "billing"}
        payload = {"inputs": {"text": text}, "outputs": outputs}
        self.journal.append_prediction("p", trace, payload, version=version)

    def says(self, trace: str, rating: str, *, user: str | None = "ann", **more: Any) -> int:
        self.days.append(self.days[-1] + timedelta(days=1))
        payload = {"rating": rating, "corrected_output": None, "comment": None} | more
        key = f"{len(self.days)}"
        entry = self.journal.append_feedback(
            trace, payload, user_id=user, authenticated=True, idem_key=key
        )
        return entry.position

    def hears(self, *traces: str, rating: str = "thumbs_up") -> list[int]:
        """An answer for each trace, and a user's rating of it; the positions of the ratings."""
        positions = []
        for trace in traces:
            self.predicts(trace)
            positions.append(self.says(trace, rating))
        return positions
