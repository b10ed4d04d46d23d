"""Feedback as a gold file: the rows that a turn would learn from, chosen by who said them when."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal

from dspyui_core.data_exporter import Wanted
from dspyui_core.datasets import Row, nfc, row_key, usable_feedback
from dspyui_core.errors import InputError
from dspyui_core.fields import parse_row
from dspyui_core.records import Record
from dspyui_core.review import REVIEWED
from dspyui_core.spec import ProgramSpec
from dspyui_core.store.journal import Entry
from dspyui_core.turn.epochs import fold_in_epoch
from dspyui_core.turn.merging import write_rows
from dspyui_core.workspace import Workspace

__all__ = ["FilterRequest", "Filtered", "filter_feedback"]

# Where a row comes from; a column of the program with one of these names keeps it.
_BESIDE: Final = ("trust", "rating", "reviewed", "user_id", "at", "trace_id", "position")
_PREFIX: Final = "feedback_"


@dataclass(frozen=True, slots=True)
class FilterRequest:
    """Which feedback rows of a program are written to `out`; None means all of them.

    `since` and `until` are times of the feedback, both included.
    """

    spec: ProgramSpec
    out: Path
    trust: Literal["confirmed", "proposed"] | None = None
    rating: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    user: str | None = None
    reviewed: bool = False


class Filtered(Record):
    """What was written: `rows` of the `usable` ones that a turn would learn from."""

    program: str
    rows: int
    usable: int
    path: Path
    position: int


def filter_feedback(ws: Workspace, request: FilterRequest, *, dry_run: bool = False) -> Filtered:
    """Write the feedback rows of the current fold that are asked for, under the data's columns.

    They are those that the next turn would learn from: one for an input, without what is
    quarantined, and without what meets the holdout. A dry run writes no file. Raises InputError
    for what nobody could want, and DatasetError where a data file cannot be read.
    """
    Wanted(rating=request.rating, since=request.since, until=request.until).check()
    _refuse_data(request)
    spec = request.spec
    upto = ws.journal.last_position(spec.name)
    found, _ = fold_in_epoch(ws, spec, upto)
    usable = usable_feedback(found, ws.engine, derived=ws.derived)
    entries = {e.position: e for e in ws.journal.since(0, program=spec.name, upto=upto)}
    reviewed = _reviewed(spec, list(entries.values()))
    chosen = [row for row in usable if _wanted(request, row, entries, reviewed)]
    if not dry_run:
        rows = [_written(spec, row, entries, reviewed) for row in chosen]
        write_rows(lambda: rows, _columns(spec), request.out, disarmed=True)
    return Filtered(
        program=spec.name, rows=len(chosen), usable=len(usable), path=request.out, position=upto
    )


def _refuse_data(request: FilterRequest) -> None:
    """Raise InputError where the program's own data would be written over."""
    for source in request.spec.dataset.sources:
        if source.path.resolve() == request.out.resolve():
            hint = "write to another file, and merge the two: dspyui dataset merge"
            raise InputError(f"{request.out} is data of {request.spec.name!r}", hint=hint)


def _reviewed(spec: ProgramSpec, entries: Sequence[Entry]) -> frozenset[str]:
    """The keys of the inputs about which a reviewer decided."""
    told = {e.trace_id for e in entries if e.authenticated and e.payload.get(REVIEWED)}
    return frozenset(key for key in map(_key(spec), _predictions(entries, told)) if key)


def _predictions(entries: Sequence[Entry], traces: set[str]) -> Iterator[Mapping[str, Any]]:
    for entry in entries:
        if entry.kind == "prediction" and entry.trace_id in traces:
            yield entry.payload.get("inputs") or {}


def _key(spec: ProgramSpec) -> Callable[[Mapping[str, Any]], str]:
    fields = spec.signature.inputs

    def key(inputs: Mapping[str, Any]) -> str:
        values, problems = parse_row(
            fields, {field.name: inputs.get(field.name) for field in fields}
        )
        return "" if problems else row_key(nfc(values))

    return key


def _wanted(
    request: FilterRequest, row: Row, entries: Mapping[int, Entry], reviewed: frozenset[str]
) -> bool:
    entry = entries[row.position or 0]
    return (
        request.trust in (None, row.trust)
        and request.rating in (None, entry.payload.get("rating"))
        and request.user in (None, row.user_id)
        and (request.since is None or request.since <= entry.at)
        and (request.until is None or entry.at <= request.until)
        and (row.key in reviewed or not request.reviewed)
    )


def _written(
    spec: ProgramSpec, row: Row, entries: Mapping[int, Entry], reviewed: frozenset[str]
) -> dict[str, Any]:
    entry = entries[row.position or 0]
    beside = (
        row.trust,
        entry.payload.get("rating"),
        row.key in reviewed,
        row.user_id,
        entry.at.isoformat(),
        row.trace_id,
        row.position,
    )
    values = {**row.inputs, **row.labels}
    cells = {spec.column_of(name): value for name, value in values.items()}
    return cells | dict(zip(_names(spec), beside, strict=True))


def _columns(spec: ProgramSpec) -> tuple[str, ...]:
    return (*(spec.column_of(field.name) for field in spec.fields), *_names(spec))


def _names(spec: ProgramSpec) -> tuple[str, ...]:
    taken = {spec.column_of(field.name) for field in spec.fields} | {*spec.dataset.where}
    return tuple(_free(f"{_PREFIX}{name}", taken) for name in _BESIDE)


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name = f"{_PREFIX}{name}"
    return name
