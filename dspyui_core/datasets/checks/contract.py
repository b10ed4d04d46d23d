"""`contract`: rows that are not as the signature says, and splits with too few that are."""

from __future__ import annotations

from typing import get_args

from dspyui_core.datasets.checks.counting import counted, rows_in_words
from dspyui_core.datasets.checks.protocol import Check, CheckResult, Severity
from dspyui_core.datasets.splitting.assigning import Assigned
from dspyui_core.records import SplitName
from dspyui_core.spec import SplitMinimums


class Contract(Check):
    """Tells how many rows are quarantined; blocks where a split is left with too few."""

    name = "contract"
    Options = SplitMinimums

    def run(self, dataset: Assigned) -> CheckResult:
        """Count the rows that do not fit, the missing ones and those left out."""
        bad = counted(self.name, "quarantine", dataset.findings, "not as the signature says")
        short = self._shortages(dataset)
        left_out = dataset.fold.left_out
        where = [f"{rows_in_words(left_out)} left out by dataset.where"] if left_out else []
        message = "; ".join([*([bad.message] if bad.message else []), *short, *where])
        severity: Severity = "block" if short else bad.severity
        return bad.model_copy(update={"severity": severity, "message": message})

    def _shortages(self, dataset: Assigned) -> list[str]:
        if not dataset.rows:
            return ["no row is left; give the dataset rows that fit the signature"]
        found = []
        for split in get_args(SplitName):
            have, need = len(dataset.of(split)), getattr(self._options, f"minimum_{split}")
            if have < need:
                found.append(
                    f"{split} has {rows_in_words(have)} and needs {need}: add rows, "
                    f"or lower dataset.checks.minimum_{split}"
                )
        return found
