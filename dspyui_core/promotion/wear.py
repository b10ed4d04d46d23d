"""Wear: what each look at a holdout may cost, and when its epoch has nothing left to spend.

Every look asks whether another candidate is better, on the same rows. The chance of promoting any
of those that are no better is at most the sum of what the looks spend (Bonferroni), however the
candidates depend on each other and on earlier verdicts; each spends the same share of the epoch's
error. That is online Bonferroni, the plainest of the rules that Foster and Stine (2008, Journal of
the Royal Statistical Society B 70:429-444) build alpha-investing on. Group-sequential spending
does not fit: it is for one hypothesis that is looked at again.
"""

from __future__ import annotations

from collections.abc import Sequence

from dspyui_core.promotion.ledger import LedgerEntry
from dspyui_core.records import Look
from dspyui_core.spec import PromotionSpec

__all__ = ["next_look", "rows_for_next_epoch"]

# A sum of floating point shares of the error is not the error to the last digit.
_NOTHING = 1e-12


def next_look(history: Sequence[LedgerEntry], policy: PromotionSpec) -> Look:
    """The next look at the present epoch's holdout, given a program's decisions in any order.

    Its level is 0 where the looks are all taken, or what earlier ones spent leaves too little:
    somebody changed `error` or `looks` meanwhile.
    """
    epoch = max((entry.epoch for entry in history), default=1)
    taken = [entry for entry in history if entry.epoch == epoch and entry.kind == "turn"]
    share = policy.error / policy.looks
    # Decisions of before levels were noted had the whole error each; they count as planned looks.
    spent = sum(share if entry.level is None else entry.level for entry in taken)
    left = len(taken) < policy.looks and spent + share <= policy.error + _NOTHING
    return Look(
        epoch=epoch,
        number=len(taken) + 1,
        planned=policy.looks,
        level=share if left else 0.0,
    )


def rows_for_next_epoch(rows: int) -> int:
    """How many fresh rows a holdout of so many needs to open its next epoch: a fifth, at least 20.

    A few would let the looks at all the others begin anew.
    """
    return max(20, -(-rows // 5))
