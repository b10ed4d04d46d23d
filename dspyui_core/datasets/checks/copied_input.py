"""`copied_input`: corrections that only say the input again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from dspyui_core.datasets.checks.objecting import CorrectionCheck
from dspyui_core.datasets.findings import Finding
from dspyui_core.datasets.rows import Row
from dspyui_core.spec import CopiedInputSpec
from dspyui_core.text import character_ngrams, normalise

_GRAM: Final = 4
# Of shorter texts one changed character is too large a share.
_SHORTEST: Final = 20
# A program that mends texts repeats most of them; from this share of its gold rows on it is one.
_USUAL: Final = 0.05
_REMEDY = "say what the answer should have been, or rate without a correction"


class CopiedInput(CorrectionCheck):
    """Compares each text output of feedback with each text input.

    A program whose gold rows repeat their inputs, too, may be corrected like that.
    """

    name = "copied_input"
    what = "of feedback whose correction is the input again"
    Options = CopiedInputSpec
    gold_rows = 200

    def compare(self, name: str, said: Sequence[Row], gold: Sequence[Row]) -> Iterator[Finding]:
        """A finding for each row whose output repeats an input."""
        copied = [row for row in said if self._copies(row, name)]
        if copied and not self._is_usual(gold, name):
            for row in copied:
                yield self.objection(row, name, "repeats the input", row.labels[name], _REMEDY)

    def _is_usual(self, gold: Sequence[Row], name: str) -> bool:
        return sum(self._copies(row, name) for row in gold) > _USUAL * len(gold)

    def _copies(self, row: Row, name: str) -> bool:
        label = row.labels.get(name)
        if not isinstance(label, str):
            return False
        texts = (value for value in row.inputs.values() if isinstance(value, str))
        return any(self._repeats(label, text) for text in texts)

    def _repeats(self, label: str, text: str) -> bool:
        said, given = normalise(label), normalise(text)
        if said == given or min(len(said), len(given)) < _SHORTEST:
            return said == given
        ours, theirs = character_ngrams(said, _GRAM), character_ngrams(given, _GRAM)
        shared = len(ours & theirs) / max(len(ours), len(theirs))
        return bool(shared >= self._options.containment)
