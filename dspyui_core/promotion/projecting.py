"""The champion alias in MLflow's registry: it follows the ledger, and a hand there is noticed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mlflow import MlflowClient

from dspyui_core.errors import ConflictError
from dspyui_core.mlflow_registry import (
    CHALLENGER,
    CHAMPION,
    alias_version,
    has_version,
    remove_alias,
    set_alias,
)
from dspyui_core.promotion.ledger import Ledger, LedgerEntry
from dspyui_core.promotion.standing import named
from dspyui_core.store.watermarks import Watermarks

__all__ = ["PROJECTED", "Projection", "Serving"]

# The watermark of the last decision that reached the alias: it moves after the alias has.
PROJECTED = "champion-alias"


@dataclass(frozen=True, slots=True)
class Serving:
    """The version that serves, None for nobody, and whether a hand in MLflow says so."""

    version: int | None
    by_hand: bool


@dataclass(frozen=True, slots=True)
class Projection:
    """The alias as the ledger's projection. `moved` is called with a decision that it follows."""

    ledger: Ledger
    client: MlflowClient
    watermarks: Watermarks
    moved: Callable[[LedgerEntry], None]

    def reconcile(self, program: str) -> LedgerEntry | None:
        """Make alias and ledger agree; returns the decision that made the champion.

        A decision that a crash kept from the alias is shown now, unless its version was deleted
        since. An alias that says otherwise is accepted, and recorded as an `external` decision.
        """
        # In this order: whoever decides while this looks is noticed, not taken for a hand.
        last = self.ledger.last(program)
        decided = self.ledger.champion(program)
        pending = decided is not None and self._pending(decided)
        shown = alias_version(self.client, program, CHAMPION)
        if decided is not None and pending and not self._is_gone(decided):
            return self.show(decided)
        if shown == (None if decided is None else decided.version):
            return decided
        try:
            return self._accept(program, shown, decided, predecessor=last)
        except ConflictError:
            return self.reconcile(program)

    def serving(self, program: str) -> Serving:
        """Who serves once alias and ledger agree; nothing is written."""
        decided = self.ledger.champion(program)
        by_hand = decided is not None and decided.kind == "external"
        if decided is not None and self._pending(decided) and not self._is_gone(decided):
            return Serving(decided.version, by_hand)
        shown = alias_version(self.client, program, CHAMPION)
        if shown == (None if decided is None else decided.version):
            return Serving(shown, by_hand)
        return Serving(shown, True)

    def show(self, entry: LedgerEntry) -> LedgerEntry:
        """Let the alias follow a decision; whoever waited as the challenger waits no more."""
        shown = None
        # Looked up again after the alias moved: who decided meanwhile may have moved it before.
        while (newest := self.ledger.champion(entry.program)) is not None and newest != shown:
            self._move(newest)
            shown = self.is_shown(newest)
        return entry

    def is_shown(self, entry: LedgerEntry) -> LedgerEntry:
        """Note that the alias is where a decision wants it."""
        self.watermarks.advance(entry.program, PROJECTED, entry.seq)
        self.moved(entry)
        return entry

    def _move(self, decided: LedgerEntry) -> None:
        if decided.version is None:
            return
        set_alias(self.client, decided.program, CHAMPION, decided.version)
        if alias_version(self.client, decided.program, CHALLENGER) is not None:
            # Promoted or superseded: either way nobody waits any more.
            remove_alias(self.client, decided.program, CHALLENGER)

    def _pending(self, decided: LedgerEntry) -> bool:
        return self.watermarks.get(decided.program, PROJECTED) < decided.seq

    def _is_gone(self, decided: LedgerEntry) -> bool:
        """Whether somebody deleted the version of a decision in MLflow."""
        version = decided.version
        return version is not None and not has_version(self.client, decided.program, version)

    def _accept(
        self, program: str, shown: int | None, decided: LedgerEntry | None, *, predecessor: int
    ) -> LedgerEntry:
        if decided is not None and self._is_gone(decided):
            reason = f"{named(decided.version)} was deleted in MLflow: {named(shown)} serves"
        else:
            before = "nothing" if decided is None else named(decided.version)
            reason = f"the champion alias was moved by hand from {before} to {named(shown)}"
        entry = self.ledger.append(
            program,
            predecessor=predecessor,
            kind="external",
            verdict="promote",
            version=shown,
            reasons=(reason,),
            actor="external",
        )
        return self.is_shown(entry)
