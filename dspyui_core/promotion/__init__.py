"""Promotion: the policy that judges, the ledger that remembers, the releases that move aliases."""

from __future__ import annotations

from dspyui_core.promotion.ledger import Ledger, LedgerEntry
from dspyui_core.promotion.policy import decide
from dspyui_core.promotion.releases import Change, Releases

__all__ = ["Change", "Ledger", "LedgerEntry", "Releases", "decide"]
