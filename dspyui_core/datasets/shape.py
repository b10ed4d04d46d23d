"""The shape of a dataset version: counts by class and length, which say nothing of any one row."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from dspyui_core.datasets.findings import Finding
from dspyui_core.datasets.rows import Row
from dspyui_core.datasets.splitting.assigning import Assigned
from dspyui_core.records import Record
from dspyui_core.spec import ProgramSpec

# Characters: half powers of two up to a million. Bin 0 is below the first, the last has no end.
LENGTH_EDGES: Final = tuple(sorted({round(2 ** (half / 2)) for half in range(41)}))


class Shape(Record):
    """Counts of the rows that have a split, and of those that may not pass.

    `classes` counts rows by label for each output that is a literal or a bool; `lengths` by length
    in characters for each field that is a text, in the bins of `LENGTH_EDGES`; `quarantined` rows
    by check. `near_duplicates` are the rows that share a split because they are so alike.
    """

    rows: int
    classes: Mapping[str, Mapping[str, int]]
    lengths: Mapping[str, tuple[int, ...]]
    quarantined: Mapping[str, int]
    near_duplicates: int


def shape_of(assigned: Assigned) -> Shape:
    """The shape of an assignment, all splits together."""
    spec = assigned.fold.spec
    return Shape(
        rows=len(assigned.rows),
        classes={name: _classes(name, assigned.rows) for name in class_fields(spec)},
        lengths={
            field.name: length_counts(_texts(field.name, assigned.rows))
            for field in spec.fields
            if field.type == "str"
        },
        quarantined=_quarantined(assigned.findings),
        near_duplicates=len(nearly_repeated(assigned)),
    )


def class_fields(spec: ProgramSpec) -> tuple[str, ...]:
    """The outputs that have classes: literals and bools."""
    outputs = spec.signature.outputs
    return tuple(field.name for field in outputs if field.type in ("literal", "bool"))


def length_counts(texts: Iterable[str]) -> tuple[int, ...]:
    """How many texts fall into each bin of `LENGTH_EDGES`: one bin more than edges."""
    counts = Counter(bisect_right(LENGTH_EDGES, len(text)) for text in texts)
    return tuple(counts[place] for place in range(len(LENGTH_EDGES) + 1))


def nearly_repeated(assigned: Assigned) -> tuple[Row, ...]:
    """The rows whose group has more than one row."""
    sizes = Counter(assigned.groups[row.key] for row in assigned.rows)
    return tuple(row for row in assigned.rows if sizes[assigned.groups[row.key]] > 1)


def _classes(name: str, rows: Iterable[Row]) -> dict[str, int]:
    labels = (row.labels.get(name) for row in rows)
    return dict(sorted(Counter(str(label) for label in labels if label is not None).items()))


def _texts(name: str, rows: Iterable[Row]) -> Iterable[str]:
    for row in rows:
        value: Any = row.inputs[name] if name in row.inputs else row.labels.get(name)
        if isinstance(value, str):
            yield value


def _quarantined(findings: Iterable[Finding]) -> dict[str, int]:
    places = {(finding.check, finding.place) for finding in findings}
    return dict(sorted(Counter(check for check, _ in places).items()))
