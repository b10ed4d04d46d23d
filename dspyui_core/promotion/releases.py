"""Releases: the champion alias as the ledger's projection, promotion by hand and rollback."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mlflow import MlflowClient

from dspyui_core.errors import ConflictError, InputError, ModelNotFoundError
from dspyui_core.mlflow_registry import (
    CHALLENGER,
    CHAMPION,
    alias_version,
    remove_alias,
    set_alias,
    versions,
)
from dspyui_core.promotion.ledger import Kind, Ledger, LedgerEntry
from dspyui_core.records import Decision, ModelVersion
from dspyui_core.store.watermarks import Watermarks

__all__ = ["PROJECTED", "Change", "Releases"]

# The watermark of the last decision that reached the alias: it moves after the alias has.
PROJECTED = "champion-alias"


@dataclass(frozen=True, slots=True)
class Change:
    """What a person's decision would do: `version` serves instead of `serving` (None: nobody)."""

    program: str
    version: int
    serving: int | None


@dataclass(frozen=True, slots=True)
class _Serving:
    version: int | None
    by_hand: bool


@dataclass(frozen=True, slots=True)
class Releases:
    """Who serves: decided in the ledger, shown by the alias in MLflow's registry.

    `moved` is called with the program's name whenever its aliases may have changed.
    """

    ledger: Ledger
    client: MlflowClient
    watermarks: Watermarks
    moved: Callable[[str], None] = lambda program: None

    def champion(self, program: str) -> int | None:
        """The version that serves, after repairing or accepting what the alias says."""
        decided = self.reconcile(program)
        return None if decided is None else decided.version

    def reconcile(self, program: str) -> LedgerEntry | None:
        """Make alias and ledger agree; returns the decision that made the champion.

        A decision that a crash kept from the alias is projected now. An alias that was moved by
        hand since is accepted, and recorded as an `external` decision.
        """
        # In this order: whoever decides while this looks is noticed, not taken for a hand.
        last = self.ledger.last(program)
        decided = self.ledger.champion(program)
        pending = decided is not None and self._pending(program, decided)
        shown = alias_version(self.client, program, CHAMPION)
        if decided is not None and pending:
            return self._project(decided)
        if shown == (None if decided is None else decided.version):
            return decided
        try:
            return self._accept(program, shown, decided, predecessor=last)
        except ConflictError:
            return self.reconcile(program)

    def hold(self, program: str) -> str:
        """Why automatic promotion is stopped, or an empty text.

        An alias moved by hand stops it until a person promotes or rolls back.
        """
        decided = self.reconcile(program)
        if decided is None or decided.kind != "external":
            return ""
        return (
            f"the champion alias was moved by hand to {_named(decided.version)} (decision "
            f"{decided.seq}): promote, roll back or acknowledge it by hand to go on"
        )

    def conclude(
        self,
        program: str,
        decision: Decision,
        *,
        version: int | None,
        predecessor: int,
        turn_id: str,
        actor: str,
    ) -> LedgerEntry:
        """Record a turn's decision and show it: champion, challenger, or nothing.

        Repeating it changes nothing. Raises ConflictError where somebody decided meanwhile.
        """
        entry = self.ledger.append(
            program,
            predecessor=predecessor,
            kind="turn",
            verdict=decision.verdict,
            version=version,
            reasons=decision.reasons,
            evidence=decision.evidence,
            actor=actor,
            turn_id=turn_id,
        )
        if self.ledger.last(program) != entry.seq:
            # Repeated after a crash, and somebody decided since: that decision is shown.
            return entry
        if entry.verdict == "promote":
            return self._project(entry)
        if entry.verdict == "ask" and version is not None:
            set_alias(self.client, program, CHALLENGER, version)
        return entry

    def promote(self, program: str, version: int | None, *, reason: str, actor: str) -> LedgerEntry:
        """Promote a version (the waiting challenger by default) on a person's word.

        Raises ModelNotFoundError where there is no such version or no challenger, InputError
        where it serves already.
        """
        self.reconcile(program)
        last = self.ledger.last(program)
        change = self.would_promote(program, version)
        return self._decide(change, last, kind="promotion", reason=reason, actor=actor)

    def would_promote(self, program: str, version: int | None) -> Change:
        """What `promote` would do. Raises what it raises; nothing is written."""
        chosen = alias_version(self.client, program, CHALLENGER) if version is None else version
        if chosen is None:
            hint = f"name a version: dspyui model show {program}"
            raise self._absent(program, f"{program!r} has no challenger that waits", hint)
        return self._change(program, chosen)

    def rollback(
        self, program: str, version: int | None, *, reason: str, actor: str
    ) -> LedgerEntry:
        """Let an earlier champion (the one before this by default) serve again.

        Raises ModelNotFoundError where there is none to go back to.
        """
        self.reconcile(program)
        last = self.ledger.last(program)
        change = self.would_roll_back(program, version)
        return self._decide(change, last, kind="rollback", reason=reason, actor=actor)

    def would_roll_back(self, program: str, version: int | None) -> Change:
        """What `rollback` would do. Raises what it raises; nothing is written."""
        chosen = self._previous(program) if version is None else version
        if chosen is None:
            hint = f"nothing was changed; who served, and why: dspyui model history {program}"
            raise self._absent(program, f"{program!r} has no earlier champion to go back to", hint)
        return self._change(program, chosen)

    def acknowledge(self, program: str, *, reason: str, actor: str) -> LedgerEntry:
        """Accept a champion alias that was moved by hand: turns may promote again.

        A waiting challenger goes on waiting. Raises InputError where nobody moved the alias.
        """
        self.reconcile(program)
        last = self.ledger.last(program)
        decided = self.ledger.champion(program)
        if decided is None or decided.kind != "external":
            raise InputError(
                f"the champion alias of {program!r} was not moved by hand: nothing to acknowledge",
                hint=f"who serves, and why: dspyui model history {program}",
            )
        entry = self.ledger.append(
            program,
            predecessor=last,
            kind="acknowledgement",
            verdict="promote",
            version=decided.version,
            reasons=(reason,),
            actor=actor,
        )
        # The alias shows this version already.
        self.watermarks.advance(program, PROJECTED, entry.seq)
        return entry

    def transition(self, name: str, version: int, stage: str) -> None:
        """Move a version to a stage through the ledger. Raises InputError where it may not go."""
        if stage == "Production":
            self.promote(name, version, reason="stage transition", actor="stage transition")
        elif stage == "Staging":
            set_alias(self.client, name, CHALLENGER, version)
        elif self.champion(name) == version:
            raise InputError(
                f"version {version} of {name!r} serves and cannot become {stage!r}",
                hint="promote another version or roll back",
            )
        elif alias_version(self.client, name, CHALLENGER) == version:
            remove_alias(self.client, name, CHALLENGER)

    def versions(self, program: str) -> list[ModelVersion]:
        """All versions with their stages, the oldest first."""
        self.reconcile(program)
        return versions(self.client, program, decided=self.ledger.decided_versions(program))

    def _decide(
        self, change: Change, predecessor: int, *, kind: Kind, reason: str, actor: str
    ) -> LedgerEntry:
        entry = self.ledger.append(
            change.program,
            predecessor=predecessor,
            kind=kind,
            verdict="promote",
            version=change.version,
            reasons=(reason,),
            actor=actor,
        )
        return self._project(entry)

    def _change(self, program: str, version: int) -> Change:
        now = self._serving(program)
        known = [found.version for found in versions(self.client, program)]
        if version not in known:
            hint = f"versions: {', '.join(map(str, known))}"
            raise self._absent(program, f"{program!r} has no version {version}", hint)
        if now.version == version and not now.by_hand:
            hint = f"since when, and why: dspyui model history {program}"
            raise InputError(f"version {version} of {program!r} serves already", hint=hint)
        return Change(program, version, now.version)

    def _absent(self, program: str, message: str, hint: str) -> ModelNotFoundError:
        """What to raise for a missing part; raises itself where the program is missing, too."""
        versions(self.client, program)
        return ModelNotFoundError(program, message=message, hint=hint)

    def _serving(self, program: str) -> _Serving:
        """Who serves once alias and ledger agree, and whether a hand in MLflow says so."""
        decided = self.ledger.champion(program)
        if decided is not None and self._pending(program, decided):
            return _Serving(decided.version, decided.kind == "external")
        shown = alias_version(self.client, program, CHAMPION)
        if shown == (None if decided is None else decided.version):
            return _Serving(shown, decided is not None and decided.kind == "external")
        return _Serving(shown, True)

    def _previous(self, program: str) -> int | None:
        """The champion below who serves, so that rolling back twice goes back two."""
        standing: list[int] = []
        for entry in reversed(self.ledger.history(program)):
            if entry.verdict != "promote" or entry.version is None:
                continue
            if entry.kind == "rollback" and entry.version in standing:
                del standing[standing.index(entry.version) :]
            standing = [version for version in standing if version != entry.version]
            standing.append(entry.version)
        serving = self._serving(program).version
        earlier = [version for version in standing if version != serving]
        return earlier[-1] if earlier else None

    def _pending(self, program: str, decided: LedgerEntry) -> bool:
        return self.watermarks.get(program, PROJECTED) < decided.seq

    def _project(self, entry: LedgerEntry) -> LedgerEntry:
        if entry.version is not None:
            set_alias(self.client, entry.program, CHAMPION, entry.version)
            if alias_version(self.client, entry.program, CHALLENGER) is not None:
                # Promoted or superseded: either way nobody waits any more.
                remove_alias(self.client, entry.program, CHALLENGER)
        self.watermarks.advance(entry.program, PROJECTED, entry.seq)
        self.moved(entry.program)
        return entry

    def _accept(
        self, program: str, shown: int | None, decided: LedgerEntry | None, *, predecessor: int
    ) -> LedgerEntry:
        before = "nothing" if decided is None else _named(decided.version)
        entry = self.ledger.append(
            program,
            predecessor=predecessor,
            kind="external",
            verdict="promote",
            version=shown,
            reasons=(f"the champion alias was moved by hand from {before} to {_named(shown)}",),
            actor="external",
        )
        self.watermarks.advance(program, PROJECTED, entry.seq)
        self.moved(program)
        return entry


def _named(version: int | None) -> str:
    return "no version" if version is None else f"version {version}"
