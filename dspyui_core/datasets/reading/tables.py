"""Tables: a data file known by its hash and its columns, whose rows are read in one pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dspyui_core.datasets.reading.decoding import MalformedJsonError, decode
from dspyui_core.datasets.reading.loading import (
    RawRow,
    malformed_line,
    read_table,
    refuse_malformed,
    refuse_repeated,
)
from dspyui_core.datasets.reading.streaming import (
    columns_of,
    file_hash,
    numbered_lines,
    parquet_rows,
    stream_rows,
)
from dspyui_core.errors import DatasetError


@dataclass(frozen=True, slots=True)
class Table:
    """A data file before its rows are read; `sha256` is over its bytes."""

    path: Path
    sha256: str
    columns: tuple[str, ...]
    whole: tuple[RawRow, ...] | None = None

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name

    def rows(self, columns: Sequence[str]) -> Iterator[RawRow]:
        """The rows one after another; Parquet cells of no other than these columns are read.

        Raises DatasetError where a row cannot be read, or where the file was changed meanwhile.
        """
        if self.whole is not None:
            yield from self.whole
            return
        if self.path.suffix.lower() == ".parquet":
            yield from parquet_rows(self.path, columns)
        else:
            yield from stream_rows(self.path)
        if file_hash(self.path) != self.sha256:
            raise DatasetError(
                f"{self.path} was changed while it was read", hint="wait until it is written"
            )


def open_table(path: Path) -> Table:
    """A .csv, .json, .jsonl, .parquet or .tsv file, by the rules of `read_table`.

    Only JSON is held in memory whole: it has no rows to read one by one. Raises DatasetError for a
    file that cannot be read.
    """
    ending = path.suffix.lower()
    if ending not in _IN_ROWS:
        table = read_table(path)
        return Table(path, table.sha256, table.columns, table.rows)
    sha256 = file_hash(path)
    columns = _line_columns(path) if ending == ".jsonl" else columns_of(path)
    refuse_repeated(path, columns)
    return Table(path, sha256, columns)


_IN_ROWS = (".csv", ".tsv", ".jsonl", ".parquet")


def _line_columns(path: Path) -> tuple[str, ...]:
    """Every key of a JSON Lines file; all its malformed lines are told at once."""
    seen: dict[str, None] = {}
    broken = []
    for number, line in numbered_lines(path):
        try:
            value = decode(line).value
        except MalformedJsonError as error:
            broken.append(malformed_line(number, error, line))
        else:
            seen |= dict.fromkeys(value if isinstance(value, dict) else ())
    refuse_malformed(path, broken)
    if not seen:
        raise DatasetError(f"{path} is empty", hint="give it at least one object")
    return tuple(seen)
