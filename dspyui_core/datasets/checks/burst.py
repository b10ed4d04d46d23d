"""`burst`: much feedback of one user within an hour."""

from __future__ import annotations

from collections.abc import Iterator

from dspyui_core.datasets.checks.objecting import ObjectingCheck
from dspyui_core.datasets.checks.protocol import Comments
from dspyui_core.datasets.findings import Finding
from dspyui_core.datasets.folding import Fold
from dspyui_core.datasets.trust.bursts import bursts
from dspyui_core.spec import BurstSpec

_REMEDY = "look at who said so much at once, and why; a second user or a reviewer can confirm it"


class BurstCheck(ObjectingCheck):
    """Looks at when the feedback came that the dataset's proposed rows rest on."""

    name = "burst"
    what = "of one user that came in a burst"
    Options = BurstSpec

    def screen(self, found: Fold, comments: Comments) -> Iterator[Finding]:
        """A finding for each row that is in a burst and that nobody confirms."""
        rows = {row.row_id: row for row in found.rows if row.trust == "proposed"}
        told: set[str] = set()
        for burst in bursts(found.votes, self._options):
            row = rows.get(burst.vote.row.row_id)
            if row is not None and row.row_id not in told:
                told.add(row.row_id)
                column = next(iter(row.labels))
                reason = (
                    f"came with {burst.count} of its user within an hour, "
                    f"where {burst.usual:.0f} are usual"
                )
                yield self.objection(row, column, reason, str(row.labels[column]), _REMEDY)
