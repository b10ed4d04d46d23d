"""The row contract: raw cells of the gold files as typed rows, or as problems with row numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

from dspyui_core.datasets.contract.row_contract import RowContract, shown
from dspyui_core.datasets.findings import Finding
from dspyui_core.datasets.reading.loading import RawRow
from dspyui_core.datasets.reading.tables import Table, open_table
from dspyui_core.datasets.rows import Row, nfc
from dspyui_core.errors import DatasetError, Problem
from dspyui_core.extensions import choice_hint
from dspyui_core.fields import Field
from dspyui_core.records import SplitName
from dspyui_core.spec import ProgramSpec, Source

Progress = Callable[[str], None]
_SPLITS = ("auto", *get_args(SplitName))
# Rows are judged so many at once, or fewer where they are long: memory stays bounded.
_ROWS_AT_ONCE = 20_000
_CHARACTERS_AT_ONCE = 50_000_000


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that was read: its name and the sha256 of its bytes."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Gold:
    """The gold rows of a spec; `spec` has its open literals frozen to the values seen.

    `total` counts the files' data rows: the parsed, the quarantined and the left out.
    """

    spec: ProgramSpec
    rows: tuple[Row, ...]
    quarantined: tuple[Finding, ...]
    left_out: int
    total: int
    sources: tuple[SourceFile, ...]


def parse_gold(spec: ProgramSpec, *, on_progress: Progress | None = None) -> Gold:
    """Read every source of the spec and parse its rows; bad rows are quarantined with reasons.

    Raises DatasetError for a file that cannot be read and for missing columns, all at once.
    """
    tables = [(source, open_table(source.path)) for source in spec.dataset.sources]
    _require_columns(spec, [table for _, table in tables])
    contract = RowContract(spec)
    read = [_parse_table(spec, source, table, contract, on_progress) for source, table in tables]
    rows = tuple(row for part in read for row in part.rows)
    return Gold(
        spec=spec.with_outputs(_frozen_outputs(spec, rows)),
        rows=rows,
        quarantined=tuple(finding for part in read for finding in part.quarantined),
        left_out=sum(part.left_out for part in read),
        total=sum(part.total for part in read),
        sources=tuple(SourceFile(table.name, table.sha256) for _, table in tables),
    )


@dataclass(slots=True)
class _Parsed:
    """What is read of a table so far."""

    rows: list[Row]
    quarantined: list[Finding]
    left_out: int = 0
    total: int = 0


def _parse_table(
    spec: ProgramSpec,
    source: Source,
    table: Table,
    contract: RowContract,
    on_progress: Progress | None,
) -> _Parsed:
    parsed = _Parsed([], [])
    for raws in _batches(table.rows(_used(spec))):
        kept = [raw for raw in raws if raw.problem or _wanted(spec, raw)]
        parsed.total += len(raws)
        parsed.left_out += len(raws) - len(kept)
        for row, problems in _parse(spec, source, kept, contract):
            parsed.rows += [row] if row is not None else []
            parsed.quarantined += [Finding("contract", each, table.name) for each in problems]
        if on_progress is not None:
            on_progress(f"{table.name}: {parsed.total:,} rows read")
    return parsed


def _batches(raws: Iterable[RawRow]) -> Iterator[list[RawRow]]:
    batch: list[RawRow] = []
    characters = 0
    for raw in raws:
        batch.append(raw)
        characters += sum(len(cell) for cell in raw.cells.values() if isinstance(cell, str))
        if len(batch) >= _ROWS_AT_ONCE or characters >= _CHARACTERS_AT_ONCE:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def _parse(
    spec: ProgramSpec, source: Source, raws: Sequence[RawRow], contract: RowContract
) -> Iterator[tuple[Row | None, list[Problem]]]:
    """Each row, or its problems, in their order."""
    columns = {field.name: spec.column_of(field.name) for field in spec.fields}
    whole = [raw for raw in raws if raw.problem is None]
    readings = iter(
        contract.read_all(
            {name: raw.cells.get(column) for name, column in columns.items()} for raw in whole
        )
    )
    for raw in raws:
        if raw.problem is not None:
            yield None, [shown(raw.problem)]
            continue
        reading = next(readings)
        split = _split(spec, source, raw)
        problems = [in_file(spec, problem, raw.number) for problem in reading.problems]
        if split not in _SPLITS:
            problems.append(shown(_bad_split(spec, raw, split)))
        row = None if problems else _row(spec, source, raw, reading.values, split)
        yield row, problems


def _row(
    spec: ProgramSpec, source: Source, raw: RawRow, values: Mapping[str, Any], split: str
) -> Row:
    inputs = {field.name: values[field.name] for field in spec.signature.inputs}
    labels = {field.name: values[field.name] for field in spec.signature.outputs}
    origin = {"source": source.path.name, "data_row": raw.number, "split": split}
    return Row.of(inputs, labels, "gold", slices=_slices(spec, raw), **origin)


def in_file(spec: ProgramSpec, problem: Problem, number: int | None) -> Problem:
    """A field's problem under the name of its data column, at its row."""
    field, dot, rest = problem.column.partition(".")
    return replace(problem, column=f"{spec.column_of(field)}{dot}{rest}", row=number)


def finding_in_file(spec: ProgramSpec, finding: Finding) -> Finding:
    """A gold row's finding under the name of its data column; feedback knows fields only."""
    if finding.trace_id is not None:
        return finding
    return replace(finding, problem=in_file(spec, finding.problem, finding.problem.row))


def _wanted(spec: ProgramSpec, raw: RawRow) -> bool:
    where = spec.dataset.where
    return all(_cell_text(raw.cells.get(column)) in where[column] for column in where)


def _split(spec: ProgramSpec, source: Source, raw: RawRow) -> str:
    column = spec.dataset.split_column
    named = _cell_text(raw.cells.get(column)).lower() if column else ""
    return named or source.split


def _slices(spec: ProgramSpec, raw: RawRow) -> dict[str, str]:
    """The metadata that the spec asks for; a blank cell is none."""
    cells = {column: _cell_text(raw.cells.get(column)) for column in spec.dataset.slices}
    return {column: nfc(text) for column, text in cells.items() if text}


def _bad_split(spec: ProgramSpec, raw: RawRow, split: str) -> Problem:
    column = spec.dataset.split_column or ""
    remedy = choice_hint(split, _SPLITS)
    return Problem(column, "is no split", raw.cells.get(column), remedy, raw.number)


def _cell_text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value).strip()


def _require_columns(spec: ProgramSpec, tables: Sequence[Table]) -> None:
    """Raise DatasetError with every column that the spec needs and a file does not have."""
    problems = []
    used = set(_used(spec))
    for table in tables:
        unused = tuple(column for column in table.columns if column not in used)
        problems += [
            Problem(name, f"is no column of {table.name}", remedy=_meant(name, unused))
            for name in _needed(spec)
            if name not in table.columns
        ]
    if problems:
        raise DatasetError(
            f"{len(problems)} columns are missing" if len(problems) > 1 else "a column is missing",
            problems,
            hint="map fields to columns with dataset.columns",
        )


def _used(spec: ProgramSpec) -> list[str]:
    return [*_needed(spec), *(spec.column_of(field.name) for field in spec.fields)]


def _needed(spec: ProgramSpec) -> list[str]:
    columns = [spec.column_of(field.name) for field in spec.fields if not field.optional]
    columns += [*spec.dataset.where, *spec.dataset.slices]
    columns += [spec.dataset.split_column] if spec.dataset.split_column else []
    return list(dict.fromkeys(columns))


def _meant(name: str, unused: tuple[str, ...]) -> str:
    """What could have been meant: columns of other fields are not on offer."""
    if not unused:
        return "it has no column that is not used already"
    return choice_hint(name, unused).replace("allowed:", "unused columns:")


def _frozen_outputs(spec: ProgramSpec, rows: Iterable[Row]) -> tuple[Field, ...]:
    labels = [row.labels for row in rows]
    return tuple(
        _frozen(field, [label[field.name] for label in labels]) for field in spec.signature.outputs
    )


def _frozen(field: Field, values: Sequence[Any]) -> Field:
    """The field with its open literals, also those inside it, fixed to the values that occur."""
    present = [nfc(value) for value in values if value is not None]
    if field.open:
        return field.frozen_with(present)
    if field.items is not None:
        items = _frozen(field.items, [item for value in present for item in value])
        return field.model_copy(update={"items": items})
    inner = tuple(_frozen(part, _column(present, part.name)) for part in field.fields)
    return field.model_copy(update={"fields": inner})


def _column(values: Iterable[Mapping[str, Any]], name: str) -> list[Any]:
    return [value.get(name) for value in values]
