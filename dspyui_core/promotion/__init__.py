"""Promotion: the policy that judges, the ledger that remembers, the releases that move aliases."""

from __future__ import annotations

from dspyui_core.promotion.asking import ask_again
from dspyui_core.promotion.catalog import PromotionRule
from dspyui_core.promotion.findings import Evidence, Finding, against, lacking, passed
from dspyui_core.promotion.foresight import futile
from dspyui_core.promotion.holdback import Holdback
from dspyui_core.promotion.holds import Hold, HoldKind, hold_still, would_hold
from dspyui_core.promotion.ledger import Ledger, LedgerEntry
from dspyui_core.promotion.policy import decide
from dspyui_core.promotion.releases import Change, Releases
from dspyui_core.promotion.standing import Standing
from dspyui_core.promotion.taking_back import WATCH, end_trial, take_back
from dspyui_core.promotion.trials import Trial, taken_back, trial
from dspyui_core.promotion.watch import Compared, Rate, Watched, WatchEvidence, watch
from dspyui_core.promotion.wear import next_look, rows_for_next_epoch

__all__ = [
    "WATCH",
    "Change",
    "Compared",
    "Evidence",
    "Finding",
    "Hold",
    "HoldKind",
    "Holdback",
    "Ledger",
    "LedgerEntry",
    "PromotionRule",
    "Rate",
    "Releases",
    "Standing",
    "Trial",
    "WatchEvidence",
    "Watched",
    "against",
    "ask_again",
    "decide",
    "end_trial",
    "futile",
    "hold_still",
    "lacking",
    "next_look",
    "passed",
    "rows_for_next_epoch",
    "take_back",
    "taken_back",
    "trial",
    "watch",
    "would_hold",
]
