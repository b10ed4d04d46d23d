"""Foresight: what a look could show, told before anything is spent on a candidate."""

from __future__ import annotations

import math
from collections.abc import Sequence

from dspyui_core.comparison import POWER, smallest_detectable
from dspyui_core.promotion.ledger import LedgerEntry
from dspyui_core.promotion.rules import no_level_left
from dspyui_core.promotion.wear import next_look
from dspyui_core.spec import PromotionSpec

__all__ = ["futile"]

# Of a program that was never compared: two that differ in a fifth of their 0/1 scores.
SUPPOSED_DEVIATION = math.sqrt(0.2)


def futile(history: Sequence[LedgerEntry], rows: int, policy: PromotionSpec) -> str:
    """Why a look at so many holdout rows could not promote anything, or an empty text.

    The smallest gain that it could show is worked out with the spread of the differences in the
    newest comparison of the program.
    """
    look = next_look(history, policy)
    if not look.level:
        return no_level_left(look, rows)
    if policy.max_detectable is None:
        return ""
    found = smallest_detectable(rows, _deviation(history), level=look.level)
    if found <= policy.max_detectable:
        return ""
    needed = math.ceil(rows * (found / policy.max_detectable) ** 2)
    return (
        f"{rows} holdout rows show a gain of {found:.3f} or more with {POWER:.0%} power, and "
        f"max_detectable is {policy.max_detectable:g}: label {needed - rows} more rows, or go on "
        "with --force"
    )


def _deviation(history: Sequence[LedgerEntry]) -> float:
    compared = [entry for entry in history if entry.evidence.get("deviation")]
    if not compared:
        return SUPPOSED_DEVIATION
    return float(max(compared, key=lambda entry: entry.seq).evidence["deviation"])
