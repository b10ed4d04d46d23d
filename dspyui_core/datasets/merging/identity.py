"""What makes two rows of data files the same: their input, and what they say it should give."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from dspyui_core.datasets.rows import row_key
from dspyui_core.errors import DatasetError, Problem
from dspyui_core.extensions import choice_hint
from dspyui_core.fields import Field, parse_row, row_model
from dspyui_core.spec import ProgramSpec, canonical_json
from dspyui_core.text import normalise

Cells = Mapping[str, Any]
# A row's columns by the names that they get in the merged file.
Renamed = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Marks:
    """Digests of a row: equal inputs share `input`, equal labels `labels`; None where blank."""

    input: bytes | None
    labels: bytes | None


class Identity(Protocol):
    """Tells which rows of two files are about one input, and whether they agree."""

    def renamed(self, name: str, columns: Sequence[str]) -> Renamed:
        """The columns of a file by their merged names. Raises DatasetError for missing ones."""

    def marks(self, cells: Cells) -> Marks:
        """The digests of a row, whose cells have the merged names already."""

    def labels(self, columns: Sequence[str]) -> tuple[str, ...]:
        """Which of the merged columns are labels."""


class ByProgram:
    """By a program's fields: typed, so that 3 and "3" are one, text normalised."""

    def __init__(self, spec: ProgramSpec) -> None:
        self._spec = spec
        self._models = {
            fields: row_model(fields) for fields in (spec.signature.inputs, spec.signature.outputs)
        }

    def renamed(self, name: str, columns: Sequence[str]) -> Renamed:
        """A field's column may have the name in the spec, or the field's own, as exports have."""
        own = {f.name: self._spec.column_of(f.name) for f in self._spec.fields}
        names = {name: own[name] for name in columns if name in own and own[name] not in columns}
        found = {column: names.get(column, column) for column in columns}
        needed = [own[field.name] for field in self._spec.signature.inputs if not field.optional]
        _require(name, needed, tuple(found.values()))
        return found

    def marks(self, cells: Cells) -> Marks:
        """The digests of a row; what does not fit the fields is compared as it stands."""
        inputs, outputs = self._spec.signature.inputs, self._spec.signature.outputs
        said = self._values(outputs, cells)
        texts = {field.name for field in outputs if field.type == "str"}
        labels = {
            name: normalise(value) if name in texts and isinstance(value, str) else value
            for name, value in said.items()
            if value is not None
        }
        return Marks(_key(self._values(inputs, cells)), _digest(labels) if labels else None)

    def labels(self, columns: Sequence[str]) -> tuple[str, ...]:
        """The columns of the outputs."""
        named = [self._spec.column_of(field.name) for field in self._spec.signature.outputs]
        return tuple(name for name in named if name in columns)

    def _values(self, fields: tuple[Field, ...], cells: Cells) -> dict[str, Any]:
        raw = {field.name: cells.get(self._spec.column_of(field.name)) for field in fields}
        values, problems = parse_row(fields, raw, model=self._models[fields])
        return values if not problems else {name: _text(cell) for name, cell in raw.items()}


class ByColumns:
    """By columns that a person names: `keys` are the input, `labels` what it should give."""

    def __init__(self, keys: Sequence[str], labels: Sequence[str] = ()) -> None:
        self._keys, self._labels = tuple(keys), tuple(labels)

    def renamed(self, name: str, columns: Sequence[str]) -> Renamed:
        """Every column keeps its name."""
        _require(name, (*self._keys, *self._labels), columns)
        return {column: column for column in columns}

    def marks(self, cells: Cells) -> Marks:
        """The digests of a row, its cells compared as text."""
        given = {name: _text(cells.get(name)) for name in self._keys}
        labels = {n: t for n in self._labels if (t := _text(cells.get(n))) is not None}
        return Marks(_key(given), _digest(labels) if labels else None)

    def labels(self, columns: Sequence[str]) -> tuple[str, ...]:
        """The named ones."""
        return tuple(name for name in self._labels if name in columns)


def _require(name: str, needed: Sequence[str], columns: Sequence[str]) -> None:
    problems = [
        Problem(column, f"is no column of {name}", remedy=choice_hint(column, tuple(columns)))
        for column in needed
        if column not in columns
    ]
    if problems:
        hint = "map fields to columns with dataset.columns, or rename the columns"
        raise DatasetError(f"{name} lacks {len(problems)} of the columns", problems, hint=hint)


def _text(cell: Any) -> str | None:
    """A cell as text, None where it is blank; 3 and "3" are one, as are 1.0 and "1"."""
    if cell is None or cell != cell:
        return None
    if isinstance(cell, str):
        return cell.strip() or None
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return canonical_json(cell) if isinstance(cell, bool | list | dict) else str(cell)


def _key(inputs: Cells) -> bytes | None:
    blank = all(value is None for value in inputs.values())
    return None if blank else bytes.fromhex(row_key(inputs))[:16]


def _digest(labels: Mapping[str, Any]) -> bytes:
    # Half a surrogate pair, which a JSON file can smuggle in, has no UTF-8.
    return hashlib.sha256(canonical_json(labels).encode("utf-8", "replace")).digest()[:16]
