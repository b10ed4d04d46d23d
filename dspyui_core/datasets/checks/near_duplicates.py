"""`near_duplicates`: rows that nearly repeat others of their split."""

from __future__ import annotations

from collections import Counter

from dspyui_core.datasets.checks.counting import rows_in_words
from dspyui_core.datasets.checks.protocol import Check, CheckResult
from dspyui_core.datasets.shape import nearly_repeated
from dspyui_core.datasets.splitting.assigning import Assigned
from dspyui_core.spec import NearDuplicatesSpec


class NearDuplicates(Check):
    """Counts the rows that were put into a split together because they are so alike."""

    name = "near_duplicates"
    Options = NearDuplicatesSpec

    def run(self, dataset: Assigned) -> CheckResult:
        """Count the groups of more than one row."""
        near = nearly_repeated(dataset)
        if not near:
            return self.passed()
        sizes = Counter(dataset.groups[row.key] for row in near)
        return self.found(
            near,
            f"{rows_in_words(len(near))} with near duplicates; each of the {len(sizes)} groups "
            f"shares one split, the largest has {rows_in_words(max(sizes.values()))}",
        )
