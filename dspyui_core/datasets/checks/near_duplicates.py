"""`near_duplicates`: rows that nearly repeat others of their split."""

from __future__ import annotations

from collections import Counter

from dspyui_core.datasets.checks.counting import rows_in_words
from dspyui_core.datasets.checks.protocol import Check, CheckResult
from dspyui_core.datasets.splitting.assigning import Assigned


class NearDuplicates(Check):
    """Counts the rows that were put into a split together because they are so alike."""

    name = "near_duplicates"

    def run(self, dataset: Assigned) -> CheckResult:
        """Count the groups of more than one row."""
        sizes = Counter(dataset.groups[row.key] for row in dataset.rows)
        near = [row for row in dataset.rows if sizes[dataset.groups[row.key]] > 1]
        if not near:
            return self.passed()
        groups = {dataset.groups[row.key] for row in near}
        largest = rows_in_words(max(sizes[group] for group in groups))
        return self.found(
            near,
            f"{rows_in_words(len(near))} with near duplicates; each of the {len(groups)} groups "
            f"shares one split, the largest has {largest}",
        )
