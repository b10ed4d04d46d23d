"""Asking again: a version that was refused waits for a person once more, as a decision."""

from __future__ import annotations

from dspyui_core.mlflow_registry import CHALLENGER, set_alias
from dspyui_core.promotion.ledger import LedgerEntry
from dspyui_core.promotion.releases import Releases

__all__ = ["ask_again"]


def ask_again(
    releases: Releases, program: str, version: int, *, reason: str, actor: str
) -> LedgerEntry:
    """Let a version wait for a person as the challenger.

    Raises ModelNotFoundError where there is no such version, InputError where it serves or who
    serves is pinned, ConflictError where somebody decided meanwhile.
    """
    releases.reconcile(program)
    last = releases.ledger.last(program)
    releases.would_promote(program, version)
    entry = releases.ledger.append(
        program,
        predecessor=last,
        kind="promotion",
        verdict="ask",
        version=version,
        reasons=(reason,),
        actor=actor,
    )
    set_alias(releases.client, program, CHALLENGER, version)
    return entry
