"""Exported rows as text, CSV, JSON or JSON Lines, and as a file that is whole or not there."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

from dspyui_core.data_exporter.wanted import refuse_unknown

Format = Literal["csv", "json", "jsonl"]
FORMATS: tuple[str, ...] = get_args(Format)
META = ("trace_id", "user_id", "rating", "comment", "version", "position")
# What a spreadsheet takes for a formula when a cell starts with it (OWASP, CSV injection).
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")

Rows = Sequence[Mapping[str, Any]]


def write_pieces(pieces: Iterable[str], path: Path) -> None:
    """Write pieces of text to a file that appears whole or not at all, and is then on disk."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with scratch.open("w", encoding="utf-8", newline="") as stream:
            stream.writelines(pieces)
            stream.flush()
            os.fsync(stream.fileno())
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)


def written(rows: Rows, format: str) -> Iterator[str]:
    """The rows as pieces of text. Raises InputError for an unknown format, before the first."""
    refuse_unknown("format", format, FORMATS)
    writers: dict[str, Callable[[Rows], Iterator[str]]] = {
        "csv": _csv,
        "json": _json,
        "jsonl": _jsonl,
    }
    return writers[format](rows)


def _csv(rows: Rows) -> Iterator[str]:
    columns = list(dict.fromkeys(key for row in rows for key in row)) or META
    yield _csv_line(columns)
    for row in rows:
        yield _csv_line([_cell(row.get(column)) for column in columns])


def _csv_line(cells: Sequence[Any]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(cells)
    return buffer.getvalue()


def _cell(value: Any) -> Any:
    if value is None or value != value:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(FORMULA_STARTS) else value
    if isinstance(value, list | dict | bool):
        return json.dumps(value, ensure_ascii=False)
    return value


def _json(rows: Rows) -> Iterator[str]:
    yield "["
    for number, row in enumerate(rows):
        yield (",\n " if number else "\n ") + _object(row)
    yield "\n]\n" if rows else "]\n"


def _jsonl(rows: Rows) -> Iterator[str]:
    for row in rows:
        yield _object(row) + "\n"


def _object(row: Mapping[str, Any]) -> str:
    # pandas turns a missing value into NaN, which is no JSON.
    plain = {key: None if value != value else value for key, value in row.items()}
    return json.dumps(plain, ensure_ascii=False, default=str)
