"""Comparing versions: rows that came, went or got another label; no row of a holdout is shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, Literal, get_args

from dspyui_core.datasets.rows import AUDIT, Row
from dspyui_core.datasets.shape import Shape
from dspyui_core.datasets.splitting.assigning import Assigned
from dspyui_core.datasets.versions.listing import splits_of
from dspyui_core.datasets.versions.snapshots import read_shape
from dspyui_core.errors import DatasetError
from dspyui_core.pages import SplitChange, VersionChange
from dspyui_core.records import DatasetRef, SplitName
from dspyui_core.spec import canonical_json
from dspyui_core.storage import Place

__all__ = ["Before", "ChangedRow", "Kind", "change_between", "change_since", "changed_rows"]

Kind = Literal["added", "removed", "relabelled"]
_CELLS: Final = ("key", "labels", "trust", "source")
_TRUST: Final = {"proposed": 0, "confirmed": 1, "gold": 2}


@dataclass(frozen=True, slots=True)
class Before:
    """A stored version that another one is compared with, and the folder of the snapshots."""

    folder: Place
    ref: DatasetRef

    @property
    def shape(self) -> Shape | None:
        """Its shape; None where it is damaged, gone, or of before there were shapes."""
        return read_shape(self.folder, self.ref)


@dataclass(frozen=True, slots=True)
class ChangedRow:
    """A train or validation row that changed; `row` is as it is now, or was where it is gone.

    `was` are the labels that a relabelled row had before.
    """

    kind: Kind
    row: Row
    was: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class _Mark:
    """What tells a change: which split a row is in, its labels as JSON, how it is trusted."""

    split: str
    labels: str
    trust: str
    own: bool


def change_between(folder: Place, before: DatasetRef, after: DatasetRef) -> VersionChange:
    """What changed between two stored versions, in numbers.

    Raises DatasetError where one of them is missing or damaged.
    """
    old, new = _stored(folder, before), _stored(folder, after)
    return _change(before.version, after.version, old, new)


def change_since(
    before: Before | None, assigned: Assigned, *, own_only: bool = False
) -> VersionChange | None:
    """What changed from a stored version to an assignment, which need not be stored.

    With `own_only` the rows of the user's files alone are compared. None without a version before,
    and where it is gone or damaged: no check fails over what it is compared with.
    """
    if before is None:
        return None
    try:
        old = _stored(before.folder, before.ref)
    except DatasetError:
        return None
    new = {row.key: _mark(row) for row in assigned.rows}
    if own_only:
        old = {key: mark for key, mark in old.items() if mark.own}
        new = {key: mark for key, mark in new.items() if mark.own}
    return _change(before.ref.version, assigned.fold.version, old, new)


def changed_rows(
    folder: Place, before: DatasetRef, after: DatasetRef, *, most: int
) -> tuple[ChangedRow, ...]:
    """Up to `most` changed train and validation rows of each kind, as the versions store them."""
    old, new = _learned(folder, before), _learned(folder, after)
    hidden = _in_holdout(folder, before) | _in_holdout(folder, after)
    found: Mapping[Kind, Iterator[ChangedRow]] = {
        "added": (ChangedRow("added", r) for k, r in new.items() if k not in old),
        "removed": (ChangedRow("removed", r) for k, r in old.items() if k not in new),
        "relabelled": (
            ChangedRow("relabelled", row, old[key].labels)
            for key, row in new.items()
            if key in old and _labels(old[key]) != _labels(row)
        ),
    }
    return tuple(
        changed
        for kind in get_args(Kind)
        for changed in islice((c for c in found[kind] if c.row.key not in hidden), most)
    )


def _stored(folder: Place, ref: DatasetRef) -> dict[str, _Mark]:
    return {
        cells["key"]: _Mark(
            split.split,
            cells["labels"],
            cells["trust"],
            cells["trust"] == "gold" and cells["source"] != AUDIT,
        )
        for split in splits_of(folder, ref)
        for cells in split.columns(*_CELLS)
    }


def _mark(row: Row) -> _Mark:
    return _Mark(row.split, _labels(row), row.trust, row.from_file)


def _labels(row: Row) -> str:
    return canonical_json(row.labels)


def _change(
    before: str, after: str, old: Mapping[str, _Mark], new: Mapping[str, _Mark]
) -> VersionChange:
    both = old.keys() & new.keys()
    added = Counter(new[key].split for key in new.keys() - old.keys())
    removed = Counter(old[key].split for key in old.keys() - new.keys())
    other = (key for key in both if old[key].labels != new[key].labels)
    relabelled = Counter(new[key].split for key in other)
    return VersionChange(
        before=before,
        after=after,
        rows_before=len(old),
        rows=len(new),
        confirmed=sum(_TRUST[new[key].trust] > _TRUST[old[key].trust] for key in both),
        splits=tuple(
            SplitChange(
                split=split,
                added=added[split],
                removed=removed[split],
                relabelled=relabelled[split],
            )
            for split in get_args(SplitName)
        ),
    )


def _learned(folder: Place, ref: DatasetRef) -> dict[str, Row]:
    """The rows that an optimizer may read, by key."""
    parts = (split for split in splits_of(folder, ref) if split.split != "holdout")
    return {row.key: row for split in parts for row in split.rows()}


def _in_holdout(folder: Place, ref: DatasetRef) -> set[str]:
    """The keys of the holdout: what is in it once is shown from no version."""
    parts: Iterable[Any] = (split for split in splits_of(folder, ref) if split.split == "holdout")
    return {cells["key"] for split in parts for cells in split.columns("key")}
