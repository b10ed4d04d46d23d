"""`label_conflicts`: rows that give one input different labels."""

from __future__ import annotations

from dspyui_core.datasets.checks.counting import counted
from dspyui_core.datasets.checks.protocol import Check, CheckResult
from dspyui_core.datasets.splitting.assigning import Assigned


class LabelConflicts(Check):
    """Counts the rows that contradict each other; all of them are quarantined."""

    name = "label_conflicts"

    def run(self, dataset: Assigned) -> CheckResult:
        """What the fold found."""
        what = "with one input and different labels"
        return counted(self.name, "quarantine", dataset.findings, what)
