"""Columnar: the rows of a Parquet file in small batches, however much they unpack to.

A few kilobytes of Parquet can stand for terabytes: pages are compressed, runs are counted, and
texts are kept once in a dictionary. So the file's own figures are read first, and texts stay in
their dictionaries: a value that occurs a million times is one Python object.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dspyui_core.datasets.reading.guarding import MEGABYTE
from dspyui_core.errors import DatasetError

# Gzip packs at most 1,030 to 1, text 20 to 1; a file that is small when unpacked may be any.
_MOST_UNPACKED: Final = 4096 * MEGABYTE
_MOST_TIMES: Final = 200
_ALWAYS: Final = 64 * MEGABYTE
_MOST_IN_BATCH: Final = 256 * MEGABYTE
_BATCH: Final = 256
# What a value takes in memory at least, however few bits the file has for it.
_VALUE: Final = 8


def column_names(path: Path) -> list[str]:
    """The columns of a Parquet file, repeated ones included; raises what pyarrow raises."""
    with pq.ParquetFile(path) as file:
        return list(file.schema_arrow.names)


def row_cells(path: Path, columns: Sequence[str] | None = None) -> Iterator[dict[str, Any]]:
    """The cells of each row, of all columns or of those of `columns` that the file has.

    Text that is no UTF-8 has U+FFFD where it is not. Raises DatasetError for a file that unpacks
    to more than can be meant, and what pyarrow raises.
    """
    with pq.ParquetFile(path) as file:
        names = file.schema_arrow.names
        wanted = names if columns is None else [name for name in names if name in set(columns)]
        _refuse_bomb(path, file.metadata, set(wanted))
        texts = _text_leaves(file.metadata)
    if not wanted:
        raise DatasetError(f"{path} has no column that is asked for", hint="check its columns")
    with pq.ParquetFile(path, read_dictionary=texts) as file:
        # Whole groups: in smaller pieces, pyarrow builds each dictionary anew for each piece.
        for group in range(file.num_row_groups):
            table = file.read_row_group(group, columns=wanted, use_threads=False)
            for batch in table.to_batches(max_chunksize=_BATCH):
                yield from _rows(path, batch)


def _rows(path: Path, batch: pa.RecordBatch) -> Iterator[dict[str, Any]]:
    cells = [_values(path, batch.column(at)) for at in range(batch.num_columns)]
    for values in zip(*cells, strict=True):
        yield dict(zip(batch.schema.names, values, strict=True))


def _refuse_bomb(path: Path, metadata: Any, wanted: set[str]) -> None:
    """Raise DatasetError where the file's own figures say that it unpacks to far too much."""
    unpacked = 0
    for group in map(metadata.row_group, range(metadata.num_row_groups)):
        for chunk in map(group.column, range(group.num_columns)):
            if _is_of(chunk.path_in_schema, wanted):
                unpacked += max(chunk.total_uncompressed_size, chunk.num_values * _VALUE)
    times = unpacked / max(path.stat().st_size, 1)
    if unpacked > _MOST_UNPACKED or (unpacked > _ALWAYS and times > _MOST_TIMES):
        raise DatasetError(
            f"{path} unpacks to at least {unpacked // MEGABYTE:,} MB, {times:,.0f} times its size",
            hint="write a file of the rows that you need",
        )


def _is_of(leaf: str, columns: set[str]) -> bool:
    # A dot may also be part of a column's name.
    parts = leaf.split(".")
    return any(".".join(parts[:end]) in columns for end in range(1, len(parts) + 1))


def _text_leaves(metadata: Any) -> list[str]:
    leaves = (metadata.schema.column(at) for at in range(metadata.num_columns))
    return [leaf.path for leaf in leaves if leaf.physical_type == "BYTE_ARRAY"]


def _values(path: Path, array: pa.Array) -> list[Any]:
    """One batch of a column as Python values; equal texts are one object."""
    if pa.types.is_dictionary(array.type):
        places = array.indices
        used = pc.unique(places.drop_null())
        taken = array.dictionary.take(used)
        meant = dict(zip(used.to_pylist(), _plain(taken), strict=True))
        return [None if place is None else meant[place] for place in places.to_pylist()]
    if pa.types.is_nested(array.type) and _weight(array) > _MOST_IN_BATCH:
        raise DatasetError(
            f"{path} has {_BATCH} rows that unpack to more than {_MOST_IN_BATCH // MEGABYTE} MB",
            hint="write a file of the rows that you need",
        )
    return list(array.to_pylist())


def _plain(array: pa.Array) -> list[Any]:
    # Not to_pylist(): Parquet does not promise that its texts are UTF-8.
    if not _is_text(array.type):
        return list(array.to_pylist())
    cast = pa.large_binary() if pa.types.is_large_string(array.type) else pa.binary()
    return [
        None if value is None else value.decode("utf-8", "replace")
        for value in array.cast(cast).to_pylist()
    ]


def _is_text(kind: pa.DataType) -> bool:
    tests = (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary)
    return any(test(kind) for test in tests) or pa.types.is_large_binary(kind)


def _weight(array: pa.Array) -> int:
    """The bytes that a batch of a nested column takes once its texts are copied to their places."""
    kind = array.type
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return int(array.nbytes) + _weight(array.flatten())
    if pa.types.is_struct(kind):
        return sum(_weight(array.field(at)) for at in range(kind.num_fields))
    if pa.types.is_dictionary(kind) and _is_text(kind.value_type):
        sizes = pc.binary_length(array.dictionary)
        return int(pc.sum(sizes.take(array.indices.drop_null())).as_py() or 0)
    return int(array.nbytes)
