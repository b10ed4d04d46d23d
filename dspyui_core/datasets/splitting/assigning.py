"""Splits: each row's split, decided once for ever, with near-duplicates always on one side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Engine

from dspyui_core.datasets.contract.parsing import finding_in_file
from dspyui_core.datasets.findings import Finding, FoundAt
from dspyui_core.datasets.folding import Fold
from dspyui_core.datasets.rows import Row
from dspyui_core.datasets.splitting.known import InMemory, Known, Progress, known_in_store
from dspyui_core.datasets.splitting.ledger import Ledger, NewPlace, Place, extend_ledger
from dspyui_core.datasets.splitting.placing import Placer
from dspyui_core.errors import Problem
from dspyui_core.records import SplitName
from dspyui_core.spec import Shares

__all__ = ["Assigned", "Progress", "assign", "preview", "record"]


@dataclass(frozen=True, slots=True)
class Assigned:
    """A fold with its splits: `rows` have a final split and are all that may be used.

    `parked` is feedback on (nearly) a holdout input, never trained on. `findings` are quarantined
    rows, `notes` are not. `groups` gives each row's key the group that was decided with it.
    `new` is what a ledger whose newest entry is `after` does not have yet. `repeated` has, for a
    row between two splits, a text of each that it nearly repeats.
    """

    fold: Fold
    rows: tuple[Row, ...]
    parked: tuple[Row, ...]
    findings: tuple[Finding, ...]
    notes: tuple[Finding, ...]
    groups: Mapping[str, str]
    new: tuple[NewPlace, ...]
    after: int
    repeated: Mapping[FoundAt, tuple[str, ...]] = field(default_factory=dict)

    def of(self, split: SplitName) -> tuple[Row, ...]:
        """The rows of one split."""
        return tuple(row for row in self.rows if row.split == split)


def assign(
    engine: Engine,
    fold: Fold,
    shares: Shares,
    similarity: float,
    *,
    at: datetime,
    on_progress: Progress | None = None,
) -> Assigned:
    """Decide the split of every row and write the new decisions into the program's ledger.

    A known input keeps its split and a near duplicate inherits it; an explicit split is honoured
    at first sight; otherwise the hash of the group decides by `shares`. A row between two splits is
    quarantined. Doing it again changes nothing. Raises ConflictError where somebody else wrote.
    """
    keys = [row.key for row in fold.rows]
    known = known_in_store(engine, fold.spec.name, keys, on_progress=on_progress)
    assigned = preview(fold, shares, similarity, known=known, on_progress=on_progress)
    record(engine, assigned, at=at)
    return assigned


def preview(
    fold: Fold,
    shares: Shares,
    similarity: float,
    *,
    ledger: Ledger | None = None,
    known: Known | None = None,
    on_progress: Progress | None = None,
) -> Assigned:
    """What `assign` would decide, written nowhere.

    What is `known` may be a whole `ledger`; without either it is as for a new program.
    """
    known = known or InMemory(ledger or Ledger())
    new = [row for row in fold.rows if row.key not in known.places]
    if on_progress is not None and new:
        on_progress(f"comparing {len(new)} new rows with {known.total} known ones")
    placer = Placer(known, new, similarity)
    if on_progress is not None and not placer.complete:
        on_progress("most rows share their wording: compared only where they share something rare")
    # Gold decides first: feedback never chooses a split that gold has to follow.
    placer.place([row for row in new if not row.is_feedback], shares)
    learning = placer.keep_from_holdout([row for row in new if row.is_feedback])
    placer.place(learning, _learning(shares))
    return _assigned(fold, known, placer)


def record(engine: Engine, assigned: Assigned, *, at: datetime) -> None:
    """Write the new decisions of a preview into its program's ledger, all or none.

    Raises ConflictError where the ledger is no longer the one that the preview looked at.
    """
    program = assigned.fold.spec.name
    extend_ledger(engine, program, assigned.new, after=assigned.after, at=at)


def _learning(shares: Shares) -> Shares:
    """The shares without a holdout; a program that has only a holdout learns from all feedback."""
    learning = shares.train + shares.validation
    train = shares.train / learning if learning else 1.0
    return Shares(train=train, validation=1 - train, holdout=0)


def _assigned(fold: Fold, known: Known, placer: Placer) -> Assigned:
    """The fold's rows sorted into usable, parked and quarantined."""
    usable, parked, notes, new = [], [], [], []
    groups = dict[str, str]()
    for row in fold.rows:
        place = known.places.get(row.key)
        fresh = None if place is not None else placer.place_of(row)
        place = place or fresh
        if row.is_feedback and (placer.is_parked(row) or (place and place.split == "holdout")):
            parked.append(row)
        elif place is not None:
            usable.append(replace(row, split=place.split))
            notes += [_kept(row, place)] if row.split not in ("auto", place.split) else []
            new += [NewPlace(row.key, fresh, row.trust, row.source)] if fresh else []
            groups[row.key] = place.group
    leaking = [finding_in_file(fold.spec, finding) for finding in placer.findings.values()]
    return Assigned(
        fold=fold,
        rows=tuple(usable),
        parked=tuple(parked),
        findings=(*fold.findings, *leaking),
        notes=(*fold.notes, *(finding_in_file(fold.spec, note) for note in notes)),
        groups=groups,
        new=tuple(new),
        after=known.last,
        repeated=placer.repeated(),
    )


def _kept(row: Row, place: Place) -> Finding:
    reason = f"asks for {row.split} but was {place.split} at first sight, and stays"
    column = next(iter(row.inputs))
    remedy = "nothing: an input keeps its split"
    problem = Problem(column, reason, row.inputs[column], remedy, row.data_row)
    return Finding("leakage", problem, row.source)
