"""`injected_instructions`: feedback that speaks to the LM, or hides what it says."""

from __future__ import annotations

from collections.abc import Iterator

from dspyui_core.datasets.checks.objecting import ObjectingCheck, cells_of, feedback_rows
from dspyui_core.datasets.checks.protocol import Comments
from dspyui_core.datasets.findings import Finding
from dspyui_core.datasets.folding import Fold
from dspyui_core.datasets.rows import Row
from dspyui_core.datasets.texts.injected import signs_in
from dspyui_core.spec import InjectedInstructionsSpec

_REMEDY = "look at it; where it is meant well, accept it with its labels in the inbox"


class InjectedInstructions(ObjectingCheck):
    """Looks at the inputs, the labels and the comment of every feedback row."""

    name = "injected_instructions"
    what = "of feedback with instructions or hidden text"
    Options = InjectedInstructionsSpec

    def screen(self, found: Fold, comments: Comments) -> Iterator[Finding]:
        """A finding for each place that shows a sign."""
        for row in feedback_rows(found):
            comment = comments.get((row.trace_id or "", row.user_id))
            for column, text in (*cells_of(row), *([("comment", comment)] if comment else [])):
                yield from self._found(row, column, text)

    def _found(self, row: Row, column: str, text: str) -> Iterator[Finding]:
        signs = signs_in(text, self._options.longest_blob)
        if signs:
            yield self.objection(row, column, "; ".join(signs), text, _REMEDY)
