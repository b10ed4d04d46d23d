"""Which rows are exported, in which columns, and what a consumer has had of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dspyui_core.data_exporter.parquet import write_parquet
from dspyui_core.data_exporter.wanted import Wanted
from dspyui_core.data_exporter.writing import META, PARQUET, refuse_format, written
from dspyui_core.errors import InputError, ModelNotFoundError
from dspyui_core.files import write_pieces
from dspyui_core.records import Record
from dspyui_core.store.journal import Journal
from dspyui_core.store.watermarks import Watermarks
from dspyui_core.store.words import Window, Word

if TYPE_CHECKING:
    import pandas as pd

# A field of the program keeps its name; a column of ours with the same name gets this prefix.
GIVES_WAY = "feedback_"


@dataclass(frozen=True)
class Export:
    """Rows that all have the same `columns`; who has them has everything up to `position`.

    Nothing is read before the rows are asked for, and then page by page, every time anew.
    """

    columns: tuple[str, ...]
    position: int
    _journal: Journal
    _window: Window
    _limit: int | None

    @property
    def rows(self) -> tuple[Mapping[str, Any], ...]:
        """All rows at once."""
        return tuple(self.stream())

    def stream(self) -> Iterator[dict[str, Any]]:
        """The rows one after another, in the order in which the feedback was given."""
        meta, fields = self.columns[: len(META)], self.columns[len(META) :]
        for word in self._journal.words(self._window, limit=self._limit):
            yield _row(word, meta, fields)

    def count(self) -> int:
        """How many rows there are."""
        found = self._journal.count_words(self._window)
        return found if self._limit is None else min(found, max(self._limit, 0))

    def pieces(self, format: str) -> Iterator[str]:
        """The rows as text: csv, json or jsonl. Raises InputError for another format."""
        return written(self.stream(), format, columns=self.columns)


class Exported(Record):
    """An export that is on disk: how many rows, in which file, up to which journal position."""

    program: str
    rows: int
    path: Path
    consumer: str | None
    position: int


class DataExporter:
    """Reads the journal; a consumer that has a name gets each piece of feedback once."""

    def __init__(self, journal: Journal, watermarks: Watermarks) -> None:
        self._journal = journal
        self._watermarks = watermarks

    def collect(
        self, model_name: str, wanted: Wanted, *, since: int | None = None, upto: int | None = None
    ) -> Export:
        """A row per trace and user with their latest feedback, in the order it was given.

        What was taken back is not among them, and nothing says so to who had it before.

        Columns: trace_id, user_id, rating, comment, version, position, then the inputs, then the
        outputs, corrected where the user corrected them. A field of the program with one of our
        names keeps it, and ours is called feedback_rating and so on. `since` and `upto` are journal
        positions; by default from the consumer's watermark to the newest entry. Raises InputError
        for what `Wanted.check` refuses, ModelNotFoundError where the program never answered.
        """
        wanted.check()
        window = Window(
            program=model_name,
            since=self.watermark(model_name, wanted.consumer) if since is None else since,
            upto=self.position(model_name) if upto is None else upto,
            rating=wanted.rating,
            said_from=wanted.since,
            said_until=wanted.until,
            version=wanted.version,
        )
        limit, whole = wanted.limit or 0, wanted.limit is None
        return Export(
            columns=self._columns(model_name),
            position=window.upto if whole else self._journal.end_of_words(window, limit),
            _journal=self._journal,
            _window=window,
            _limit=wanted.limit,
        )

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
        """The rows of `collect` as a table; `since` and `upto` are journal positions.

        Dates are those of the feedback, both ends included. Raises InputError for an unknown
        rating, ModelNotFoundError where the program never answered.
        """
        import pandas as pd

        wanted = Wanted(rating=rating, since=start_date, until=end_date, limit=limit)
        found = self.collect(model_name, wanted, since=since, upto=upto)
        # Objects, because a number beside a missing one would become a float.
        return pd.DataFrame(list(found.stream()), columns=list(found.columns), dtype=object)

    def export_training_data(self, traces_df: pd.DataFrame, format: str) -> str:
        """The rows of `query_traces_with_feedback` as one text: csv, json or jsonl."""
        rows = traces_df.to_dict("records")
        return "".join(written(rows, format, columns=tuple(traces_df.columns)))

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
        wanted = Wanted(rating=rating, consumer=consumer)
        return self.collect(model_name, wanted, upto=upto).pieces(format)

    def deliver(self, model_name: str, wanted: Wanted, *, format: str, out: Path) -> Exported:
        """Write what is wanted to a file; the consumer's watermark moves when it is on disk.

        Memory does not grow with the rows.

        Raises what `collect` raises, and InputError where the format is unknown or the file cannot
        be written. The watermark stays where it is then.
        """
        refuse_format(format)
        found = self.collect(model_name, wanted)
        try:
            rows = _written_to(found, format, out)
        except OSError as error:
            raise InputError(
                f"{out} cannot be written: {error.strerror or error}",
                hint="name a file in a folder that exists and has room",
            ) from None
        if wanted.consumer is not None:
            self.acknowledge(model_name, wanted.consumer, found.position)
        return Exported(
            program=model_name,
            rows=rows,
            path=out,
            consumer=wanted.consumer,
            position=found.position,
        )

    def acknowledge(self, model_name: str, consumer: str, position: int) -> None:
        """Remember that a consumer has everything up to a journal position."""
        self._watermarks.advance(model_name, _named(consumer), position)

    def watermark(self, model_name: str, consumer: str | None) -> int:
        """The journal position up to which a consumer has everything, 0 for None."""
        return 0 if consumer is None else self._watermarks.get(model_name, _named(consumer))

    def position(self, model_name: str) -> int:
        """The newest journal position of a program: what an export that starts now covers."""
        return self._journal.last_position(model_name)

    def _columns(self, name: str) -> tuple[str, ...]:
        """META's columns, then all that the program's answers ever had, so that no filter changes
        them. ModelNotFoundError where it never answered.
        """
        fields = self._journal.field_names(name)
        if not fields and not self._journal.count(program=name):
            raise ModelNotFoundError(name, hint="nothing was predicted: dspyui status")
        return (*(_free(column, fields) for column in META), *fields)


def _written_to(found: Export, format: str, out: Path) -> int:
    """Write all rows; how many there were."""
    if format == PARQUET:
        return write_parquet(found.stream, found.columns, out)
    counted = _Counted(found.stream())
    write_pieces(written(counted, format, columns=found.columns), out)
    return counted.number


class _Counted:
    """Rows that are counted as they pass."""

    def __init__(self, rows: Iterator[dict[str, Any]]) -> None:
        self._rows = rows
        self.number = 0

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for row in self._rows:
            self.number += 1
            yield row


def _row(word: Word, meta: tuple[str, ...], fields: tuple[str, ...]) -> dict[str, Any]:
    feedback, answer = word.feedback, word.answer
    told = (
        feedback.trace_id,
        feedback.user_id,
        feedback.payload.get("rating"),
        feedback.payload.get("comment"),
        answer.version,
        feedback.position,
    )
    values = {**(answer.payload.get("inputs") or {}), **(answer.payload.get("outputs") or {})}
    values |= feedback.payload.get("corrected_output") or {}
    return dict(zip(meta, told, strict=True)) | {name: values.get(name) for name in fields}


def _free(name: str, taken: tuple[str, ...]) -> str:
    while name in taken:
        name = f"{GIVES_WAY}{name}"
    return name


def _named(consumer: str) -> str:
    return f"export:{consumer}"
