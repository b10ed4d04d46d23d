"""Streaming: the rows of a data file one after another, for files larger than memory."""

from __future__ import annotations

import codecs
import csv
import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from dspyui_core.datasets.reading.columnar import column_names, row_cells
from dspyui_core.datasets.reading.decoding import MalformedJsonError, decode
from dspyui_core.datasets.reading.guarding import LONGEST_LINE, MEGABYTE, require_file
from dspyui_core.datasets.reading.loading import (
    RawRow,
    _csv_row,
    _encoding_hint,
    _object,
    _separator,
    unreadable_parquet,
)
from dspyui_core.errors import DatasetError, Problem

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


def columns_of(path: Path) -> tuple[str, ...]:
    """The columns of a .csv, .tsv or .parquet file, repeated ones included; no row is read."""
    return tuple(_opened(path)[0] or ())


def numbered_lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a JSON Lines file that are not blank, each with its number, from 1."""
    # Not universal newlines: JSON allows some of their characters inside a text.
    for number, line in enumerate(_text(path, newline="\n"), 1):
        if line.strip():
            yield number, line


def file_hash(path: Path) -> str:
    """The sha256 of a file's bytes."""
    with _readable(path):
        require_file(path)
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
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST_LINE))
    reader = csv.reader(_text(path), strict=True, delimiter=separator)
    try:
        yield from (cells for cells in reader if cells)
    except csv.Error as error:
        raise DatasetError(
            f"{path} is broken CSV at line {reader.line_num}: {error}",
            hint='close every quote, and write a quote inside a cell as ""',
        ) from None


def _jsonl(path: Path) -> Opened:
    lines = (line for _, line in numbered_lines(path))
    return None, (_json_row(number, line) for number, line in enumerate(lines, 1))


def _json_row(number: int, line: str) -> RawRow:
    try:
        decoded = decode(line)
    except MalformedJsonError as error:
        broken = Problem("(row)", f"is malformed JSON: {error}", line, "write {...}", number)
        return RawRow(number, {}, broken)
    return _object(number, decoded.value, repeats=decoded.repeats)


def _parquet(path: Path) -> Opened:
    with _readable(path):
        require_file(path)
        columns = column_names(path)
    return columns, parquet_rows(path)


def parquet_rows(path: Path, columns: Sequence[str] | None = None) -> Iterator[RawRow]:
    """The rows of a Parquet file, with all its columns or those of `columns` that it has."""
    with _readable(path):
        for number, cells in enumerate(row_cells(path, columns), 1):
            yield RawRow(number, cells)


def _text(path: Path, *, newline: str = "") -> Iterator[str]:
    """The lines of a UTF-8 file, with or without BOM."""
    with _readable(path):
        require_file(path)
    with _readable(path), path.open(encoding="utf-8-sig", newline=newline) as stream:
        while line := stream.readline(LONGEST_LINE + 1):
            if len(line) > LONGEST_LINE:
                raise DatasetError(
                    f"{path} has a line of more than {LONGEST_LINE // MEGABYTE} MB",
                    hint="check that it is a text file, with one row on a line",
                )
            yield line


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Raise DatasetError for whatever keeps a file from being read."""
    try:
        yield
    except FileNotFoundError:
        raise DatasetError(f"no data file {path}", hint="check the path") from None
    except UnicodeDecodeError as error:
        raise _not_utf8(path, error) from None
    except (pa.ArrowException, ValueError, OverflowError) as error:
        # Of text files only what is caught above can be raised: this is about Parquet.
        raise unreadable_parquet(path, error) from None
    except OSError as error:
        raise DatasetError(
            f"{path} cannot be read: {error.strerror or error}", hint="name a file you may read"
        ) from None


def _not_utf8(path: Path, error: UnicodeDecodeError) -> DatasetError:
    with path.open("rb") as stream:
        start = stream.read(_LOOKED_AT)
    # The reader's own figures count from its buffer; a file that was mended meanwhile has none.
    byte, offset, line = _bad_byte(path) or (error.object[error.start], error.start, 1)
    return DatasetError(
        f"{path} is not UTF-8: byte 0x{byte:02x} at offset {offset}, line {line}",
        hint=_encoding_hint(start),
    )


def _bad_byte(path: Path) -> tuple[int, int, int] | None:
    """The first byte of a file that is no UTF-8, its offset and its line; None without one."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    read, line = 0, 1
    with path.open("rb") as stream:
        chunk = stream.read(_LOOKED_AT)
        while True:
            try:
                decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as found:
                # It counts from the bytes of an unfinished character before the chunk.
                offset = read - (len(found.object) - len(chunk)) + found.start
                lines = found.object[: found.start].count(b"\n")
                return found.object[found.start], offset, line + lines
            if not chunk:
                return None
            read, line = read + len(chunk), line + chunk.count(b"\n")
            chunk = stream.read(_LOOKED_AT)


_OPENERS: dict[str, Callable[[Path], Opened]] = {
    ".csv": _csv,
    ".tsv": _csv,
    ".jsonl": _jsonl,
    ".parquet": _parquet,
}
ROW_FILES: tuple[str, ...] = tuple(_OPENERS)
