"""Exported rows as text: CSV, JSON or JSON Lines."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, get_args

from dspyui_core.data_exporter.wanted import refuse_unknown
from dspyui_core.errors import InputError
from dspyui_core.files import csv_line

Format = Literal["csv", "json", "jsonl", "parquet"]
FORMATS: tuple[str, ...] = get_args(Format)
PARQUET = "parquet"
META = ("trace_id", "user_id", "rating", "comment", "version", "position")

Rows = Iterable[Mapping[str, Any]]


def refuse_format(format: str) -> None:
    """Raise InputError for a format that nobody can write."""
    refuse_unknown("format", format, FORMATS)


def written(rows: Rows, format: str, *, columns: Sequence[str]) -> Iterator[str]:
    """The rows as pieces of text, read as they are written.

    Raises InputError for an unknown format, and for parquet, which is no text, before the first.
    """
    refuse_format(format)
    writers: dict[str, Callable[[Rows, Sequence[str]], Iterator[str]]] = {
        "csv": _csv,
        "json": _json,
        "jsonl": _jsonl,
    }
    if format not in writers:
        raise InputError(f"{format} is no text", hint="write it to a file: --out FILE")
    return writers[format](rows, columns)


def _csv(rows: Rows, columns: Sequence[str]) -> Iterator[str]:
    yield csv_line(columns)
    for row in rows:
        yield csv_line([row.get(column) for column in columns])


def _json(rows: Rows, columns: Sequence[str]) -> Iterator[str]:
    yield "["
    between = "\n "
    for row in rows:
        yield between + _object(row)
        between = ",\n "
    yield "]\n" if between == "\n " else "\n]\n"


def _jsonl(rows: Rows, columns: Sequence[str]) -> Iterator[str]:
    for row in rows:
        yield _object(row) + "\n"


def _object(row: Mapping[str, Any]) -> str:
    # pandas turns a missing value into NaN, which is no JSON.
    plain = {key: None if value != value else value for key, value in row.items()}
    return json.dumps(plain, ensure_ascii=False, default=str)
