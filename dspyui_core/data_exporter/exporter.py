"""Which rows are exported, in which columns, and what a consumer has had of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dspyui_core.data_exporter.wanted import Wanted
from dspyui_core.data_exporter.writing import META, write_pieces, written
from dspyui_core.errors import InputError, ModelNotFoundError
from dspyui_core.records import Record
from dspyui_core.store.journal import Entry, Journal
from dspyui_core.store.watermarks import Watermarks

if TYPE_CHECKING:
    import pandas as pd

# A field of the program keeps its name; a column of ours with the same name gets this prefix.
GIVES_WAY = "feedback_"


@dataclass(frozen=True, slots=True)
class Export:
    """Rows that have the same columns; who has them has everything up to journal `position`."""

    rows: tuple[Mapping[str, Any], ...]
    position: int

    def pieces(self, format: str) -> Iterator[str]:
        """The rows as text: csv, json or jsonl. Raises InputError for another format."""
        return written(self.rows, format)


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

        Columns: trace_id, user_id, rating, comment, version, position, then the inputs, then the
        outputs, corrected where the user corrected them. A field of the program with one of our
        names keeps it, and ours is called feedback_rating and so on. `since` and `upto` are journal
        positions; by default from the consumer's watermark to the newest entry. Raises InputError
        for what `Wanted.check` refuses, ModelNotFoundError where the program never answered.
        """
        wanted.check()
        start = self.watermark(model_name, wanted.consumer) if since is None else since
        end = self.position(model_name) if upto is None else upto
        heard = self._heard(model_name, end)
        found = [
            entry
            for entry in heard.feedback
            if entry.position > start and wanted.takes(entry, heard.predictions[entry.trace_id])
        ]
        chosen = found if wanted.limit is None else found[: max(wanted.limit, 0)]
        whole = len(chosen) == len(found)
        return Export(
            rows=heard.rows(chosen),
            position=end if whole else max([start, *(entry.position for entry in chosen)]),
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
        return pd.DataFrame(list(found.rows), dtype=object)

    def export_training_data(self, traces_df: pd.DataFrame, format: str) -> str:
        """The rows of `query_traces_with_feedback` as one text: csv, json or jsonl."""
        return "".join(written(traces_df.to_dict("records"), format))

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

        Raises what `collect` raises, and InputError where the format is unknown or the file cannot
        be written. The watermark stays where it is then.
        """
        found = self.collect(model_name, wanted)
        try:
            write_pieces(found.pieces(format), out)
        except OSError as error:
            raise InputError(
                f"{out} cannot be written: {error.strerror or error}",
                hint="name a file in a folder that exists and has room",
            ) from None
        if wanted.consumer is not None:
            self.acknowledge(model_name, wanted.consumer, found.position)
        return Exported(
            program=model_name,
            rows=len(found.rows),
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

    def _heard(self, name: str, upto: int) -> _Heard:
        predictions: dict[str, Entry] = {}
        latest: dict[tuple[str, str | None], Entry] = {}
        for entry in self._journal.since(0, program=name, upto=upto):
            if entry.kind == "prediction":
                predictions[entry.trace_id] = entry
            elif entry.trace_id in predictions:
                latest[entry.trace_id, entry.user_id] = entry
        if not predictions:
            raise ModelNotFoundError(name, hint="nothing was predicted: dspyui status")
        spoken = (entry for entry in latest.values() if not entry.payload.get("retracted"))
        return _Heard(predictions, sorted(spoken, key=lambda entry: entry.position))


@dataclass(frozen=True, slots=True)
class _Heard:
    """Every answer of a program, and the last word of each user on each of them, in order."""

    predictions: Mapping[str, Entry]
    feedback: Sequence[Entry]

    def rows(self, feedback: Sequence[Entry]) -> tuple[Mapping[str, Any], ...]:
        """A row per piece of feedback; what one has and another has not is None there."""
        meta = self._columns()
        rows = [self._row(entry, meta) for entry in feedback]
        columns = list(dict.fromkeys(key for row in rows for key in row))
        return tuple({column: row.get(column) for column in columns} for row in rows)

    def _columns(self) -> tuple[str, ...]:
        """The names of META's columns here: by all answers, so that no filter changes them."""
        taken = {name for answer in self.predictions.values() for name in _fields(answer)}
        return tuple(_free(name, taken) for name in META)

    def _row(self, feedback: Entry, meta: Sequence[str]) -> dict[str, Any]:
        answer, said = self.predictions[feedback.trace_id], feedback.payload
        told = (
            feedback.trace_id,
            feedback.user_id,
            said.get("rating"),
            said.get("comment"),
            answer.version,
            feedback.position,
        )
        own = dict(zip(meta, told, strict=True))
        return own | _fields(answer) | (said.get("corrected_output") or {})


def _fields(answer: Entry) -> dict[str, Any]:
    return {**answer.payload["inputs"], **answer.payload["outputs"]}


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name = f"{GIVES_WAY}{name}"
    return name


def _named(consumer: str) -> str:
    return f"export:{consumer}"
