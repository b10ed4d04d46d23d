"""`leakage`: rows that would carry one split into another."""

from __future__ import annotations

from dspyui_core.datasets.checks.counting import counted
from dspyui_core.datasets.checks.protocol import Check, CheckResult
from dspyui_core.datasets.splitting.assigning import Assigned


class Leakage(Check):
    """Counts the rows between two splits, which are quarantined, or else those kept in theirs."""

    name = "leakage"

    def run(self, dataset: Assigned) -> CheckResult:
        """What the splits found, or else noted."""
        between = "nearly repeating rows of another split"
        leaking = counted(self.name, "quarantine", dataset.findings, between)
        asking = "asking for another split than their first"
        return leaking if leaking.count else counted(self.name, "warn", dataset.notes, asking)
