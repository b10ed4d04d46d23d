"""Releases: what turns and people decide about who serves, through the ledger."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import takewhile

from mlflow import MlflowClient

from dspyui_core.errors import InputError, ModelNotFoundError
from dspyui_core.mlflow_registry import (
    CHALLENGER,
    alias_version,
    remove_alias,
    set_alias,
    versions,
)
from dspyui_core.promotion.ledger import Kind, Ledger, LedgerEntry
from dspyui_core.promotion.projecting import Projection
from dspyui_core.promotion.standing import HOLDS, Standing, earlier_champions, named, standing
from dspyui_core.records import Decision, ModelVersion
from dspyui_core.store.watermarks import Watermarks

__all__ = ["Change", "Releases"]


@dataclass(frozen=True, slots=True)
class Change:
    """What a person's decision would do: `version` serves instead of `serving` (None: nobody).

    A rollback passes over earlier champions that are `deleted` in MLflow.
    """

    program: str
    version: int
    serving: int | None
    deleted: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Releases:
    """Who serves: decided in the ledger, shown by the alias in MLflow's registry.

    `moved` is called with the decision whenever a program's aliases may have followed one.
    """

    ledger: Ledger
    client: MlflowClient
    watermarks: Watermarks
    moved: Callable[[LedgerEntry], None] = lambda entry: None

    def champion(self, program: str) -> int | None:
        """The version that serves, after repairing or accepting what the alias says."""
        decided = self.reconcile(program)
        return None if decided is None else decided.version

    def reconcile(self, program: str) -> LedgerEntry | None:
        """Make alias and ledger agree; returns the decision that made the champion.

        A decision that a crash kept from the alias is projected now. An alias that was moved by
        hand since is accepted, and recorded as an `external` decision.
        """
        return self._projection.reconcile(program)

    def serving(self, program: str) -> int | None:
        """The version that serves once alias and ledger agree; nothing is written."""
        return self._projection.serving(program).version

    def standing(self, program: str) -> Standing:
        """Whether a program is paused, its champion pinned, or its alias moved by hand."""
        return standing(self.ledger.history(program))

    def hold(self, program: str) -> str:
        """Why automatic promotion is stopped, or an empty text.

        A person's pause or pin stops it until it is taken back; an alias moved by hand until a
        person promotes, rolls back or acknowledges it.
        """
        self.reconcile(program)
        return "; ".join(self.standing(program).reasons)

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

        Repeating it changes nothing. Raises ConflictError where somebody decided meanwhile, or
        stopped the promotion that this is.
        """
        entry = self.ledger.append(
            program,
            predecessor=self._followed(program, predecessor, decision),
            kind="turn",
            verdict=decision.verdict,
            version=version,
            reasons=decision.reasons,
            evidence=decision.evidence,
            actor=actor,
            turn_id=turn_id,
            level=decision.evidence.get("look", {}).get("level"),
        )
        if self._moving_since(program, entry.seq):
            # Repeated after a crash, and somebody decided since: that decision is shown.
            return entry
        if entry.verdict == "promote":
            return self._projection.show(entry)
        if entry.verdict == "ask" and version is not None:
            set_alias(self.client, program, CHALLENGER, version)
        return entry

    def promote(self, program: str, version: int | None, *, reason: str, actor: str) -> LedgerEntry:
        """Promote a version (the waiting challenger by default) on a person's word.

        Raises ModelNotFoundError where there is no such version or no challenger, InputError
        where it serves already, or where who serves is pinned.
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
        change = self._change(program, chosen)
        self.require_unpinned(program)
        return change

    def require_unpinned(self, program: str) -> None:
        """Raise InputError where a person pinned the champion, so that nobody replaces it."""
        pinned = self.standing(program).pinned
        if pinned is not None:
            raise InputError(
                f"version {pinned.version} of {program!r} is pinned by {pinned.actor}: "
                f"{'; '.join(pinned.reasons)}",
                hint=f"dspyui model unpin {program} --reason WHY, then promote",
            )

    def refuse(self, program: str, version: int, *, reason: str, actor: str) -> LedgerEntry:
        """Refuse a version on a person's word: it waits no more, if it did.

        Refusing what was refused last changes nothing. Raises ModelNotFoundError where there is
        no such version, InputError where it serves.
        """
        self.reconcile(program)
        last = next(iter(self.ledger.history(program)), None)
        self._change(program, version)
        if last is not None and _refuses(last, version):
            entry = last
        else:
            entry = self.ledger.append(
                program,
                predecessor=0 if last is None else last.seq,
                kind="promotion",
                verdict="refuse",
                version=version,
                reasons=(reason,),
                actor=actor,
            )
        if alias_version(self.client, program, CHALLENGER) == version:
            remove_alias(self.client, program, CHALLENGER)
        return entry

    def rollback(
        self, program: str, version: int | None, *, reason: str, actor: str
    ) -> LedgerEntry:
        """Let an earlier champion (the one before this by default) serve again, also from a pin.

        Raises ModelNotFoundError where there is none to go back to.
        """
        self.reconcile(program)
        last = self.ledger.last(program)
        change = self.would_roll_back(program, version)
        return self._decide(change, last, kind="rollback", reason=reason, actor=actor)

    def would_roll_back(self, program: str, version: int | None) -> Change:
        """What `rollback` would do. Raises what it raises; nothing is written."""
        if version is not None:
            return self._change(program, version)
        serving, known = self.serving(program), self._known(program)
        history = self.ledger.history(program)
        earlier = [was for was in reversed(earlier_champions(history)) if was != serving]
        deleted = tuple(takewhile(lambda was: was not in known, earlier))
        if len(deleted) == len(earlier):
            hint = f"nothing was changed; who served, and why: dspyui model history {program}"
            raise self._absent(program, f"{program!r} has no earlier champion to go back to", hint)
        return replace(self._change(program, earlier[len(deleted)]), deleted=deleted)

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
        return self._projection.is_shown(entry)

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
            reasons=(reason, *(f"{named(was)} is deleted in MLflow" for was in change.deleted)),
            actor=actor,
        )
        return self._projection.show(entry)

    def _change(self, program: str, version: int) -> Change:
        now, known = self._projection.serving(program), self._known(program)
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

    @property
    def _projection(self) -> Projection:
        return Projection(self.ledger, self.client, self.watermarks, self.moved)

    def _known(self, program: str) -> list[int]:
        return [found.version for found in versions(self.client, program)]

    def _moving_since(self, program: str, seq: int) -> list[LedgerEntry]:
        """The decisions after one that may have changed who serves."""
        history = self.ledger.history(program)
        return [entry for entry in history if entry.seq > seq and entry.kind not in HOLDS]

    def _followed(self, program: str, seen: int, decision: Decision) -> int:
        """The decision that a turn's follows: one that saw `seen` also follows a pause or a pin.

        Its evidence is as good as before, but it must not promote past a hold that it did not see.
        """
        if self._moving_since(program, seen):
            return seen
        last = self.ledger.last(program)
        held = last != seen and decision.verdict == "promote" and self.hold(program)
        return seen if held else last


def _refuses(entry: LedgerEntry, version: int) -> bool:
    return (entry.kind, entry.verdict, entry.version) == ("promotion", "refuse", version)
