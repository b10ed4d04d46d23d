"""`rater_trust`: rows that rest on the word of one user, where that is not enough."""

from __future__ import annotations

from dspyui_core.datasets.checks.counting import counted
from dspyui_core.datasets.checks.protocol import Check, CheckResult, Severity
from dspyui_core.datasets.splitting.assigning import Assigned
from dspyui_core.spec import RaterTrustSpec

_WHAT = "that somebody else has to confirm"


class RaterTrust(Check):
    """Counts what waits for a second user: rows over a cap, changed labels, distrusted users.

    Whatever its severity, one user alone changes no label.
    """

    name = "rater_trust"
    Options = RaterTrustSpec

    def run(self, dataset: Assigned) -> CheckResult:
        """What the fold found, and what was found once the splits were there; or else noted."""
        severity: Severity = "block" if self.severity == "block" else "quarantine"
        waiting = counted(self.name, severity, dataset.findings, _WHAT)
        return waiting if waiting.count else counted(self.name, "warn", dataset.notes, _WHAT)
