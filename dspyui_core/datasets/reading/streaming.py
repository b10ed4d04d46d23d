"""Streaming: the rows of a data file one after another, for files larger than memory."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from dspyui_core.datasets.reading.loading import (
    RawRow,
    _csv_row,
    _encoding_hint,
    _object,
    _separator,
)
from dspyui_core.errors import DatasetError, Problem

_BATCH = 256
_LOOKED_AT = 65_536


@dataclass(frozen=True, slots=True)
class Scan:
    """What reading a file once tells of it: the hash of its bytes, its columns, its rows."""

    sha256: str
    columns: tuple[str, ...]
    rows: int


def scan_file(path: Path) -> Scan:
    """Read a file once, keeping none of it.

    Columns are those of the header, repeated ones included; for JSON Lines every key, in the order
    first seen. Raises what `stream_rows` raises.
    """
    columns, rows = _opened(path)
    seen = dict.fromkeys(columns or ())
    count = 0
    for row in rows:
        count += 1
        if columns is None:
            seen |= dict.fromkeys(row.cells)
    return Scan(file_hash(path), tuple(seen if columns is None else columns), count)


def stream_rows(path: Path) -> Iterator[RawRow]:
    """The rows of a .csv, .tsv, .jsonl or .parquet file, by the rules of `read_table`.

    A line of JSON Lines that is no object is a row with a problem. Raises DatasetError where the
    file cannot be read, at the latest when its last row was asked for.
    """
    return _opened(path)[1]


def file_hash(path: Path) -> str:
    """The sha256 of a file's bytes."""
    with _readable(path), path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


Opened = tuple[Sequence[str] | None, Iterator[RawRow]]


def _opened(path: Path) -> Opened:
    opener = _OPENERS.get(path.suffix.lower())
    if opener is None:
        raise DatasetError(
            f"{path} has the ending {path.suffix!r}, which is not read row by row",
            hint=f"use one of {', '.join(_OPENERS)}",
        )
    return opener(path)


def _csv(path: Path) -> Opened:
    separator = _separator(next((line for line in _text(path) if line.strip()), ""))
    lines = _csv_lines(path, separator)
    header = next(lines, None)
    if header is None:
        raise DatasetError(f"{path} is empty", hint="give it a header and at least one row")
    rows = (_csv_row(number, header, cells, separator) for number, cells in enumerate(lines, 1))
    return header, rows


def _csv_lines(path: Path, separator: str) -> Iterator[list[str]]:
    # The csv module refuses cells of more than 128 KB; this limit is the process's and only grows.
    with _readable(path):
        csv.field_size_limit(max(csv.field_size_limit(), path.stat().st_size))
    reader = csv.reader(_text(path), strict=True, delimiter=separator)
    try:
        yield from (cells for cells in reader if cells)
    except csv.Error as error:
        raise DatasetError(
            f"{path} is broken CSV at line {reader.line_num}: {error}",
            hint='close every quote, and write a quote inside a cell as ""',
        ) from None


def _jsonl(path: Path) -> Opened:
    # Not universal newlines: JSON allows some of their characters inside a text.
    lines = (line for line in _text(path, newline="\n") if line.strip())
    return None, (_json_row(number, line) for number, line in enumerate(lines, 1))


def _json_row(number: int, line: str) -> RawRow:
    try:
        return _object(number, json.loads(line))
    except (ValueError, RecursionError) as error:
        broken = Problem("(row)", f"is malformed JSON: {error}", line, "write {...}", number)
        return RawRow(number, {}, broken)


def _parquet(path: Path) -> Opened:
    with _readable(path):
        columns = pq.ParquetFile(path).schema_arrow.names
    return columns, _parquet_rows(path)


def _parquet_rows(path: Path) -> Iterator[RawRow]:
    number = 0
    with _readable(path), pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=_BATCH):
            for cells in batch.to_pylist():
                number += 1
                yield RawRow(number, cells)


def _text(path: Path, *, newline: str = "") -> Iterator[str]:
    """The lines of a UTF-8 file, with or without BOM."""
    with _readable(path), path.open(encoding="utf-8-sig", newline=newline) as stream:
        yield from stream


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Raise DatasetError for whatever keeps a file from being read."""
    try:
        yield
    except FileNotFoundError:
        raise DatasetError(f"no data file {path}", hint="check the path") from None
    except UnicodeDecodeError as error:
        raise _not_utf8(path, error) from None
    except pa.ArrowInvalid as error:
        raise DatasetError(
            f"{path} is no readable Parquet file: {error}", hint="write it again"
        ) from None
    except OSError as error:
        raise DatasetError(
            f"{path} cannot be read: {error.strerror or error}", hint="name a file you may read"
        ) from None


def _not_utf8(path: Path, error: UnicodeDecodeError) -> DatasetError:
    with path.open("rb") as stream:
        start = stream.read(_LOOKED_AT)
        stream.seek(0)
        line = next((number for number, raw in enumerate(stream, 1) if not _decodes(raw)), 1)
    byte = error.object[error.start]
    return DatasetError(
        f"{path} is not UTF-8: byte 0x{byte:02x}, line {line}", hint=_encoding_hint(start)
    )


def _decodes(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


_OPENERS: dict[str, Callable[[Path], Opened]] = {
    ".csv": _csv,
    ".tsv": _csv,
    ".jsonl": _jsonl,
    ".parquet": _parquet,
}
ROW_FILES: tuple[str, ...] = tuple(_OPENERS)
