"""`exact_duplicates`: rows that say again what another row says."""

from __future__ import annotations

from dspyui_core.datasets.checks.counting import counted
from dspyui_core.datasets.checks.protocol import Check, CheckResult
from dspyui_core.datasets.splitting.assigning import Assigned


class ExactDuplicates(Check):
    """Counts the copies; each input counts once."""

    name = "exact_duplicates"

    def run(self, dataset: Assigned) -> CheckResult:
        """What the fold noted."""
        what = "with the input and label of another, which counts"
        return counted(self.name, "warn", dataset.notes, what)
