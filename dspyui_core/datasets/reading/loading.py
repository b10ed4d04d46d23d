"""Loading: data files as raw rows of cells, and what is wrong with the file itself."""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from dspyui_core.datasets.reading.columnar import column_names, row_cells
from dspyui_core.datasets.reading.decoding import MalformedJsonError, decode, repeated_key
from dspyui_core.datasets.reading.guarding import require_whole
from dspyui_core.errors import DatasetError, Problem


@dataclass(frozen=True, slots=True)
class RawRow:
    """One data row before parsing: `number` is 1-based; a broken row has a problem and no cells."""

    number: int
    cells: Mapping[str, Any]
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class RawTable:
    """A file's columns and rows; `sha256` is over the file's bytes."""

    name: str
    sha256: str
    columns: tuple[str, ...]
    rows: tuple[RawRow, ...]


def read_table(path: Path) -> RawTable:
    """Read a .csv, .json (a list of objects), .jsonl, .parquet or .tsv file.

    Text files are UTF-8, with or without BOM. CSV cells stay text, also those that a spreadsheet
    takes for formulas: what writes a file for one disarms them. Semicolons, tabs and bars separate
    cells, too. Rows that do not fit the table carry a problem; a file that cannot be read
    at all, or is too large to be read whole, raises DatasetError.
    """
    content = _bytes(path)
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise DatasetError(
            f"{path} has the ending {path.suffix!r}, which is not read here",
            hint=f"use one of {', '.join(_READERS)}",
        )
    columns, rows = reader(path, content)
    if not columns and not rows:
        raise DatasetError(f"{path} is empty", hint="give it a header and at least one row")
    refuse_repeated(path, columns)
    return RawTable(path.name, hashlib.sha256(content).hexdigest(), tuple(columns), tuple(rows))


def _bytes(path: Path) -> bytes:
    try:
        require_whole(path, hint="take a part of it, or write it as CSV, JSON Lines or Parquet")
        return path.read_bytes()
    except FileNotFoundError:
        raise DatasetError(
            f"no data file {path}", hint="check the path; one in a spec starts at the spec's folder"
        ) from None
    except OSError as error:
        raise DatasetError(
            f"{path} cannot be read: {error.strerror}", hint="name a file that you may read"
        ) from error


def _text(path: Path, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # The codec counts from behind a byte order mark; `object` is what it counted in.
        line = error.object[: error.start].count(b"\n") + 1
        raise DatasetError(
            f"{path} is not UTF-8: byte 0x{error.object[error.start]:02x} "
            f"at offset {error.start}, line {line}",
            hint=_encoding_hint(content),
        ) from None


def _encoding_hint(content: bytes) -> str:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "it is UTF-16; save it as UTF-8, e.g. iconv -f utf-16 -t utf-8 FILE"
    if b"\0" in content:
        return "it seems to be no text file; name one, or export it as CSV"
    return "save it as UTF-8, e.g. iconv -f latin1 -t utf-8 FILE"


def refuse_repeated(path: Path, columns: Sequence[str]) -> None:
    """Raise DatasetError with every name that several columns have."""
    counts = Counter(columns)
    repeated = sorted(name for name in counts if name and counts[name] > 1)
    if repeated:
        raise DatasetError(
            f"{path} has several columns named {', '.join(map(repr, repeated))}",
            hint="give each column its own name",
        )


Parts = tuple[Sequence[str], Sequence[RawRow]]
_OTHER_SEPARATORS = ";\t|"
_SHOWN = 200


def _csv(path: Path, content: bytes) -> Parts:
    text = _text(path, content)
    # The csv module refuses cells of more than 128 KB; this limit is the process's and only grows.
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))
    separator = _separator(text)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=separator)
    try:
        lines = [cells for cells in reader if cells]
    except csv.Error as error:
        raise DatasetError(
            f"{path} is broken CSV at line {reader.line_num}: {error}",
            hint='close every quote, and write a quote inside a cell as ""',
        ) from None
    if not lines:
        return (), ()
    header, rows = lines[0], enumerate(lines[1:], 1)
    return header, [_csv_row(number, header, cells, separator) for number, cells in rows]


def _separator(text: str) -> str:
    """A comma, unless the header has none and another separator makes it columns."""
    line = next((line for line in text.splitlines() if line.strip()), "")
    header = re.sub(r'"[^"]*"', "", line)
    best = max(_OTHER_SEPARATORS, key=header.count)
    return best if "," not in header and best in header else ","


def _csv_row(number: int, header: Sequence[str], cells: Sequence[str], separator: str) -> RawRow:
    if len(cells) == len(header):
        return RawRow(number, dict(zip(header, cells, strict=True)))
    reason = f"has {len(cells)} cells where the header has {len(header)}"
    remedy = f"quote cells that hold {separator!r}"
    problem = Problem("(row)", reason, separator.join(cells), remedy, number)
    return RawRow(number, {}, problem)


def _json(path: Path, content: bytes) -> Parts:
    try:
        decoded = decode(_text(path, content) or "[]")
    except MalformedJsonError as error:
        place = f" at line {error.line}" if error.line else ""
        raise DatasetError(
            f"{path} is malformed JSON{place}: {error}", hint="write a list of objects"
        ) from None
    if not isinstance(decoded.value, list):
        raise DatasetError(
            f"{path} holds one JSON {type(decoded.value).__name__}, not a list",
            hint="write a list of objects, or one object per line in a .jsonl file",
        )
    return _objects(decoded.value, repeats=decoded.repeats)


def _jsonl(path: Path, content: bytes) -> Parts:
    values, broken, repeats = [], [], False
    for number, line in _lines(_text(path, content)):
        try:
            decoded = decode(line)
        except MalformedJsonError as error:
            broken.append(malformed_line(number, error, line))
        else:
            values.append(decoded.value)
            repeats |= decoded.repeats
    refuse_malformed(path, broken)
    return _objects(values, repeats=repeats)


def malformed_line(number: int, error: MalformedJsonError, line: str) -> Problem:
    """A line of JSON Lines that is no JSON, as a problem of the file."""
    return Problem(f"line {number}", f"is malformed JSON: {error}", line[:_SHOWN])


def refuse_malformed(path: Path, broken: Sequence[Problem]) -> None:
    """Raise DatasetError with every malformed line, if there is one."""
    if broken:
        hint = "write one JSON object on each line"
        first = broken[0].column
        raise DatasetError(f"{path} is malformed JSON at {first}", broken, hint=hint)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    # Not splitlines(): it also breaks at characters that JSON allows inside a text.
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield number, line


def _objects(values: Sequence[Any], *, repeats: bool) -> Parts:
    columns = dict.fromkeys(key for value in values if isinstance(value, dict) for key in value)
    rows = [_object(number, value, repeats=repeats) for number, value in enumerate(values, 1)]
    return tuple(columns), rows


def _object(number: int, value: Any, *, repeats: bool) -> RawRow:
    if not isinstance(value, dict):
        problem = Problem("(row)", "is not an object", value, "write {...}", number)
        return RawRow(number, {}, problem)
    key = repeated_key(value) if repeats else None
    if key is None:
        return RawRow(number, value)
    remedy = "keep the one that is meant"
    return RawRow(number, {}, Problem("(row)", f"has the key {key!r} twice", None, remedy, number))


def _parquet(path: Path, content: bytes) -> Parts:
    try:
        columns = column_names(path)
        refuse_repeated(path, columns)
        rows = [RawRow(number, cells) for number, cells in enumerate(row_cells(path), 1)]
    except UNREADABLE as error:
        raise unreadable_parquet(path, error) from None
    return columns, rows


# What pyarrow raises at a file that is cut off, damaged, or holds what Python has no value for.
UNREADABLE = (pa.ArrowException, OSError, ValueError, OverflowError)


def unreadable_parquet(path: Path, error: Exception) -> DatasetError:
    """That a file is no Parquet, or a broken one."""
    return DatasetError(f"{path} is no readable Parquet file: {error}", hint="write it again")


_READERS: dict[str, Callable[[Path, bytes], Parts]] = {
    ".csv": _csv,
    ".json": _json,
    ".jsonl": _jsonl,
    ".parquet": _parquet,
    ".tsv": _csv,
}
