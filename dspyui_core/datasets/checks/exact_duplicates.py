"""`exact_duplicates`: rows that say again what another row says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from dspyui_core.datasets.checks.counting import counted, rows_in_words
from dspyui_core.datasets.checks.protocol import Check, CheckResult
from dspyui_core.datasets.rows import Row, input_text
from dspyui_core.datasets.splitting.assigning import Assigned
from dspyui_core.spec import ExactDuplicatesSpec, canonical_json
from dspyui_core.text import words


class ExactDuplicates(Check):
    """Counts the copies, whatever their case, width and spaces; each input counts once.

    Rows that differ in punctuation only are named, too, and stay.
    """

    name = "exact_duplicates"
    Options = ExactDuplicatesSpec

    def run(self, dataset: Assigned) -> CheckResult:
        """What the fold noted, and what it kept of the same words with the same label."""
        what = "with the input and label of another, which counts"
        copies = counted(self.name, "warn", dataset.notes, what)
        alike = list(_of_same_words(dataset))
        if not (copies.count or alike):
            return self.passed()
        named = self.found(alike, f"{rows_in_words(len(alike))} with the words of another")
        told = [copies.message if copies.count else "", named.message if alike else ""]
        return named.model_copy(
            update={
                "count": copies.count + named.count,
                "rows": tuple(sorted({*copies.rows, *named.rows})),
                "message": "; ".join(part for part in told if part),
            }
        )


def _of_same_words(dataset: Assigned) -> Iterator[Row]:
    """The rows whose words, but not their punctuation, are those of an earlier row."""
    same: dict[str, list[Row]] = defaultdict(list)
    for row in dataset.fold.rows:
        same[" ".join(words(input_text(row.inputs)))].append(row)
    for said, rows in same.items():
        seen: set[str] = set()
        for row in rows if said and len(rows) > 1 else ():
            labels = canonical_json(row.labels)
            if labels in seen:
                yield row
            seen.add(labels)
