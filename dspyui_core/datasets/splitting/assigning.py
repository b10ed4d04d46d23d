"""Splits: each row's split, decided once for ever, with near-duplicates always on one side."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Engine

from dspyui_core.datasets.contract.parsing import finding_in_file
from dspyui_core.datasets.findings import Finding
from dspyui_core.datasets.folding import SPLIT_ORDER, Fold
from dspyui_core.datasets.near.index import NearIndex
from dspyui_core.datasets.rows import Row, input_text
from dspyui_core.datasets.splitting.ledger import (
    Ledger,
    NewPlace,
    Place,
    extend_ledger,
    read_ledger,
)
from dspyui_core.errors import Problem
from dspyui_core.records import SplitName
from dspyui_core.spec import Shares

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Assigned:
    """A fold with its splits: `rows` have a final split and are all that may be used.

    `parked` is feedback on (nearly) a holdout input, never trained on. `findings` are quarantined
    rows, `notes` are not. `groups` gives each row's key the group that was decided with it.
    `new` is what a ledger whose newest entry is `after` does not have yet.
    """

    fold: Fold
    rows: tuple[Row, ...]
    parked: tuple[Row, ...]
    findings: tuple[Finding, ...]
    notes: tuple[Finding, ...]
    groups: Mapping[str, str]
    new: tuple[NewPlace, ...]
    after: int

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
    ledger = read_ledger(engine, fold.spec.name)
    assigned = preview(fold, shares, similarity, ledger=ledger, on_progress=on_progress)
    record(engine, assigned, at=at)
    return assigned


def preview(
    fold: Fold,
    shares: Shares,
    similarity: float,
    *,
    ledger: Ledger | None = None,
    on_progress: Progress | None = None,
) -> Assigned:
    """What `assign` would decide, written nowhere; without a ledger as for a new program."""
    ledger = ledger or Ledger()
    new = [row for row in fold.rows if row.key not in ledger.places]
    if on_progress is not None and new:
        on_progress(f"comparing {len(new)} new rows with {len(ledger.places)} known ones")
    placer = _Placer(ledger, new, similarity)
    # Gold decides first: feedback never chooses a split that gold has to follow.
    placer.place([row for row in new if not row.is_feedback], shares)
    asking = [row for row in new if row.is_feedback]
    placer.place([row for row in asking if not placer.touches_holdout(row)], _learning(shares))
    return placer.assigned(fold)


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


class _Placer:
    """The places of one assignment, known and new, while they are being decided."""

    def __init__(self, ledger: Ledger, new: Sequence[Row], similarity: float) -> None:
        self._known = ledger
        self._places = dict(ledger.places)
        self._findings: dict[str, Finding] = {}
        self._texts = {row.key: input_text(row.inputs) for row in new}
        known = {key: place.text for key, place in ledger.places.items()}
        # Without new rows there is nothing to compare, and most turns have few.
        index = NearIndex({**known, **self._texts} if new else {}, similarity)
        self._near = {key: index.similar(text) for key, text in self._texts.items()}

    def touches_holdout(self, row: Row) -> bool:
        """Whether the row is, or nearly is, a holdout input."""
        return "holdout" in self._claims(row, explicit=False)

    def place(self, rows: Sequence[Row], shares: Shares) -> None:
        """Decide these rows: first those with a claim, then wave by wave what is near them."""
        waiting = {row.key: row for row in rows}
        while wave := [row for row in waiting.values() if self._claims(row)]:
            for row in sorted(wave, key=self._precedence):
                self._place_claimed(row)
                del waiting[row.key]
        for group in self._groups(waiting):
            place = _by_hash(group[0], shares)
            for key in group:
                self._places[key] = Place(place, group[0], self._texts[key])

    def assigned(self, fold: Fold) -> Assigned:
        """The fold's rows sorted into usable, parked and quarantined."""
        usable, parked, notes = [], [], []
        for row in fold.rows:
            if row.is_feedback and self.touches_holdout(row):
                parked.append(row)
            elif row.key in self._places:
                place = self._places[row.key]
                usable.append(replace(row, split=place.split))
                notes += [_kept(row, place)] if row.split not in ("auto", place.split) else []
        leaking = [finding_in_file(fold.spec, finding) for finding in self._findings.values()]
        return Assigned(
            fold=fold,
            rows=tuple(usable),
            parked=tuple(parked),
            findings=(*fold.findings, *leaking),
            notes=(*fold.notes, *(finding_in_file(fold.spec, note) for note in notes)),
            groups={row.key: self._places[row.key].group for row in usable},
            new=tuple(self._new(row) for row in usable if row.key not in self._known.places),
            after=self._known.last,
        )

    def _new(self, row: Row) -> NewPlace:
        return NewPlace(row.key, self._places[row.key], row.trust, row.source)

    def _claims(self, row: Row, *, explicit: bool = True) -> set[SplitName]:
        """The splits that this row has a reason to be in."""
        near = (key for key in (row.key, *self._near.get(row.key, ())) if key in self._places)
        claims = {self._places[key].split for key in near}
        if explicit and row.split != "auto":
            claims.add(row.split)
        return claims

    def _precedence(self, row: Row) -> tuple[int, str]:
        return min(SPLIT_ORDER[split] for split in self._claims(row)), row.key

    def _place_claimed(self, row: Row) -> None:
        claims = self._claims(row)
        if len(claims) > 1:
            self._findings[row.key] = _between(row, self._claims(row, explicit=False))
            return
        near = (self._places[key] for key in self._near[row.key] if key in self._places)
        group = min((place.group for place in near), default=row.key)
        self._places[row.key] = Place(claims.pop(), group, self._texts[row.key])

    def _groups(self, waiting: Mapping[str, Row]) -> list[list[str]]:
        """The rows that hang together by near-duplicates, each group's keys sorted."""
        groups, seen = [], set()
        for start in sorted(waiting):
            reached, frontier = {start}, [start] if start not in seen else []
            while frontier:
                near = {k for k in self._near[frontier.pop()] if k in waiting} - reached
                reached |= near
                frontier += near
            groups += [sorted(reached)] if start not in seen else []
            seen |= reached
        return groups


def _by_hash(group: str, shares: Shares) -> SplitName:
    """The split by the group's hash; hashed again, because a group's smallest key is small."""
    digest = hashlib.sha256(f"split {group}".encode()).digest()
    share = int.from_bytes(digest[:8]) / 2**64
    if share < shares.train:
        return "train"
    # The last split with a share takes what rounding leaves over.
    if share < shares.train + shares.validation or not shares.holdout:
        return "validation" if shares.validation else "train"
    return "holdout"


def _between(row: Row, near: set[SplitName]) -> Finding:
    splits = " and ".join(sorted(near))
    asks = f"asks for {row.split} but " if row.split != "auto" else ""
    column = next(iter(row.inputs))
    problem = Problem(
        column,
        f"{asks}nearly repeats rows of {splits}",
        row.inputs[column],
        "remove it, or what it nearly repeats, from one of the splits",
        row.data_row,
    )
    return Finding("leakage", problem, row.source, row.trace_id)


def _kept(row: Row, place: Place) -> Finding:
    reason = f"asks for {row.split} but was {place.split} at first sight, and stays"
    column = next(iter(row.inputs))
    remedy = "nothing: an input keeps its split"
    problem = Problem(column, reason, row.inputs[column], remedy, row.data_row)
    return Finding("leakage", problem, row.source)
