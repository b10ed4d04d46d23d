"""What differs between two dataset versions: rows, labels and lengths; the holdout in counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any, Final

from dspyui_core.datasets.reports.masking import masked, plain
from dspyui_core.datasets.shape import LENGTH_EDGES, Shape
from dspyui_core.datasets.versions.comparing import ChangedRow, change_between, changed_rows
from dspyui_core.datasets.versions.snapshots import read_shape
from dspyui_core.pages import VersionChange
from dspyui_core.records import Record
from dspyui_core.turn.versions import DatasetVersion, find_version, ref_of
from dspyui_core.workspace import Workspace

__all__ = ["LabelShift", "LengthShift", "ShownRow", "VersionDiff", "version_diff"]

_SHOWN: Final = 20


class LabelShift(Record):
    """A label with another number of rows than before."""

    field: str
    label: str
    before: int
    after: int


class LengthShift(Record):
    """How the lengths of a text field moved.

    `before` and `after` are medians, as the lower end of the bin that holds them, in characters;
    `distance` (0..1) is the largest difference of the two distributions (Kolmogorov-Smirnov).
    """

    field: str
    before: int
    after: int
    distance: float


class ShownRow(Record):
    """A train or validation row that changed, masked and shortened.

    `change` is added, removed or relabelled; `was` are the labels before, where they are others.
    """

    change: str
    split: str
    row_id: str
    inputs: Mapping[str, Any]
    labels: Mapping[str, Any]
    was: Mapping[str, Any] | None
    trust: str
    source: str


class VersionDiff(Record):
    """Two versions of a program's dataset, and what changed from the first to the second.

    `labels` and `lengths` are empty where a version is of before there were counts of them. `rows`
    are the first of each kind of change; none of them is, or was, in the holdout.
    """

    program: str
    before: DatasetVersion
    after: DatasetVersion
    change: VersionChange
    labels: tuple[LabelShift, ...]
    lengths: tuple[LengthShift, ...]
    rows: tuple[ShownRow, ...]


def version_diff(ws: Workspace, program: str, before: str, after: str) -> VersionDiff:
    """What changed from one version to another; both as `find_version` takes them.

    Raises as `find_version`, and DatasetError where a snapshot is damaged.
    """
    old, new = find_version(ws, program, before), find_version(ws, program, after)
    refs = ref_of(old), ref_of(new)
    was, now = (read_shape(ws.snapshots, ref) for ref in refs)
    return VersionDiff(
        program=program,
        before=old,
        after=new,
        change=change_between(ws.snapshots, *refs),
        labels=_label_shifts(was, now) if was is not None and now is not None else (),
        lengths=_length_shifts(was, now) if was is not None and now is not None else (),
        rows=tuple(map(_shown, changed_rows(ws.snapshots, *refs, most=_SHOWN))),
    )


def _label_shifts(was: Shape, now: Shape) -> tuple[LabelShift, ...]:
    """Every label whose rows changed, the largest change first."""
    shifts = [
        LabelShift(
            field=field,
            label=masked(label),
            before=was.classes.get(field, {}).get(label, 0),
            after=now.classes.get(field, {}).get(label, 0),
        )
        for field in sorted({*was.classes, *now.classes})
        for label in sorted({*was.classes.get(field, {}), *now.classes.get(field, {})})
    ]
    moved = (shift for shift in shifts if shift.before != shift.after)
    return tuple(sorted(moved, key=lambda s: (-abs(s.after - s.before), s.field, s.label)))


def _length_shifts(was: Shape, now: Shape) -> tuple[LengthShift, ...]:
    return tuple(
        LengthShift(
            field=field,
            before=_median(was.lengths[field]),
            after=_median(counts),
            distance=round(_distance(was.lengths[field], counts), 4),
        )
        for field, counts in now.lengths.items()
        if any(counts) and any(was.lengths.get(field, ()))
    )


def _median(counts: Sequence[int]) -> int:
    half = sum(counts) / 2
    reached = (place for place, count in enumerate(accumulate(counts)) if count >= half)
    return (0, *LENGTH_EDGES)[next(reached)]


def _distance(was: Sequence[int], now: Sequence[int]) -> float:
    old, new = (accumulate(count / sum(counts) for count in counts) for counts in (was, now))
    return max(abs(a - b) for a, b in zip(old, new, strict=True))


def _shown(changed: ChangedRow) -> ShownRow:
    row = changed.row
    return ShownRow(
        change=changed.kind,
        split=row.split,
        row_id=row.row_id,
        inputs=_masked(row.inputs),
        labels=_masked(row.labels),
        was=None if changed.was is None else _masked(changed.was),
        trust=row.trust,
        source=row.source,
    )


def _masked(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: plain(value) for name, value in values.items()}
