"""`label_conflicts`: rows that give one input different labels."""

from __future__ import annotations

from dspyui_core.datasets.checks.counting import counted
from dspyui_core.datasets.checks.protocol import Check, CheckResult
from dspyui_core.datasets.splitting.assigning import Assigned

_OPEN = "with one input and different labels"
_LOST = "of users whose input has another label that is gold or confirmed, which counts"


class LabelConflicts(Check):
    """Counts the rows that contradict each other, which are quarantined.

    Where there are none, it counts the users' rows that a gold or confirmed label outranks.
    """

    name = "label_conflicts"

    def run(self, dataset: Assigned) -> CheckResult:
        """What the fold found, or else noted."""
        open_ones = counted(self.name, "quarantine", dataset.findings, _OPEN)
        return open_ones if open_ones.count else counted(self.name, "warn", dataset.notes, _LOST)
