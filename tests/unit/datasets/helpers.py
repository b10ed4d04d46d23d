"""Small programs, data files and journal entries for the dataset tests."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dspyui_core.spec import ProgramSpec
from dspyui_core.store.journal import Entry

AT = datetime(2025, 1, 1, tzinfo=UTC)
SMALL = {"minimum_train": 1, "minimum_validation": 1, "minimum_holdout": 1}


def make_spec(*sources: Any, **dataset: Any) -> ProgramSpec:
    """A program `p` from `text` to an `intent` whose values come from the data."""
    return ProgramSpec.model_validate(
        {
            "name": "p",
            "signature": {
                "instructions": "Name the intent.",
                "inputs": dataset.pop("inputs", {"text": "str"}),
                "outputs": dataset.pop(
                    "outputs", {"intent": {"type": "literal", "values": "from_data"}}
                ),
            },
            "dataset": {"sources": list(sources) or ["rows.csv"], "checks": SMALL, **dataset},
        }
    )


def write_csv(path: Path, rows: Sequence[Mapping[str, Any]], **options: Any) -> Path:
    """The rows as a CSV file; the first row names the columns."""
    with path.open("w", newline="", encoding=options.get("encoding", "utf-8")) as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def topics(count: int) -> list[dict[str, str]]:
    """Rows of two intents whose texts have nothing in common."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    return [
        {
            "text": " ".join(letters[(n * 7 + k) % 26] * 3 + f"{n}x{k}" for k in range(4)),
            "intent": ("refund", "cancel")[n % 2],
        }
        for n in range(count)
    ]


class Diary:
    """Journal entries as they would come, without a database."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.now = AT

    def predicts(self, trace: str, text: str, intent: str, **payload: Any) -> None:
        content = {"inputs": {"text": text}, "outputs": {"intent": intent}, **payload}
        self._write("prediction", trace, content, None, authenticated=False)

    def says(
        self,
        trace: str,
        rating: Any,
        user: str | None = "ann",
        *,
        sure: bool = True,
        **payload: Any,
    ) -> int:
        return self._write(
            "feedback", trace, {"rating": rating, **payload}, user, authenticated=sure
        )

    def corrects(self, trace: str, intent: Any, user: str | None = "ann", **options: Any) -> int:
        return self.says(trace, "thumbs_down", user, corrected_output={"intent": intent}, **options)

    def _write(
        self, kind: Any, trace: str, payload: Any, user: str | None, *, authenticated: bool
    ) -> int:
        position = len(self.entries) + 1
        self.entries.append(
            Entry(position, kind, "p", trace, user, authenticated, None, payload, self.now)
        )
        return position
