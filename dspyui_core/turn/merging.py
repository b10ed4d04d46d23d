"""Two data files merged into one, on disk: what the first says is never replaced by the second."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dspyui_core.data_exporter import FORMATS
from dspyui_core.data_exporter.parquet import write_parquet
from dspyui_core.data_exporter.writing import PARQUET, written
from dspyui_core.datasets.merging.identity import ByColumns, ByProgram, Identity
from dspyui_core.datasets.merging.merging import Contradiction, Fate, Merge, Place, merge
from dspyui_core.datasets.reports.masking import masked
from dspyui_core.errors import InputError
from dspyui_core.files import csv_line, write_pieces
from dspyui_core.records import Record
from dspyui_core.spec import ProgramSpec

__all__ = ["MergeRequest", "Merged", "MergedConflict", "merge_files", "write_rows"]

# As many as a person reads; the file of conflicts has them all.
_LISTED = 20
_BESIDE = ("merge_file", "merge_row", "merge_kept_file", "merge_kept_row")

Rows = Iterable[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class MergeRequest:
    """Which files are merged into `out`, by a program's fields or by columns.

    With a file for `conflicts` they go there, without one they stop the merge.
    """

    first: Path
    second: Path
    out: Path
    spec: ProgramSpec | None = None
    keys: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    conflicts: Path | None = None


class MergedConflict(Record):
    """A row whose label an earlier row contradicts: where both are, and what each says."""

    file: str
    row: int
    says: Mapping[str, str]
    kept_file: str
    kept_row: int
    kept_says: Mapping[str, str]


class Merged(Record):
    """What a merge came to; `refused` where conflicts stopped it, and then nothing is written.

    `first` and `second` count the rows taken from each file, `repeated` those that say again what
    an earlier one says, `conflicting` those that contradict one: `conflicts` are the first of them.
    """

    out: Path
    rows: int
    first: int
    second: int
    repeated: int
    conflicting: int
    refused: bool
    conflicts_file: Path | None
    conflicts: tuple[MergedConflict, ...]


def merge_files(request: MergeRequest, *, dry_run: bool = False) -> Merged:
    """Merge two files; of rows about one input the first one stays as it is.

    Files appear whole or not at all, no input is written over, and a dry run writes none. Raises
    InputError for a request that cannot be, DatasetError for files that cannot be read or have
    broken rows.
    """
    identity = _identity(request)
    _refuse_inputs(request)
    found = merge(request.first, request.second, identity)
    refused = bool(found.contradictions) and request.conflicts is None
    if not (refused or dry_run):
        _write(request, found)
    return _merged(request, found, refused=refused)


def _write(request: MergeRequest, found: Merge) -> None:
    if request.conflicts is not None:
        rows = _conflict_rows(request, found)
        write_rows(rows, (*_BESIDE, *found.columns), request.conflicts, disarmed=False)
    write_rows(_Kept(found), found.columns, request.out, disarmed=False)


def write_rows(
    rows: Callable[[], Rows], columns: Sequence[str], path: Path, *, disarmed: bool
) -> None:
    """Write rows, which `rows` gives anew each time, as the file's ending says.

    Texts that a spreadsheet takes for formulas get a quote in CSV where they are to be `disarmed`.
    Raises InputError for an ending that is not written.
    """
    format = _format(path)
    try:
        if format == PARQUET:
            write_parquet(rows, columns, path, own=())
        elif format == "csv" and not disarmed:
            write_pieces(_csv(rows(), columns), path)
        else:
            write_pieces(written(rows(), format, columns=columns), path)
    except OSError as error:
        raise InputError(
            f"{path} cannot be written: {error.strerror}", hint="name a folder you may write to"
        ) from None


class _Kept:
    """The rows of a merged file, given anew each time."""

    def __init__(self, found: Merge) -> None:
        self._found = found

    def __call__(self) -> Rows:
        return (cells for _, cells in self._found.rows())


def _csv(rows: Rows, columns: Sequence[str]) -> Iterator[str]:
    yield csv_line(columns, disarmed=False)
    for row in rows:
        yield csv_line([row.get(column) for column in columns], disarmed=False)


def _identity(request: MergeRequest) -> Identity:
    if request.spec is not None and not (request.keys or request.labels):
        return ByProgram(request.spec)
    if request.spec is None and request.keys:
        return ByColumns(request.keys, request.labels)
    raise InputError(
        "what makes two rows the same is said twice"
        if request.spec is not None
        else "nothing says what makes two rows the same",
        hint="name a program, or the columns of the input and of the label",
    )


def _refuse_inputs(request: MergeRequest) -> None:
    """Raise InputError where a file that is read, or another result, would be written over."""
    results = [path for path in (request.out, request.conflicts) if path is not None]
    for path in results:
        _format(path)
    for path in results:
        for source in (request.first, request.second):
            if _same(path, source):
                hint = "write to another file; what is merged is never written over"
                raise InputError(f"{path} is one of the files that are merged", hint=hint)
    if request.conflicts is not None and _same(request.out, request.conflicts):
        raise InputError(f"{request.out} is to hold the rows and the conflicts", hint="name two")


def _same(one: Path, other: Path) -> bool:
    if one.exists() and other.exists():
        return one.samefile(other)
    return one.resolve() == other.resolve()


def _format(path: Path) -> str:
    ending = path.suffix.lower().removeprefix(".")
    if ending not in FORMATS:
        raise InputError(
            f"{path} has the ending {path.suffix!r}, which is not written here",
            hint=f"use one of {', '.join(f'.{name}' for name in FORMATS)}",
        )
    return ending


def _conflict_rows(request: MergeRequest, found: Merge) -> Callable[[], Rows]:
    kept = {one.place: one.kept for one in found.contradictions}
    names = (request.first.name, request.second.name)

    def rows() -> Rows:
        for place, cells in found.rows(Fate.CONTRADICTS):
            winner = kept[place]
            beside = (names[place.file], place.row, names[winner.file], winner.row)
            yield {**dict(zip(_BESIDE, beside, strict=True)), **cells}

    return rows


def _merged(request: MergeRequest, found: Merge, *, refused: bool) -> Merged:
    first, second = (found.count(Fate.KEPT, file) for file in (0, 1))
    return Merged(
        out=request.out,
        rows=first + second,
        first=first,
        second=second,
        repeated=sum(found.count(Fate.REPEATS, file) for file in (0, 1)),
        conflicting=len(found.contradictions),
        refused=refused,
        conflicts_file=request.conflicts,
        conflicts=_told(request, found),
    )


def _told(request: MergeRequest, found: Merge) -> tuple[MergedConflict, ...]:
    listed = found.contradictions[:_LISTED]
    rows = found.at([place for one in listed for place in (one.place, one.kept)])
    names = (request.first.name, request.second.name)

    def says(place: Place) -> dict[str, str]:
        return {name: masked(str(rows[place][name])) for name in found.labels}

    def told(one: Contradiction) -> MergedConflict:
        return MergedConflict(
            file=names[one.place.file],
            row=one.place.row,
            says=says(one.place),
            kept_file=names[one.kept.file],
            kept_row=one.kept.row,
            kept_says=says(one.kept),
        )

    return tuple(map(told, listed))
