"""Pairs: the scores of two programs on the same rows, or of one program, in a fixed order."""

from __future__ import annotations

import math

import numpy as np

from dspyui_core.errors import InputError
from dspyui_core.records import ScoreCard

__all__ = ["paired", "scores_of"]


def paired(opponent: ScoreCard, candidate: ScoreCard) -> tuple[np.ndarray, np.ndarray]:
    """The opponent's and the candidate's scores (0..1), row by row; a failed row counts as 0.

    Raises InputError where the rows differ or there are none, and for a score that is no number.
    """
    theirs, ours = _by_row(opponent), _by_row(candidate)
    if not theirs or theirs.keys() != ours.keys():
        raise InputError(
            f"the score cards do not hold the same rows ({len(theirs)} and {len(ours)})",
            hint="evaluate both programs on the same split of the same dataset version",
        )
    order = sorted(theirs)
    return np.array([theirs[key] for key in order]), np.array([ours[key] for key in order])


def scores_of(card: ScoreCard) -> np.ndarray:
    """A card's scores (0..1). Raises InputError where it has no rows or a score is no number."""
    if not card.rows:
        raise InputError("a score card without rows has no interval")
    return np.array(list(_by_row(card).values()))


def _by_row(card: ScoreCard) -> dict[str, float]:
    odd = [row for row in card.rows if not math.isfinite(row.score or 0.0)]
    if odd:
        raise InputError(
            f"row {odd[0].row_id!r} has the score {odd[0].score}, which is no number",
            hint="let the metric return 0..1, or raise: the row then counts as failed",
        )
    return {row.row_id: row.score or 0.0 for row in card.rows}
