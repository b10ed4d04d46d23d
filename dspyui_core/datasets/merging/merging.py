"""Which rows of two files a merged file has, row by row, and which contradict an earlier one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

from dspyui_core.datasets.merging.identity import Identity, Renamed
from dspyui_core.datasets.reading.loading import RawRow, read_table
from dspyui_core.datasets.reading.streaming import scan_file, stream_rows
from dspyui_core.errors import DatasetError, Problem

MergedRow = dict[str, Any]
_WHOLE = ".json"


class Fate(IntEnum):
    """What becomes of a row: it is kept, it says again what an earlier one says, or contradicts."""

    KEPT = 0
    REPEATS = 1
    CONTRADICTS = 2


@dataclass(frozen=True, slots=True)
class Place:
    """A data row (1-based) of the first (0) or the second (1) file."""

    file: int
    row: int


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A row whose label is not the one that an earlier row gives the same input."""

    place: Place
    kept: Place


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    names: Renamed

    def rows(self) -> Iterator[tuple[RawRow, MergedRow]]:
        for raw in _rows(self.path):
            yield raw, {self.names.get(name, name): cell for name, cell in raw.cells.items()}


@dataclass(frozen=True, slots=True)
class Merge:
    """Two files merged: `columns` of the first, then those that only the second has.

    Nothing but a byte a row is kept in memory; the rows are read anew each time they are asked for.
    """

    columns: tuple[str, ...]
    labels: tuple[str, ...]
    contradictions: tuple[Contradiction, ...]
    _files: tuple[_File, ...]
    _fates: tuple[bytearray, ...]

    def count(self, fate: Fate, file: int) -> int:
        """How many rows of a file have this fate."""
        return self._fates[file].count(fate)

    def rows(self, fate: Fate = Fate.KEPT) -> Iterator[tuple[Place, MergedRow]]:
        """The rows with this fate in the order of the files, with every column."""
        return self._having(lambda place: self._fates[place.file][place.row - 1] == fate)

    def at(self, places: Sequence[Place]) -> dict[Place, MergedRow]:
        """The rows at these places."""
        wanted = {*places}
        return dict(self._having(wanted.__contains__)) if wanted else {}

    def _having(self, wanted: Callable[[Place], bool]) -> Iterator[tuple[Place, MergedRow]]:
        for number, file in enumerate(self._files):
            for raw, cells in file.rows():
                place = Place(number, raw.number)
                if wanted(place):
                    yield place, {column: cells.get(column) for column in self.columns}


def merge(first: Path, second: Path, identity: Identity) -> Merge:
    """Decide about every row of two files; of those about one input the first one stays.

    A later row with the same label, or none, is a repetition; one with another label contradicts.
    Raises DatasetError for a file that cannot be read, columns that are missing, and rows that do
    not fit their file's header, all of them at once.
    """
    files = [_opened(path, identity) for path in (first, second)]
    columns = tuple(dict.fromkeys(name for file in files for name in file.names.values()))
    known: dict[bytes, tuple[Place, bytes | None]] = {}
    contradictions: list[Contradiction] = []
    broken: list[Problem] = []
    fates = []
    for number, file in enumerate(files):
        decided = bytearray()
        for raw, cells in file.rows():
            if raw.problem:
                broken.append(_in_file(raw.problem, file.path))
                continue
            marks, place = identity.marks(cells), Place(number, raw.number)
            first_said = (place, marks.labels)
            # A row without an input repeats nobody; the gate says what is wrong with it.
            kept, labels = known.setdefault(marks.input, first_said) if marks.input else first_said
            fate = _fate(place, kept, marks.labels, labels)
            decided.append(fate)
            if fate is Fate.CONTRADICTS:
                contradictions.append(Contradiction(place, kept))
        fates.append(decided)
    if broken:
        hint = "mend these rows first: a merged file has whole rows only"
        raise DatasetError(f"{len(broken)} rows are broken", broken, hint=hint)
    return Merge(
        columns, identity.labels(columns), tuple(contradictions), tuple(files), tuple(fates)
    )


def _fate(place: Place, kept: Place, said: bytes | None, before: bytes | None) -> Fate:
    if place == kept:
        return Fate.KEPT
    # Who says nothing contradicts nobody; a blank gold label is for a person to fill.
    return Fate.REPEATS if said is None or said == before else Fate.CONTRADICTS


def _opened(path: Path, identity: Identity) -> _File:
    whole = path.suffix.lower() == _WHOLE
    columns = read_table(path).columns if whole else scan_file(path).columns
    repeated = sorted({name for name in columns if columns.count(name) > 1})
    if repeated:
        raise DatasetError(
            f"{path} has several columns named {', '.join(map(repr, repeated))}",
            hint="give each column its own name",
        )
    return _File(path, identity.renamed(path.name, columns))


def _rows(path: Path) -> Iterator[RawRow]:
    return iter(read_table(path).rows) if path.suffix.lower() == _WHOLE else stream_rows(path)


def _in_file(problem: Problem, path: Path) -> Problem:
    return Problem(
        problem.column,
        f"{problem.reason} (in {path.name})",
        problem.value,
        problem.remedy,
        problem.row,
    )
