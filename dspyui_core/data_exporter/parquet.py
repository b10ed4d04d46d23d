"""Exported rows as Parquet: lists and objects as such, whole numbers whole, in two passes.

The first pass finds each column's type, portion by portion, the second writes; so memory does not
grow with the rows. A column whose values have no common type, or one that Parquet has no word for,
becomes JSON text.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final, TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq

from dspyui_core.files import whole_file

_PORTION: Final = 1000
# What ours are, whatever is in them: a column may be empty.
_OWN: Final = (pa.string(), pa.string(), pa.string(), pa.string(), pa.int64(), pa.int64())

Row: TypeAlias = Mapping[str, Any]


def write_parquet(
    rows: Callable[[], Iterable[Row]],
    columns: Sequence[str],
    path: Path,
    *,
    own: Sequence[pa.DataType] = _OWN,
) -> int:
    """Write the rows, which `rows` gives anew each time, to a file that is whole or not there.

    The first columns are META's, or have the types of `own`. Returns how many rows there were.
    """
    types = _Types(columns, own)
    for portion in _portions(rows()):
        types.see(portion)
    schema = types.schema()
    with whole_file(path) as file, pq.ParquetWriter(file, schema) as writer:
        return sum(_write(writer, portion, schema) for portion in _portions(rows()))


class _Types:
    """The type of each column so far; None for one that becomes JSON text."""

    def __init__(self, columns: Sequence[str], own: Sequence[pa.DataType]) -> None:
        self._own = dict(zip(columns, own, strict=False))
        self._found: dict[str, pa.DataType | None] = dict.fromkeys(columns[len(own) :], pa.null())

    def see(self, portion: Sequence[Row]) -> None:
        for name, known in self._found.items():
            if known is not None:
                seen = _type_of([row.get(name) for row in portion])
                self._found[name] = None if seen is None else _common(known, seen)

    def schema(self) -> pa.Schema:
        found = {name: pa.string() if _is_blank(t) else t for name, t in self._found.items()}
        texts = {name for name, kind in self._found.items() if kind is None}
        marked = {b"dspyui.json": json.dumps(sorted(texts)).encode()}
        return pa.schema([*self._own.items(), *found.items()], metadata=marked)


def _write(writer: pq.ParquetWriter, portion: Sequence[Row], schema: pa.Schema) -> int:
    texts = set(json.loads(schema.metadata[b"dspyui.json"]))
    arrays = [
        pa.array(
            [_cell(row.get(column.name), column.type, column.name in texts) for row in portion],
            type=column.type,
        )
        for column in schema
    ]
    writer.write_batch(pa.record_batch(arrays, schema=schema))
    return len(portion)


def _cell(value: Any, kind: pa.DataType, as_text: bool) -> Any:
    if as_text:
        return None if value is None else json.dumps(value, ensure_ascii=False)
    # Arrow refuses a whole number that a float cannot hold exactly; the column is one of floats.
    is_number = isinstance(value, int) and pa.types.is_floating(kind)
    return float(value) if is_number else value


def _type_of(values: Sequence[Any]) -> pa.DataType | None:
    try:
        found = pa.array(values).type
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError):
        return None
    return None if _has_empty_object(found) else found


def _common(known: pa.DataType, seen: pa.DataType) -> pa.DataType | None:
    if known.equals(seen):
        return known
    try:
        schemas = [pa.schema([("value", kind)]) for kind in (known, seen)]
        return pa.unify_schemas(schemas, promote_options="permissive").field("value").type
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return None


def _has_empty_object(kind: pa.DataType) -> bool:
    if pa.types.is_struct(kind):
        return kind.num_fields == 0 or any(_has_empty_object(part.type) for part in kind)
    return bool(pa.types.is_list(kind) and _has_empty_object(kind.value_type))


def _is_blank(kind: pa.DataType | None) -> bool:
    return kind is None or bool(pa.types.is_null(kind))


def _portions(rows: Iterable[Row]) -> Iterator[list[Row]]:
    stream = iter(rows)
    while portion := list(islice(stream, _PORTION)):
        yield portion
