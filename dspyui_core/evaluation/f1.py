"""Macro F1: how well each class is found, every class counting alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from statistics import fmean

from dspyui_core.fields import Field
from dspyui_core.programs import LabelledRow
from dspyui_core.records import ScoreRow

__all__ = ["macro_f1"]


def macro_f1(
    rows: Sequence[LabelledRow], scored: Sequence[ScoreRow], outputs: Sequence[Field]
) -> dict[str, float]:
    """Macro F1 (0..1) of each literal output, by its name.

    The mean over classes of 2·TP / (2·TP + FP + FN), as scikit-learn's `f1_score` with
    `average="macro"` has it; classes are the values that occur as a label or an answer, and an
    answer that failed is a wrong one that belongs to no class. Of repeated answers the first
    counts.
    """
    pairs = list(zip(rows, scored, strict=True))
    return {
        field.name: _macro([(row.labels.get(field.name), _said(s, field.name)) for row, s in pairs])
        for field in outputs
        if field.type == "literal" and pairs
    }


def _said(scored: ScoreRow, name: str) -> str | None:
    said = None if scored.score is None else scored.prediction.get(name)
    return said if isinstance(said, str) else None


def _macro(pairs: Sequence[tuple[str | None, str | None]]) -> float:
    labels = Counter(label for label, _ in pairs if label is not None)
    answers = Counter(answer for _, answer in pairs if answer is not None)
    right = Counter(label for label, answer in pairs if label == answer and label is not None)
    classes = labels.keys() | answers.keys()
    if not classes:
        return 0.0
    # 2·TP + FP + FN is how often the class is a label, and how often it is an answer.
    return fmean(2 * right[name] / (labels[name] + answers[name]) for name in classes)
