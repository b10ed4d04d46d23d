"""`label_noise`: labels that the other rows make unlikely, for a person to look at."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import Final

from dspyui_core.datasets.checks.counting import rows_in_words
from dspyui_core.datasets.checks.protocol import Check, CheckResult, Examined
from dspyui_core.datasets.doubting import Doubt
from dspyui_core.datasets.rows import Row, input_text
from dspyui_core.datasets.shape import Shape, class_fields
from dspyui_core.datasets.splitting.assigning import Assigned
from dspyui_core.datasets.texts.guessing import guesses
from dspyui_core.spec import LabelNoiseSpec

# A label with fewer rows is not known well enough to doubt any of them.
_ROWS_PER_CLASS: Final = 5


class LabelNoise(Check):
    """Doubts the labels that a classifier, trained on the other rows, finds unlikely (cleanlab).

    Looks at train and validation rows only; the worst labels go to the inbox, none is changed.
    """

    name = "label_noise"
    Options = LabelNoiseSpec

    def run(self, dataset: Assigned) -> CheckResult:
        """The number of labels in doubt."""
        return self.examine(dataset, None).result

    def examine(self, dataset: Assigned, previous: Shape | None) -> Examined:
        """The doubts about every output that is a literal or a bool, the worst first."""
        names = class_fields(dataset.fold.spec)
        doubts = [doubt for name in names for doubt in self._doubts(dataset, name)]
        worst = sorted(doubts, key=lambda doubt: (doubt.score, doubt.row.row_id))
        worst = worst[: self._options.worst]
        if not worst:
            return Examined(self.passed())
        # One row may have two outputs in doubt.
        rows = list({doubt.row.row_id: doubt.row for doubt in worst}.values())
        told = f"{rows_in_words(len(rows))} with a label that other rows make unlikely"
        more = f", the worst of {len(doubts)}" if len(doubts) > len(worst) else ""
        return Examined(self.found(rows, f"{told}{more}: look at them in the inbox"), tuple(worst))

    def _doubts(self, dataset: Assigned, name: str) -> list[Doubt]:
        rows = self._looked_at(dataset, name)
        if len(rows) < self._options.minimum_rows:
            return []
        labels = [str(row.labels[name]) for row in rows]
        if len({*labels}) < 2:
            return []
        texts = [input_text(row.inputs) for row in rows]
        found = guesses(texts, labels, seed=dataset.fold.spec.seed)
        return [
            Doubt(rows[guess.place], name, labels[guess.place], guess.label, guess.score)
            for guess in found
        ]

    def _looked_at(self, dataset: Assigned, name: str) -> Sequence[Row]:
        """The rows of labels that have enough of them; of very many those first by their hash."""
        rows = [
            row
            for row in (*dataset.of("train"), *dataset.of("validation"))
            if row.labels.get(name) is not None
        ]
        if len(rows) > self._options.maximum_rows:
            rows = sorted(rows, key=_drawn)[: self._options.maximum_rows]
        counts = Counter(str(row.labels[name]) for row in rows)
        return [row for row in rows if counts[str(row.labels[name])] >= _ROWS_PER_CLASS]


def _drawn(row: Row) -> str:
    return hashlib.sha256(f"label noise {row.row_id}".encode()).hexdigest()
