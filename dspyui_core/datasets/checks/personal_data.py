"""`personal_data`: rows that hold what identifies a person, or what opens a door."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from dspyui_core.datasets.checks.objecting import ObjectingCheck, cells_of
from dspyui_core.datasets.checks.protocol import CheckResult, Comments
from dspyui_core.datasets.findings import Finding
from dspyui_core.datasets.folding import Fold
from dspyui_core.datasets.rows import Row
from dspyui_core.datasets.splitting.assigning import Assigned
from dspyui_core.datasets.texts.personal import found_in
from dspyui_core.spec import PersonalDataSpec

_HOLDS = "holds personal data: "
_REMEDY = "take it out, or put a placeholder in its place"


class PersonalData(ObjectingCheck):
    """Counts the rows and the kinds in all inputs and labels; the values are never shown."""

    name = "personal_data"
    what = "with personal data"
    Options = PersonalDataSpec

    def screen(self, found: Fold, comments: Comments) -> Iterator[Finding]:
        """A finding for each column that holds some."""
        return (finding for row in found.rows for finding in self._found(row))

    def run(self, dataset: Assigned) -> CheckResult:
        """Count the rows, and the finds by kind."""
        result = super().run(dataset)
        if not result.count:
            return result
        own = (f for f in (*dataset.findings, *dataset.notes) if f.check == self.name)
        kinds = Counter(kind for finding in own for kind in _kinds(finding))
        told = ", ".join(f"{kind} ({count})" for kind, count in sorted(kinds.items()))
        return result.model_copy(update={"message": f"{result.message}: {told}"})

    def _found(self, row: Row) -> Iterator[Finding]:
        told: dict[str, tuple[str, list[str]]] = {}
        for column, text in cells_of(row):
            kinds: list[str] = [find.kind for find in found_in(text)]
            if kinds:
                told.setdefault(column, (text, []))[1].extend(kinds)
        for column, (first, held) in told.items():
            reason = _HOLDS + ", ".join(dict.fromkeys(held))
            yield self.objection(row, column, reason, first, _REMEDY)


def _kinds(finding: Finding) -> list[str]:
    return finding.problem.reason.removeprefix(_HOLDS).split(", ")
