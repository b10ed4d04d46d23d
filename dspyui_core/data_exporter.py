"""Export: the answers that users rated or corrected, as rows to train on elsewhere."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd

from dspyui_core.errors import InputError, ModelNotFoundError
from dspyui_core.feedback import RATINGS
from dspyui_core.store.journal import Entry, Journal
from dspyui_core.store.watermarks import Watermarks

__all__ = ["FORMATS", "DataExporter", "write_pieces"]

FORMATS = ("csv", "json", "jsonl")
META = ("trace_id", "user_id", "rating", "comment", "version", "position")
# What a spreadsheet takes for a formula when a cell starts with it (OWASP, CSV injection).
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class DataExporter:
    """Reads the journal; a consumer that has a name gets each piece of feedback once."""

    def __init__(self, journal: Journal, watermarks: Watermarks) -> None:
        self._journal = journal
        self._watermarks = watermarks

    def query_traces_with_feedback(
        self,
        model_name: str,
        rating: str | None = None,
        start_date: datetime | None = None,
        end_date: datetime | None = None,
        limit: int | None = None,
        *,
        since: int = 0,
        upto: int | None = None,
    ) -> pd.DataFrame:
        """A row per trace and user with their latest feedback, in the order it was given.

        Columns: trace_id, user_id, rating, comment, version, position, then the inputs, then the
        outputs, corrected where the user corrected them. Dates are those of the feedback, both
        ends included; `since` and `upto` are journal positions. Raises InputError for an unknown
        rating, ModelNotFoundError where the program never answered.
        """
        _known("rating", rating, (None, *RATINGS))
        rows = self._rows(model_name, since, upto)
        wanted = (
            row
            for entry, row in rows
            if rating in (None, entry.payload.get("rating"))
            and _within(entry.at, start_date, end_date)
        )
        # Objects, because a number beside a missing one would become a float.
        return pd.DataFrame(list(islice(wanted, limit)), dtype=object)

    def export_training_data(self, traces_df: pd.DataFrame, format: str) -> str:
        """The rows of `query_traces_with_feedback` as one text: csv, json or jsonl."""
        return "".join(_written(traces_df.to_dict("records"), format))

    def export_streaming(
        self,
        model_name: str,
        rating: str | None = None,
        format: str = "csv",
        *,
        consumer: str | None = None,
        upto: int | None = None,
    ) -> Iterator[str]:
        """The same, piece by piece; for a consumer only what is after its watermark.

        The watermark stays where it is until `acknowledge`.
        """
        _known("format", format, FORMATS)
        since = 0 if consumer is None else self._watermarks.get(model_name, _named(consumer))
        frame = self.query_traces_with_feedback(model_name, rating, since=since, upto=upto)
        return _written(frame.to_dict("records"), format)

    def acknowledge(self, model_name: str, consumer: str, position: int) -> None:
        """Remember that a consumer has everything up to a journal position."""
        self._watermarks.advance(model_name, _named(consumer), position)

    def position(self, model_name: str) -> int:
        """The newest journal position of a program: what an export that starts now covers."""
        return self._journal.last_position(model_name)

    def _rows(self, name: str, since: int, upto: int | None) -> list[tuple[Entry, dict[str, Any]]]:
        predictions, latest = self._collected(name, upto)
        if not predictions:
            raise ModelNotFoundError(name, hint="nothing was predicted: dspyui status")
        spoken = sorted(latest.values(), key=lambda entry: entry.position)
        return [
            (entry, _row(predictions[entry.trace_id], entry))
            for entry in spoken
            if entry.position > since and not entry.payload.get("retracted")
        ]

    def _collected(
        self, name: str, upto: int | None
    ) -> tuple[dict[str, Entry], dict[tuple[str, str | None], Entry]]:
        predictions: dict[str, Entry] = {}
        latest: dict[tuple[str, str | None], Entry] = {}
        for entry in self._journal.since(0, program=name, upto=upto):
            if entry.kind == "prediction":
                predictions[entry.trace_id] = entry
            elif entry.trace_id in predictions:
                latest[entry.trace_id, entry.user_id] = entry
        return predictions, latest


def write_pieces(pieces: Iterable[str], path: Path) -> None:
    """Write pieces of text to a file that appears whole or not at all."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with scratch.open("w", encoding="utf-8", newline="") as stream:
            stream.writelines(pieces)
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)


def _row(prediction: Entry, feedback: Entry) -> dict[str, Any]:
    said, answered = feedback.payload, prediction.payload
    meta = {
        "trace_id": feedback.trace_id,
        "user_id": feedback.user_id,
        "rating": said.get("rating"),
        "comment": said.get("comment"),
        "version": prediction.version,
        "position": feedback.position,
    }
    return meta | answered["inputs"] | answered["outputs"] | (said.get("corrected_output") or {})


def _written(rows: list[Mapping[str, Any]], format: str) -> Iterator[str]:
    _known("format", format, FORMATS)
    writers: dict[str, Callable[[list[Mapping[str, Any]]], Iterator[str]]] = {
        "csv": _csv,
        "json": _json,
        "jsonl": _jsonl,
    }
    return writers[format](rows)


def _csv(rows: list[Mapping[str, Any]]) -> Iterator[str]:
    columns = list(dict.fromkeys((*META, *(key for row in rows for key in row))))
    yield _csv_line(columns)
    for row in rows:
        yield _csv_line([_cell(row.get(column)) for column in columns])


def _csv_line(cells: list[Any]) -> str:
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


def _json(rows: list[Mapping[str, Any]]) -> Iterator[str]:
    yield "["
    for number, row in enumerate(rows):
        yield (",\n " if number else "\n ") + _object(row)
    yield "\n]\n" if rows else "]\n"


def _jsonl(rows: list[Mapping[str, Any]]) -> Iterator[str]:
    for row in rows:
        yield _object(row) + "\n"


def _object(row: Mapping[str, Any]) -> str:
    # pandas turns a missing value into NaN, which is no JSON.
    plain = {key: None if value != value else value for key, value in row.items()}
    return json.dumps(plain, ensure_ascii=False, default=str)


def _within(at: datetime, start: datetime | None, end: datetime | None) -> bool:
    return (start is None or at >= start) and (end is None or at <= end)


def _named(consumer: str) -> str:
    return f"export:{consumer}"


def _known(what: str, value: str | None, allowed: tuple[str | None, ...]) -> None:
    if value not in allowed:
        words = ", ".join(word for word in allowed if word)
        raise InputError(f"no {what} {value!r}", hint=f"{what}s: {words}")
